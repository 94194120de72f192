# SPDX-License-Identifier: Apache-2.0
"""Like for like: product and rtpengine on the same veth pair, the generator on its far end.

Each side's highest load is searched for by itself; then both answers are confirmed in windows that
take turns, each with a fresh process and pair, and only what is confirmed stands in the rows. A
search takes minutes, in which the machine changes.

The run time of a process does not hold what the kernel does for it elsewhere: on a veth pair the
receive path of a socket runs on the sender's core, for either of the two.
"""

import contextlib
import statistics

import probe
from generator import P99_LIMIT_US, STREAM_PPS, Generator, ceiling
from peers.rtpengine import THREADS, RtpEngine, write_plan
from product import FastPath, Sessions, xdp_realm
from result import (
    CEILING_FACTOR, HIGHER, LOWER, OURS, THEIRS, ceiling_void, first_reason)
from search import RESOLUTION, confirm, highest
from wire import DEVICES, MAC_BOX, MAC_FAR

TITLE = "highest load without loss and with p99 < 20 ms, beside rtpengine on the same veth pair"
SECONDS = (270, 49)
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
LOWEST = 20


def make_generator(bench, plan):
    """The generator on the far end of the veth pair."""
    return Generator(bench, f"xdp:{DEVICES['far']}", MAC_BOX, MAC_FAR, plan,
                     namespace=bench.wire().namespace("far"))


class Side:
    """One of the two, and all that was measured of it."""

    name, most, start = "", 0, 0  # calls: as far as the search goes, and where it begins
    times = ((4, 2), (2, 1))  # a window's seconds and warm-up, in a full run and a quick one
    suite = None  # of party B's legs, as trunkline-sessions names it; None: they are plain
    digits = False  # tones of A become events for B, and the reverse

    def __init__(self, bench):
        self.bench = bench
        self.loads = []  # every window of it
        self.found = self.confirmed = None
        self.is_capped = False  # it carried more than the generator can vouch for

    def relay(self):
        """Context: a fresh process that holds `most` calls; gives (generator, process id)."""
        raise NotImplementedError

    def window(self, generator, pid, calls):
        """(verdict, outcome) of one window."""
        seconds, warm_up = self.bench.pick(*self.times)
        load = generator.run(f"{self.bench.profile} {self.name} {calls} calls", "--calls", calls, "--stream-pps",
                             STREAM_PPS, seconds=seconds, warm_up=warm_up, pid=pid)
        self.bench.say(f"{self.name}, {calls:,} calls: {load.brief()}"
                       + ("" if load.carried else ": not carried"))
        self.loads.append(load)
        return load.verdict, load

    def search(self, resolution):
        with self.relay() as (generator, pid):
            self.found = highest(lambda calls: self.window(generator, pid, calls), self.start,
                                 LOWEST, self.most, resolution, twice=not self.bench.quick)

    def again(self, calls):
        """A window with a fresh process on a fresh pair: what the relay before left on its device
        (an XDP program, say) would be in the way."""
        self.bench.drop_wire()
        with self.relay() as (generator, pid):
            return self.window(generator, pid, calls)

    @property
    def calls(self):
        """The load that stands for this side."""
        return self.confirmed.load if self.confirmed else self.found.load

    def to_confirm(self):
        """The load that was found, or what the generator's ceiling allows to say of it."""
        most = int(ceiling(self.loads) / CEILING_FACTOR / PPS_A_CALL)
        self.is_capped = most < self.found.load
        return min(most, self.found.load)

    @property
    def cpu_ns(self):
        """CPU time a packet: the median of the windows that confirmed the load, without those in
        which the process's run time could not be read."""
        return statistics.median(load.relay_cpu_ns for load in self.confirmed.outcomes
                                 if load.relay_cpu_share is not None)


class RtpEngineSide(Side):
    name, most, start = "rtpengine", 1800, 700

    @contextlib.contextmanager
    def relay(self):
        peer = RtpEngine(self.bench)
        lines, _, _ = peer.set_up(self.most, secure=self.suite is not None, digits=self.digits)
        plan = self.bench.path("plan-rtpengine")
        write_plan(plan, lines)
        yield make_generator(self.bench, plan), peer.child.pid
        peer.stop()


class ProductSide(Side):
    name, most, start = "trunkline", 10000, 2500

    @contextlib.contextmanager
    def relay(self):
        wire = self.bench.wire()
        self.fastpath = FastPath(self.bench, xdp_realm(), self.most,
                                 namespace=wire.namespace("box"), probe=True)
        sessions = Sessions(self.bench, self.fastpath, self.most, suite=self.suite,
                            digits=self.digits)
        yield make_generator(self.bench, sessions.plan), self.fastpath.pid
        sessions.stop()
        self.fastpath.stop()

    def busy_share(self, calls):
        """(share of the worker's time in turns with work, why it is void or None)"""
        seconds, warm_up = self.bench.pick(4, 2), 1
        with self.relay() as (generator, _), \
                probe.Period(self.fastpath, seconds, warm_up) as period:
            load = generator.run(f"veth busy share {calls} calls", "--calls", calls,
                                 "--stream-pps", STREAM_PPS, seconds=seconds, warm_up=warm_up)
        self.bench.record("veth probe at rtpengine's load", {"report": period.report})
        return (period.report or {}).get("busy_share"), period.fault(load)


def compare(bench, peer, product, resolution):
    """Searches for the highest load of each, and confirms both in turns."""
    for side in (peer, product):
        bench.say(f"{side.name} holds {side.most:,} calls")
        side.search(resolution)
    if peer.calls and product.calls:
        wanted = [peer.to_confirm(), product.to_confirm()]
        bench.say(f"confirming {wanted[0]:,} and {wanted[1]:,} calls in turns")
        peer.confirmed, product.confirmed = confirm(
            list(zip((peer.again, product.again), wanted)), LOWEST, bench.pick(9, 4))


def run(bench):
    peer, product = RtpEngineSide(bench), ProductSide(bench)
    compare(bench, peer, product, bench.pick(RESOLUTION, 0.25))
    _load_rows(bench, product, peer)
    busy, fault = product.busy_share(max(peer.calls, LOWEST))
    bench.row("relay.busy_percent.veth_at_rtpengine_load", 100 * busy if busy is not None else None,
              conditions=f"turns with work, at {peer.calls * PPS_A_CALL:,} pps; the core itself is "
              "polled anyway", void=fault)


def _load_rows(bench, product, peer):
    voids = {side: void_of(side) for side in (product, peer)}
    both = first_reason(*voids.values())
    for side in (product, peer):
        bench.row(f"relay.loss_free_pps.{side.name}.veth", side.calls * PPS_A_CALL,
                  conditions=conditions(side), void=voids[side])
    theirs = peer.calls * PPS_A_CALL
    bench.row("relay.loss_free_ratio_to_rtpengine.veth",
              product.calls / peer.calls if peer.calls else None, ("rtpengine pps", theirs),
              f"both: 0 lost, p99 < {P99_LIMIT_US // 1000} ms, confirmed in alternating windows; "
              f"rtpengine: {THREADS} threads on one core", both)
    for side in (product, peer):
        bench.row(f"relay.cpu_ns_per_packet.{side.name}.veth",
                  None if voids[side] else side.cpu_ns,
                  conditions="all threads, at its highest load, median of the windows that "
                  "confirmed it; softirq on the sender's core is not in it", void=voids[side])
    bench.row("relay.cpu_ratio_to_rtpengine.veth",
              None if both else product.cpu_ns / peer.cpu_ns,
              conditions=f"each at its highest load; rtpengine: {THREADS} threads on one core",
              void=both)


def void_of(side):
    """Why what was found of a side may not be used, or None; whose doing it was stands in it."""
    if side.calls == 0:
        late = side.loads[-1]["lateness_us"]["p99"]
        if late >= P99_LIMIT_US:
            return f"the generator sent {late:,.0f} us late at p99 at the lowest load"
        front = OURS if side.name == ProductSide.name else THEIRS
        return f"{front}not even the lowest load was carried"
    if side.confirmed is None:
        return "not confirmed: there was nothing to take turns with"
    if not side.confirmed.stands:
        passing, failing = side.confirmed.passes
        return (f"the rounds of alternating windows ended at {side.calls:,} calls, after "
                f"{side.confirmed.steps} steps down, with {passing} windows that passed and "
                f"{failing} that failed")
    if side.found.failed_at is None and side.confirmed.steps == 0 and not side.is_capped:
        return f"the search ended at its own limit of {side.most:,} calls"
    return ceiling_void(ceiling(side.loads), side.calls * PPS_A_CALL)


def conditions(side):
    confirmed = side.confirmed
    if confirmed is None or not confirmed.outcomes:
        return ""
    latency = {name: max(load["latency_us"][name] for load in confirmed.outcomes)
               for name in ("p50", "p99")}
    passing, failing = confirmed.passes
    threads = f"{THREADS} threads on one core; " if side.name == RtpEngineSide.name else ""
    least = "at least: for more the generator is no witness; " if side.is_capped else ""
    return (f"{least}{side.calls:,} calls; {threads}worst p50 {latency['p50']:,.0f} us, p99 "
            f"{latency['p99']:,.0f} us; {passing} of {passing + failing} alternating windows; the "
            f"search found {side.found.load:,} calls (windows passed at "
            f"{_range(side.found.carried)} calls and failed at {_range(side.found.refused)}), "
            f"{confirmed.steps} steps down since; "
            f"generator's ceiling {ceiling(side.loads):,.0f} pps")


def _range(loads):
    return f"{loads[0]:,} to {loads[1]:,}" if loads else "none"
