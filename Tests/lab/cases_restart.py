# SPDX-License-Identifier: Apache-2.0
"""Either process is killed; calls go on."""

import os
import time

from harness import (box, call_count, case, expect_empty, expect_exact, expect_no_loss_between,
                     relay_drops, wait_until)
from lab import MEDIA_PORTS, SIDES
from wires import media_gaps, write_g711_capture


def up(lab, calls, seconds, rate=50):
    """So many SIPp calls, all playing; gives caller and answerer once all are established."""
    capture = os.path.join(lab.folder, "media.pcap")
    write_g711_capture(capture, seconds)
    answering = lab.sipp("service", "answer.xml", calls=calls, pcap=capture)
    time.sleep(0.3)
    calling = lab.sipp("carrier", "call.xml", target=lab.address("carrier", "box"), calls=calls,
                       rate=rate, seconds=seconds + 1, port=5070, pcap=capture)
    wait_until(f"{calls} calls are up", calls / rate + 20, lambda: sum(
        c["state"] == "established" for c in lab.ask("calls")) == calls)
    return calling, answering


def finish(lab, calling, answering, calls, seconds):
    assert calling.wait(seconds + 60) == 0, calling.errors()[:800]
    figures = calling.figures()
    assert figures["successful"] == calls and figures["failed"] == 0, figures
    answering.stop()
    assert answering.figures()["failed"] == 0, answering.errors()[:800]
    expect_empty(lab)


def expect_records(lab, calls):
    """One closing record for each call, with media both ways."""
    def closing():
        records = lab.ask("records", "--last", "1000")
        return [r for r in records if r["record"] == "closing"]
    wait_until("the records are written", 10, lambda: len(closing()) >= calls)
    records = closing()
    assert len({r["id"] for r in records}) == len(records) == calls, len(records)
    assert len({r["a"]["call_id"] for r in records}) == calls
    for record in records:
        assert record["end"] == "caller hung up" and record["status"] == 200, record
        assert record["a"]["packets_in"] > 0 and record["b"]["packets_in"] > 0, record
        assert record["answer_ms"] < record["end_ms"], record


def attached(lab):
    status = lab.ask("status", check=False)
    return bool(status and status["fastpath"]["attached"])


@case()
def control_killed_during_a_hundred_calls():
    with box() as lab:
        calling, answering = up(lab, 100, 12)
        before = lab.ask("drops")
        started = time.monotonic()
        lab.control.kill()
        wait_until("the control plane is back", 10, lambda: attached(lab))
        # The poll itself costs a process start; the bar is one second.
        assert time.monotonic() - started < 1.0, time.monotonic() - started
        assert call_count(lab) == 100
        time.sleep(2)
        expect_no_loss_between(before, lab.ask("drops"))
        assert calling.process.poll() is None and call_count(lab) == 100
        finish(lab, calling, answering, 100, 12)
        expect_records(lab, 100)
        figures = expect_exact(lab)
        # On a starved machine the first media may come before its next hop is known; nothing later
        # is lost. The capture of 12 s, both ways: all of it went through.
        early = relay_drops(before)
        assert relay_drops(figures) == early and not set(early) - {"no_next_hop"}, figures
        sent = 100 * 12 * 50 * 2 - sum(early.values())
        assert figures["packets"]["forwarded"] == sent, figures


@case()
def control_killed_while_ringing():
    with box() as lab:
        answering = lab.sipp("service", "ring-until-cancel.xml", calls=5)
        time.sleep(0.3)
        calling = lab.sipp("carrier", "call-ringing-503.xml", calls=5, rate=50,
                           target=lab.address("carrier", "box"), port=5070)
        wait_until("five calls ring", 10, lambda: sum(
            c["state"] == "ringing" for c in lab.ask("calls")) == 5)
        lab.control.kill()
        assert calling.wait(15) == 0, calling.errors()[:800]
        assert answering.wait(15) == 0, answering.errors()[:800]
        wait_until("the control plane is back", 10, lambda: attached(lab))
        expect_empty(lab)


@case()
def control_killed_between_200_and_ack():
    with box() as lab:
        answering = lab.sipp("service", "answer-silent.xml", calls=5)
        time.sleep(0.3)
        calling = lab.sipp("carrier", "call-late-ack.xml", calls=5, rate=50, seconds=2,
                           target=lab.address("carrier", "box"), port=5070)
        wait_until("five calls were answered", 10, lambda: len(lab.ask("calls")) == 5)
        time.sleep(0.5)
        lab.control.kill()
        finish(lab, calling, answering, 5, 5)


@case()
def fast_path_killed_twenty_times():
    """Every time: back, attached, reprogrammed, at most a second without media."""
    seconds = 75
    with box() as lab:
        trace = os.path.join(lab.folder, "service.pcap")
        calling, answering = up(lab, 100, seconds)
        sniffer = lab.spawn("service", "tcpdump", "-i", "to-box", "-s", "64", "-B", "65536", "-w",
                            trace, "udp", "and", "src", "portrange",
                            f"{MEDIA_PORTS[0]}-{MEDIA_PORTS[1]}")
        time.sleep(1)
        for number in range(20):
            lab.fastpath.kill()
            wait_until(f"attached again after kill {number + 1}", 10, lambda: attached(lab) and
                       lab.ask("status")["fastpath"]["flows"] == 200)
            time.sleep(0.7)
        assert len(lab.fastpath.exits) == 20, lab.fastpath.exits
        assert call_count(lab) == 100
        time.sleep(1)
        sniffer.terminate()
        sniffer.wait(10)
        gaps = media_gaps(trace, *MEDIA_PORTS)
        assert len(gaps) == 100, f"media of {len(gaps)} calls reached the service"
        worst = max(gap for _, gap in gaps.values())
        print(f"  20 kills, 100 calls: longest gap in any stream {worst * 1000:.0f} ms")
        assert worst <= 1.0, f"a gap of {worst:.3f} s"
        finish(lab, calling, answering, 100, seconds)
        for side in SIDES:
            assert lab.icmp_unreachable(side) == 0, f"the {side} got ICMP unreachable"


@case()
def both_killed():
    """The calls are found again when both come back."""
    with box() as lab:
        calling, answering = up(lab, 20, 10)
        lab.control.kill()
        lab.fastpath.kill()
        wait_until("both are back", 10, lambda: attached(lab) and
                   lab.ask("status")["fastpath"]["flows"] == 40)
        finish(lab, calling, answering, 20, 10)
