# SPDX-License-Identifier: Apache-2.0
"""What it takes to install the flows of a call."""

import statistics

from peers.rtpengine import RtpEngine
from product import FastPath, measure_latency, memif_realm
from result import LOWER

TITLE = "flow install latency and CPU, beside rtpengine's offer and answer"
SECONDS = (75, 14)
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
    count = bench.pick(1000, ASLEEP_CALLS)
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
    bench.row("flow.install_asleep_us.p99", asleep["install_us"]["p99"],
              conditions=f"{asleep['calls']} calls, each after 20 ms without any, in which the "
              f"worker sleeps; p50 {asleep['install_us']['p50']:.0f} us",
              void=few_calls(asleep["calls"]))
    own_us = statistics.median(report["install_cpu_us_per_call"] for report in rounds)
    _cpu_row(bench, own_us, worker, set_up)


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


def _cpu_row(bench, own_us, worker, peer_us):
    # The probe counts installations and removals alike; a call has two flows.
    command_us = worker["command_ns"] / max(1, worker["commands"]) / 1000
    value = own_us + 2 * command_us
    bench.row("flow.install_cpu_us_per_call", value, ("rtpengine", peer_us),
              f"control plane {own_us:.1f} + worker "
              f"{2 * command_us:.1f}; rtpengine's is offer and answer, its reading of SDP included")
