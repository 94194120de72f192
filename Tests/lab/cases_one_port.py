# SPDX-License-Identifier: Apache-2.0
"""Realms whose calls share one media port, and the legs that get one of their own."""

import time

from agents import Agent
from cases_secure_restart import AFTER, expect_going_on
from harness import call_count, case, expect_empty, wait_until
from lab import MEDIA_PORTS
from secure import (NUMBERS, TALK, WEBRTC, established, expect_clean, expect_share,
                    hold_and_resume, secure_box, speech_files, uri)

SHARED = MEDIA_PORTS[0]  # of the one worker


def local_ports(lab):
    """Of each call's legs, by realm."""
    return [{leg["realm"]: int(leg["local"].rsplit(":", 1)[1]) for leg in call["legs"]}
            for call in lab.ask("calls")]


@case()
def one_port_for_many_calls():
    """Two browsers, one calling and one called, and two plain callers. All but the plain party
    that is called (its address is not known when it is told ours) share a port of their realm."""
    with secure_box(carrier=WEBRTC, one_port=True) as lab:
        said = speech_files(lab)
        alice = Agent(lab, "carrier", "alice", "webrtc", said["carrier"], sip_port=5070)
        bob = Agent(lab, "service", "bob", "plain", said["service"], NUMBERS["service"],
                    rtp_port=31000)
        dave = Agent(lab, "carrier", "dave", "webrtc", said["carrier"], NUMBERS["carrier"])
        carol = Agent(lab, "service", "carol", "plain", said["service"], sip_port=5070,
                      rtp_port=32000)
        phones = (alice, bob, dave, carol)
        alice.call(uri(lab, "carrier", NUMBERS["service"]))
        established(lab, 1)
        first, = local_ports(lab)
        carol.call(uri(lab, "service", NUMBERS["carrier"]))
        established(lab, 2)
        second, = [ports for ports in local_ports(lab) if ports != first]
        assert first["carrier"] == SHARED and first["service"] != SHARED, first
        assert second == {"carrier": SHARED, "service": SHARED}, second
        time.sleep(TALK)
        expect_going_on(phones, "the start")
        hold_and_resume(lab, alice, [bob])
        hold_and_resume(lab, carol, [dave])
        lab.control.kill()
        wait_until("both calls are there again", 10, lambda: call_count(lab) == 2)
        expect_going_on(phones, "the end of the control plane")
        lab.fastpath.kill()
        wait_until("the flows are there again", 10,
                   lambda: lab.ask("status")["fastpath"]["flows"] == 4)
        time.sleep(AFTER)
        expect_going_on(phones, "the end of the fast path")
        assert sorted(local_ports(lab), key=str) == sorted([first, second], key=str)
        alice.hang_up()
        expect_going_on((dave, carol), "the end of the other call")
        for phone in phones:
            expect_clean(phone)
        carol.hang_up()
        for phone in phones:
            phone.close()
        for listener, side in ((alice, "service"), (bob, "carrier"),
                               (dave, "service"), (carol, "carrier")):
            expect_share(listener, said[side], share=0.95)
        expect_empty(lab)
