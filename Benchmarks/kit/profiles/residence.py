# SPDX-License-Identifier: Apache-2.0
"""How long a packet stays: in the worker by its own probe, and end to end by the generator.

The machine takes cores away; a packet that waits meanwhile says nothing about the worker. So the
percentiles outside windows in which the probe saw a gap stand in the rows, those of all packets
beside them, and the share of windows with a gap in a row of its own.
"""

import statistics

import probe
from profiles.memif import CALLS, start_product
from result import LOWER

TITLE = "time in the worker and end to end, over memif, at 20, 50 and 80 % of the saturated rate"
SECONDS = (75, 23)
NEEDS = ()
SHARES = (20, 50, 80)
TRIES, REACHED = 3, 0.98  # windows, until one carries this share of the wanted rate
PERCENTILES = ("p50", "p99", "p99_9", "p99_99")
KINDS = {f"residence_us.{percentile}": ("us", LOWER) for percentile in PERCENTILES}
KINDS |= {"windows_with_gap_percent": ("%", LOWER), "end_to_end_us.p50": ("us", LOWER),
          "end_to_end_us.p99": ("us", LOWER)}
ROWS = {f"relay.{kind}.load{share}": declared for share in SHARES
        for kind, declared in KINDS.items()}
ROWS["machine.gap_percent"] = ("%", LOWER)


def run(bench):
    seconds, again = bench.pick(5, 2), bench.pick(3, 1)
    fastpath, sessions, generator = start_product(bench, bench.path("product.sock"), probe=True)
    saturated = [generator.run("saturated", "--saturate", seconds=2) for _ in range(again)]
    rate = statistics.median(load["received_pps"] for load in saturated)
    bench.say(f"saturated: {rate:,.0f} pps")
    for share in SHARES:
        wanted = int(rate * share / 100)
        for _ in range(bench.pick(TRIES, 2)):
            load, found = _window(bench, fastpath, generator, share, wanted, seconds)
            if load["offered_pps"] >= REACHED * wanted:
                break
        _rows(bench, share, load, found, wanted)
    sessions.stop()
    fastpath.stop()
    _machine(bench)


def _window(bench, fastpath, generator, share, wanted, seconds):
    fastpath.probe()  # begins anew
    load = generator.run(f"load {share} %", "--rate", wanted, seconds=seconds)
    found = fastpath.probe()
    bench.record(f"probe at load {share} %", {"report": found})
    clean = found["residence_clean_us"]
    bench.say(f"{share} %, {wanted:,} pps: {load.brief()}; in the worker p50 {clean['p50']:.1f} "
              f"us, p99 {clean['p99']:.1f} us")
    return load, found


def _rows(bench, share, load, found, wanted):
    clean, every = found["residence_clean_us"], found["residence_us"]
    windows = max(1, found["windows"])
    rate = load["offered_pps"]
    void = None
    if min(rate, load["received_pps"]) < REACHED * wanted:
        void = (f"memif was slow: {rate:,.0f} pps sent and {load['received_pps']:,.0f} received "
                f"of {wanted:,}")
    elif found["packets_clean"] == 0:
        void = "the machine left no window without a gap"
    for percentile in PERCENTILES:
        bench.row(f"relay.residence_us.{percentile}.load{share}", clean[percentile],
                  ("all windows", every[percentile]),
                  f"{CALLS:,} sessions, {rate:,.0f} pps, outside windows with a gap", void)
    bench.row(f"relay.windows_with_gap_percent.load{share}",
                  100 * found["windows_with_gap"] / windows,
              conditions=f"windows of 1 ms; gaps: {100 * found['gap_share']:.2f} % of "
              "the watched time", void=void)
    for percentile in ("p50", "p99"):
        bench.row(f"relay.end_to_end_us.{percentile}.load{share}",
                  load["latency_us"][percentile],
                  conditions=f"from the generator and back, machine's gaps included; "
                  f"{load['lost']:,} lost; it sent {load['lateness_us']['p99']:,.0f} us late at "
                  "p99", void=void)


def _machine(bench):
    found = probe.machine_gaps(bench, bench.pick(4, 2))
    bench.row("machine.gap_percent", 100 * found["gap_share"],
              conditions="nobody else polls: what the machine itself takes from one core")
