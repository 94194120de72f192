# SPDX-License-Identifier: Apache-2.0
"""Sockets inside namespaces, RTP by hand, and captures."""

import ctypes
import os
import random
import socket
import struct
import threading
import time

CLONE_NEWNET = 0x40000000


def socket_in(namespace, family, kind):
    """A socket that lives in a network namespace (setns is for one thread only)."""
    made = []

    def make():
        descriptor = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.setns(descriptor, CLONE_NEWNET) != 0:
                made.append(OSError(ctypes.get_errno(), "setns"))
            else:
                made.append(socket.socket(family, kind))
        finally:
            os.close(descriptor)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    if isinstance(made[0], OSError):
        raise made[0]
    return made[0]


def udp_in(namespace, address, port):
    """A bound UDP socket in a namespace."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket_in(namespace, family, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    made.bind((address, port))
    return made


def rtp(sequence, timestamp, ssrc, payload, payload_type=8, marker=False):
    """One RTP packet (RFC 3550 section 5.1)."""
    return struct.pack("!BBHII", 0x80, (0x80 if marker else 0) | payload_type,
                       sequence & 0xffff, timestamp & 0xffffffff, ssrc) + payload


def parse_rtp(packet):
    """(payload type, sequence, time stamp, SSRC, payload) of a packet without extension."""
    _, second, sequence, timestamp, ssrc = struct.unpack("!BBHII", packet[:12])
    return second & 0x7f, sequence, timestamp, ssrc, packet[12:]


class Stream:
    """Sends numbered G.711 packets and remembers what arrives; both on one socket."""

    def __init__(self, namespace, address, port, payload_type=8):
        self.socket = udp_in(namespace, address, port)
        self.payload_type = payload_type
        self.sequence = random.randrange(0, 0x8000)
        self.timestamp = random.randrange(0, 1 << 32)
        self.ssrc = random.randrange(1, 1 << 32)
        self.sent = []
        self.received = []  # (time, packet)

    def send(self, target, count=1, pause=0.0):
        for _ in range(count):
            payload = struct.pack("!I", len(self.sent)) + b"\xd5" * 156
            self.socket.sendto(rtp(self.sequence, self.timestamp, self.ssrc, payload,
                                   self.payload_type), target)
            self.sent.append(payload)
            self.sequence += 1
            self.timestamp += 160
            if pause:
                time.sleep(pause)

    def collect(self, seconds=0.3):
        """Takes what arrives until nothing has arrived for `seconds`."""
        self.socket.settimeout(seconds)
        while True:
            try:
                packet = self.socket.recv(2048)
            except (TimeoutError, socket.timeout):
                return self.received
            except ConnectionRefusedError:
                continue
            self.received.append((time.monotonic(), packet))

    def payloads(self):
        return [packet[12:] for _, packet in self.received if not 64 <= packet[1] & 0x7f < 96]

    def close(self):
        self.socket.close()


def write_rtp_capture(path, packets, frame_ms=20):
    """A capture of RTP packets, one each `frame_ms`, for SIPp to play."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for number, body in enumerate(packets):
            udp = struct.pack("!HHHH", 4000, 4002, 8 + len(body), 0) + body
            ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), number & 0xffff, 0, 64, 17,
                             0, bytes([198, 18, 0, 1]), bytes([198, 18, 0, 2])) + udp
            frame = b"\x02\0\0\0\0\1" + b"\x02\0\0\0\0\2" + b"\x08\0" + ip
            micro = number * frame_ms * 1000
            file.write(struct.pack("<IIII", micro // 1000000, micro % 1000000,
                                   len(frame), len(frame)))
            file.write(frame)


def write_g711_capture(path, seconds, payload_type=8, frame_ms=20, payloads=None):
    """A capture of one steady A-law stream, for SIPp to play: silence, or `payloads` in turn."""
    samples = 8 * frame_ms
    payloads = payloads or [bytes([0xd5]) * samples]
    write_rtp_capture(path, (
        rtp(number, number * samples, 0x1234abcd, payloads[number % len(payloads)], payload_type)
        for number in range(seconds * 1000 // frame_ms)), frame_ms)


def read_capture(path):
    """(seconds, frame) of each packet of a classic pcap file."""
    with open(path, "rb") as file:
        header = file.read(24)
        if len(header) < 24:
            return
        magic = struct.unpack("<I", header[:4])[0]
        scale = 1e-9 if magic == 0xa1b23c4d else 1e-6
        while True:
            head = file.read(16)
            if len(head) < 16:
                return
            seconds, fraction, length, _ = struct.unpack("<IIII", head)
            frame = file.read(length)
            if len(frame) < length:
                return
            yield seconds + fraction * scale, frame


def media_gaps(path, first_port, last_port):
    """{(source port, destination port): (packets, longest gap in s)} of RTP from media ports."""
    last, result = {}, {}
    for when, frame in read_capture(path):
        if frame[12:14] != b"\x08\0" or frame[23] != 17:
            continue
        offset = 14 + (frame[14] & 15) * 4
        source, destination = struct.unpack("!HH", frame[offset:offset + 4])
        if not first_port <= source <= last_port or source % 2:
            continue
        key = (source, destination)
        packets, gap = result.get(key, (0, 0.0))
        if key in last:
            gap = max(gap, when - last[key])
        last[key] = when
        result[key] = (packets + 1, gap)
    return result
