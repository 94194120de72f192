# SPDX-License-Identifier: Apache-2.0
"""The search against relays whose capacity is known."""

import random
import unittest

import kit_path  # noqa: F401
from search import FAILED, HOPELESS, PASSED, confirm, highest

LOWEST, MOST = 20, 10000


class Relay:
    """Carries up to `capacity`; in `noise` of the windows the machine takes the core away."""

    def __init__(self, capacity, noise=0.0, seed=1, far_off=10**9):
        self.capacity, self.noise, self.far_off = capacity, noise, far_off
        self.random = random.Random(seed)
        self.loads = []

    def window(self, load):
        self.loads.append(load)
        passed = load <= self.capacity and self.random.random() >= self.noise
        verdict = PASSED if passed else FAILED
        return HOPELESS if load > self.far_off else verdict, {"load": load, "passed": passed}


class Search(unittest.TestCase):
    def find(self, relay, start=700, resolution=0.05):
        found = highest(relay.window, start, LOWEST, MOST, resolution)
        self.assertEqual(found.windows, len(relay.loads))
        self.assertTrue(all(LOWEST <= load <= MOST for load in relay.loads))
        return found

    def test_finds_the_capacity(self):
        for capacity in (25, 100, 699, 700, 701, 1234, 5000, 9999):
            for start in (LOWEST, 700, MOST):
                found = self.find(Relay(capacity), start)
                self.assertLessEqual(found.load, capacity)
                self.assertGreaterEqual(found.load, capacity * 0.94 - 2)
                self.assertGreater(found.failed_at, capacity)

    def test_two_windows_stand_behind_the_answer(self):
        relay = Relay(1000)
        found = self.find(relay)
        self.assertEqual(relay.loads.count(found.load), 2)
        self.assertEqual(found.passes, (2, 0))
        self.assertTrue(found.outcome["passed"])
        self.assertEqual(found.outcome["load"], found.load)
        self.assertEqual(found.carried[1], found.load)
        self.assertEqual(found.refused[0], found.failed_at)

    def test_once_will_do_where_the_answer_is_confirmed_later(self):
        relay = Relay(1000)
        found = highest(relay.window, 700, LOWEST, MOST, twice=False)
        self.assertEqual((found.load, found.passes), (self.find(Relay(1000)).load, (1, 0)))
        self.assertEqual(relay.loads.count(found.load), 1)

    def test_few_windows(self):
        self.assertLessEqual(self.find(Relay(900)).windows, 12)

    def test_a_hopeless_window_is_not_repeated(self):
        relay, patient = Relay(900, far_off=901), Relay(900)
        self.assertEqual(self.find(relay).load, self.find(patient).load)
        over = [load for load in relay.loads if load > 901]
        self.assertEqual(len(over), len(set(over)))
        self.assertLess(len(relay.loads), len(patient.loads))

    def test_nothing_is_carried(self):
        found = self.find(Relay(0))
        self.assertEqual((found.load, found.failed_at), (0, LOWEST))

    def test_the_range_ends_first(self):
        found = self.find(Relay(10 * MOST))
        self.assertEqual((found.load, found.failed_at), (MOST, None))

    def test_one_bad_window_is_forgiven_and_two_are_not(self):
        verdicts = iter([FAILED, PASSED, PASSED])
        found = highest(lambda load: (next(verdicts), load), MOST, LOWEST, MOST)
        self.assertEqual((found.load, found.passes), (MOST, (2, 1)))
        self.assertRaises(StopIteration, next, verdicts)
        relay = Relay(MOST)
        bad = {MOST: 2}

        def window(load):
            if bad.get(load, 0) > 0:
                bad[load] -= 1
                return FAILED, load
            return relay.window(load)

        found = highest(window, MOST, LOWEST, MOST)
        self.assertLess(found.load, MOST)
        self.assertEqual(found.failed_at, MOST)

    def test_a_restless_machine_does_not_keep_it_for_ever(self):
        for seed in range(50):
            self.assertLess(self.find(Relay(1000, noise=0.5, seed=seed)).windows, 50)

    def test_noise_lowers_the_answer_a_little_and_never_raises_it(self):
        for seed in range(50):
            found = self.find(Relay(1000, noise=0.1, seed=seed))
            self.assertLessEqual(found.load, 1000)
            self.assertGreater(found.load, 400)

    def test_an_answer_that_falls_at_the_second_window_gives_way(self):
        # The first window at any load above 500 passes, and no other.
        seen = set()

        def window(load):
            fresh = load not in seen
            seen.add(load)
            return PASSED if load <= 500 or (load <= 600 and fresh) else FAILED, load

        found = highest(window, 400, LOWEST, MOST)
        self.assertLessEqual(found.load, 500)
        self.assertGreaterEqual(found.load, 450)
        self.assertEqual(found.passes[0], 2)


class Confirm(unittest.TestCase):
    """Two sides in turns; `order` is which side ran at which load."""

    def confirm(self, *sides, rounds=9):
        self.order = []

        def window(number, verdict_of):
            def run(load):
                self.order.append((number, load))
                return verdict_of(load), {"load": load}
            return run

        return confirm([(window(number, verdict_of), load)
                        for number, (verdict_of, load) in enumerate(sides)], LOWEST, rounds)

    @staticmethod
    def up_to(capacity):
        return lambda load: PASSED if load <= capacity else FAILED

    def test_windows_take_turns(self):
        first, second = self.confirm((self.up_to(900), 900), (self.up_to(4000), 4000))
        self.assertEqual(self.order, [(0, 900), (1, 4000)] * 2)
        self.assertEqual([(side.load, side.passes, side.steps, side.stands)
                          for side in (first, second)],
                         [(900, (2, 0), 0, True), (4000, (2, 0), 0, True)])
        self.assertEqual(first.outcomes, [{"load": 900}] * 2)

    def test_who_is_refused_steps_down_and_both_begin_anew(self):
        for weak in (0, 1):  # the same rule whoever it is
            sides = [(self.up_to(950), 1000), (self.up_to(5000), 5000)]
            found = self.confirm(*(sides if weak == 0 else sides[::-1]))
            self.assertEqual((found[weak].load, found[weak].steps), (950, 1))
            self.assertEqual((found[1 - weak].load, found[1 - weak].steps), (5000, 0))
            for side in found:
                self.assertEqual((side.passes, side.stands), ((2, 0), True))
            self.assertEqual(len(self.order), 2 * 2 + 2 * 2)

    def test_one_bad_window_of_three_is_forgiven(self):
        verdicts = iter([FAILED, PASSED, PASSED])
        found = self.confirm((lambda load: next(verdicts), 500), (self.up_to(600), 600))
        self.assertEqual((found[0].load, found[0].passes), (500, (2, 1)))
        self.assertEqual((found[1].load, found[1].passes), (600, (3, 0)))

    def test_a_hopeless_window_steps_down_at_once(self):
        found = self.confirm((lambda load: HOPELESS if load > 950 else PASSED, 1000),
                             (self.up_to(600), 600))
        self.assertEqual(self.order[:4], [(0, 1000), (1, 600), (0, 950), (1, 600)])
        self.assertTrue(all(side.stands for side in found))

    def test_the_rounds_end(self):
        found = self.confirm((lambda load: FAILED, 1000), (self.up_to(600), 600), rounds=4)
        self.assertEqual(len(self.order), 8)
        self.assertEqual((found[0].stands, found[0].steps), (False, 2))

    def test_below_the_lowest(self):
        found = self.confirm((lambda load: HOPELESS, LOWEST), (self.up_to(600), 600))
        self.assertEqual((found[0].load, found[0].stands), (0, False))
        self.assertEqual(len(self.order), 2)
