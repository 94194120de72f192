# SPDX-License-Identifier: Apache-2.0
"""Packets that belong to no call, beside calls that must not lose anything.

Half of the junk bears a party's own address and ports and differs only in what it is. It is policed
with that party's budget, as it should be; so the budgets are open here, or the row would be theirs.
"""

from generator import STREAM_PPS, ceiling
from profiles.memif import start_product
from result import HIGHER, ceiling_void
from search import highest

TITLE = "junk absorbed over memif while 200 calls lose nothing"
SECONDS = (60, 20)
NEEDS = ()
ROWS = {"junk.absorbed_pps": ("pps", HIGHER)}
CALLS = 200
LOWEST, START, MOST = 1000, 2_000_000, 10_000_000


def run(bench):
    seconds, resolution = bench.pick(3, 2), bench.pick(0.1, 0.3)
    fastpath, sessions, generator = start_product(bench, bench.path("product.sock"), CALLS)

    loads = []

    def window(rate):
        load = generator.run(f"junk {rate} pps", "--stream-pps", STREAM_PPS, "--junk-rate", rate,
                             seconds=seconds)
        sent = load["junk_sent"] / load["seconds"]
        bench.say(f"{rate:,} pps of junk ({sent:,.0f} sent): calls {load.brief()}")
        loads.append(load)
        return load.verdict, load

    found = highest(window, START, LOWEST, MOST, resolution)
    sessions.stop()
    fastpath.stop()
    if found.load == 0:
        bench.row("junk.absorbed_pps", None,
                  void=f"calls lost packets beside {LOWEST:,} pps of junk")
        return
    sent = found.outcome["junk_sent"] / found.outcome["seconds"]
    void = "the search ended at its own limit" if found.failed_at is None else \
        ceiling_void(ceiling(loads), sent + 2 * STREAM_PPS * CALLS)
    bench.row("junk.absorbed_pps", sent,
              conditions=f"beside {CALLS} calls with open budgets, 0 lost and p99 "
              f"{found.outcome['latency_us']['p99']:,.0f} us", void=void)
