# SPDX-License-Identifier: Apache-2.0
"""What is said to rtpengine and what is read from it, and reading of generator and /proc."""

import base64
import unittest

import kit_path  # noqa: F401
import machine
from children import BenchError
from generator import Load, ceiling
from peers import bencode
from peers.rtpengine import SUITE, CallSetUp, crypto_of, media_of
from profiles.memif import outside_slow_state

RELAY_SDP = "v=0\r\nc=IN IP4 198.18.1.1\r\nm=audio {port} RTP/AVP 0\r\na=rtcp-mux\r\n"


class Bencode(unittest.TestCase):
    def test_encode(self):
        self.assertEqual(bencode.encode({"b": ["x", 7], "a": -1, "c": b"\xff"}),
                         b"d1:ai-1e1:bl1:xi7ee1:c1:\xffe")
        with self.assertRaises(TypeError):
            bencode.encode(1.5)

    def test_there_and_back(self):
        value = {"command": "offer", "sdp": "v=0\r\n", "flags": [], "deep": {"n": [1, ["é"]]}}
        self.assertEqual(bencode.decode(bencode.encode(value)), value)

    def test_refuses(self):
        for text in (b"", b"i7", b"5:abc", b"d1:ae", b"l1:a", b"x", b"i1ei2e", b"ixe",
                     b"d1:ai1e1:be"):
            with self.assertRaises(ValueError, msg=text):
                bencode.decode(text)


class SetUp(unittest.TestCase):
    def test_a_call_makes_a_line_of_the_plan(self):
        call = CallSetUp(3)
        offer = call.message()
        self.assertEqual((offer["command"], offer["from-tag"]), ("offer", "a3"))
        self.assertIn("m=audio 6006 RTP/AVP 0", offer["sdp"])
        self.assertFalse(call.took({"result": "ok", "sdp": RELAY_SDP.format(port=10002)}))
        answer = call.message()
        self.assertEqual((answer["command"], answer["to-tag"]), ("answer", "b3"))
        self.assertIn("c=IN IP4 198.18.1.3", answer["sdp"])
        self.assertTrue(call.took({"result": "ok", "sdp": RELAY_SDP.format(port=10004)}))
        # What A is told in the answer is where A sends to; B was told in the offer.
        self.assertEqual(call.plan_line(), "198.18.1.2:6006 198.18.1.1:10004 "
                                           "198.18.1.3:6006 198.18.1.1:10002\n")

    def test_a_secure_call_makes_keys(self):
        call = CallSetUp(3, secure=True)
        self.assertEqual(call.message()["transport-protocol"], "RTP/SAVP")
        theirs = bytes(range(30))
        offer = RELAY_SDP.format(port=10002) + (
            "a=crypto:1 AEAD_AES_256_GCM inline:AAAA\r\n"
            f"a=crypto:2 {SUITE} inline:{base64.b64encode(theirs).decode()}|2^31\r\n")
        self.assertFalse(call.took({"result": "ok", "sdp": offer}))
        answer = call.message()["sdp"]
        self.assertIn("m=audio 6006 RTP/SAVP 0", answer)
        self.assertEqual(crypto_of(answer), ("2", call.master))
        self.assertTrue(call.took({"result": "ok", "sdp": RELAY_SDP.format(port=10004)}))
        self.assertEqual(call.plan_line().split()[4:], ["1", call.master.hex(), theirs.hex()])
        with self.assertRaises(ValueError):
            crypto_of(RELAY_SDP.format(port=7))

    def test_a_refusal_ends_the_measurement(self):
        with self.assertRaisesRegex(BenchError, "out of ports"):
            CallSetUp(1).took({"result": "error", "error-reason": "out of ports"})

    def test_media_of(self):
        self.assertEqual(media_of(RELAY_SDP.format(port=7)), ("198.18.1.1", 7))
        with self.assertRaises(ValueError):
            media_of("v=0\r\n")


def load(share=None, **changes):
    report = {"sent": 1000, "lost": 0, "duplicated": 0, "corrupt": 0, "lateness_us": {"p99": 1.0},
              "received_pps": 100_000.0, "ceiling_pps": 500_000.0, "latency_us": {"p99": 100.0}}
    return Load(report | changes, share)


class Generator(unittest.TestCase):
    def test_carried(self):
        self.assertTrue(load().carried)
        for change in ({"lost": 1}, {"corrupt": 1}, {"duplicated": 1}, {"sent": 0},
                       {"latency_us": {"p99": 20_000.0}}, {"lateness_us": {"p99": 20_000.0}}):
            self.assertFalse(load(**change).carried, change)
        self.assertTrue(load(latency_us={"p99": 20_000.0}).lossless)

    def test_verdict(self):
        self.assertEqual(load().verdict, "passed")
        self.assertEqual(load(lost=20).verdict, "failed")
        self.assertEqual(load(lost=21).verdict, "hopeless")
        self.assertEqual(load(latency_us={"p99": 100_000.0}).verdict, "failed")
        self.assertEqual(load(latency_us={"p99": 100_001.0}).verdict, "hopeless")

    def test_cpu_time_a_packet(self):
        self.assertAlmostEqual(load(0.5).relay_cpu_ns, 5000)
        with self.assertRaises(BenchError):
            load().relay_cpu_ns
        with self.assertRaises(BenchError):
            load(0.5, received_pps=0.0).relay_cpu_ns

    def test_the_ceiling_is_the_most_that_was_shown(self):
        self.assertEqual(ceiling([load(), load(ceiling_pps=7e5), load(ceiling_pps=1e5)]), 7e5)


class SlowState(unittest.TestCase):
    def kept(self, *rates):
        return [window["received_pps"]
                for window in outside_slow_state([load(received_pps=rate) for rate in rates])]

    def test_slow_windows_are_left_out(self):
        self.assertEqual(self.kept(2.9, 9.2, 3.1, 11.4, 11.3), [9.2, 11.4, 11.3])

    def test_a_spread_that_is_no_other_state_stays(self):
        self.assertEqual(self.kept(6.0, 8.0, 10.0), [6.0, 8.0, 10.0])
        self.assertEqual(self.kept(5.0), [5.0])


class Cpu(unittest.TestCase):
    def record(self, samples):
        record = machine.CpuRecord(1)
        record.samples = samples
        return record

    def test_share_is_that_of_the_window_alone(self):
        # Idle for a second, half a core for two, idle again.
        samples = [(0, 0), (1000, 0), (2000, 500), (3000, 1000), (4000, 1000)]
        self.assertAlmostEqual(self.record(samples).share(1000, 3000), 0.5)

    def test_no_share_from_too_little(self):
        self.assertIsNone(self.record([(0, 0), (900, 500)]).share(1000, 3000))
        self.assertIsNone(self.record([(1000, 0), (1100, 9)]).share(1000, 3000))
