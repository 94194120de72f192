# SPDX-License-Identifier: Apache-2.0
"""A live port of an encrypted call is sprayed with forged packets: nothing is hijacked, the call
loses no packet, and every forged packet is counted under a reason."""

import re
import time

from agent_media import SUITES
from agents import Agent
from cases_media import endpoint, leg
from harness import case, expect_empty, wait_until
from lab import SIDES
from secure import (NUMBERS, SDES, TALK, WEBRTC, expect_share, secure_box, speech_files, uri)
from sprayer import Forger, Sprayer

SHORT, LONG = 200_000, 10_000_000
# Reasons that only what was forged at the leg has.
FORGED = ("srtp_authentication", "srtp_replay", "srtp_short", "srtp_mki", "stun_malformed",
          "stun_authentication", "stun_budget", "dtls_budget", "wrong_source")
OWN = 50  # packets of the call's own beside its media
RATE = 25_000  # a second; a box on veth has one core to itself at best
LONG_RATE = 50_000
ROUND = 10  # seconds between lines of the journal about one leg


def media_socket(lab, side, call):
    """Where the call's media of a side comes from, as the box sees it."""
    return endpoint(leg(call, side)["remote"])


def ice_user(event):
    """The user name that checks of the box's agent bear, as far as an eavesdropper knows it."""
    for line in event["sdp"].splitlines():
        if line.startswith("a=ice-ufrag:"):
            return line.partition(":")[2] + ":x"
    return None


def account(lab, before, sprayer):
    """(drops since `before` by reason, what was not dropped nor forwarded, lost by the kernel)."""
    lost_before = before["missed"]
    after = lab.settled()
    lost = lab.kernel_losses() - lost_before
    dropped = {name: count - before["drops"].get(name, 0)
               for name, count in after["drops"].items()
               if count > before["drops"].get(name, 0)}
    print(f"  {sprayer.sent} forged, the kernel lost {lost} packets, dropped: {dropped}")
    assert after["exact"], after
    handed, used = (after["packets"][name] - before["packets"][name]
                    for name in ("delivered", "consumed"))
    print(f"  handed to the control plane: {handed}, consumed (RTCP, STUN): {used}")
    return dropped, handed + used, lost


def told(lab, call):
    """What the journal said of dropped packets of a call: {leg: [{reason: count} of each line]}."""
    legs = {}
    for leg_name, reasons in re.findall(
            rf"call {call}: leg ([ab]): media packets dropped in {ROUND} s: \d+: (.*)",
            lab.control.log()):
        pairs = (pair.split(" ") for pair in reasons.split(", "))
        legs.setdefault(leg_name, []).append({name: int(count) for name, count in pairs})
    return legs


def expect_told(lab, call, dropped, began):
    """Every forged packet that was dropped is told of, by leg and reason, in few lines."""
    reasons = [name for name in dropped if name in FORGED]

    def sums():
        lines = told(lab, call).get("a", ())
        total = {name: sum(line.get(name, 0) for line in lines) for name in reasons}
        return all(dropped[name] <= total[name] + OWN for name in reasons) and total
    total = wait_until("the journal tells of all drops", 2 * ROUND + 5, sums)
    assert all(total[name] <= dropped[name] + OWN for name in reasons), (total, dropped)
    lines = {name: len(lines) for name, lines in told(lab, call).items()}
    print(f"  the journal's lines by leg: {lines}, of leg a: {total}")
    most = (time.monotonic() - began) / ROUND + 2
    assert all(count <= most for count in lines.values()), (lines, most)


def sprayed(make_caller, trunk, count, rate):
    with secure_box(carrier=trunk, service=SDES) as lab:
        began = time.monotonic()
        said = speech_files(lab)
        alice = make_caller(lab, said)
        bob = Agent(lab, "service", "bob", "sdes", said["service"], NUMBERS["service"],
                    suites=list(SUITES), rtp_port=31000)
        event = alice.call(uri(lab, "carrier", NUMBERS["service"]))
        call = wait_until("the call is up", 10, lambda: [
            c for c in lab.ask("calls") if c["state"] == "established"])[0]
        time.sleep(TALK)
        first = {p.name: p.figures() for p in (alice, bob)}
        call = lab.ask("call", call["id"])
        before = dict(lab.ask("drops"), missed=lab.kernel_losses())
        sprayer = Sprayer(lab, "carrier")
        target = endpoint(leg(call, "carrier")["local"])
        spoofed = media_socket(lab, "carrier", call)
        remotes = [leg(call, side)["remote"] for side in SIDES]
        for seed in range(10):
            ssrc, sequence = alice.figures()["own"]  # an eavesdropper sees headers
            forger = Forger(seed, ssrc, sequence, ice_user(event))
            sprayer.spray(sprayer.pool(forger, target, spoofed), count // 10, rate)
        time.sleep(1)
        call = lab.ask("call", call["id"])
        assert remotes == [leg(call, side)["remote"] for side in SIDES], "hijacked: " + str(call)
        last = {p.name: p.figures() for p in (alice, bob)}
        alice.hang_up()
        bob.wait_for("closed")
        dropped, handed, lost = account(lab, before, sprayer)
        for name in first:
            assert not last[name]["errors"], f"{name} got what it could not open: {last}"
            missing = last[name]["lost"] - first[name]["lost"]
            assert missing <= lost, f"{name} lost {missing} packets of the call: {last}"
        # The call's own media is forwarded. What is dropped, handed to the control plane as DTLS
        # within the budget, or taken as a STUN indication, which nobody signs and which does
        # nothing (RFC 8445 section 11), was forged, but for the call's own RTCP and checks.
        total = sum(dropped.values()) + handed
        assert 0 <= total - (sprayer.sent - lost) <= lost + OWN + (last["alice"]["sent"] // 10), (total, sprayer.sent, dropped)
        expect_told(lab, call["id"], dropped, began)
        for reason in ("wrong_source", "srtp_authentication"):
            assert dropped.get(reason, 0) > 0, f"nothing was counted as {reason}: {dropped}"
        sprayer.close()
        alice.close()
        bob.close()
        expect_share(alice, said["service"], 100)
        expect_share(bob, said["carrier"], 100)
        expect_empty(lab)
        return dropped


def sdes_caller(lab, said):
    return Agent(lab, "carrier", "alice", "sdes", said["carrier"], suites=list(SUITES))


def webrtc_caller(lab, said):
    return Agent(lab, "carrier", "alice", "webrtc", said["carrier"])


def expect_reasons(dropped, *reasons):
    for reason in reasons:
        assert dropped.get(reason, 0) > 0, f"nothing was counted as {reason}: {dropped}"


@case()
def sprayed_sdes_call():
    expect_reasons(sprayed(sdes_caller, SDES, SHORT, RATE), "stun", "dtls")


@case()
def sprayed_webrtc_call():
    expect_reasons(sprayed(webrtc_caller, WEBRTC, SHORT, RATE), "stun_authentication")


@case(long=True)
def ten_million_forged_packets_at_an_sdes_call():
    sprayed(sdes_caller, SDES, LONG, LONG_RATE)


@case(long=True)
def ten_million_forged_packets_at_a_webrtc_call():
    sprayed(webrtc_caller, WEBRTC, LONG, LONG_RATE)
