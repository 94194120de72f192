# SPDX-License-Identifier: Apache-2.0
"""What the cases of encrypted calls share: one call from or to a secure phone, gone through."""

import contextlib
import os
import time

from agents import Agent
from harness import box, expect_empty, expect_exact, relay_drops, wait_until
from lab import SIDES
from phones import make_speech, share_heard
from sipp_leg import SippLeg

NUMBERS = {"carrier": "+445550199", "service": "+15550100"}  # reached through the box
REQUIRED = {"srtp": "required"}
SDES = {"srtp": "required", "keying": "[sdes]"}
DTLS = {"srtp": "required", "keying": "[dtls]"}
WEBRTC = {"srtp": "required", "keying": "[dtls]", "ice": "lite", "rtcp-mux": "offer"}
TALK = 2.5  # seconds before anything else happens
SPEECH = 40  # seconds of a file; baresip hangs up at its end
HELD = 2.0

# Drops of a call that goes well: what was under way when a leg ended or a hold began, and what
# came before the other side had said where it is.
EXPECTED = {"wrong_source", "no_flow", "no_peer", "not_media", "not_receiving", "not_sending",
            "srtp_no_keys", "stun", "dtls",
            # A first packet or hello, to a neighbour that the kernel has not resolved yet; DTLS
            # repeats it.
            "no_next_hop", "inject_refused"}
BLOCKS = 80  # of 40 ms, heard of a call by who records to its end
BLOCKS_BEFORE_HOLD = 45


def speech_files(lab):
    said = {side: os.path.join(lab.folder, f"{side}.wav") for side in SIDES}
    for seed, side in enumerate(SIDES):
        make_speech(said[side], SPEECH, seed)
    return said


@contextlib.contextmanager
def secure_box(carrier=None, service=None, discard=False, **config):
    """A box whose trunks are protected as told; RTCP comes often enough to be seen."""
    config.setdefault("rtcp_interval_ms", 500)
    with box(discard=discard, trunks={"carrier": carrier or {}, "service": service or {}},
             **config) as lab:
        yield lab


def uri(lab, side, number):
    return f"sip:{number}@{lab.address(side, 'box')}"


def expect_share(listener, wav, blocks=BLOCKS, share=0.97):
    """Of what was heard, this share is to the sample what was said."""
    if not getattr(listener, "records_after_hold", True):
        blocks = min(blocks, BLOCKS_BEFORE_HOLD)
    heard, counted = share_heard(wav, listener.heard())
    print(f"  {listener.name} heard {counted} blocks of 40 ms, {heard:.3f} of them as said")
    assert counted >= blocks, f"{listener.name} heard only {counted} blocks of 40 ms"
    assert heard >= share, f"{listener.name} heard {heard:.3f} of what was said"


def expect_secure(lab, allowed=()):
    """The figures of the box after calls that went well: nothing was dropped that a call wanted,
    above all no packet because of its tag, its index or its keys."""
    expect_empty(lab)
    figures = expect_exact(lab)
    odd = {k: v for k, v in relay_drops(figures, after_the_end=True).items()
           if k not in EXPECTED and k not in allowed}
    assert not odd, f"dropped in a call that went well: {odd}"
    return figures


def established(lab, count=1):
    return wait_until("the call is up", 10, lambda: len(
        [c for c in lab.ask("calls") if c["state"] == "established"]) == count)


def expect_clean(phone, changes=0):
    """Our own phone opened everything that it got. At each change of keys that it asked for, what
    the other side sends with its new key may overtake the answer that has it: two packets at most.
    """
    figures = phone.figures()
    failed = sum(figures["errors"].values())
    assert failed <= 2 * changes, f"{phone.name} could not open: {figures}"
    return figures


def packets_out(lab):
    """What the box has sent on each leg of the one call."""
    return [leg["packets_out"] for leg in lab.ask("calls")[0]["legs"]]


def hold_and_resume(lab, phone, others):
    """Holds from one phone. Our own phones see media stop, RTCP go on, and media come back."""
    phone.hold()
    time.sleep(0.5)
    own = [p for p in [phone, *others] if isinstance(p, Agent)]
    held = packets_out(lab)
    before = [p.figures() for p in own]
    time.sleep(HELD)
    during = [p.figures() for p in own]
    for p, first, last in zip(own, before, during):
        assert last["rtcp"] > first["rtcp"], f"no RTCP reached {p.name} while held: {last}"
        if p is phone:
            assert last["sent"] == first["sent"], f"{p.name} spoke while it held: {last}"
    phone.resume()
    time.sleep(TALK)
    for p, last in zip(own, during):
        now = p.figures()
        assert now["packets"] >= last["packets"] + 50, f"{p.name} hears nothing again: {now}"
    gone = [now - then for now, then in zip(packets_out(lab), held)]
    assert min(gone) >= 50, f"one side gets no media after the hold: {gone}"


def has_rekeyed(lab, phone):
    """New keys at the phone's wish; where they come from DTLS, by a second handshake."""
    before = phone.figures()
    phone.rekey()
    if "handshakes" in before:  # each end waits for what the other repeats when the machine is busy
        wait_until("there is a second handshake", 10,
                   lambda: phone.figures()["handshakes"] == before["handshakes"] + 1)
    time.sleep(TALK)
    now = phone.figures()
    print(f"  {phone.name}: longest gap {now['gap']} s, {now['lost'] - before['lost']} lost")
    if "handshakes" in now:
        dtls = lab.ask("status")["dtls"]
        assert dtls["established"] == now["handshakes"] and not dtls["failed"], dtls
    assert now["packets"] >= before["packets"] + 100, f"{phone.name} lost its media: {now}"


def call_to_sipp(lab, phone, said, rekey=False, share=0.97):
    """A secure phone at the carrier calls a plain SIPp: talk, hold, resume, perhaps new keys."""
    callee = SippLeg(lab, "service", said["service"], 30)
    phone.call(uri(lab, "carrier", NUMBERS["service"]))
    established(lab)
    time.sleep(TALK)
    hold_and_resume(lab, phone, [])
    if rekey:
        has_rekeyed(lab, phone)
    if isinstance(phone, Agent):
        expect_clean(phone, changes=int(rekey))
    phone.hang_up()
    callee.close()
    phone.close()
    expect_share(callee, said["carrier"], share=share)
    expect_share(phone, said["service"], share=share)
    expect_secure(lab, getattr(phone, "odd_drops", ()))


def call_from_plain(lab, phone, said, share=0.97):
    """A plain phone calls the secure one at the carrier; both sides hold, the secure one ends."""
    caller = Agent(lab, "service", "plain", "plain", said["service"], rtp_port=31000)
    caller.call(uri(lab, "service", NUMBERS["carrier"]))
    established(lab)
    time.sleep(TALK)
    hold_and_resume(lab, caller, [phone])
    hold_and_resume(lab, phone, [caller])
    if isinstance(phone, Agent):
        expect_clean(phone)
    caller.hang_up()
    time.sleep(0.5)
    caller.close()
    phone.close()
    expect_share(phone, said["service"], share=share)
    expect_share(caller, said["carrier"], share=share)
    expect_secure(lab, getattr(phone, "odd_drops", ()))
