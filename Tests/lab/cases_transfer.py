# SPDX-License-Identifier: Apache-2.0
"""Transfers: a phone moves its caller to another one, and a service that does so with REFER and
with INVITE with Replaces. What each hears afterwards is counted, both ways."""

import audioop
import os
import time

from harness import box, case, expect_empty, expect_exact, wait_until
from transfer_hub import Hub
from phones import Baresip, make_speech, read_wave


ALICE, BOB, CAROL = "+445550199", "+15550100", "+445550142"
TALK = 3.0  # seconds before and after
BLOCK = 320 * 2  # bytes of 40 ms
PACKETS = int(TALK * 50 * 0.8)
SERVED = {"refer": "local", "replaces": "own"}


def blocks_of(listener, said):
    """How many blocks of 40 ms of each speech are in what was heard, and how many of none."""
    speeches = {}
    for name, path in said.items():
        data = read_wave(path)
        speeches[name] = data + data[:16000]
    heard = read_wave(listener.heard())
    found = dict.fromkeys([*speeches, None], 0)
    for position in range(0, len(heard) - BLOCK, BLOCK):
        piece = heard[position:position + BLOCK]
        if audioop.max(piece, 2) > 200:
            name = next((n for n, s in speeches.items() if s.find(piece) >= 0), None)
            found[name] += 1
    print(f"  {listener.name} heard blocks of 40 ms: {found}")
    return found


def phones(lab, *names):
    """Alice and Carol at the carrier, Bob at the service; the box calls Carol and Bob."""
    places = {"alice": ("carrier", ALICE, 5070, 14441, 30000), "bob": ("service", BOB, 5060, 14443,
              34000), "carol": ("carrier", CAROL, 5060, 14442, 32000)}
    said, made = {}, {}
    for seed, name in enumerate(names):
        side, number, sip_port, control, base = places[name]
        said[name] = os.path.join(lab.folder, f"{name}.wav")
        make_speech(said[name], 30, seed)
        made[name] = Baresip(lab, side, name, said[name], number, sip_port=sip_port,
                             control_port=control, rtp_base=base)
    return said, made



@case()
def baresip_transfers():
    """Bob moves Alice to Carol and is gone; the two hear each other."""
    with box(discard=False, trunks={"service": SERVED}) as lab:
        said, made = phones(lab, "alice", "bob", "carol")
        alice, bob, carol = (made[name] for name in ("alice", "bob", "carol"))
        alice.command("dial", f"sip:{BOB}@{lab.address('carrier', 'box')}")
        alice.wait_for("CALL_ESTABLISHED")
        time.sleep(TALK)
        bob.command("transfer", f"sip:{CAROL}@{lab.address('service', 'box')}")
        carol.wait_for("CALL_ESTABLISHED")
        bob.wait_for("CALL_CLOSED")
        wait_until("only one call is left", 10, lambda: len(lab.ask("calls")) == 1)
        time.sleep(TALK)
        alice.command("hangup")
        carol.wait_for("CALL_CLOSED")
        time.sleep(0.5)
        by_alice, by_carol = blocks_of(alice, said), blocks_of(carol, said)
        for phone in made.values():
            phone.close()
        enough = int(TALK * 25 * 0.6)
        assert by_alice["bob"] >= enough and by_alice["carol"] >= enough, by_alice
        assert by_carol["alice"] >= enough and not by_carol["bob"], by_carol
        assert by_alice[None] + by_carol[None] <= 6, "something was heard that nobody said"
        expect_empty(lab)
        expect_exact(lab)


def heard_both_ways(line, seconds=TALK):
    """The hub's line gets packets, and so does who talks with it."""
    heard = line.heard
    time.sleep(seconds)
    assert line.heard >= heard + PACKETS, f"{line.heard - heard} packets came"


def with_hub(play):
    with box(discard=False, trunks={"service": SERVED}) as lab:
        said, made = phones(lab, "alice")
        hub = Hub(lab, "service", BOB)
        alice = made["alice"]
        alice.command("dial", f"sip:{BOB}@{lab.address('carrier', 'box')}")
        alice.wait_for("CALL_ESTABLISHED")
        wait_until("the hub has the call", 5, lambda: hub.lines and hub.lines[0].party)
        heard_both_ways(hub.lines[0])
        before = lab.ask("flows")
        line = play(lab, hub, hub.lines[0])
        wait_until("only one call is left", 10, lambda: len(lab.ask("calls")) == 1)
        heard_both_ways(line)
        assert len(lab.ask("flows")) == len(before) == 2
        alice.command("hangup")
        wait_until("the hub's new line is over", 10, lambda: line.over)
        time.sleep(0.5)
        alice.close()
        hub.close()
        expect_empty(lab)
        figures = expect_exact(lab)
        # What the first line still sent after its end is nobody's.
        assert figures["packets"]["forwarded"] > 4 * PACKETS


def referred(hub, line, target, more=()):
    answer = hub.request(line, "REFER", [("Refer-To", target), *more])
    assert answer.status == 202, answer.start
    return answer


@case(long=True)
def hub_refers_back_to_itself():
    """As Microsoft Teams does it: the URI comes back as it is, the offer is for both ways."""
    def play(lab, hub, first):
        own = lab.address("service")
        uri = f"sip:{own}:5060;x-m=8:orgid:{'a' * 380};x-t=12345678"
        by = f"<sip:{own}:5060;x-m=8:orgid:9;x-tt=aHR0cHM6Ly9l%3D%3D>"
        held = first.description().replace("a=sendrecv", "a=inactive")
        assert hub.request(first, "INVITE", body=held).status == 200
        referred(hub, first, f"<{uri}>", [("Referred-By", by)])
        invite = hub.wait_for(lambda m: not m.is_response and m.method == "INVITE"
                              and m.get("call-id") != first.call_id)
        assert invite.start == f"INVITE {uri} SIP/2.0", invite.start
        assert invite.get("to") == f"<{uri}>" and invite.get("referred-by") == by
        assert "a=sendrecv" in invite.body and not invite.get("replaces")
        hub.wait_for(lambda m: not m.is_response and m.method == "NOTIFY" and "200" in m.body)
        assert hub.news()[0] == "SIP/2.0 100 Trying" and hub.news()[-1] == "SIP/2.0 200 OK"
        assert hub.request(first, "BYE").status == 200
        first.over = True
        return hub.lines[1]
    with_hub(play)


@case()
def hub_does_not_hang_up():
    """Who has been told that its transfer is done, and stays, is sent away."""
    def play(lab, hub, first):
        referred(hub, first, f"<sip:+1999@{lab.address('service')}>")
        wait_until("the box says goodbye", 10, lambda: first.over)
        return hub.lines[1]
    with_hub(play)


@case()
def hub_takes_over_with_replaces():
    def play(lab, hub, first):
        target = f"sip:{ALICE}@{lab.address('service', 'box')}"
        line, answer = hub.invite(target, [("Replaces", "nobody;to-tag=a;from-tag=b")])
        assert answer.status == 481, answer.start
        line.over = True
        line, answer = hub.invite(target, [("Require", "replaces"), ("Replaces", first.replaces())])
        assert answer.status == 200, answer.start
        wait_until("the first line is over", 10, lambda: first.over)
        return line
    with_hub(play)


@case()
def hub_joins_two_calls():
    """Alice and Carol have talked with the hub, and now talk with each other."""
    with box(discard=False, trunks={"service": SERVED}) as lab:
        said, made = phones(lab, "alice", "carol")
        hub = Hub(lab, "service", BOB)
        alice, carol = made["alice"], made["carol"]
        alice.command("dial", f"sip:{BOB}@{lab.address('carrier', 'box')}")
        alice.wait_for("CALL_ESTABLISHED")
        target = f"sip:{CAROL}@{lab.address('service', 'box')}"
        second, answer = hub.invite(target)
        assert answer.status == 200, answer.start
        carol.wait_for("CALL_ESTABLISHED")
        value = second.replaces().replace(";", "%3B").replace("=", "%3D").replace("@", "%40")
        referred(hub, hub.lines[0], f"<{target}?Replaces={value}>")
        wait_until("only one call is left", 10, lambda: len(lab.ask("calls")) == 1)
        wait_until("both lines are over", 10, lambda: hub.lines[0].over and second.over)
        time.sleep(TALK)
        alice.command("hangup")
        carol.wait_for("CALL_CLOSED")
        time.sleep(0.5)
        by_alice, by_carol = blocks_of(alice, said), blocks_of(carol, said)
        alice.close()
        carol.close()
        hub.close()
        enough = int(TALK * 25 * 0.6)
        assert by_alice["carol"] >= enough and by_carol["alice"] >= enough
        expect_empty(lab)
        expect_exact(lab)


@case()
def control_plane_restarts_after_a_transfer():
    """A killed control plane finds the call as it is after the transfer."""
    def play(lab, hub, first):
        referred(hub, first, f"<sip:+1999@{lab.address('service')}>")
        wait_until("the box says goodbye", 10, lambda: first.over)
        wait_until("only one call is left", 10, lambda: len(lab.ask("calls")) == 1)
        lab.control.kill()
        wait_until("the control plane is back", 10,
                   lambda: (lab.ask("calls", check=False) or []) != [])
        return hub.lines[1]
    with_hub(play)
