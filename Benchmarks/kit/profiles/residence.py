# SPDX-License-Identifier: Apache-2.0
"""How long a packet stays: in the worker by its own probe, and end to end by the generator.

The machine takes cores away; a packet that waits meanwhile says nothing about the worker. So the
percentiles outside windows of the probe in which it saw a gap stand in the rows, those of all
packets beside them. What the reader needs to judge that are rows too: the share of windows with a
gap, and gaps in bursts beside those in empty turns (if our own packet code made them, bursts would
have more). A window stands only when its load was carried: sent in time, nothing lost.
"""

import statistics

import probe
from generator import P99_LIMIT_US
from profiles.memif import CALLS, start_product
from result import LOWER, OURS

TITLE = "time in the worker and end to end, over memif, at 20, 50 and 80 % of the saturated rate"
SECONDS = (90, 20)
SHARES = (20, 50, 80)
WINDOW_S, WARM_UP_S = 1, 1  # short, so that some of them fall between the machine's gaps
REACHED = 0.98  # share of the wanted rate that a window has to be sent at
UNDISTURBED_US = 100  # a generator that was never later than this lost nothing itself
PERCENTILES = ("p50", "p99", "p99_9", "p99_99")
KINDS = {f"residence_us.{percentile}": ("us", LOWER) for percentile in PERCENTILES}
KINDS |= {"windows_with_gap_percent": ("%", LOWER), "gap_share_percent.empty": ("%", LOWER),
          "gap_share_percent.burst": ("%", LOWER), "end_to_end_us.p50": ("us", LOWER),
          "end_to_end_us.p99": ("us", LOWER)}
ROWS = {f"relay.{kind}.load{share}": declared for share in SHARES
        for kind, declared in KINDS.items()}
ROWS["machine.gap_percent"] = ("%", LOWER)


def run(bench):
    again = bench.pick(3, 1)
    fastpath, sessions, generator = start_product(bench, bench.path("product.sock"), probe=True)
    saturated = [generator.run("saturated", "--saturate", seconds=2) for _ in range(again)]
    rate = statistics.median(load["received_pps"] for load in saturated)
    bench.say(f"saturated: {rate:,.0f} pps")
    for share in SHARES:
        _share(bench, fastpath, generator, share, int(rate * share / 100))
    sessions.stop()
    fastpath.stop()
    _machine(bench)


def _share(bench, fastpath, generator, share, wanted):
    """Short windows at one load until enough of them stand, and their rows."""
    enough, tries = bench.pick(3, 1), bench.pick(12, 5)
    standing, voids = [], []
    while len(standing) < enough and len(standing) + len(voids) < tries:
        load, found, void = _window(bench, fastpath, generator, share, wanted)
        if void:
            bench.say(f"may not stand: {void}")
            voids.append(void)
        else:
            standing.append((load, found))
        if void and void.startswith(OURS):
            break
    void = verdict(len(standing), voids)
    if void:
        for kind in KINDS:
            bench.row(f"relay.{kind}.load{share}", None, void=void)
    else:
        _rows(bench, share, standing, len(voids))


def verdict(standing, voids):
    """Why the rows of a load are void, or None; voids: of the windows that may not stand."""
    ours = next((void for void in voids if void.startswith(OURS)), None)
    if ours or standing:
        return ours
    return f"none of {len(voids)} windows stands; the last: {voids[-1]}"


def _window(bench, fastpath, generator, share, wanted):
    """(what the generator found, what the probe found or None, why they may not stand or None)"""
    with probe.Period(fastpath, WINDOW_S, WARM_UP_S) as period:
        load = generator.run(f"load {share} %", "--rate", wanted, seconds=WINDOW_S,
                             warm_up=WARM_UP_S)
    found = period.report
    bench.record(f"probe at load {share} %", {"report": found})
    if found is not None:
        clean = found["residence_clean_us"]
        bench.say(f"{share} %, {wanted:,} pps: {load.brief()}; in the worker p50 "
                  f"{clean['p50']:.1f} us, p99 {clean['p99']:.1f} us")
    return load, found, void_of(load, wanted, found) or period.fault(load)


def void_of(load, wanted, found):
    """Why a window may not stand, or None. found: the probe's report, or None."""
    spoilt = load["corrupt"] + load["duplicated"]
    if spoilt:
        return f"{OURS}{spoilt:,} packets came back spoilt or twice"
    rate, late = load["offered_pps"], load["lateness_us"]
    if rate < REACHED * wanted:
        return f"memif was slow: {rate:,.0f} pps sent of {wanted:,}"
    if load["lost"]:
        lost = f"{load['lost']:,} of {load['sent']:,} lost"
        if found and found["windows_with_gap"] == 0 and late["max"] < UNDISTURBED_US:
            return f"{OURS}{lost}, the generator in time and no gap on the worker's core"
        return f"{lost}; the generator was up to {late['max']:,.0f} us late"
    if late["p99"] >= P99_LIMIT_US:
        return f"the generator sent {late['p99']:,.0f} us late at p99"
    if found and found["packets_clean"] == 0:
        return "the machine left no window without a gap"
    return None


def _rows(bench, share, standing, refused):
    """The rows of one load: medians of the windows that stand."""
    def median(value):
        return statistics.median(value(load, found) for load, found in standing)

    rate = median(lambda load, _: load["offered_pps"])
    which = (f"median of the windows that lost nothing: {len(standing)} of "
             f"{len(standing) + refused}")
    empty, burst = (median(lambda _, found: 100 * found[f"{kind}_gap_share"])
                    for kind in ("empty", "burst"))
    conditions = (f"{CALLS:,} sessions, {rate:,.0f} pps, {which}; outside 1 ms with a gap; gaps: "
                  f"{burst:.2f} % of bursts, {empty:.2f} % of empty turns")
    for percentile in PERCENTILES:
        bench.row(f"relay.residence_us.{percentile}.load{share}",
                  median(lambda _, found: found["residence_clean_us"][percentile]),
                  ("all windows", median(lambda _, found: found["residence_us"][percentile])),
                  conditions)
    bench.row(f"relay.windows_with_gap_percent.load{share}",
              median(lambda _, found: 100 * found["windows_with_gap"] / max(1, found["windows"])),
              conditions=f"windows of 1 ms; {which}")
    piece = median(lambda _, found: found["computation_us"]["p99"])
    watched = (f"of the watched time; more in bursts may be our own doing; a piece of a burst took "
               f"{piece:.1f} us at p99, a gap is over {standing[0][1]['bound_us']:.0f} us")
    bench.row(f"relay.gap_share_percent.empty.load{share}", empty, ("burst %", burst), watched)
    bench.row(f"relay.gap_share_percent.burst.load{share}", burst, ("empty %", empty), watched)
    late = median(lambda load, _: load["lateness_us"]["p99"])
    for percentile in ("p50", "p99"):
        bench.row(f"relay.end_to_end_us.{percentile}.load{share}",
                  median(lambda load, _: load["latency_us"][percentile]),
                  conditions="from the generator and back, machine's gaps included; it sent "
                  f"{late:,.0f} us late at p99; {which}")


def _machine(bench):
    found = probe.machine_gaps(bench, bench.pick(4, 2))
    bench.row("machine.gap_percent", 100 * found["gap_share"],
              conditions="nobody else polls: what the machine itself takes from one core")
