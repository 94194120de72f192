# SPDX-License-Identifier: Apache-2.0
"""Floods: no call that is up is harmed, and new calls of the trunks complete."""

import contextlib
import os
import signal
import subprocess
import time

from floods import Bystanders, Flood, request
from harness import box, case
from wires import read_capture

STRANGERS, STRANGER_COUNT = "198.18.64.1", 65_000
SHORT, LONG = 6, 60


@contextlib.contextmanager
def flooded_box(unknown="drop", transport="udp", **config):
    with box(start=False, discard=False, transport=transport, **config) as lab:
        with open(lab.config, "a") as file:
            file.write(f"limits: {{ unknown-sources: {unknown} }}\n")
        lab.start()
        yield lab


def strangers_texts(lab):
    own, there = STRANGERS, lab.address("carrier", "box")
    body = "v=0\r\no=- 1 1 IN IP4 198.18.64.1\r\ns=-\r\nc=IN IP4 198.18.64.1\r\nt=0 0\r\n" \
        "m=audio 6000 RTP/AVP 8\r\n"
    return [request("INVITE", own, there, extra="Content-Type: application/sdp\r\n", body=body),
            request("OPTIONS", own, there), request("REGISTER", own, there), b"\0junk########"]


def flooded_by_strangers(unknown, seconds, rate=100_000):
    with flooded_box(unknown) as lab:
        calls = Bystanders(lab, seconds)
        flood = Flood(lab, "carrier", strangers_texts(lab), rate, seconds, STRANGERS,
                      STRANGER_COUNT)
        calls.call()
        offered = flood.result()
        kernel, product = calls.account(offered)
        calls.expect_unharmed()
        assert offered["sent"] >= rate * seconds * 0.9, f"the flood was no flood: {offered}"
        return kernel, product


@case()
def flood_of_strangers_that_are_dropped():
    flooded_by_strangers("drop", SHORT)


@case()
def flood_of_strangers_that_are_answered():
    flooded_by_strangers("refuse", SHORT)


@case(long=True)
def long_flood_of_strangers_that_are_dropped():
    flooded_by_strangers("drop", LONG)


@case(long=True)
def long_flood_of_strangers_that_are_answered():
    flooded_by_strangers("refuse", LONG)


def flooded_from_a_trunk(texts, seconds, rate=10_000):
    """With the address and the port of the carrier itself."""
    with flooded_box() as lab:
        calls = Bystanders(lab, seconds, prepare=texts)
        own = lab.address("carrier")
        flood = Flood(lab, "carrier", calls.prepared, rate, seconds, own, port=5090)
        calls.call()
        offered = flood.result()
        kernel, product = calls.account(offered)
        calls.expect_unharmed()
        assert offered["sent"] >= rate * seconds * 0.9, f"the flood was no flood: {offered}"
        return kernel, product


def malformed(lab):
    good = request("INVITE", lab.address("carrier"), lab.address("carrier", "box"))
    return [good.replace(b"CSeq: 1", b"CSeq: x"), good.replace(b"SIP/2.0", b"SIP/9.0"),
            good.replace(b"Call-ID", b"Caller"), good.replace(b"Content-Length: 0", b"l: 99999"),
            good.replace(b"\r\n", b"\n").replace(b"sip:", b"sip\xff\xfe:"),
            b"\x16\x03\x01" + b"\xff" * 400, good[:90], b"SIP/2.0 200 OK\r\n" + good]


def replayed(lab):
    """What the carrier said in a call of its own, heard on the wire, again and again."""
    trace = os.path.join(lab.folder, "replay.pcap")
    sniffer = lab.spawn("carrier", "tcpdump", "--immediate-mode", "-U", "-i", "to-box", "-w", trace, "-Q", "out",
                        "udp", "dst", "port", "5060", stderr=subprocess.DEVNULL)
    time.sleep(0.7)
    calling = lab.sipp("carrier", "call-silent.xml", target=lab.address("carrier", "box"),
                       seconds=0.2, port=5099, media_port=48_000)
    assert calling.wait(15) == 0, calling.errors()[:500]
    time.sleep(0.3)
    os.killpg(sniffer.pid, signal.SIGINT)
    sniffer.wait(10)
    texts = [frame[42:] for _, frame in read_capture(trace) if b":5099" in frame]
    assert {text.split()[0] for text in texts} == {b"INVITE", b"ACK", b"BYE"}, texts
    return texts


@case()
def flood_of_malformed_messages_from_a_trunk():
    flooded_from_a_trunk(malformed, SHORT)


@case()
def flood_of_replayed_messages_from_a_trunk():
    flooded_from_a_trunk(replayed, SHORT)


@case(long=True)
def long_flood_of_malformed_messages_from_a_trunk():
    flooded_from_a_trunk(malformed, LONG)


@case(long=True)
def long_flood_of_replayed_messages_from_a_trunk():
    flooded_from_a_trunk(replayed, LONG)
