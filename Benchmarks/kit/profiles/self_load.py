# SPDX-License-Identifier: Apache-2.0
"""The worker's real functions on frames made in the process, against the bare memory loop."""

import statistics

from children import BenchError
from result import HIGHER, LOWER

TITLE = "the worker's own functions on fresh 214-byte frames, flows in random order"
SECONDS = (45, 10)
SIZES = (1000, 10000, 100000)
KINDS = {"ns_per_packet": ("ns", LOWER), "cycles_per_packet": ("cycles", LOWER),
         "ratio_to_limit": ("x", LOWER), "ratio_to_limit_with_frame": ("x", LOWER),
         "mpps_per_core": ("Mpps", HIGHER)}
ROWS = {f"relay.{kind}.{size}_sessions": declared for size in SIZES
        for kind, declared in KINDS.items()}
ROWS["relay.extra_ns_1000_to_100000"] = ("ns", LOWER)
RUN_S = 60  # at most, beside the load itself: installing 100,000 sessions takes its time


def self_load(bench, cores, sessions, seconds, more=""):
    """Runs one self-load; a report for each worker. more: further keys of it, ",srtp=gcm128"."""
    words = [bench.program("trunkline-fastpath"), "--self-load",
             f"sessions={sessions},seconds={seconds}{more}", "--json",
             "--cores", ",".join(map(str, cores))]
    if not bench.huge_pages:
        words.append("--no-huge")
    child = bench.children.start("self-load", *words, cores=bench.cores, pipes=True)
    reports = [child.report(RUN_S + seconds) for _ in cores]
    code = child.end()
    if code != 0 or any(report["identity"] != "exact" for report in reports):
        raise BenchError(f"self-load with {sessions} sessions{more} miscounted (exit {code})")
    bench.record(f"self-load {sessions} sessions{more}", {"cores": cores, "report": reports})
    return reports


def run(bench):
    rounds, seconds = bench.pick(5, 2), bench.pick(2, 1)
    found = {size: [] for size in SIZES}
    failed = {}  # what keeps one number of sessions from being measured does not void the others
    for number in range(rounds):
        for size in SIZES:
            if size in failed:
                continue
            bench.say(f"round {number + 1} of {rounds}, {size:,} sessions")
            try:
                found[size] += self_load(bench, [bench.relay_core], size, seconds)
            except BenchError as error:
                failed[size] = f"{size:,} sessions: {error}"
                bench.say(failed[size])
    for size in SIZES:
        if size not in failed:
            _rows(bench, size, found[size])
    if SIZES[0] not in failed and SIZES[-1] not in failed:
        _extra(bench, rounds, found)
    if failed:
        raise BenchError("; ".join(failed.values()))


def _extra(bench, rounds, found):
    extra = [more["ns_per_packet"] - less["ns_per_packet"]
             for less, more in zip(found[SIZES[0]], found[SIZES[-1]])]
    bench.row("relay.extra_ns_1000_to_100000", statistics.median(extra),
              conditions=f"median of {rounds} rounds, each with both sizes")


def _rows(bench, size, reports):
    def median(key):
        return statistics.median(report[key] for report in reports)

    name = f"{size}_sessions"
    nanoseconds, limit = median("ns_per_packet"), median("memory_ns_per_packet")
    conditions = f"self-load, 1 core, median of {len(reports)} rounds"
    bench.row(f"relay.ns_per_packet.{name}", nanoseconds, ("memory loop", limit),
              conditions)
    bench.row(f"relay.cycles_per_packet.{name}", median("cycles_per_packet"),
              ("memory loop", median("memory_cycles_per_packet")),
              f"{conditions}; time stamp counter")
    bench.row(f"relay.ratio_to_limit.{name}",
              statistics.median(report["ns_per_packet"] / report["memory_ns_per_packet"]
                                for report in reports),
              conditions=f"{conditions}; to the bare loop of the same process")
    bench.row(f"relay.ratio_to_limit_with_frame.{name}",
              statistics.median(report["with_frame_ns_per_packet"]
                                / report["with_frame_memory_ns_per_packet"]
                                for report in reports),
              conditions=f"{conditions}; making the frame is in the time of both loops")
    bench.row(f"relay.mpps_per_core.{name}", 1000 / nanoseconds,
              conditions=f"{conditions}; no driver")
