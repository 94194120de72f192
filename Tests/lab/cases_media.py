# SPDX-License-Identifier: Apache-2.0
"""Media that must not get through, must not be answered, or must find its way among many."""

import os
import select
import subprocess
import time

from harness import box, case, expect_empty, expect_exact, wait_until
from lab import SIDES, binaries
from wires import Stream, udp_in


def one_call(lab, seconds):
    """One silent SIPp call; gives its two SIPps and the call as the box sees it."""
    answering = lab.sipp("service", "answer-silent.xml", calls=1)
    time.sleep(0.3)
    calling = lab.sipp("carrier", "call-silent.xml", target=lab.address("carrier", "box"),
                       calls=1, seconds=seconds, port=5070)
    calls = wait_until("the call is up", 10, lambda: [
        c for c in lab.ask("calls") if c["state"] == "established"])
    return calling, answering, calls[0]


def leg(call, realm):
    return next(leg for leg in call["legs"] if leg["realm"] == realm)


def endpoint(text):
    host, port = text.rsplit(":", 1)
    return host.strip("[]"), int(port)


@case()
def media_from_an_address_nobody_signalled():
    with box(discard=False) as lab:
        calling, answering, call = one_call(lab, 12)
        target = endpoint(leg(call, "carrier")["local"])
        good = Stream(lab.namespace("carrier"), *endpoint(leg(call, "carrier")["remote"]))
        far = Stream(lab.namespace("service"), *endpoint(leg(call, "service")["remote"]))
        thief = Stream(lab.namespace("carrier"), lab.address("carrier"), 4444)
        good.send(target, 20, pause=0.005)
        before = lab.ask("call", call["id"])
        for _ in range(100):
            thief.send(target, 100)
            time.sleep(0.005)
        wait_until("10,000 packets are counted as from the wrong source", 10, lambda: lab.ask(
            "drops")["drops"].get("wrong_source", 0) == 10000)
        after = lab.ask("call", call["id"])
        for name in ("packets_in", "lost", "jitter_ms", "remote"):
            assert leg(before, "carrier")[name] == leg(after, "carrier")[name], (before, after)
        good.send(target, 20, pause=0.005)
        far.collect()
        assert far.payloads() == good.sent, "the call's own media was disturbed"
        assert not thief.collect(), "the stranger got something back"
        assert calling.wait(30) == 0, calling.errors()
        answering.stop()
        for stream in (good, far, thief):
            stream.close()
        expect_empty(lab)
        expect_exact(lab)


def no_unreachable(attach):
    with box(attach, discard=False) as lab:
        calling, answering, call = one_call(lab, 8)
        target = endpoint(leg(call, "carrier")["local"])
        stream = Stream(lab.namespace("carrier"), *endpoint(leg(call, "carrier")["remote"]))
        stray = udp_in(lab.namespace("carrier"), lab.address("carrier"), 4444)
        far = Stream(lab.namespace("service"), *endpoint(leg(call, "service")["remote"]))

        def pester(rounds):
            for number in range(rounds):
                stream.send(target, 1)
                stray.sendto(b"nothing", (target[0], 20000 + number * 2))
                time.sleep(0.005)

        pester(100)
        for _ in range(3):
            lab.fastpath.kill()
            pester(100)
        # And while it stays away.
        lab.fastpath.stopping = True
        lab.fastpath.kill()
        pester(200)
        for side in SIDES:
            assert lab.icmp_unreachable(side) == 0, f"the {side} got ICMP port-unreachable"
        for made in (stream, stray, far):
            made.close()
        calling.stop()
        answering.stop()


@case()
def no_port_unreachable_xdp():
    no_unreachable("xdp")


@case()
def no_port_unreachable_packet():
    no_unreachable("packet")


def arrives(sender, getter, to):
    """One octet comes over: an address of IPv6 that was just made is not used at once."""
    sender.sendto(b"z", to)
    return bool(select.select([getter], [], [], 0.2)[0] and getter.recv(65536))


@case()
def a_long_message_is_not_media():
    """What the peers count: letters of a SIP message's second fragment are no ports."""
    with box(start=False) as lab:
        for family in (4, 6):
            own, peer = lab.address("carrier", "box", family), lab.address("carrier", "peer", family)
            sender = udp_in(lab.namespace("box"), own, 5060)
            getter = udp_in(lab.namespace("carrier"), peer, 5060)
            getter.settimeout(5)
            wait_until("there is a way", 10, lambda: arrives(sender, getter, (peer, 5060)))
            for size in (100, 1548, 4000):
                sender.sendto(b"z" * size, (peer, 5060))
                got = 1
                while got == 1:  # of before
                    got = len(getter.recv(65536))
                assert got == size
            assert lab.media_counts("carrier") == (0, 0), lab.media_counts("carrier")
            stream = Stream(lab.namespace("box"), own, 20000)
            stream.send((peer, 30000), 3)
            wait_until("media is counted", 5, lambda: lab.media_counts("carrier") == (0, 3))
            lab.inside("carrier", "iptables", "-w", "-t", "raw", "-Z")
            for made in (sender, getter, stream):
                made.close()


@case()
def a_hundred_thousand_sessions():
    """One packet for each of 100,000 live sessions finds its way, on 8 media addresses."""
    result = subprocess.run(
        [os.path.join(binaries(), "trunkline-fastpath"), "--no-huge", "--memory-mb", "512",
         "--cores", "1", "--self-load", "sessions=100000,seconds=2,addresses=8", "--json"],
        capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr[-2000:]
    import json
    said = json.loads(result.stdout)
    assert said["sessions"] == 100000, said
    # Both directions of each, one packet at a time, counted one by one.
    assert said["verified"] == said["sessions"] * 2, said
    assert said["identity"] == "exact", said
