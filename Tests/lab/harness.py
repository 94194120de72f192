# SPDX-License-Identifier: Apache-2.0
"""Cases of the laboratory: how they are written down, how they are run, what they share."""

import contextlib
import glob
import json
import os
import sys
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "appliance", "lab"))

from lab import Lab, LabError, SIDES  # noqa: E402

CASES = []


class Skipped(Exception):
    """What a case needs is not here, and could not be brought here; says what."""


def case(long=False):
    """Marks a function as a case; its name is the case's name."""
    def mark(function):
        CASES.append((function.__name__, function, long))
        return function
    return mark


def print_state(lab):
    """What the box says of itself and of each call, as long as it does."""
    if not lab.control:
        return
    calls = lab.ask("calls", check=False) or ()
    for words in (("status",), ("drops",), *(("call", call["id"]) for call in calls)):
        answer = lab.ask(*words, check=False)
        print(f"--- {' '.join(words)}\n{json.dumps(answer)}")


@contextlib.contextmanager
def box(attach="xdp", discard=True, start=True, **config):
    """A running box between its peers, torn down afterwards whatever happens."""
    lab = Lab(attach=attach)
    try:
        lab.make_namespaces()
        lab.count_media(discard=discard)
        lab.write_config(**config)
        if start:
            lab.start()
        yield lab
    except BaseException:
        print_state(lab)
        if lab.fastpath:
            print("--- fastpath\n" + lab.fastpath.log()[-3000:])
        if lab.control:
            print("--- control\n" + lab.control.log()[-3000:])
        for log in glob.glob(os.path.join(lab.folder, "phone-*", "log")):
            with open(log, errors="replace") as file:
                said = [line for line in file if line.strip() and "bit/s" not in line]
            print(f"--- {os.path.basename(os.path.dirname(log))}\n" + "".join(said[-12:]))
        raise
    finally:
        lab.close()


def wait_until(what, seconds, condition):
    """Waits for a condition to hold and gives its value; fails with `what` otherwise."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


def call_count(lab):
    calls = lab.ask("calls", check=False)
    return len(calls) if calls is not None else -1


def flow_count(lab):
    flows = lab.ask("flows", check=False)
    return len(flows) if flows is not None else -1


def expect_empty(lab, seconds=10):
    """No call, no flow, no reserved port is left."""
    wait_until("no call is left", seconds, lambda: call_count(lab) == 0)
    wait_until("no flow is left", seconds, lambda: flow_count(lab) == 0)
    assert lab.ask("status")["media"]["ports_in_use"] == 0, "a media port is still reserved"


def expect_exact(lab, looks=3):
    """The box's packets add up, and agree with what the peers sent and got. A report that leaves
    between two looks is in one of them only: then both are taken again."""
    for _ in range(looks - 1):
        try:
            return look_exact(lab)
        except AssertionError:
            time.sleep(1)
    return look_exact(lab)


def look_exact(lab):
    figures = lab.settled()
    sent = received = 0
    for side in SIDES:
        counts = lab.media_counts(side)
        sent += counts[0]
        received += counts[1]
    packets = figures["packets"]
    assert figures["exact"], f"the accounting identity does not hold: {figures}"
    media_in = packets["received"] - figures["drops"].get("not_media", 0)
    lost = lab.kernel_losses()
    if lost:
        print(f"  the kernel lost {lost} of {sent} packets before the relay")
    assert media_in + lost == sent, (
        f"the peers sent {sent}, the box received {media_in}, the kernel lost {lost}: {figures}")
    assert received == packets["sent"], f"the box sent {packets['sent']}, peers got {received}"
    return figures


def relay_drops(figures, after_the_end=False):
    """Drops of packets that a live call would have wanted. `after_the_end` leaves out media that
    was under way, or went on, when its call was over."""
    harmless = {"not_media"} | ({"no_flow", "no_peer"} if after_the_end else set())
    return {k: v for k, v in figures["drops"].items() if v and k not in harmless}


def expect_no_loss_between(before, after):
    """Every packet that came in between two looks at the box went out again, but for RTCP."""
    assert relay_drops(before) == relay_drops(after), (before, after)
    moved = {name: after["packets"][name] - before["packets"][name]
             for name in ("received", "forwarded", "consumed", "delivered", "handed_out",
                          "handed_in")}
    assert moved["received"] > 0, "no media flowed: this shows nothing"
    assert moved["received"] == moved["forwarded"] + moved["consumed"], moved


def run_cases(names, long):
    """Runs the cases and prints the closing line that scripts read."""
    passed = failed = skipped = 0
    chosen = [c for c in CASES if not names or any(name in c[0] for name in names)]
    for name, function, is_long in chosen:
        if is_long and not long and not names:
            skipped += 1
            print(f"lab: {name}: left out (only with --long)", flush=True)
            continue
        started = time.monotonic()
        try:
            function()
            passed += 1
            print(f"lab: {name}: passed ({time.monotonic() - started:.0f} s)", flush=True)
        except Skipped as why:
            skipped += 1
            print(f"lab: {name}: left out: {why}", flush=True)
        except Exception as error:  # one case must not end the others
            failed += 1
            detail = traceback.format_exc() if not isinstance(error, LabError) else str(error)
            print(f"lab: {name}: FAILED\n{detail}", flush=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0
