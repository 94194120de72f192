# SPDX-License-Identifier: Apache-2.0
"""What the product takes when nothing happens, and how fast it is back."""

import time

from profiles.memif import start_product
from product import FastPath, memif_realm
from result import LOWER, OURS

TITLE = "share of a core without packets, and how late the first packet is"
SECONDS = (35, 13)
ROWS = {"idle.core_percent": ("%", LOWER), "idle.first_packet_ms": ("ms", LOWER),
        "idle.core_percent_with_flow": ("%", LOWER)}
SETTLE_S = 2  # longer than a worker stays alert after the last thing that happened


def core_percent(fastpath, seconds):
    """Run time of the whole process, in percent of one core."""
    time.sleep(SETTLE_S)
    before, start = fastpath.cpu_ns(), time.monotonic_ns()
    time.sleep(seconds)
    return 100 * (fastpath.cpu_ns() - before) / (time.monotonic_ns() - start)


def run(bench):
    seconds = bench.pick(5, 2)
    bench.say("no flows")
    fastpath = FastPath(bench, memif_realm(bench.path("nobody.sock")))
    empty = core_percent(fastpath, seconds)
    fastpath.stop()
    bench.row("idle.core_percent", empty,
              conditions=f"no flows, no traffic, whole process, {seconds} s")
    bench.say("one call, nobody speaks")
    fastpath, sessions, generator = start_product(bench, bench.path("product.sock"), calls=1,
                                                  open_budgets=False)
    quiet = core_percent(fastpath, seconds)
    count, pause_ms = bench.pick(400, 120), 30
    bench.say(f"{count} first packets, {pause_ms} ms apart")
    first = generator.run("first packet", "--first-packet", "--count", count, "--pause-ms",
                          pause_ms, seconds=count * pause_ms // 1000 + 2)
    sessions.stop()
    fastpath.stop()
    latency = first["latency_us"]
    lost = first["lost"]
    bench.row("idle.first_packet_ms", latency["p99"] / 1000,
              conditions=f"p99 of {count} packets, each after {pause_ms} ms of silence, in which the "
              f"worker sleeps; p50 {latency['p50'] / 1000:.3f} ms, worst "
              f"{latency['max'] / 1000:.3f} ms", void=f"{OURS}{lost} were lost" if lost else None)
    bench.row("idle.core_percent_with_flow", quiet,
              conditions="one call without traffic; no target: a packet may come at any time, so the "
              "worker sleeps 50 us at most by design, and looks")
