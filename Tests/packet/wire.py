# SPDX-License-Identifier: Apache-2.0
"""Frames and captures, written and read by hand: nothing here is shared with what is tested."""

import ipaddress
import struct
from dataclasses import dataclass

PARTY_MAC = bytes.fromhex("0254ff000002")
BOX_MAC = bytes.fromhex("0254ff000001")
UDP = 17
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND  # of every capture, in nanoseconds since 1970


def ones_sum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def checksum(data):
    return ones_sum(data) ^ 0xFFFF


def packed(address):
    return ipaddress.ip_address(address).packed


def pseudo(source, destination, length):
    if len(source) == 4:
        return source + destination + struct.pack("!BBH", 0, UDP, length)
    return source + destination + struct.pack("!II", length, UDP)


def udp(source, destination, payload, check=None, length=None):
    """A datagram from (address, port) to (address, port); check and length override the right
    ones."""
    true_length = 8 + len(payload)
    length = true_length if length is None else length
    head = struct.pack("!HHHH", source[1], destination[1], length, 0)
    if check is None:
        check = checksum(
            pseudo(packed(source[0]), packed(destination[0]), true_length) + head + payload)
        check = check or 0xFFFF
    return head[:6] + struct.pack("!H", check) + payload


def ipv4(source, destination, payload, protocol=UDP, fragment=0x4000, options=b"", total=None,
         check=None, tos=0):
    words = 5 + len(options) // 4
    total = words * 4 + len(payload) if total is None else total
    head = struct.pack("!BBHHHBBH", 0x40 | words, tos, total, 7, fragment, 33, protocol, 0)
    head += packed(source) + packed(destination) + options
    check = checksum(head) if check is None else check
    return head[:10] + struct.pack("!H", check) + head[12:] + payload


def ipv6(source, destination, payload, following=UDP, length=None):
    length = len(payload) if length is None else length
    return (struct.pack("!IHBB", 0x60012345, length, following, 33) + packed(source)
            + packed(destination) + payload)


def ethernet(payload, vlan=0, kind=None):
    kind = kind or (0x86DD if payload[0] >> 4 == 6 else 0x0800)
    tag = struct.pack("!HH", 0x8100, vlan) if vlan else b""
    return BOX_MAC + PARTY_MAC + tag + struct.pack("!H", kind) + payload


def datagram(source, destination, payload, vlan=0, check=None, length=None):
    inner = udp(source, destination, payload, check, length)
    build = ipv6 if ":" in source[0] else ipv4
    return ethernet(build(source[0], destination[0], inner), vlan)


def rtp(sequence, timestamp, ssrc=0x11111111, kind=0, payload=b"\xd5" * 160, marker=False,
        sources=(), extension=b"", padding=0):
    first = 0x80 | (0x20 if padding else 0) | (0x10 if extension else 0) | len(sources)
    head = struct.pack("!BBHII", first, (0x80 if marker else 0) | kind, sequence & 0xFFFF,
                       timestamp & 0xFFFFFFFF, ssrc)
    head += b"".join(struct.pack("!I", source) for source in sources) + extension
    tail = bytes(padding - 1) + bytes([padding]) if padding else b""
    return head + payload + tail


def sender_report(ssrc, ntp, timestamp, packets, octets, blocks=b""):
    count = len(blocks) // 24
    return struct.pack("!BBHIQIII", 0x80 | count, 200, 6 + 6 * count, ssrc, ntp, timestamp,
                       packets, octets) + blocks


def report_block(ssrc, fraction=0, lost=0, highest=0, jitter=0, last=0, delay=0):
    return struct.pack("!IIIIII", ssrc, fraction << 24 | lost & 0xFFFFFF, highest, jitter, last,
                       delay)


def source_description(ssrc, name=b"party"):
    item = bytes([1, len(name)]) + name
    item += bytes(4 - len(item) % 4)
    return struct.pack("!BBHI", 0x81, 202, 1 + len(item) // 4, ssrc) + item


@dataclass
class Packet:
    """One UDP packet that the box sent. Every length and checksum in it was right."""
    time: int
    vlan: int
    source_mac: bytes
    destination_mac: bytes
    source: tuple
    destination: tuple
    dscp: int
    hops: int
    check: int
    payload: bytes

    @property
    def rtp(self):
        first, second, sequence, timestamp, ssrc = struct.unpack("!BBHII", self.payload[:12])
        return Rtp(first, second >> 7, second & 0x7F, sequence, timestamp, ssrc,
                   self.payload[12:])

    @property
    def is_rtcp(self):
        return 192 <= self.payload[1] < 224


@dataclass
class Rtp:
    first: int
    marker: int
    kind: int
    sequence: int
    timestamp: int
    ssrc: int
    rest: bytes


def take_apart(time, frame):
    """The fields of a frame, or ValueError with what is wrong with it."""
    destination_mac, source_mac, kind = frame[:6], frame[6:12], frame[12:14]
    at, vlan = 14, 0
    if kind == b"\x81\x00":
        vlan, kind, at = struct.unpack("!H", frame[14:16])[0] & 0xFFF, frame[16:18], 18
    ip = frame[at:]
    if kind == b"\x08\x00":
        if ip[0] != 0x45 or struct.unpack("!H", ip[2:4])[0] != len(ip):
            raise ValueError("IPv4 header or length")
        if ones_sum(ip[:20]) != 0xFFFF or ip[4:8] != b"\0\0\x40\0" or ip[9] != UDP:
            raise ValueError("IPv4 checksum, identification, flags or protocol")
        source, destination, inner = ip[12:16], ip[16:20], ip[20:]
        dscp, hops = ip[1] >> 2, ip[8]
    elif kind == b"\x86\xdd":
        if ip[0] >> 4 != 6 or struct.unpack("!H", ip[4:6])[0] != len(ip) - 40 or ip[6] != UDP:
            raise ValueError("IPv6 header or length")
        source, destination, inner = ip[8:24], ip[24:40], ip[40:]
        dscp, hops = (struct.unpack("!H", ip[:2])[0] >> 6) & 63, ip[7]
    else:
        raise ValueError(f"EtherType {kind.hex()}")
    ports = struct.unpack("!HHHH", inner[:8])
    if ports[2] != len(inner):
        raise ValueError("UDP length")
    if ports[3] == 0 and len(source) == 16:
        raise ValueError("no UDP checksum over IPv6")
    if ports[3] != 0 and ones_sum(pseudo(source, destination, len(inner)) + inner) != 0xFFFF:
        raise ValueError("UDP checksum")
    return Packet(time, vlan, source_mac, destination_mac,
                  (str(ipaddress.ip_address(source)), ports[0]),
                  (str(ipaddress.ip_address(destination)), ports[1]), dscp, hops, ports[3],
                  inner[8:])


def write_capture(path, packets):
    """packets: (time in ns, frame). Microseconds, as most captures have."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for time, frame in packets:
            file.write(struct.pack("<IIII", time // SECOND, time % SECOND // 1000, len(frame),
                                   len(frame)) + frame)


def read_capture(path):
    """(time in ns, frame) of each packet."""
    with open(path, "rb") as file:
        data = file.read()
    unit = {b"\x4d\x3c\xb2\xa1": 1, b"\xd4\xc3\xb2\xa1": 1000}[data[:4]]
    at, packets = 24, []
    while at < len(data):
        seconds, fraction, captured, length = struct.unpack("<IIII", data[at:at + 16])
        if captured != length or at + 16 + captured > len(data):
            raise ValueError("a packet in the capture is cut")
        packets.append((seconds * SECOND + fraction * unit, data[at + 16:at + 16 + captured]))
        at += 16 + captured
    return packets
