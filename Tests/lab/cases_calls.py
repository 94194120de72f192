# SPDX-License-Identifier: Apache-2.0
"""Calls that go well."""

import os
import subprocess
import sys
import time

from harness import box, case, expect_empty, expect_exact, relay_drops, wait_until
from lab import ROOT, SIDES
from phones import Baresip, make_speech, share_heard
from proxy import ReturningProxy
from wires import write_g711_capture

HEARD_AT_LEAST = 0.97  # share of what was heard that is what was sent, to the sample


def talk(lab, caller, callee, target, seconds=4):
    """Lets one phone call the other and compares what each heard with what was said."""
    caller.command("dial", target)
    caller.wait_for("CALL_ESTABLISHED")
    time.sleep(seconds)
    caller.command("hangup")
    callee.wait_for("CALL_CLOSED")
    time.sleep(0.5)


def expect_heard(listener, wav, seconds):
    share, blocks = share_heard(wav, listener.heard())
    assert blocks >= seconds * 25 * 0.6, f"{listener.name} heard only {blocks} blocks of 40 ms"
    assert share >= HEARD_AT_LEAST, f"{listener.name} heard {share:.3f} of what was said"


def phone_call(number, transport="udp", families=(4, 4), **config):
    """A call from a phone at the carrier to a phone at the service, both speaking."""
    with box(discard=False, transport=transport, **config) as lab:
        said = {side: os.path.join(lab.folder, f"{side}.wav") for side in SIDES}
        for seed, side in enumerate(SIDES):
            make_speech(said[side], 12, seed)
        phones = {
            side: Baresip(lab, side, name, said[side], called, transport=transport, family=family)
            for side, name, called, family in zip(
                SIDES, ("alice", "bob"), ("+445550199", number), families)}
        host = lab.address("carrier", "box", families[0])
        host = f"[{host}]" if ":" in host else host
        talk(lab, phones["carrier"], phones["service"],
             f"sip:{number}@{host}")
        expect_heard(phones["service"], said["carrier"], 4)
        expect_heard(phones["carrier"], said["service"], 4)
        for phone in phones.values():
            phone.close()
        expect_empty(lab)
        dropped = relay_drops(expect_exact(lab), after_the_end=True)
        # The phone that answers sends one RTCP packet ahead of its 200: nobody has named it yet.
        assert dropped.pop("wrong_source", 0) <= 1 and not dropped, dropped


@case()
def baresip_over_udp():
    phone_call("+15550100")


@case()
def baresip_over_tcp():
    phone_call("+15550100", transport="tcp")


@case()
def between_ipv4_and_ipv6():
    phone_call("+61255501", families=(4, 6))


@case()
def between_ipv6_and_ipv4():
    phone_call("+15550100", families=(6, 4))


@case()
def hairpin():
    """The service sends the call back to the box, media address untouched: both legs of the
    call in the middle are the box's own."""
    with box(discard=False) as lab:
        said = {name: os.path.join(lab.folder, f"{name}.wav") for name in ("alice", "carol")}
        for seed, name in enumerate(said):
            make_speech(said[name], 12, seed)
        proxy = ReturningProxy(lab, "service", "+445550142")
        alice = Baresip(lab, "carrier", "alice", said["alice"], sip_port=5070,
                        control_port=14441, rtp_base=30000)
        carol = Baresip(lab, "carrier", "carol", said["carol"], "+445550142", sip_port=5060,
                        control_port=14442, rtp_base=32000)
        talk(lab, alice, carol, f"sip:+15550100@{lab.address('carrier', 'box')}")
        expect_heard(carol, said["alice"], 4)
        expect_heard(alice, said["carol"], 4)
        figures = lab.ask("drops")
        assert figures["packets"]["handed_out"] > 300, f"nothing was looped inside: {figures}"
        alice.close()
        carol.close()
        proxy.close()
        expect_empty(lab)
        expect_exact(lab)


def sipp_calls(attach, calls, seconds, rate, both_play=True):
    with box(attach) as lab:
        capture = os.path.join(lab.folder, "media.pcap")
        write_g711_capture(capture, seconds)
        answering = lab.sipp("service", "answer.xml", calls=calls, pcap=capture)
        time.sleep(0.3)
        calling = lab.sipp("carrier", "call.xml", target=lab.address("carrier", "box"),
                           calls=calls, rate=rate, seconds=seconds + 1, port=5070, pcap=capture)
        wait_until(f"{calls} calls are up at once", calls / rate + 20,
                   lambda: len(lab.ask("calls")) == calls)
        assert calling.wait(calls / rate + seconds + 60) == 0, calling.errors()[:500]
        assert calling.figures()["successful"] == calls, calling.figures()
        answering.stop()
        expect_empty(lab)
        figures = expect_exact(lab)
        assert not relay_drops(figures), figures
        # What the peers played all left by the other side, but for what the kernel lost.
        played = calls * seconds * 50 * 2
        assert figures["packets"]["forwarded"] == played - lab.kernel_losses(), figures
        for side in SIDES:
            assert lab.icmp_unreachable(side) == 0, f"the {side} got ICMP unreachable"


@case()
def fifty_calls_xdp():
    sipp_calls("xdp", 50, 8, 25)


@case()
def fifty_calls_packet():
    sipp_calls("packet", 50, 8, 25)


@case(long=True)
def five_hundred_calls_for_a_minute():
    sipp_calls("xdp", 500, 60, 50)


@case()
def appliance_run():
    """The command of the README, as a script would use it."""
    result = subprocess.run(
        [sys.executable, os.path.join(ROOT, "appliance", "lab", "demo.py"), "--calls", "6",
         "--seconds", "3", "--json"], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    import json
    said = json.loads(result.stdout)
    assert said["calls"] == {"attempted": 6, "completed": 6}, said
    assert said["packets"]["exact"] is True, said
    assert said["packets"]["forwarded"] > 300, said
