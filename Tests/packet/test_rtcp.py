# SPDX-License-Identifier: Apache-2.0
"""RTCP ends in the box: what comes is used up, what goes is our own and measured."""

import struct

import wire
from bench import A, B, BOX, SSRC, ReplayCase, at, call, stream

REPORTS = {"flags": ["receive", "send", "rtcp"], "rtcp_interval_ms": 1000}
MUX = {"flags": ["receive", "send", "rtcp", "rtcp_mux"], "rtcp_interval_ms": 1000}
NTP_1970 = 2208988800


def parts(compound):
    """(type, count, body) of each packet of a compound, which must end where it says."""
    found, at_byte = [], 0
    while at_byte < len(compound):
        first, kind, words = struct.unpack("!BBH", compound[at_byte:at_byte + 4])
        if first >> 6 != 2 or first & 0x20:
            raise ValueError("RTCP version or padding")
        end = at_byte + 4 + 4 * words
        if end > len(compound):
            raise ValueError("RTCP length")
        found.append((kind, first & 31, compound[at_byte + 4:end]))
        at_byte = end
    return found


class Rtcp(ReplayCase):
    def party_report(self, port, source, when, ntp=0x1234567890ABCDEF, local=BOX):
        payload = wire.sender_report(0x11111111, ntp, 0, 10, 1600) \
            + wire.source_description(0x11111111)
        return (at(when), wire.datagram(source, (local, port), payload))

    def reports(self, more):
        """Three seconds of media from a to b with two packets missing, then a's last packet."""
        packets = [packet for i, packet in enumerate(stream(150)) if i not in (30, 31)]
        return self.replay(call(a=more, b=more), packets)

    def check_reports(self, out, port_shift):
        to_a = [p for p in out.rtcp if p.destination == (A[0], A[1] + port_shift)]
        to_b = [p for p in out.rtcp if p.destination == (B[0], B[1] + port_shift)]
        self.assertEqual(len(to_a) + len(to_b), len(out.rtcp))
        self.assertEqual(out.counters["generated"], len(out.rtcp))
        self.assertTrue(2 <= len(to_a) <= 6 and 2 <= len(to_b) <= 6)
        self.assertEqual({p.source for p in to_a}, {(BOX, 20000 + port_shift)})
        self.assertEqual({p.source for p in to_b}, {(BOX, 20002 + port_shift)})
        for packet in to_a:
            self.check_receiver(out, packet)
        for packet in to_b:
            self.check_sender(out, packet)

    def check_receiver(self, out, packet):
        report, names = parts(packet.payload)
        self.assertEqual(report[:2], (201, 1))  # a is sent nothing: a receiver report
        own, about, loss, highest, jitter, last, delay = struct.unpack("!7I", report[2])
        self.assertEqual((own, about, jitter, last, delay), (SSRC["a"], 0x11111111, 0, 0, 0))
        received = sum(media.time <= packet.time for media in out.media)
        self.assertEqual(highest, received - 1 + (loss & 0xFFFFFF))
        self.assertEqual(loss & 0xFFFFFF, 2 if received > 30 else 0)
        self.assertEqual((names[0], names[1], names[2][:4]), (202, 1, struct.pack("!I", own)))

    def check_sender(self, out, packet):
        report, names = parts(packet.payload)
        self.assertEqual(report[:2], (200, 0))
        own, seconds, _, stamp, count, octets = struct.unpack("!6I", report[2])
        before = [media for media in out.media if media.time <= packet.time]
        self.assertEqual((own, count, octets), (SSRC["b"], len(before), 160 * len(before)))
        self.assertEqual(seconds, packet.time // wire.SECOND + NTP_1970)
        passed = (packet.time - before[-1].time) * 8000 // wire.SECOND
        self.assertEqual(stamp, before[-1].rtp.timestamp + passed)
        self.assertEqual(names[2][:4], struct.pack("!I", own))

    def test_reports_on_a_port_of_their_own(self):
        self.check_reports(self.reports(REPORTS), 1)

    def test_reports_on_the_port_of_media(self):
        self.check_reports(self.reports(MUX), 0)

    def test_no_reports_unless_asked_for(self):
        self.assertEqual(self.reports({}).rtcp, [])

    def test_consumed(self):
        packets = sorted(stream(5) + [self.party_report(20001, (A[0], A[1] + 1), 50)])
        out = self.replay(call(), packets)
        self.assertEqual(out.counters["consumed"], 1)
        self.assertEqual(len(out.packets), 5)
        self.assertEqual(out.drops, {})

    def test_consumed_on_the_port_of_media(self):
        packets = sorted(stream(5) + [self.party_report(20000, A, 50)])
        out = self.replay(call(a={"flags": ["receive", "send", "rtcp_mux"]}), packets)
        self.assertEqual(out.counters["consumed"], 1)
        self.assertEqual(len(out.packets), 5)

    def test_signalled_rtcp_port(self):
        leg = {**REPORTS, "remote_rtcp_port": 6501}
        packets = sorted(stream(100) + [self.party_report(20001, (A[0], 6501), 50),
                                        self.party_report(20001, (A[0], 6001), 51)])
        out = self.replay(call(a=leg), packets)
        self.assertEqual(out.counters["consumed"], 1)
        self.assertEqual(out.drops, {"wrong_source": 1})
        self.assertEqual({packet.destination for packet in out.rtcp}, {(A[0], 6501)})

    def test_without_mux_a_report_on_the_port_of_media_is_no_media(self):
        out = self.replay(call(), [self.party_report(20000, A, 0)])
        self.assertEqual(out.packets, [])
        self.assertEqual(out.drops, {"payload_type": 1})

    def test_with_mux_nobody_was_told_of_the_other_port(self):
        out = self.replay(call(a={"flags": ["receive", "send", "rtcp_mux"]}),
                          [self.party_report(20001, (A[0], A[1] + 1), 0)])
        self.assertEqual(out.drops, {"no_flow": 1})

    def test_last_report_and_its_delay(self):
        packets = sorted(stream(100) + [self.party_report(20001, (A[0], A[1] + 1), 10)])
        out = self.replay(call(a=REPORTS), packets)
        self.assertTrue(out.rtcp)
        for packet in out.rtcp:
            report = parts(packet.payload)[0]
            last, delay = struct.unpack("!II", report[2][-8:])
            self.assertEqual(last, 0x567890AB)
            self.assertEqual(delay, (packet.time - at(10)) * 65536 // wire.SECOND)

    def test_reduced_size(self):
        loss = struct.pack("!BBHII", 0x81, 206, 2, 0x11111111, SSRC["a"])  # RFC 5506: no report
        out = self.replay(call(), [(at(0), wire.datagram((A[0], A[1] + 1), (BOX, 20001), loss))])
        self.assertEqual(out.counters["consumed"], 1)
        self.assertEqual(out.drops, {})

    def test_malformed(self):
        good = wire.sender_report(1, 2, 3, 4, 5) + wire.source_description(1)
        bad = [
            b"\x80\xc8",                                   # shorter than a report
            good[:-4],                                     # the last one is cut
            good + b"\0",                                  # octets behind the last one
            b"\x80\xbf" + good[2:],                         # type 191 is no RTCP
            b"\x40" + good[1:],                            # version 1
            b"\xa0" + good[1:],                            # the first one is padded
            bytes([good[0] | 2]) + good[1:28],             # blocks that are not there
            good[:28] + struct.pack("!BBHI", 0x82, 202, 1, 1),  # two chunks announced, none there
            good[:28] + struct.pack("!BBHI", 0x83, 203, 1, 1),  # three sources announced, one there
            good[:30] + struct.pack("!H", 0xFFFF) + good[32:],  # longer than the packet
        ]
        packets = [(at(i), wire.datagram((A[0], A[1] + 1), (BOX, 20001), payload))
                   for i, payload in enumerate(bad)]
        out = self.replay(call(), packets)
        self.assertEqual(out.drops, {"malformed_rtcp": len(bad)})
        self.assertEqual(out.counters["consumed"], 0)
