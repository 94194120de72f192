# SPDX-License-Identifier: Apache-2.0
"""What it takes to install the flows of a call."""

import statistics

from peers.rtpengine import RtpEngine
from product import FastPath, measure_latency, memif_realm
from result import LOWER
from targets import TARGETS

TITLE = "flow install latency and CPU, beside rtpengine's offer and answer"
SECONDS = (40, 13)
ROWS = {name: ("us", LOWER) for name in (
    "flow.install_us.p50", "flow.install_us.p99", "flow.install_asleep_us.p99",
    "flow.install_cpu_us_per_call")}
CALLS_A_WORKER_HOLDS = 2000
ASLEEP_CALLS = 200
ROUNDS = 5  # the machine's own gaps fall into some of them


def run(bench):
    fastpath = FastPath(bench, memif_realm(bench.path("nobody.sock")), CALLS_A_WORKER_HOLDS,
                        probe=True)
    calls, seconds = bench.pick(20000, 3000), bench.pick(12, 4)
    fastpath.probe()
    rounds = []
    for number in range(ROUNDS):
        bench.say(f"round {number + 1} of {ROUNDS}: {calls // ROUNDS:,} calls, the worker awake")
        rounds.append(measure_latency(bench, fastpath, calls // ROUNDS, max(1, seconds // ROUNDS)))
    worker = fastpath.probe()
    bench.record("latency awake", {"reports": rounds, "probe": worker})
    count = bench.pick(1000, 400)
    bench.say(f"{count} calls, the worker asleep before each")
    asleep = measure_latency(bench, fastpath, count, 60, asleep=True)
    bench.record("latency asleep", {"report": asleep})
    fastpath.stop()
    set_up, seconds = _peer(bench)
    conditions = (f"median of {ROUNDS} rounds, {rounds[0]['calls']:,} calls each one by one, worker "
                  "awake, from write to answer: ")
    for name in ("p50", "p99"):
        found = [report["install_us"][name] for report in rounds]
        bench.row(f"flow.install_us.{name}", statistics.median(found),
                  conditions=conditions + ", ".join(f"{value:.1f}" for value in found))
    _asleep_row(bench, asleep)
    _cpu_row(bench, rounds, worker, set_up)


def _asleep_row(bench, asleep):
    found, control = asleep["install_us"], asleep["control_us"]
    beside = ", ".join(f"{name} {control[name]:.0f}" for name in ("p50", "p99", "max")) \
        if control else "not to be had"
    bench.row("flow.install_asleep_us.p99", found["p99"],
              ("a thread that only wakes", control["p99"]) if control else None,
              f"{asleep['calls']} calls, each after 20 ms without any, in which the worker sleeps; "
              f"p50 {found['p50']:.0f}, max {found['max']:.0f} us; a bare thread that goes before "
              f"all others on the worker's core, woken in each pause: {beside}",
              void=[few_calls(asleep["calls"]), slow_machine(found["p99"], control)])


def slow_machine(found_us, control):
    """Why a p99 in which a command's wake-up came late is the machine's, or None: it misses the
    target, and a thread that did nothing else came too late as well. A p99 that meets it stands."""
    bound = TARGETS["flow.install_asleep_us.p99"][1]
    if control is None or found_us <= bound or control["p99"] <= bound:
        return None
    return (f"the machine takes over {bound} us to wake any thread of that core: p99 "
            f"{control['p99']:.0f} us with a thread that does nothing else, {found_us:.0f} here")


def few_calls(calls):
    """Why a p99 of so few calls is no verdict on anything, or None."""
    if calls >= ASLEEP_CALLS:
        return None
    return f"{calls} calls are too few for a p99: it takes {ASLEEP_CALLS}"


def _peer(bench):
    """CPU microseconds and seconds for rtpengine to set up calls."""
    calls = bench.pick(2000, 600)
    bench.say(f"rtpengine sets up {calls:,} calls")
    peer = RtpEngine(bench, threads=1)
    peer.set_up(100)  # its first calls pay for pages that later ones find
    _, seconds, cpu_us = peer.set_up(calls, first=100)
    peer.stop()
    bench.record("rtpengine set-up",
                 {"calls": calls, "cpu_us_per_call": cpu_us, "seconds": seconds})
    return cpu_us, seconds


def _cpu_row(bench, rounds, worker, peer_us):
    own_us, removal_us = (statistics.median(report[f"{what}_cpu_us_per_call"] for report in rounds)
                          for what in ("install", "remove"))
    # The probe counts installations and removals alike; a call has two flows.
    command_us = worker["command_ns"] / max(1, worker["commands"]) / 1000
    value = own_us + 2 * command_us
    bench.row("flow.install_cpu_us_per_call", value, ("rtpengine", peer_us),
              f"control plane {own_us:.1f} + worker {2 * command_us:.1f}; to remove it takes the "
              f"control plane {removal_us:.1f}; rtpengine's is offer and answer, its reading of "
              "SDP included")
