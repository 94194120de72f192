# SPDX-License-Identifier: Apache-2.0
"""Tools among the C tests that time a part by itself: each is built when it is called, and prints
one report."""

import os

TESTS = os.path.join(os.path.dirname(__file__), "../../Tests")
BUILD_S = 240  # and to run


def measure(bench, what, folder, flows, rounds):
    """The report of `Tests/FOLDER/run.sh speed FLOWS ROUNDS` on the relay's core."""
    bench.say(f"{what}: the tool is built and run")
    child = bench.children.start(what, os.path.join(TESTS, folder, "run.sh"), "speed", flows,
                                 rounds, cores=[bench.relay_core], pipes=True)
    found = child.report(BUILD_S)
    child.end()
    bench.record(what, {"report": found})
    return found
