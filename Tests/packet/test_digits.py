# SPDX-License-Identifier: Apache-2.0
"""Digits through the real fast path: captures in and out, commands as they stand in a ring."""

import ipaddress
import json
import os
import struct
import subprocess
import tempfile
import unittest

import wire
from bench import A, B, BINARIES, BOX, GATEWAY, SSRC, at

ADD, DTMF, DIGITS = 2, 8, 9
RECEIVE_SEND = 3
EVENTS, TAKE, PASS_ON = 1, 4, 32
SEND_EVENTS = 1
EVENT_IN, EVENT_OUT = 101, 97
NONE = 0xFF


def command(operation, index, body):
    head = struct.pack("<6I8x", 256, operation, 0, index, 7, 0)
    return (head + body).ljust(256, b"\0")


def flow(index, remote, ssrc):
    """A leg of the call: PCMU, and telephone-events as they come."""
    types = bytes([0, 0, EVENT_IN, EVENT_IN]).ljust(32, bytes([NONE]))
    address = ipaddress.IPv6Address("::ffff:" + remote[0]).packed
    return command(ADD, index, struct.pack(
        "<II16sHHHHIIIHBBIIIIIIQ32s16x", index ^ 1, 7, address, remote[1], 0, 0,
        20000 + 2 * index, RECEIVE_SEND, ssrc, 5000, 100, 0, 0, 8000, 1000000, 1000000000, 0, 0, 0,
        0, types))


def dtmf(index, flags, send=0):
    body = struct.pack("<II", flags, 10000) + struct.pack("<BBxx", NONE, 0) * 4
    events = [(8000, EVENT_IN)] if flags & EVENTS else []
    events += [(0, NONE)] * (4 - len(events))
    body += b"".join(struct.pack("<IB3x", *event) for event in events)
    return command(DTMF, index, body + struct.pack(
        "<BBBBIH6x", send, EVENT_OUT, 0, 10, 8000, 20))


def digits(index, keys, duration, pause):
    return command(DIGITS, index, struct.pack(
        "<B3xHH32s", len(keys), duration, pause, bytes(keys)))


class Party:
    """A's packets, 20 ms apart."""

    def __init__(self):
        self.packets, self.sequence = [], 0

    def say(self, kind, timestamp, payload, marker=False):
        self.packets.append((at(20 * self.sequence), wire.datagram(A, (BOX, 20000), wire.rtp(
            self.sequence, timestamp, kind=kind, payload=payload, marker=marker))))
        self.sequence += 1

    def audio(self, count):
        for _ in range(count):
            self.say(0, 160 * self.sequence, b"\xd5" * 160)

    def digit(self, key, lost=()):
        begin = 160 * self.sequence
        for step in range(7):
            if step in lost:
                self.sequence += 1
                continue
            self.say(EVENT_IN, begin, struct.pack(
                ">BBH", key, 12 | (0x80 if step > 3 else 0), 160 * min(step + 1, 5)), step == 0)


class Digits(unittest.TestCase):
    def replay(self, commands, packets):
        with tempfile.TemporaryDirectory(prefix="trunkline-digits-") as folder:
            paths = [os.path.join(folder, name) for name in ("in.pcap", "commands", "out.pcap")]
            wire.write_capture(paths[0], packets)
            with open(paths[1], "wb") as file:
                file.write(b"".join(commands))
            run = subprocess.run(
                [os.path.join(BINARIES, "trunkline-fastpath"), "--replay", "--commands", paths[1],
                 "--no-huge", "--realm", f"name=test,attach=pcap,interface={paths[0]},"
                 f"output={paths[2]},address={BOX},ports=20000-29999,gateway-mac={GATEWAY}"],
                capture_output=True, text=True, timeout=120, check=False)
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
            report = json.loads(run.stdout.splitlines()[-1])
            sent = [wire.take_apart(*packet) for packet in wire.read_capture(paths[2])]
        count = report["counters"]
        self.assertEqual(report["identity"], "exact")
        self.assertEqual(count["received"] + count["own_dropped"],
                         count["forwarded"] + count["consumed"] + sum(report["drops"].values()))
        self.assertEqual(count["sent"], count["forwarded"] + count["generated"])
        self.assertEqual(count["sent"], len(sent))
        for packet in sent:
            self.assertEqual(packet.destination, B)
            self.assertEqual(packet.rtp.ssrc, SSRC["b"])
        return count, sent

    def check_sent(self, sent, keys):
        """What B hears: one stream, and in it each digit once, with three ends."""
        first = sent[0].rtp.sequence
        self.assertEqual([packet.rtp.sequence for packet in sent],
                         [(first + i) % 65536 for i in range(len(sent))])
        heard = {}
        for packet in sent:
            if packet.rtp.kind == EVENT_OUT:
                heard.setdefault(packet.rtp.timestamp, []).append(packet.rtp.rest)
        self.assertEqual([event[0][0] for event in heard.values()], list(keys))
        for event in heard.values():
            self.assertEqual([bool(payload[1] & 0x80) for payload in event][-4:],
                             [False, True, True, True])
        stamps = list(heard)
        self.assertTrue(all(b - a >= 640 for a, b in zip(stamps, stamps[1:])))

    def legs(self, flags):
        return [flow(0, A, SSRC["a"]), flow(1, B, SSRC["b"]), dtmf(0, flags),
                dtmf(1, 0, SEND_EVENTS)]

    def test_passed_on(self):
        party = Party()
        party.audio(5)
        for key in range(12):
            party.digit(key, lost=(0, 6) if key % 3 == 1 else (4, 5, 6) if key % 3 == 2 else ())
            party.audio(20)
        count, sent = self.replay(self.legs(EVENTS | TAKE | PASS_ON), party.packets)
        self.check_sent(sent, range(12))
        self.assertEqual(count["digits_by_event"], 12)
        self.assertEqual(count["digits_sent"], 12)
        audio = [packet.rtp.timestamp for packet in sent if packet.rtp.kind == 0]
        self.assertEqual({(stamp - audio[0]) % 160 for stamp in audio}, {0})
        self.assertEqual(audio, sorted(audio))

    def test_relayed_and_taken(self):
        party = Party()
        for key in range(3):
            party.audio(5)
            party.digit(key)
        party.audio(5)
        count, sent = self.replay(self.legs(EVENTS), party.packets)
        self.assertEqual((count["digits_by_event"], len(sent)), (3, len(party.packets)))
        count, sent = self.replay(self.legs(EVENTS | TAKE), party.packets)
        self.assertEqual((count["digits_by_event"], len(sent)), (3, 20))
        self.assertEqual(count["consumed"], 21)
        self.assertEqual([packet.rtp.sequence for packet in sent], list(range(100, 120)))

    def test_of_the_control_plane(self):
        party = Party()
        party.audio(100)
        keys = [1, 2, 3, 11]
        count, sent = self.replay(
            self.legs(0) + [digits(1, keys, 100, 100)], party.packets)
        self.check_sent(sent, keys)
        self.assertEqual(count["digits_sent"], 4)
        self.assertEqual(count["generated"], 28)


if __name__ == "__main__":
    unittest.main()
