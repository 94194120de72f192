# SPDX-License-Identifier: Apache-2.0
"""Packets that belong to no call, beside calls that must not lose anything.

Half of the junk bears a party's own address and ports and differs only in what it is. It is policed
with that party's budget, as it should be; so the budgets are open here, or the row would be theirs.
"""

from generator import STREAM_PPS
from profiles.memif import start_product
from result import HIGHER, OURS
from search import FAILED, highest

TITLE = "junk absorbed over memif while 200 calls lose nothing"
SECONDS = (100, 19)
ROWS = {"junk.absorbed_pps": ("pps", HIGHER)}
CALLS = 200
LOWEST, START, MOST = 1000, 2_000_000, 10_000_000
SENT = 0.9  # share of the wanted junk below which the generator, not the relay, is at its limit


def run(bench):
    seconds, resolution = bench.pick(3, 1), bench.pick(0.1, 0.5)
    fastpath, sessions, generator = start_product(bench, bench.path("product.sock"), CALLS)

    losses = []  # windows in which calls lost something, or waited
    limited = []  # rates sent, while calls lost nothing, where the generator could do no more

    def window(rate):
        load = generator.run(f"junk {rate} pps", "--stream-pps", STREAM_PPS, "--junk-rate", rate,
                             seconds=seconds)
        sent = load["junk_sent"] / load["seconds"]
        bench.say(f"{rate:,} pps of junk ({sent:,.0f} sent): calls {load.brief()}")
        if not load.carried:
            losses.append(load)
        elif sent < SENT * rate:
            limited.append(sent)
            return FAILED, load  # no use in asking for more
        return load.verdict, load

    found = highest(window, START, LOWEST, MOST, resolution)
    sessions.stop()
    fastpath.stop()
    if found.load == 0 and not limited:
        bench.row("junk.absorbed_pps", None,
                  void=f"{OURS}calls lost packets beside {LOWEST:,} pps of junk")
        return
    sent = carried_rate(found, limited)
    more = "" if losses else f"at least {sent:,.0f}: the generator could send no more; "
    bench.row("junk.absorbed_pps", sent,
              conditions=f"{more}junk sent beside {CALLS} calls with open budgets, 0 lost and p99 "
              f"{found.outcome['latency_us']['p99']:,.0f} us")


def carried_rate(found, limited):
    """The most junk that was sent, twice, while calls lost nothing."""
    sent = found.outcome["junk_sent"] / found.outcome["seconds"] if found.load > 0 else 0
    return max([sent, *sorted(limited)[-2:-1]])
