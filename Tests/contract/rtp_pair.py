#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two parties of a call, each in a network namespace, that send RTP to the fast path and count.

rtp_pair.py COUNT NAMESPACE LOCAL REMOTE NAMESPACE LOCAL REMOTE   (LOCAL, REMOTE: ADDRESS/PORT)

Prints what each party received and how often the kernel answered with port-unreachable. Exit code 0
when both received COUNT packets of one SSRC with consecutive sequence numbers and no such answer.
"""
import ctypes
import os
import socket
import struct
import sys
import time

CLONE_NEWNET = 0x40000000
# Another stream each time: one that went back in its sequence would rightly lose a packet.
STREAM = struct.unpack("!I", os.urandom(4))[0]
libc = ctypes.CDLL(None, use_errno=True)


def open_in(namespace, local):
    descriptor = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        sys.exit(f"setns {namespace}: {os.strerror(ctypes.get_errno())}")
    os.close(descriptor)
    family = socket.AF_INET6 if ":" in local[0] else socket.AF_INET
    party = socket.socket(family, socket.SOCK_DGRAM)
    party.bind(local)
    party.setblocking(False)
    return party


def endpoint(text):
    address, port = text.rsplit("/", 1)
    return address, int(port)


class Party:
    def __init__(self, namespace, local, remote):
        self.remote = endpoint(remote)
        self.socket = open_in(namespace, endpoint(local))
        self.socket.connect(self.remote)  # so that ICMP errors are reported
        self.sequences, self.streams, self.refused = [], set(), 0

    def send(self, index):
        header = struct.pack("!BBHII", 0x80, 0, index & 0xFFFF, index * 160, STREAM)
        try:
            self.socket.send(header + b"\xd5" * 160)
        except ConnectionRefusedError:
            self.refused += 1

    def receive(self):
        while True:
            try:
                packet = self.socket.recv(2048)
            except BlockingIOError:
                return
            except ConnectionRefusedError:
                self.refused += 1
                continue
            self.sequences.append(struct.unpack("!H", packet[2:4])[0])
            self.streams.add(packet[8:12])

    def is_whole(self, count):
        first = self.sequences[0] if self.sequences else 0
        wanted = [(first + i) & 0xFFFF for i in range(count)]
        return self.sequences == wanted and len(self.streams) == 1 and self.refused == 0


def main():
    count = int(sys.argv[1])
    parties = [Party(*sys.argv[2:5]), Party(*sys.argv[5:8])]
    for index in range(count):
        for party in parties:
            party.send(index)
            party.receive()
        time.sleep(0.002)
    for _ in range(100):
        for party in parties:
            party.receive()
        if all(len(party.sequences) >= count for party in parties):
            break
        time.sleep(0.01)
    for party in parties:
        first = party.sequences[0] if party.sequences else "none"
        print(f"from {party.remote[0]}: {len(party.sequences)} of {count}, first {first}, "
              f"refused {party.refused}")
        if not party.is_whole(count):
            print("  sequences:", *party.sequences)
    sys.exit(0 if all(party.is_whole(count) for party in parties) else 1)


main()
