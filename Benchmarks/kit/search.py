# SPDX-License-Identifier: Apache-2.0
"""The highest load that something carries.

A load is carried when two windows of at most three pass: one window in which the machine itself
took the core away says nothing about the product, and two of them are no accident. A window that
is far off (HOPELESS) needs no second one. The same rule holds for everyone who is measured.
"""

import dataclasses

RESOLUTION = 0.05  # the answer is at most this share below a load that is not carried
GROWTH = 1.5
PASSES, WINDOWS = 2, 3
PASSED, FAILED, HOPELESS = "passed", "failed", "hopeless"  # verdicts of a window


@dataclasses.dataclass
class Found:
    load: int  # 0: not even the lowest
    outcome: object  # of the last passing window at that load
    windows: int  # how many were run in all
    failed_at: int | None  # the lowest load that was refused, None when the range ended first
    passes: tuple = (0, 0)  # (passing, failing) windows at `load`
    carried: tuple = ()  # (lowest, highest) load of which a window passed, () when none did
    refused: tuple = ()  # likewise, failed


class _Trials:
    """Windows run so far, by load. window(load) gives (verdict, outcome)."""

    def __init__(self, window):
        self.window = window
        self.counts = {}  # load -> [passing, failing]
        self.outcomes = {}
        self.total = 0

    def _once(self, load):
        verdict, outcome = self.window(load)
        self.total += 1
        count = self.counts.setdefault(load, [0, 0])
        count[0 if verdict == PASSED else 1] += WINDOWS if verdict == HOPELESS else 1
        if verdict == PASSED or load not in self.outcomes:
            self.outcomes[load] = outcome

    def seems_carried(self, load):
        """One passing window is enough to go on searching above; two failing ones end it."""
        count = self.counts.setdefault(load, [0, 0])
        while count[0] == 0 and count[1] <= WINDOWS - PASSES:
            self._once(load)
        return count[0] > 0

    def is_carried(self, load):
        count = self.counts.setdefault(load, [0, 0])
        while count[0] < PASSES and count[1] <= WINDOWS - PASSES:
            self._once(load)
        return count[0] >= PASSES

    def ranges(self):
        """The (lowest, highest) load with a passing window, and that with a failing one."""
        loads = [[load for load, count in self.counts.items() if count[kind] > 0]
                 for kind in (0, 1)]
        return [(min(some), max(some)) if some else () for some in loads]


def highest(window, start, lowest, most, resolution=RESOLUTION, twice=True):
    """Searches upwards from `start` in steps, halves the gap, then asks for the second window.

    window(load) runs one window and gives (verdict, outcome). `lowest` and `most` bound the search
    (integers, lowest <= start <= most). Without `twice` one passing window will do, because
    confirm() asks for the others.
    """
    trials = _Trials(window)
    good, bad = 0, None
    load = start
    while True:
        if trials.seems_carried(load):
            good = load
            if load == most or bad is not None:
                break
            load = min(most, max(load + 1, int(load * GROWTH)))
        else:
            bad = load
            if load == lowest or good > 0:
                break
            load = max(lowest, int(load / GROWTH))
    while good > 0 and bad is not None and bad - good > max(1, resolution * good):
        middle = (good + bad) // 2
        if trials.seems_carried(middle):
            good = middle
        else:
            bad = middle
    step = resolution
    while twice and good > 0 and not trials.is_carried(good):
        bad = good
        smaller = int(good * (1 - step))
        good = smaller if smaller >= lowest else 0
        step = min(0.5, step * GROWTH)  # on a restless machine small steps would take for ever
    if good == 0:
        return Found(0, trials.outcomes.get(bad), trials.total, bad, (0, 0), *trials.ranges())
    return Found(good, trials.outcomes[good], trials.total, bad, tuple(trials.counts[good]),
                 *trials.ranges())


@dataclasses.dataclass
class Confirmed:
    """One side after confirm()."""

    load: int  # 0: stepped down below the lowest
    passes: tuple  # (passing, failing) windows at `load`
    outcomes: list  # of the passing windows at `load`
    steps: int  # how often it stepped down
    stands: bool  # False when the rounds ended first


class _Side:
    def __init__(self, window, load):
        self.window, self.load, self.steps = window, load, 0
        self.begin()

    def begin(self):
        self.passing, self.failing = [], 0

    def once(self):
        verdict, outcome = self.window(self.load)
        if verdict == PASSED:
            self.passing.append(outcome)
        else:
            self.failing += WINDOWS if verdict == HOPELESS else 1

    @property
    def refused(self):
        return self.failing > WINDOWS - PASSES

    @property
    def carried(self):
        return len(self.passing) >= PASSES and not self.refused

    def step_down(self, lowest):
        smaller = min(self.load - 1, int(self.load * (1 - RESOLUTION)))
        self.load = smaller if smaller >= lowest else 0
        self.steps += 1


def confirm(sides, lowest, rounds):
    """Confirms the answers of several searches in windows that take turns, so that all of them
    see the same machine. sides: [(window, load)]; gives a Confirmed for each.

    Every round runs one window of each side. A load stands when PASSES windows of at most WINDOWS
    passed. A side that is refused steps down by RESOLUTION, and then all begin anew: the windows
    of an answer lie side by side. After so many rounds whoever is not confirmed does not stand.
    """
    sides = [_Side(window, load) for window, load in sides]
    for _ in range(rounds):
        for side in sides:
            side.once()
        refused = [side for side in sides if side.refused]
        for side in refused:
            side.step_down(lowest)
        if any(side.load == 0 for side in sides) or all(side.carried for side in sides):
            break
        if refused:
            for side in sides:
                side.begin()
    return [Confirmed(side.load, (len(side.passing), side.failing), side.passing, side.steps,
                      side.load > 0 and side.carried) for side in sides]
