# SPDX-License-Identifier: Apache-2.0
"""Like for like: product and rtpengine on the same veth pair, the generator on its far end.

The run time of a process does not hold what the kernel does for it elsewhere: on a veth pair the
receive path of a socket runs on the sender's core, for either of the two.
"""

from generator import P99_LIMIT_US, STREAM_PPS, Generator, ceiling
from peers.rtpengine import RtpEngine, write_plan
from product import MAC_BOX, MAC_FAR, FastPath, Sessions, xdp_realm
from result import HIGHER, LOWER, ceiling_void, first_reason
from search import RESOLUTION, highest
from wire import DEVICES

TITLE = "highest load without loss and with p99 < 20 ms, beside rtpengine on the same veth pair"
SECONDS = (200, 48)
NEEDS = ()
ROWS = {
    "relay.loss_free_pps.trunkline.veth": ("pps", HIGHER),
    "relay.loss_free_pps.rtpengine.veth": ("pps", HIGHER),
    "relay.loss_free_ratio_to_rtpengine.veth": ("x", HIGHER),
    "relay.cpu_ns_per_packet.trunkline.veth": ("ns", LOWER),
    "relay.cpu_ns_per_packet.rtpengine.veth": ("ns", LOWER),
    "relay.cpu_ratio_to_rtpengine.veth": ("x", LOWER),
    "relay.busy_percent.veth_at_rtpengine_load": ("%", LOWER),
}
PPS_A_CALL = 2 * STREAM_PPS
PEER_CALLS, PRODUCT_CALLS = 1800, 10000  # as far as the searches go
PEER_START, PRODUCT_START = 700, 2500
LOWEST = 20


def make_generator(bench, plan):
    """The generator on the far end of the veth pair."""
    return Generator(bench, f"xdp:{DEVICES['far']}", MAC_BOX, MAC_FAR, plan,
                     namespace=bench.wire().namespace("far"))


def windows(bench, name, generator, pid, loads):
    """window(calls) for the search; what the generator found is added to `loads`."""
    seconds, warm_up = bench.pick(4, 2), bench.pick(2, 1)

    def window(calls):
        load = generator.run(f"veth {name} {calls} calls", "--calls", calls, "--stream-pps",
                             STREAM_PPS, seconds=seconds, warm_up=warm_up, pid=pid)
        bench.say(f"{name}, {calls:,} calls: {load.brief()}"
                  + ("" if load.carried else ": not carried"))
        loads.append(load)
        return load.verdict, load

    return window


def _peer(bench, resolution):
    peer = RtpEngine(bench)
    bench.say(f"rtpengine gets {PEER_CALLS:,} calls")
    lines, _, _ = peer.set_up(PEER_CALLS)
    plan = bench.path("plan-rtpengine")
    write_plan(plan, lines)
    loads = []
    window = windows(bench, "rtpengine", make_generator(bench, plan), peer.child.pid, loads)
    found = highest(window, PEER_START, LOWEST, PEER_CALLS, resolution)
    peer.stop()
    return found, ceiling(loads)


def _product(bench, resolution, equal_calls):
    wire = bench.wire()
    fastpath = FastPath(bench, xdp_realm(), PRODUCT_CALLS, namespace=wire.namespace("box"),
                        probe=True)
    sessions = Sessions(bench, fastpath, PRODUCT_CALLS)
    loads = []
    window = windows(bench, "trunkline", make_generator(bench, sessions.plan), fastpath.pid, loads)
    found = highest(window, PRODUCT_START, LOWEST, PRODUCT_CALLS, resolution)
    fastpath.probe()
    window(max(equal_calls, LOWEST))
    probe = fastpath.probe()
    bench.record("veth probe at rtpengine's load", {"report": probe})
    sessions.stop()
    fastpath.stop()
    return found, ceiling(loads), probe["busy_share"]


def run(bench):
    resolution = bench.pick(RESOLUTION, 0.4)
    peer, peer_ceiling = _peer(bench, resolution)
    product, product_ceiling, busy = _product(bench, resolution, peer.load)
    voids = {"trunkline": _void(product, PRODUCT_CALLS, product_ceiling),
             "rtpengine": _void(peer, PEER_CALLS, peer_ceiling)}
    ceilings = {"trunkline": product_ceiling, "rtpengine": peer_ceiling}
    both = first_reason(*voids.values())
    ours, theirs = product.load * PPS_A_CALL, peer.load * PPS_A_CALL
    for name, found in (("trunkline", product), ("rtpengine", peer)):
        bench.row(f"relay.loss_free_pps.{name}.veth", found.load * PPS_A_CALL,
                  conditions=_conditions(found, ceilings[name]), void=voids[name])
    bench.row("relay.loss_free_ratio_to_rtpengine.veth", ours / theirs if theirs else None,
              ("rtpengine pps", theirs), f"both: 0 lost, p99 < {P99_LIMIT_US // 1000} ms",
              both)
    for name, found in (("trunkline", product), ("rtpengine", peer)):
        bench.row(f"relay.cpu_ns_per_packet.{name}.veth",
                  found.outcome.relay_cpu_ns if found.load else None,
                  conditions="all threads, at its highest load; softirq on the sender's core is "
                  "not in it", void=voids[name])
    ratio = product.outcome.relay_cpu_ns / peer.outcome.relay_cpu_ns if not both else None
    bench.row("relay.cpu_ratio_to_rtpengine.veth", ratio,
              conditions="each at its highest load", void=both)
    bench.row("relay.busy_percent.veth_at_rtpengine_load", 100 * busy,
              conditions=f"turns with work, at {theirs:,} pps; the core itself is polled anyway")


def _void(found, most, generator_pps):
    if found.load == 0:
        return "not even the lowest load was carried"
    if found.failed_at is None:
        return f"the search ended at its own limit of {most:,} calls"
    return ceiling_void(generator_pps, found.load * PPS_A_CALL)


def _conditions(found, generator_pps):
    if found.load == 0:
        return ""
    latency = found.outcome["latency_us"]
    passing, failing = found.passes
    return (f"{found.load:,} calls; p50 {latency['p50']:,.0f} us, p99 {latency['p99']:,.0f} us; "
            f"{passing} of {passing + failing} windows; windows passed at {_range(found.carried)} "
            f"calls and failed at {_range(found.refused)}; generator's ceiling "
            f"{generator_pps:,.0f}")


def _range(loads):
    return f"{loads[0]:,} to {loads[1]:,}" if loads else "none"
