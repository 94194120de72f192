# SPDX-License-Identifier: Apache-2.0
"""An attacker on the wire: forged RTP, SRTP, RTCP, STUN and DTLS at a live media port, from
strangers' addresses and from the very address and port that the call's own media comes from."""

import json
import random
import socket
import struct
import time
import zlib

from wires import socket_in

STUN_COOKIE = 0x2112A442
KINDS = ("rtp", "srtp", "rtcp", "stun", "dtls")


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def udp_frame(macs, source, target, payload):
    """An Ethernet frame with IPv4 and UDP, checksums right."""
    addresses = socket.inet_aton(source[0]) + socket.inet_aton(target[0])
    udp = struct.pack("!HHHH", source[1], target[1], 8 + len(payload), 0) + payload
    pseudo = addresses + struct.pack("!BBH", 0, 17, len(udp))
    udp = udp[:6] + struct.pack("!H", checksum(pseudo + udp) or 0xffff) + udp[8:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + addresses
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return macs + b"\x08\0" + ip + udp


class Forger:
    """Makes payloads of every kind; what an eavesdropper knows of the stream it may use."""

    def __init__(self, seed, ssrc=None, sequence=None, user=None):
        self.dice = random.Random(seed)
        self.ssrc, self.sequence, self.user = ssrc, sequence, user

    def _header(self, payload_type):
        """Often the stream's own SSRC, with a sequence near its own."""
        dice = self.dice
        known = self.ssrc is not None and dice.random() < 0.5
        ssrc = self.ssrc if known else dice.randrange(1, 1 << 32)
        near = self.sequence is not None and dice.random() < 0.7
        sequence = (self.sequence + dice.randrange(2000)) & 0xffff if near else \
            dice.randrange(1 << 16)
        return struct.pack("!BBHII", 0x80, payload_type, sequence, dice.randrange(1 << 32), ssrc)

    def rtp(self):
        return self._header(self.dice.choice((8, 8, 8, 0, 101, 127))) + self.dice.randbytes(160)

    def srtp(self):
        size = self.dice.choice((160 + 10, 160 + 4, 160 + 16, 3, 0, 40))
        return self._header(8) + self.dice.randbytes(size)

    def rtcp(self):
        dice = self.dice
        kind = dice.choice((200, 201, 203))
        size = {200: 24, 201: 4, 203: 4}[kind]
        head = struct.pack("!BBH", 0x80 | (kind == 203), kind, size // 4)
        ssrc = self.ssrc if self.ssrc is not None and dice.random() < 0.5 else dice.randrange(9)
        return head + struct.pack("!I", ssrc) + dice.randbytes(size - 4) + \
            dice.choice((b"", struct.pack("!I", 0x80000000 | dice.randrange(1 << 16))
                         + dice.randbytes(10)))

    def stun(self):
        """A binding request as a full agent makes it, but for the password."""
        dice = self.dice
        user = self.user if self.user and dice.random() < 0.7 else dice.randbytes(9).hex()
        name = user.encode()
        attributes = [(0x0006, name), (0x0024, struct.pack("!I", 0x6e0001ff)),
                      (0x802A, dice.randbytes(8))]
        if dice.random() < 0.8:
            attributes.append((0x0025, b""))  # USE-CANDIDATE: the hijack
        if dice.random() < 0.9:
            attributes.append((0x0008, dice.randbytes(20)))
        body = b"".join(struct.pack("!HH", kind, len(value)) + value + b"\0" * (-len(value) % 4)
                        for kind, value in attributes)
        kind = dice.choice((0x0001, 0x0001, 0x0001, 0x0101, 0x0111, 0x0011))
        head = struct.pack("!HHI", kind, len(body) + 8, STUN_COOKIE) + dice.randbytes(12)
        mark = zlib.crc32(head + body) ^ 0x5354554E
        return head + body + struct.pack("!HHI", 0x8028, 4, mark)

    def dtls(self):
        dice = self.dice
        kind = dice.choice((20, 21, 22, 22, 22, 23))
        size = dice.choice((2, 13, 60, 200))
        return struct.pack("!BHHHI", kind, dice.choice((0xfeff, 0xfefd)), dice.choice((0, 0, 1)), 0,
                           dice.randrange(1 << 32)) + struct.pack("!H", size) + \
            dice.randbytes(max(1, size - dice.choice((0, 0, 5))))


class Sprayer:
    """Sends frames from inside a namespace, past its IP stack, at a steady rate."""

    POOL = 2000

    def __init__(self, lab, side):
        def mac(place, device):
            text = lab.inside(place, "ip", "-j", "link", "show", device).stdout
            return bytes.fromhex(json.loads(text)[0]["address"].replace(":", ""))
        self.macs = mac("box", f"to-{side}") + mac(side, "to-box")
        self.socket = socket_in(lab.namespace(side), socket.AF_PACKET, socket.SOCK_RAW)
        self.socket.bind(("to-box", 0))
        self.stranger = lab.address(side).rsplit(".", 1)[0]
        self.sent = 0

    def pool(self, forger, target, spoofed):
        """Frames to the media port and to the one beside it; half from the call's own address."""
        dice, frames = forger.dice, []
        for number in range(self.POOL):
            payload = getattr(forger, KINDS[number % len(KINDS)])()
            if dice.random() < 0.5:
                source = spoofed
            else:
                source = (f"{self.stranger}.{dice.randrange(10, 250)}", dice.randrange(1024, 65536))
            port = target[1] + (dice.random() < 0.1)
            frames.append(udp_frame(self.macs, source, (target[0], port), payload))
        return frames

    def spray(self, frames, count, rate, between=None):
        """Sends `count` frames, `rate` a second; `between` is called every 20,000."""
        start, burst = time.monotonic(), max(1, rate // 500)
        for first in range(0, count, burst):
            for number in range(first, min(first + burst, count)):
                self.socket.send(frames[number % len(frames)])
            self.sent += min(burst, count - first)
            wait = start + (first + burst) / rate - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            if between and first // 20000 != (first + burst) // 20000:
                between()

    def close(self):
        self.socket.close()
