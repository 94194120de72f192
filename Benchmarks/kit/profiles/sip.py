# SPDX-License-Identifier: Apache-2.0
"""Calls of the whole product: what one costs in signalling and media set-up, beside Kamailio with
rtpengine, how long messages stay, and what memory a call takes."""

import dataclasses
import json
import os
import resource
import sys
import time

import sip_latency
from children import BenchError
from peers.kamailio import DESCRIPTORS_A_CALL, KamailioBox, calls_at_most
from result import HIGHER, LOWER, OURS, THEIRS
from sip_box import FORWARDED_PORT, TLS_PORT, SipBox, make_namespaces
from sipp import Calls, fault

TITLE = "calls with SIPp as both parties, beside Kamailio with rtpengine"
SECONDS = (480, 120)
BY_NAME = True
ROWS = {
    "sip.calls_per_s.udp": ("calls/s", HIGHER),
    "sip.calls_per_s.tls": ("calls/s", HIGHER),
    "sip.cpu_us_per_call.trunkline": ("us", LOWER),
    "sip.cpu_us_per_call.kamailio_rtpengine": ("us", LOWER),
    "sip.cpu_ratio_to_kamailio_rtpengine": ("x", LOWER),
    "sip.added_ms.p50": ("ms", LOWER),
    "sip.added_ms.p99": ("ms", LOWER),
    "sip.memory_bytes_per_call": ("bytes", LOWER),
}
RATE, COMPARED_RATE = 1000, 800
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FEW_STAYS = 1000  # below it a p99 is no verdict


def run(bench):
    udp_us = _rate(bench, "udp", tls=False)
    _rate(bench, "tls", tls=True)
    _compare(bench)
    _latency(bench, udp_us)
    _memory(bench)


# Calls a second ------------------------------------------------------------------------------


def offer(bench, box, calls, rate, seconds, hold_s, forwarders=()):
    """Offers calls and waits for the end of them; the load with the box's run time in it."""
    calls.forwarders = [child.pid for child in forwarders]
    before = box.cpu_ns()
    load = calls.start(rate, rate * seconds, hold_s)
    calls.watch(seconds)
    calls.finish()
    load.cpu_ns = {who: now - before[who] for who, now in box.cpu_ns().items()}
    bench.record("calls", dataclasses.asdict(load))
    bench.say(f"{load.successful:,} of {load.calls:,} calls, "
              + ", ".join(f"{who} {load.cpu_us(who):.0f} us" for who in load.cpu_ns)
              + f", SIPp {100 * load.sipp_share:.0f} % of its core")
    return load


def _forwarders(bench, box):
    """Long-lived TLS between the box and SIPp, one forwarder on each side."""
    made = []
    for side, verb, listen_at, target in (
            ("carrier", "connect", f"127.0.0.1:{FORWARDED_PORT}",
             f"{box.lab.address('carrier', 'box')}:{TLS_PORT}"),
            ("service", "accept", f"{box.lab.address('service')}:{TLS_PORT}",
             f"{box.lab.address('service')}:5060")):
        child = bench.children.start(
            "tls-forwarder", sys.executable, os.path.join(HERE, "tls_forwarder.py"),
            box.lab.folder, verb, listen_at, target, namespace=box.lab.namespace(side),
            cores=[bench.generator_core], pipes=True)
        child.line(20)
        made.append(child)
    return made


def _rate(bench, name, tls):
    """The row of one transport; CPU microseconds a call, None where calls failed."""
    seconds, hold_s = bench.pick(60, 8), bench.pick(32, 4)
    bench.say(f"{name}: {RATE:,} calls a second for {seconds} s")
    box = SipBox(bench, calls=int(RATE * (hold_s + 8)), tls=tls)
    try:
        forwarders = _forwarders(bench, box) if tls else []
        load = offer(bench, box, Calls(bench, box.lab, box.transport), RATE, seconds, hold_s,
                     forwarders)
        bench.record(f"status after {name}", {"status": box.status()})
        for child in forwarders:
            child.stop()
    finally:
        box.close()
    void, wrong = fault(load)
    cpu_us = load.cpu_us("control")
    beside = f", TLS forwarder {100 * load.forwarder_share:.0f} %" if tls else ""
    conditions = (
        f"1 / CPU time a call of the control plane, {cpu_us:.0f} us from INVITE to the last timer; "
        f"{RATE:,} calls a second for {seconds} s, held {hold_s} s, {load.peak:,} at "
        f"a time, media planned and programmed (the fast path took "
        f"{load.cpu_us('fastpath'):.0f} us a call, its idle included); trace ring as shipped; "
        f"{load.repeated:,} messages repeated; SIPp {100 * load.sipp_share:.0f} % of its "
        f"core{beside}")
    if wrong and not void:
        wrong = f"{OURS}{wrong} (control plane {cpu_us:.0f} us for each that did)"
    bench.row(f"sip.calls_per_s.{name}", 1e6 / cpu_us if load.successful else None,
              conditions=conditions, void=[void, wrong])
    return None if void or wrong else cpu_us


# Beside Kamailio -----------------------------------------------------------------------------


def idle_share(bench, box, calls):
    """Run time a second of the fast path with one silent call, in which its worker looks often."""
    calls.start(1, 1, bench.pick(8, 5))
    calls.watch(2)
    before, start = box.cpu_ns()["fastpath"], time.monotonic_ns()
    calls.watch(2)
    share = (box.cpu_ns()["fastpath"] - before) / (time.monotonic_ns() - start)
    calls.finish()
    return share


def hold_for(descriptors, rate):
    """Seconds that calls can be held for which rtpengine has descriptors enough."""
    return min(32, int(0.8 * calls_at_most(descriptors) / rate))


def _compare(bench):
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    hold_s = hold_for(descriptors, COMPARED_RATE)
    if hold_s < 1:
        raise BenchError(f"{descriptors} file descriptors are too few for rtpengine's calls")
    seconds = bench.pick(30, 8)
    peer = _peer_load(bench, hold_s, seconds)
    bench.say(f"the product: {COMPARED_RATE} calls a second")
    box = SipBox(bench, calls=int(COMPARED_RATE * (hold_s + 8)))
    try:
        idle = idle_share(bench, box, Calls(bench, box.lab))
        own = offer(bench, box, Calls(bench, box.lab), COMPARED_RATE, seconds, hold_s)
    finally:
        box.close()
    idle_us = 1e6 * idle * own.seconds / max(1, own.successful)
    control, fast = own.cpu_us("control"), own.cpu_us("fastpath")
    own_us = control + max(0, fast - idle_us)
    peer_us = sum(map(peer.cpu_us, peer.cpu_ns))
    own_void, own_wrong = fault(own)
    peer_void, peer_wrong = fault(peer)
    own_voids = [own_void, own_wrong and OURS + own_wrong]
    peer_voids = [peer_void, peer_wrong and THEIRS + peer_wrong]
    load = (f"{COMPARED_RATE} calls a second for {seconds} s, held {hold_s} s (as long as "
            f"rtpengine has descriptors for, {DESCRIPTORS_A_CALL} a call), all threads")
    bench.row("sip.cpu_us_per_call.trunkline", own_us,
              conditions=f"{load}: control plane {control:.0f}, fast path {fast:.0f} less "
              f"{idle_us:.0f} that it takes in that time with one silent call", void=own_voids)
    bench.row("sip.cpu_us_per_call.kamailio_rtpengine", peer_us,
              conditions=f"{load}: " + ", ".join(
                  f"{who} {peer.cpu_us(who):.0f}" for who in peer.cpu_ns)
              + "; dialog tracking, record-routing, four processes; rtpengine with one thread",
              void=peer_voids)
    bench.row("sip.cpu_ratio_to_kamailio_rtpengine",
              own_us / peer_us if own.successful and peer.successful else None,
              ("kamailio and rtpengine, us", peer_us),
              f"{load}; with the fast path's idle in it "
              f"{(control + fast) / max(1e-9, peer_us):.2f}", void=own_voids + peer_voids)


def _peer_load(bench, hold_s, seconds):
    bench.say(f"Kamailio and rtpengine: {COMPARED_RATE} calls a second")
    lab = make_namespaces(bench)
    box = None
    try:
        box = KamailioBox(bench, lab)
        return offer(bench, box, Calls(bench, lab), COMPARED_RATE, seconds, hold_s)
    finally:
        if box is not None:
            box.close()
        lab.close()


# How long messages stay ----------------------------------------------------------------------


def _latency(bench, udp_us):
    rate = int(min(RATE, 0.5e6 / udp_us)) if udp_us else RATE // 2
    seconds, hold_s = bench.pick(25, 8), 4
    bench.say(f"how long messages stay, at {rate:,} calls a second")
    box = SipBox(bench, calls=int(rate * (hold_s + 8)))
    try:
        path = bench.path("sip-messages")
        capture = _tool(bench, "sip_capture.py", path, "to-carrier", "to-service",
                        namespace=box.lab.namespace("box"), cores=[bench.generator_core])
        watch = _tool(bench, "wake_watch.py", cores=[bench.relay_core])
        load = offer(bench, box, Calls(bench, box.lab), rate, seconds, hold_s)
        watched, captured = (_end(child) for child in (watch, capture))
    finally:
        box.close()
    with open(path, encoding="ascii") as file:
        found, unpassed = sip_latency.stays(sip_latency.read(file))
    os.unlink(path)
    kept = sip_latency.outside(found, watched["gaps"])
    void, wrong = fault(load)
    voids = [void, wrong and OURS + wrong,
             f"{captured['lost']:,} packets were not captured" if captured["lost"] else None,
             f"{len(kept):,} messages are too few for a p99" if len(kept) < FEW_STAYS else None]
    gap_s = sum(end - start for start, end in watched["gaps"]) / 1e9
    bench.record("stays", {"kept": len(kept), "all": len(found), "unpassed": unpassed,
                           "gaps": len(watched["gaps"]), "gap_s": gap_s})
    for name, percent in (("p50", 50), ("p99", 99)):
        value = sip_latency.percentile(sip_latency.milliseconds(kept), percent) if kept else None
        every = sip_latency.percentile(sip_latency.milliseconds(found), percent) if found else 0
        bench.row(
            f"sip.added_ms.{name}", value,
            conditions=f"{rate:,} calls a second, half of what the control plane can; from the "
            "kernel's stamp of a message that arrives to that of the message that leaves, at the "
            f"packet taps of the box's devices; {len(kept):,} of {len(found):,} messages, without "
            f"those in {len(watched['gaps']):,} gaps of the machine of {gap_s:.2f} s together; "
            f"{every:.2f} with them; p50/p99 by kind: {sip_latency.by_kind(kept)}", void=voids)


def _tool(bench, name, *words, **where):
    child = bench.children.start(name.removesuffix(".py").replace("_", "-"), sys.executable,
                                 os.path.join(HERE, name), *words, pipes=True, **where)
    child.line(20)
    return child


def _end(child):
    """The report of a tool that works until its standard input is closed."""
    child.close_input()
    report = json.loads(child.line(60))
    child.end()
    return report


# Memory --------------------------------------------------------------------------------------


def _memory(bench):
    calls_held = bench.pick(50_000, 5_000)
    rate = bench.pick(800, 500)
    bench.say(f"memory of {calls_held:,} calls")
    box = SipBox(bench, calls=calls_held + 2000, trace_mb=0)
    try:
        warm = Calls(bench, box.lab)  # what the first calls make once and for all
        warm.start(100, 200, 1)
        warm.finish()
        time.sleep(2)
        before = box.memory_bytes()
        calls = Calls(bench, box.lab)
        load = calls.start(rate, calls_held, calls_held / rate + 80)
        end = time.monotonic() + calls_held / rate + 30
        while calls.caller.figures()["created"] < calls_held and time.monotonic() < end:
            time.sleep(0.5)
        time.sleep(bench.pick(35, 3))  # their transactions end meanwhile, in a full run
        held = box.status()["calls"]["active"]
        after = box.memory_bytes()
        calls.stop()
    finally:
        box.close()
    wrong = None
    if held < calls_held:
        wrong = f"{OURS}{held:,} of {calls_held:,} calls were up: {calls.caller.errors()[:120]}"
    bench.record("memory", {"before": before, "after": after, "held": held,
                            "rate": load.rate})
    bench.row("sip.memory_bytes_per_call", (after - before) / max(1, held),
              conditions=f"growth of the control plane's resident memory ({before / 2**20:.0f} to "
              f"{after / 2**20:.0f} MB) over {held:,} calls that are established ({rate} a second), "
              "without a trace ring", void=wrong)
