# SPDX-License-Identifier: Apache-2.0
"""What a relayed packet looks like: addresses, RTP header, marks, checksums."""

import struct

import wire
from bench import A, A6, B, B6, BOX, BOX6, SSRC, ReplayCase, at, call, leg, stream


class Relay(ReplayCase):
    def test_ipv4_both_ways(self):
        packets = sorted(stream(10, first=5) + stream(10, B, (BOX, 20002), first=900, begin=7,
                                                      ssrc=0x22222222))
        out = self.replay(call(), packets)
        to_b = [packet for packet in out.packets if packet.destination == B]
        to_a = [packet for packet in out.packets if packet.destination == A]
        self.check_stream(to_b, (BOX, 20002), B, SSRC["b"], range(100, 110),
                          range(5000, 5000 + 1600, 160))
        self.check_stream(to_a, (BOX, 20000), A, SSRC["a"], range(100, 110),
                          range(5000, 5000 + 1600, 160))
        self.assertEqual({packet.rtp.rest for packet in out.packets}, {b"\xd5" * 160})
        self.assertEqual([packet.time for packet in out.packets], [time for time, _ in packets])
        self.assertEqual(out.counters["forwarded"], 20)
        self.assertEqual(out.drops, {})

    def test_ipv6(self):
        flows = call(local_a=(BOX6, 20000), local_b=(BOX6, 20002), remote_a=A6, remote_b=B6)
        out = self.replay(flows, stream(5, A6, (BOX6, 20000)))
        self.check_stream(out.packets, (BOX6, 20002), B6, SSRC["b"], range(100, 105))
        self.assertNotIn(0, {packet.check for packet in out.packets})

    def test_ipv4_to_ipv6_and_back(self):
        flows = call(local_b=(BOX6, 20002), remote_b=B6)
        out = self.replay(flows, sorted(stream(5) + stream(5, B6, (BOX6, 20002), begin=3)))
        self.check_stream([p for p in out.packets if p.destination == B6], (BOX6, 20002), B6,
                          SSRC["b"], range(100, 105))
        self.check_stream([p for p in out.packets if p.destination == A], (BOX, 20000), A,
                          SSRC["a"], range(100, 105))

    def test_vlan(self):
        tagged = [(time, wire.datagram(A, (BOX, 20000), wire.rtp(i, 160 * i), vlan=77))
                  for i, (time, _) in enumerate(stream(5))]
        out = self.replay(call(), tagged, vlan=77)
        self.check_stream(out.packets, (BOX, 20002), B, SSRC["b"], range(100, 105))
        self.assertEqual({packet.vlan for packet in out.packets}, {77})

    def test_vlan_ipv6(self):
        flows = call(local_a=(BOX6, 20000), local_b=(BOX6, 20002), remote_a=A6, remote_b=B6)
        out = self.replay(
            flows, [(at(0), wire.datagram(A6, (BOX6, 20000), wire.rtp(1, 2), vlan=77))], vlan=77)
        self.assertEqual([packet.vlan for packet in out.packets], [77])
        self.check_stream(out.packets, (BOX6, 20002), B6, SSRC["b"], [100])

    def test_other_vlan_is_another_realm(self):
        packets = [(at(i), wire.datagram(A, (BOX, 20000), wire.rtp(i, 160 * i), vlan=vlan))
                   for i, vlan in enumerate([0, 76, 77])]
        out = self.replay(call(), packets, vlan=77)
        self.assertEqual(out.drops, {"wrong_realm": 2})
        self.assertEqual(out.counters["forwarded"], 1)

    def test_hairpin(self):
        # a <-> b is one call and c <-> d another; b and c are each other's remote party.
        b, c = (BOX, 20002), (BOX, 20004)
        flows = [leg("a", "b", (BOX, 20000), A), leg("b", "a", b, c), leg("c", "d", c, b),
                 leg("d", "c", (BOX, 20006), B, ssrc=0xD0D0D0D0)]
        out = self.replay(flows, sorted(stream(10) + stream(10, B, (BOX, 20006), begin=5)))
        self.check_stream([p for p in out.packets if p.destination == B], (BOX, 20006), B,
                          0xD0D0D0D0, range(100, 110))
        self.check_stream([p for p in out.packets if p.destination == A], (BOX, 20000), A,
                          SSRC["a"], range(100, 110))
        self.assertEqual(out.counters["handed_out"], 20)
        self.assertEqual(out.counters["handed_in"], 20)
        self.assertEqual(out.drops, {})

    def test_hairpin_that_never_ends(self):
        b, c = (BOX, 20002), (BOX, 20004)
        flows = [leg("a", "b", (BOX, 20000), A), leg("b", "c", b, c), leg("c", "b", c, b)]
        out = self.replay(flows, stream(3))
        self.assertEqual(out.packets, [])
        self.assertEqual(out.drops, {"hairpin_loop": 3})

    def test_hairpin_cannot_be_forged(self):
        b, c = (BOX, 20002), (BOX, 20004)
        flows = [leg("a", "b", (BOX, 20000), A), leg("b", "a", b, c), leg("c", "d", c, b),
                 leg("d", "c", (BOX, 20006), B)]
        out = self.replay(flows, stream(3, b, c))
        self.assertEqual(out.drops, {"wrong_source": 3})

    def test_payload_types(self):
        types = [{"ingress": 96, "egress": 101}, {"ingress": 0, "egress": 8}, 18]
        kinds = [96, 0, 18, 101, 127]
        packets = [(at(20 * i), wire.datagram(A, (BOX, 20000),
                                              wire.rtp(i, i, kind=kind, marker=i == 0)))
                   for i, kind in enumerate(kinds)]
        out = self.replay(call(a={"payload_types": types}), packets)
        self.assertEqual([p.rtp.kind for p in out.packets], [101, 8, 18])
        self.assertEqual([p.rtp.marker for p in out.packets], [1, 0, 0])
        self.assertEqual(out.drops, {"payload_type": 2})

    def test_sources_extension_and_padding_stay(self):
        extension = struct.pack("!HHI", 0xBEDE, 1, 0x10203040)
        payload = wire.rtp(7, 7, sources=[1, 2, 3], extension=extension, padding=8)
        out = self.replay(call(), [(at(0), wire.datagram(A, (BOX, 20000), payload))])
        self.assertEqual(out.packets[0].payload[12:], payload[12:])
        self.assertEqual(out.packets[0].rtp.first, payload[0])

    def test_dscp(self):
        flows = call(b={"dscp": 46})
        flows += [leg("c", "d", (BOX, 20004), ("198.18.1.4", 6000)),
                  leg("d", "c", (BOX6, 20006), B6, dscp=34)]
        out = self.replay(flows, sorted(
            stream(2) + stream(2, ("198.18.1.4", 6000), (BOX, 20004), begin=1)
            + stream(2, B, (BOX, 20002), begin=2)))
        marks = {packet.destination: packet.dscp for packet in out.packets}
        self.assertEqual(marks, {B: 46, B6: 34, A: 0})

    def test_gaps_and_order_stay(self):
        packets = [(at(20 * i), wire.datagram(A, (BOX, 20000), wire.rtp(s, 160 * s)))
                   for i, s in enumerate([65533, 65534, 1, 65535, 0, 3])]
        out = self.replay(call(), packets)
        self.check_stream(out.packets, (BOX, 20002), B, SSRC["b"], [100, 101, 104, 102, 103, 106])

    def test_another_ingress_stream_continues_ours(self):
        packets = stream(3) + stream(3, first=40000, begin=60, ssrc=0x33333333)
        out = self.replay(call(), packets)
        self.check_stream(out.packets, (BOX, 20002), B, SSRC["b"], range(100, 106))
        stamps = [packet.rtp.timestamp for packet in out.packets]
        self.assertEqual(stamps[3] - stamps[2], 160)  # the 20 ms that passed

    def test_far_out_of_sequence(self):
        packets = stream(2) + stream(1, first=30000, begin=40) + stream(2, first=2, begin=60)
        out = self.replay(call(), packets)
        self.assertEqual(out.drops, {"rtp_sequence": 1})
        self.check_stream(out.packets, (BOX, 20002), B, SSRC["b"], range(100, 104))


class Checksums(ReplayCase):
    def one(self, payload, local_b=(BOX, 20002), remote_b=B, check=None):
        frame = wire.datagram(A, (BOX, 20000), payload, check=check)
        out = self.replay(call(local_b=local_b, remote_b=remote_b), [(at(0), frame)])
        self.assertEqual(len(out.packets), 1)
        return out.packets[0]

    def test_ipv4_without_stays_without(self):
        self.assertEqual(self.one(wire.rtp(1, 2), check=0).check, 0)

    def test_without_becomes_one_over_ipv6(self):
        self.assertNotEqual(self.one(wire.rtp(1, 2), (BOX6, 20002), B6, check=0).check, 0)

    def computed_zero(self, **to):
        payload = bytearray(b"\xd5" * 160)
        payload[10:12] = b"\0\0"
        # The word that was left out becomes the checksum: the sum over all is then all ones.
        check = self.one(wire.rtp(1, 2, payload=bytes(payload)), **to).check
        payload[10:12] = struct.pack("!H", check)
        return self.one(wire.rtp(1, 2, payload=bytes(payload)), **to).check

    def test_computed_zero_is_all_ones_over_ipv4(self):
        self.assertEqual(self.computed_zero(), 0xFFFF)

    def test_computed_zero_is_all_ones_over_ipv6(self):
        self.assertEqual(self.computed_zero(local_b=(BOX6, 20002), remote_b=B6), 0xFFFF)

    def test_odd_lengths(self):
        for size in range(0, 12):
            packet = self.one(wire.rtp(1, 2, payload=bytes(range(200, 200 + size))))
            self.assertEqual(packet.rtp.rest, bytes(range(200, 200 + size)))

    def test_largest(self):
        payload = bytes(i * 7 & 255 for i in range(1460))
        self.assertEqual(self.one(wire.rtp(1, 2, payload=payload)).rtp.rest, payload)
