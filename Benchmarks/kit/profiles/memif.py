# SPDX-License-Identifier: Apache-2.0
"""Through shared memory, beside testpmd: windows of both take turns under one generator."""

import statistics

from generator import Generator, ceiling
from peers import testpmd
from product import GENERATOR_MAC, MEMIF_MAC, FastPath, Sessions, memif_realm
from result import HIGHER, LOWER, OURS, ceiling_void

TITLE = "1,000 sessions through memif, beside testpmd macswap under the same generator"
SECONDS = (75, 29)
ROWS = {"relay.mpps.memif": ("Mpps", HIGHER), "relay.ratio_to_testpmd.memif": ("x", HIGHER),
        "relay.cpu_ns_per_packet.memif": ("ns", LOWER)}
CALLS = 1000
SLOW_BELOW = 0.6
SPREAD = 0.4  # of windows that are kept: above it their median says which state was met more often


def start_product(bench, socket, calls=CALLS, probe=False, open_budgets=True):
    """A fast path behind a memif socket with calls in it: (fast path, sessions, generator)."""
    fastpath = FastPath(bench, memif_realm(socket), calls, probe=probe)
    sessions = Sessions(bench, fastpath, calls, open_budgets)
    generator = Generator(bench, f"memif:{socket},role=client", MEMIF_MAC, GENERATOR_MAC,
                          sessions.plan)
    return fastpath, sessions, generator


def run(bench):
    windows, seconds = bench.pick(9, 5), bench.pick(2, 1)
    product, peer = [], []
    for number in range(windows):
        bench.say(f"window {number + 1} of {windows}: the product")
        product.append(_product(bench, seconds))
        bench.say(f"{product[-1].brief()}; now testpmd")
        peer.append(_testpmd(bench, seconds))
        bench.say(peer[-1].brief())
    _rows(bench, product, peer)


def _product(bench, seconds):
    fastpath, sessions, generator = start_product(bench, bench.path("product.sock"))
    load = generator.run("memif product", "--saturate", seconds=seconds, pid=fastpath.pid)
    sessions.stop()
    fastpath.stop()
    return load


def _testpmd(bench, seconds):
    """The same frames for the same calls: the plan is the one that the product's calls made."""
    peer = testpmd.Testpmd(bench, bench.path("testpmd.sock"))
    generator = Generator(bench, f"memif:{peer.socket},role=client", testpmd.MEMIF_MAC,
                          GENERATOR_MAC, bench.path("plan"), expect="echo")
    load = generator.run("memif testpmd", "--saturate", seconds=seconds, pid=peer.pid)
    if load.lossless:  # so it lived to the end: when the generator leaves, its driver may fail
        peer.child.over()
    peer.stop()
    return load


def outside_slow_state(loads):
    """The windows that were not in memif's slow state, in which a pair of pollers moves a third of
    what it can: those above SLOW_BELOW of the best. A median over both states would say which of
    the two relays was luckier; every window stands in the row all the same."""
    best = max(load["received_pps"] for load in loads)
    return [load for load in loads if load["received_pps"] >= SLOW_BELOW * best]


def spread(loads):
    """Between the fastest and the slowest window, as a share of the median."""
    rates = [load["received_pps"] for load in loads]
    return (max(rates) - min(rates)) / statistics.median(rates)


def _each(loads):
    return ", ".join(f"{load['received_pps'] / 1e6:.1f}" for load in loads)


def _rows(bench, product, peer):
    fast, peer_fast = outside_slow_state(product), outside_slow_state(peer)
    ours = statistics.median(load["received_pps"] for load in fast)
    theirs = statistics.median(load["received_pps"] for load in peer_fast)
    most = ceiling(product + peer)
    spoilt = sum(load["corrupt"] for load in product)
    void = [f"{OURS}{spoilt} packets came back spoilt" if spoilt else None,
            ceiling_void(most, ours)]
    bench.row("relay.mpps.memif", ours / 1e6, ("testpmd", theirs / 1e6),
              f"{CALLS:,} sessions, saturated, median outside memif's slow state, all windows: "
              f"{_each(product)} | testpmd: {_each(peer)}", void)
    best, peer_best = (max(load["received_pps"] for load in loads) for loads in (product, peer))
    spreads = spread(fast), spread(peer_fast)
    restless = "memif's slow state: the windows left still differ" if max(spreads) > SPREAD else None
    if min(len(fast), len(peer_fast)) < 2:
        restless = "memif's slow state: all windows but one"
    stuck = "testpmd never left memif's slow state in this run" if peer_best < best else None
    limited = "; so the generator, not the port, was testpmd's limit" if most < 1.2 * theirs else ""
    bench.row("relay.ratio_to_testpmd.memif", ours / theirs,
              conditions=f"medians outside the slow state: {len(fast)} and {len(peer_fast)} of "
              f"{len(product)} alternating windows; generator's ceiling {most / 1e6:.1f} Mpps"
              f"{limited}; spread of the windows {100 * spreads[0]:.0f} % and "
              f"{100 * spreads[1]:.0f} %", void=[*void, stuck, restless])
    bench.row("relay.cpu_ns_per_packet.memif",
              statistics.median(load.relay_cpu_ns for load in fast),
              ("testpmd", statistics.median(load.relay_cpu_ns for load in peer_fast)),
              "run time of the whole process, saturated, the same windows", void)
