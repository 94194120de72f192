# SPDX-License-Identifier: Apache-2.0
"""Budgets of a flow, and the one source that it may learn."""

import wire
from bench import A, B, BOX, SSRC, STRANGER, ReplayCase, at, call, stream

PORT = (BOX, 20000)
LEARN = {"flags": ["receive", "send", "learn"], "learn_window_ms": 1000}


class Policing(ReplayCase):
    def test_packets(self):
        # 100 a second: a quarter of a second's worth may come at once.
        out = self.replay(call(a={"packets_per_second": 100}), stream(40, interval=0))
        self.assertEqual(out.drops, {"packet_budget": 15})
        self.check_stream(out.packets, (BOX, 20002), B, SSRC["b"], range(100, 125))

    def test_packets_of_a_slow_flow(self):
        out = self.replay(call(a={"packets_per_second": 10}), stream(40, interval=0))
        self.assertEqual(out.drops, {"packet_budget": 24})  # sixteen may always come at once

    def test_bits(self):
        # 64,000 bits a second: 3,000 bytes may always come at once, and 17 x 172 are 2,924.
        out = self.replay(call(a={"bits_per_second": 64000}), stream(40, interval=0))
        self.assertEqual(out.drops, {"bit_budget": 23})

    def test_within_the_budget(self):
        budget = {"packets_per_second": 50, "bits_per_second": 50 * 172 * 8}
        out = self.replay(call(a=budget), stream(500))
        self.assertEqual(out.drops, {})

    def test_twice_the_budget_passes_half(self):
        out = self.replay(call(a={"packets_per_second": 50}), stream(1000, interval=10))
        # 500 in 10 s, and the burst of 16 that may be ahead.
        self.assertAlmostEqual(out.counters["forwarded"], 516, delta=2)
        self.assertEqual(set(out.drops), {"packet_budget"})

    def test_one_flow_cannot_spend_anothers(self):
        flows = call(a={"packets_per_second": 10}, b={"packets_per_second": 10})
        out = self.replay(flows, stream(100, interval=0) + stream(10, B, (BOX, 20002), begin=1))
        self.assertEqual(out.drops, {"packet_budget": 84})
        self.assertEqual(sum(p.destination == A for p in out.packets), 10)


class Learning(ReplayCase):
    def test_first_source_is_learned_and_gets_the_media(self):
        packets = stream(5, STRANGER) + stream(5, B, (BOX, 20002), begin=200)
        out = self.replay(call(a=LEARN), packets)
        self.assertEqual(out.counters["sources_learned"], 1)
        self.assertEqual(out.drops, {})
        self.assertEqual([p.destination for p in out.packets], [B] * 5 + [STRANGER] * 5)

    def test_only_once(self):
        other = ("198.18.1.77", 7777)
        packets = stream(3, STRANGER) + stream(3, other, begin=100) + stream(3, A, begin=200)
        out = self.replay(call(a=LEARN), packets)
        self.assertEqual(out.counters["sources_learned"], 1)
        self.assertEqual(out.drops, {"wrong_source": 6})

    def test_not_after_the_window(self):
        packets = stream(1, B, (BOX, 20002)) + stream(3, STRANGER, begin=1001)
        out = self.replay(call(a=LEARN), packets)
        self.assertEqual(out.counters["sources_learned"], 0)
        self.assertEqual(out.drops, {"wrong_source": 3})

    def test_not_when_the_signalled_source_spoke_first(self):
        out = self.replay(call(a=LEARN), stream(1) + stream(3, STRANGER, begin=20))
        self.assertEqual(out.counters["sources_learned"], 0)
        self.assertEqual(out.drops, {"wrong_source": 3})

    def test_only_from_valid_media(self):
        junk = [b"", b"\x80" * 11, b"\x01" * 20, wire.rtp(1, 2, kind=99),
                wire.sender_report(1, 2, 3, 4, 5)]
        packets = [(at(i), wire.datagram(STRANGER, PORT, payload))
                   for i, payload in enumerate(junk)]
        packets.append((at(9), wire.datagram(STRANGER, (BOX, 20001),
                                             wire.sender_report(1, 2, 3, 4, 5))))
        out = self.replay(call(a=LEARN), packets + stream(3, begin=20))
        self.assertEqual(out.counters["sources_learned"], 0)
        self.assertEqual(out.drops, {"wrong_source": 6})
        self.check_stream(out.packets, (BOX, 20002), B, SSRC["b"], range(100, 103))

    def test_not_unless_allowed(self):
        out = self.replay(call(), stream(3, STRANGER))
        self.assertEqual(out.counters["sources_learned"], 0)
        self.assertEqual(out.drops, {"wrong_source": 3})

    def test_silence_is_reported_once(self):
        flows = call(a={"media_timeout_ms": 1000})
        packets = stream(2) + stream(1, B, (BOX, 20002), begin=5000) + stream(2, first=2,
                                                                           begin=6000)
        out = self.replay(flows, packets)
        self.assertEqual(out.counters["media_timeouts"], 1)
