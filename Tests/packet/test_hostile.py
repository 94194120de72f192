# SPDX-License-Identifier: Apache-2.0
"""What must not pass, and under which name it is counted."""

import struct

import wire
from bench import A, A6, B, B6, BOX, BOX6, SSRC, STRANGER, ReplayCase, at, call, stream

PORT = (BOX, 20000)
PORT6 = (BOX6, 20000)
MEDIA = wire.rtp(1, 160)


class Hostile(ReplayCase):
    def check_drops(self, frames, reason, flows=None):
        """Every one of the frames is dropped by this name, and media around them is not hurt."""
        packets = [(at(i), frame) for i, frame in enumerate(frames)]
        around = stream(2, begin=-5, interval=1) + packets + stream(2, first=2, begin=len(packets))
        out = self.replay(flows or call(), around)
        self.assertEqual(out.drops, {reason: len(frames)})
        self.check_stream(out.packets, (BOX, 20002), B, SSRC["b"], range(100, 104))

    def test_wrong_source(self):
        others = [STRANGER, (A[0], A[1] + 2), (STRANGER[0], A[1]), B, PORT]
        self.check_drops([wire.datagram(other, PORT, MEDIA) for other in others], "wrong_source")

    def test_wrong_source_ten_thousand(self):
        frame = wire.datagram(STRANGER, PORT, wire.rtp(1, 160, ssrc=0x66666666))
        self.check_drops([frame] * 10000, "wrong_source")

    def test_wrong_source_of_rtcp(self):
        report = wire.sender_report(1, 2, 3, 4, 5)
        self.check_drops([wire.datagram(STRANGER, (BOX, 20001), report),
                          wire.datagram(A, (BOX, 20001), report)], "wrong_source")

    def test_fragments(self):
        whole = wire.udp(A, PORT, MEDIA)
        first = wire.ipv4(A[0], BOX, whole[:96], fragment=0x2000)
        last = wire.ipv4(A[0], BOX, whole[96:], fragment=96 // 8)
        self.check_drops([wire.ethernet(first), wire.ethernet(last)], "fragment")

    def test_fragments_ipv6(self):
        whole = wire.udp(A6, PORT6, MEDIA)
        head = struct.pack("!BBHI", wire.UDP, 0, 1, 99)
        later = struct.pack("!BBHI", wire.UDP, 0, 96, 99)
        flows = call() + call6()
        self.check_drops(
            [wire.ethernet(wire.ipv6(A6[0], BOX6, head + whole[:96], following=44)),
             wire.ethernet(wire.ipv6(A6[0], BOX6, later + whole[96:], following=44))],
            "fragment", flows)

    def test_malformed_ip(self):
        inner = wire.udp(A, PORT, MEDIA)
        good = wire.ipv4(A[0], BOX, inner)
        frames = [
            wire.ipv4(A[0], BOX, inner, options=b"\x94\x04\0\0"),  # router alert
            wire.ipv4(A[0], BOX, inner, check=1),
            wire.ipv4(A[0], BOX, inner, total=len(inner) + 21),    # beyond the frame
            wire.ipv4(A[0], BOX, inner, total=19),
            b"\x44" + good[1:],                                    # a header of 16 bytes
            good[:12],
        ]
        self.check_drops([wire.ethernet(frame) for frame in frames], "malformed_ip")

    def test_malformed_ipv6(self):
        inner = wire.udp(A6, PORT6, MEDIA)
        hop_by_hop = struct.pack("!BB6x", wire.UDP, 0)
        endless = struct.pack("!BB6x", 0, 255)
        frames = [
            wire.ipv6(A6[0], BOX6, inner, length=len(inner) + 1),
            wire.ipv6(A6[0], BOX6, hop_by_hop + inner, following=0),
            wire.ipv6(A6[0], BOX6, endless + inner, following=0),
            wire.ipv6(A6[0], BOX6, inner)[:39],
        ]
        self.check_drops([wire.ethernet(frame, kind=0x86DD) for frame in frames], "malformed_ip",
                         call() + call6())

    def test_malformed_udp(self):
        frames = [wire.datagram(A, PORT, MEDIA, length=length) for length in (0, 7, 181, 65535)]
        self.check_drops(frames, "malformed_udp")

    def test_no_checksum_over_ipv6(self):
        self.check_drops([wire.datagram(A6, PORT6, MEDIA, check=0)], "malformed_udp",
                         call() + call6())

    def test_malformed_rtp(self):
        payloads = [
            b"", b"\x80", MEDIA[:11],
            wire.rtp(1, 2, payload=b"", sources=[1, 2])[:16],            # sources cut off
            bytes([0x90]) + MEDIA[1:12],                                 # no extension there
            bytes([0x90]) + MEDIA[1:12] + struct.pack("!HH", 1, 9),      # an extension cut off
            bytes([0xA0]) + MEDIA[1:-1] + b"\0",                         # padding of nothing
            bytes([0xA0]) + MEDIA[1:-1] + bytes([161]),                  # padding over the header
            b"\x45" * 40, b"\xff" * 40,                                  # nothing known
        ]
        self.check_drops([wire.datagram(A, PORT, payload) for payload in payloads],
                         "malformed_rtp")

    def test_stun_and_dtls(self):
        request = struct.pack("!HHI12s", 1, 0, 0x2112A442, b"transaction.")
        self.check_drops([wire.datagram(A, PORT, request)], "stun")
        hello = b"\x16\xfe\xfd" + bytes(10)
        self.check_drops([wire.datagram(A, PORT, hello)], "dtls")

    def test_dtls_while_no_control_plane_is_there(self):
        flows = call(a={"flags": ["receive", "send", "deliver"]})
        self.check_drops([wire.datagram(A, PORT, b"\x16\xfe\xfd" + bytes(10))], "control_away",
                         flows)

    def test_not_media(self):
        frames = [
            wire.datagram(A, (BOX, 5060), b"OPTIONS sip:box SIP/2.0\r\n\r\n"),
            wire.datagram(A, ("198.18.1.99", 20000), MEDIA),
            wire.ethernet(wire.ipv4(A[0], BOX, bytes(20), protocol=6)),
            wire.ethernet(bytes(46), kind=0x0806),
            b"\0" * 13,
        ]
        self.check_drops(frames, "not_media")

    def test_no_flow(self):
        self.check_drops([wire.datagram(A, (BOX, port), MEDIA) for port in (20004, 29999)],
                         "no_flow")

    def test_every_truncation(self):
        # Cut at every octet: never an answer, never a crash, each one counted.
        whole = wire.datagram(A, PORT, MEDIA)
        packets = [(at(i), whole[:size]) for i, size in enumerate(range(14, len(whole)))]
        out = self.replay(call(), packets)
        self.assertEqual(out.packets, [])
        self.assertEqual(sum(out.drops.values()), len(packets))
        self.assertEqual(set(out.drops), {"malformed_ip"})

    def test_every_bit_of_the_headers(self):
        # One bit turned over at a time: what still passes is right in every field.
        whole = wire.datagram(A, PORT, MEDIA)
        packets = []
        for bit in range(8 * 54):
            frame = bytearray(whole)
            frame[bit // 8] ^= 1 << bit % 8
            packets.append((at(bit), bytes(frame)))
        out = self.replay(call(), packets)
        self.assertEqual({packet.destination for packet in out.packets}, {B})
        self.assertEqual({packet.rtp.ssrc for packet in out.packets}, {SSRC["b"]})


def call6():
    a, b = call(local_a=PORT6, local_b=(BOX6, 20002), remote_a=A6, remote_b=B6)
    return [{**a, "name": "a6", "peer": "b6"}, {**b, "name": "b6", "peer": "a6"}]


class Direction(ReplayCase):
    def test_not_receiving(self):
        out = self.replay(call(a={"flags": ["send"]}), stream(5))
        self.assertEqual(out.drops, {"not_receiving": 5})

    def test_not_sending(self):
        out = self.replay(call(b={"flags": ["receive"]}), stream(5))
        self.assertEqual(out.drops, {"not_sending": 5})

    def test_no_peer(self):
        flows = call()[:1]
        del flows[0]["peer"]
        out = self.replay(flows, stream(5))
        self.assertEqual(out.drops, {"no_peer": 5})
