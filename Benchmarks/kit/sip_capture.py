# SPDX-License-Identifier: Apache-2.0
"""Notes when SIP messages come to the box and leave it: run in the box's namespace, until its
standard input is closed.

    sip_capture.py FILE DEVICE...

A line of FILE for each message: nanoseconds of the kernel's stamp, `in` or `out`, device, number
that is called, kind (method, or status and method). The stamps are the kernel's own, at the packet
tap: of what arrives, before it goes up to a socket; of what leaves, within the sender's system
call. SIP over UDP and IPv4 only. It prints one line when it is ready and one in the end.
"""

import select
import socket
import struct
import sys

ETH_P_IP, PACKET_OUTGOING = 0x0800, 4
SO_TIMESTAMPNS = 35
RECEIVE_BYTES = 128 << 20
HEADERS = 14 + 20 + 8


def kind_of(data):
    """(called number, kind) of a SIP message's bytes, or None."""
    head = data.split(b"\r\n\r\n", 1)[0]
    first, _, rest = head.partition(b"\r\n")
    number = sequence = b""
    for line in rest.split(b"\r\n"):
        if line[:3] in (b"To:", b"t: "):
            number = line.partition(b"sip:")[2].partition(b"@")[0]
        elif line[:5] == b"CSeq:":
            sequence = line.split()[-1]
    words = first.split(b" ", 2)
    if not number or len(words) < 3:
        return None
    kind = words[1] + b" " + sequence if words[0] == b"SIP/2.0" else words[0]
    return number.decode("ascii", "replace"), kind.decode("ascii", "replace").replace(" ", "/")


def stamp_of(ancillary):
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS and len(data) >= 16:
            seconds, nanoseconds = struct.unpack("qq", data[:16])
            return seconds * 1_000_000_000 + nanoseconds
    return 0


def capture(devices):
    """(messages as (stamp, is outgoing, device, bytes), lost packets)."""
    taps = []
    for device in devices:
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # also what leaves
        tap.setsockopt(socket.SOL_SOCKET, 33, RECEIVE_BYTES)  # SO_RCVBUFFORCE
        tap.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        tap.bind((device, 3))
        tap.setblocking(False)
        taps.append(tap)
    print("ready", flush=True)
    found, names = [], dict(zip(taps, devices))
    while True:
        ready = select.select(taps + [sys.stdin], [], [])[0]
        for tap in ready:
            if tap is sys.stdin:
                continue
            while True:
                try:
                    data, ancillary, _, address = tap.recvmsg(2048, 64)
                except BlockingIOError:
                    break
                found.append((stamp_of(ancillary), address[2] == PACKET_OUTGOING, names[tap],
                              data))
        if ready == [sys.stdin]:
            lost = sum(struct.unpack("II", tap.getsockopt(263, 6, 8))[1] for tap in taps)
            return found, lost


def main(path, *devices):
    found, lost = capture(devices)
    count = 0
    with open(path, "w", encoding="ascii") as file:
        for stamp, is_out, device, data in found:
            if data[12:14] != b"\x08\x00" or data[23] != socket.IPPROTO_UDP:
                continue
            kind = kind_of(data[HEADERS:])
            if kind is not None:
                count += 1
                file.write(f"{stamp} {'out' if is_out else 'in'} {device} {kind[0]} {kind[1]}\n")
    print(f'{{"messages": {count}, "lost": {lost}}}', flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
