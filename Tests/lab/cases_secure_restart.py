# SPDX-License-Identifier: Apache-2.0
"""Either process is killed during encrypted calls: both directions go on decrypting."""

import time

from agents import Agent
from agent_media import SUITES
from cases_restart import attached
from harness import case, expect_empty, wait_until
from secure import (NUMBERS, SDES, TALK, WEBRTC, established, expect_share, hold_and_resume,
                    secure_box, speech_files, uri)

LONGEST_GAP = 1.5  # seconds without media when both planes are killed at once
AFTER = 2.5  # seconds that each end is listened to after a restart


def back(lab):
    wait_until("both planes are back with the call's flows", 10, lambda: attached(lab) and
               lab.ask("status")["fastpath"]["flows"] == 2)


def expect_going_on(phones, what):
    """From here on nothing is lost, nothing fails to open, in either direction. Who waits for the
    machine has some seconds more to hear as much."""
    before = [p.figures() for p in phones]
    time.sleep(AFTER)
    for phone, first in zip(phones, before):
        for _ in range(12):
            last = phone.figures()
            if last["packets"] - first["packets"] >= AFTER * 50 * 0.9:
                break
            time.sleep(0.25)
        assert not last["errors"], f"{phone.name} could not open after {what}: {last}"
        came = last["packets"] - first["packets"]
        assert came >= AFTER * 50 * 0.9, f"{phone.name} got {came} packets after {what}: {last}"
        assert last["lost"] == first["lost"], \
            f"{phone.name} lost media after {what}: {first['lost']}, then {last}"


def killed_in_a_call(phones, trunks):
    with secure_box(**trunks) as lab:
        said = speech_files(lab)
        alice, bob = phones(lab, said)
        alice.call(uri(lab, "carrier", NUMBERS["service"]))
        established(lab)
        time.sleep(TALK)
        both = (alice, bob)
        expect_going_on(both, "the start")
        before = lab.ask("drops")["drops"]
        lab.control.kill()
        back(lab)
        expect_going_on(both, "the end of the control plane")
        lost = [p.figures()["lost"] for p in both]
        assert lost == [0, 0], f"the control plane's end cost media: {lost}"
        for number in range(3):
            lab.fastpath.kill()
            back(lab)
            time.sleep(1.5)
            expect_going_on(both, f"end {number + 1} of the fast path")
        lab.control.kill()
        lab.fastpath.kill()
        back(lab)
        time.sleep(2)
        expect_going_on(both, "the end of both")
        gaps = [p.figures()["gap"] for p in both]
        print(f"  longest gap in media: {gaps}")
        assert max(gaps) <= LONGEST_GAP, f"no media for {gaps} seconds"
        hold_and_resume(lab, alice, [bob])
        expect_going_on(both, "a hold after all that")
        after = lab.ask("drops")["drops"]
        for name in ("srtp_authentication", "srtp_replay", "srtp_index", "rtp_duplicate"):
            assert after.get(name, 0) == before.get(name, 0), (name, before, after)
        alice.hang_up()
        bob.wait_for("closed")
        alice.close()
        bob.close()
        expect_share(alice, said["service"], 400, share=0.95)
        expect_share(bob, said["carrier"], 400, share=0.95)
        expect_empty(lab)


@case()
def killed_in_an_sdes_call():
    """SRTP on both legs, with other suites: each end would see an index that was used twice."""
    sides = {"carrier": "AEAD_AES_128_GCM", "service": "AES_CM_128_HMAC_SHA1_80"}
    killed_in_a_call(
        lambda lab, said: (
            Agent(lab, "carrier", "alice", "sdes", said["carrier"], suites=list(SUITES)),
            Agent(lab, "service", "bob", "sdes", said["service"], NUMBERS["service"],
                  suites=list(SUITES), rtp_port=31000)),
        {s: dict(SDES, suites=f"[{n}]") for s, n in sides.items()})


@case(long=True)
def killed_in_a_webrtc_call():
    """DTLS-SRTP and ICE on one leg, keys in SDP on the other."""
    killed_in_a_call(
        lambda lab, said: (
            Agent(lab, "carrier", "browser", "webrtc", said["carrier"]),
            Agent(lab, "service", "bob", "sdes", said["service"], NUMBERS["service"],
                  suites=list(SUITES), rtp_port=31000)),
        {"carrier": WEBRTC, "service": SDES})
