# SPDX-License-Identifier: Apache-2.0
"""How the self-load grows with workers.

Each worker has flows, frames and counters of its own: two of them share
nothing but memory and the last level of cache. So the figure is what those cost, and no more.
"""

import statistics

from profiles.self_load import self_load
from result import HIGHER

TITLE = "self-load with one worker, two, and so on, up to all cores"
SECONDS = (20, 4)
ROWS = {"relay.mpps.workers_1": ("Mpps", HIGHER), "relay.mpps.workers_all": ("Mpps", HIGHER),
        "relay.worker_scaling": ("x", HIGHER)}
SESSIONS_A_WORKER = 1000


def run(bench):
    rounds, seconds = bench.pick(3, 1), bench.pick(2, 1)
    counts = range(1, len(bench.cores) + 1)
    found = {count: [] for count in counts}
    for number in range(rounds):
        for count in counts:
            bench.say(f"round {number + 1} of {rounds}, {count} of {len(bench.cores)} cores")
            reports = self_load(bench, bench.cores[:count], SESSIONS_A_WORKER * count, seconds)
            found[count].append(sum(1000 / report["ns_per_packet"] for report in reports))
    rates = {count: statistics.median(found[count]) for count in counts}
    most = len(bench.cores)
    each = ", ".join(f"{count}: {rate:.1f}" for count, rate in rates.items())
    conditions = (f"self-load, {SESSIONS_A_WORKER:,} sessions a worker, median of {rounds}; "
                  f"{most} cores")
    bench.row("relay.mpps.workers_1", rates[1], conditions=conditions)
    bench.row("relay.mpps.workers_all", rates[most],
              conditions=f"{most} workers ({each}), which share nothing but memory and L3; "
              f"{conditions}")
    bench.row("relay.worker_scaling", rates[most] / (most * rates[1]),
              conditions=f"{most} workers to {most} times one; 1 is perfect; on {most} cores; they "
              "share nothing but memory and L3",
              void="there is one core only" if most == 1 else None)
