# SPDX-License-Identifier: Apache-2.0
"""A capture through the real fast path, and what every replay must satisfy whatever it tests."""

import json
import os
import subprocess
import tempfile
import unittest

import wire

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARIES = os.environ.get("TRUNKLINE_BIN", os.path.join(ROOT, ".build/debug"))

BOX = "198.18.1.1"
BOX6 = "2001:db8:1::1"
A = ("198.18.1.2", 6000)
B = ("198.18.1.3", 7000)
A6 = ("2001:db8:1::2", 6000)
B6 = ("2001:db8:1::3", 7000)
STRANGER = ("198.18.1.66", 6666)
GATEWAY = "02:00:00:00:00:09"
SSRC = {"a": 0xA0A0A0A0, "b": 0xB0B0B0B0}


def text(address):
    return f"[{address[0]}]:{address[1]}" if ":" in address[0] else f"{address[0]}:{address[1]}"


def leg(name, peer, local, remote, **more):
    return {"name": name, "peer": peer, "local": text(local), "remote": text(remote),
            "ssrc": SSRC.get(name, 0xC0C0C0C0), "initial_sequence": 100,
            "initial_timestamp": 5000, "payload_types": [0], "packets_per_second": 1000000,
            "bits_per_second": 1000000000, **more}


def call(a=None, b=None, local_a=(BOX, 20000), local_b=(BOX, 20002), remote_a=A, remote_b=B):
    """The two flows of a call; a and b: members of its legs beside the usual ones."""
    return [leg("a", "b", local_a, remote_a, **(a or {})),
            leg("b", "a", local_b, remote_b, **(b or {}))]


def at(milliseconds):
    return wire.START + milliseconds * 1_000_000


def stream(count, source=A, local=(BOX, 20000), first=0, interval=20, begin=0, **more):
    """RTP every `interval` milliseconds, 160 clock ticks apart."""
    return [(at(begin + interval * i),
             wire.datagram(source, local, wire.rtp(first + i, 160 * (first + i), **more)))
            for i in range(count)]


class Outcome:
    def __init__(self, report, packets):
        self.report = report
        self.counters = report["counters"]
        self.drops = report["drops"]
        self.packets = packets
        self.media = [packet for packet in packets if not packet.is_rtcp]
        self.rtcp = [packet for packet in packets if packet.is_rtcp]


class ReplayCase(unittest.TestCase):
    maxDiff = None

    def replay(self, flows, packets, good=True, **realm):
        realm = {"addresses": [BOX, BOX6], "ports": "20000-29999", "gateway_mac": GATEWAY, **realm}
        with tempfile.TemporaryDirectory(prefix="trunkline-packet-") as folder:
            paths = [os.path.join(folder, name) for name in ("in.pcap", "flows.json", "out.pcap")]
            wire.write_capture(paths[0], packets)
            with open(paths[1], "w", encoding="ascii") as file:
                json.dump({"realm": realm, "flows": flows}, file)
            run = subprocess.run(
                [os.path.join(BINARIES, "trunkline"), "replay", paths[0], "--flows", paths[1],
                 "--out", paths[2], "--json", "--binary",
                 os.path.join(BINARIES, "trunkline-fastpath")],
                capture_output=True, timeout=60, check=False)
            said = run.stdout.decode() + run.stderr.decode()
            self.assertEqual(run.returncode, 0 if good else 1, said)
            report = json.loads(run.stdout)
            sent = [wire.take_apart(*packet) for packet in wire.read_capture(paths[2])]
        outcome = Outcome(report, sent)
        self.check_account(outcome, packets, len(flows))
        return outcome

    def check_account(self, outcome, packets, flows):
        """The accounting identity, from the figures and from the captures."""
        count = outcome.counters
        self.assertEqual(outcome.report["identity"], "exact")
        self.assertEqual(count["received"], len(packets))
        self.assertEqual(
            count["received"] + count["handed_in"] + count["own_dropped"],
            count["forwarded"] + count["consumed"] + count["delivered"] + count["handed_out"]
            + sum(outcome.drops.values()))
        self.assertEqual(count["sent"],
                         count["forwarded"] + count["generated"] + count["injected"])
        self.assertEqual(count["sent"], len(outcome.packets))
        self.assertEqual(outcome.report["written"], len(outcome.packets))
        self.assertEqual(count["received_bytes"], sum(len(frame) for _, frame in packets))
        self.assertEqual(outcome.report["commands_run"], flows)
        for packet in outcome.packets:
            self.assertEqual(packet.destination_mac.hex(":"), GATEWAY)
            self.assertEqual(packet.source_mac[0] & 1, 0)
            self.assertEqual(packet.hops, 64)

    def check_stream(self, sent, source, destination, ssrc, sequences, timestamps=None):
        """Media that left by one leg, field by field."""
        self.assertEqual({packet.source for packet in sent}, {source})
        self.assertEqual({packet.destination for packet in sent}, {destination})
        self.assertEqual({packet.rtp.ssrc for packet in sent}, {ssrc})
        self.assertEqual([packet.rtp.sequence for packet in sent], list(sequences))
        if timestamps is not None:
            self.assertEqual([packet.rtp.timestamp for packet in sent], list(timestamps))
