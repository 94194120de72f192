# SPDX-License-Identifier: Apache-2.0
"""The client's end of a memif link, so that a test can leave it whenever it likes."""

import mmap
import os
import socket
import struct

COOKIE, VERSION = 0x3E31F20, 0x200
ACK, HELLO, INIT, ADD_REGION, ADD_RING, CONNECT, CONNECTED, DISCONNECT = range(1, 9)
MESSAGE_BYTES, RING_HEAD_BYTES, DESCRIPTOR_BYTES, BUFFER_BYTES = 128, 128, 16, 60000
HEAD, TAIL = 6, 64  # of a ring
TO_SERVER, TO_CLIENT = 0, 1


class Peer:
    """log2: of the slots of both rings."""

    def __init__(self, path, log2=10):
        self.slots = 1 << log2
        self.ring_bytes = RING_HEAD_BYTES + DESCRIPTOR_BYTES * self.slots
        region_bytes = 2 * self.ring_bytes + 2 * BUFFER_BYTES
        self.descriptors = [os.memfd_create("memif"), os.eventfd(0), os.eventfd(0)]
        os.ftruncate(self.descriptors[0], region_bytes)
        self.region = mmap.mmap(self.descriptors[0], region_bytes)
        for ring in (TO_SERVER, TO_CLIENT):
            self._make_ring(ring)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(10)
        self.socket.connect(path)
        self._expect(HELLO)
        self._ask(ACK, INIT, struct.pack("<HIB24s32s", VERSION, 0, 0, b"", b"peer"))
        self._ask(ACK, ADD_REGION, struct.pack("<HQ", 0, region_bytes), self.descriptors[0])
        for ring in (TO_SERVER, TO_CLIENT):
            self._ask(ACK, ADD_RING, struct.pack("<HHHIBH", int(ring == TO_SERVER), 0, 0,
                                                 ring * self.ring_bytes, log2, 0),
                      self.descriptors[1 + ring])
        self._ask(CONNECTED, CONNECT, struct.pack("<32s", b"peer"))

    def _make_ring(self, ring):
        """Each ring has one buffer for all its slots: what is in a frame does not matter."""
        start = ring * self.ring_bytes
        struct.pack_into("<IHH", self.region, start, COOKIE, 0, 0)
        descriptor = struct.pack("<HHIII", 0, 0, BUFFER_BYTES,
                                 2 * self.ring_bytes + ring * BUFFER_BYTES, 0)
        first = start + RING_HEAD_BYTES
        self.region[first:first + DESCRIPTOR_BYTES * self.slots] = descriptor * self.slots

    def _expect(self, kind):
        message = self.socket.recv(MESSAGE_BYTES)
        if message[:2] != struct.pack("<H", kind):
            raise AssertionError(f"message {kind} expected, not {message!r}")

    def _send(self, kind, body, *descriptors):
        message = (struct.pack("<H", kind) + body).ljust(MESSAGE_BYTES, b"\0")
        socket.send_fds(self.socket, [message], descriptors)

    def _ask(self, answer, kind, body, *descriptors):
        self._send(kind, body, *descriptors)
        self._expect(answer)

    def fill(self, frame):
        """As many copies of this frame as there are slots, all at once."""
        self.region[2 * self.ring_bytes:2 * self.ring_bytes + len(frame)] = frame
        tail, = struct.unpack_from("<H", self.region, TAIL)
        struct.pack_into("<H", self.region, HEAD, (tail + self.slots) & 0xffff)

    def leave(self, politely):
        """By a word and then, or only by hanging up, as the kernel does for who was killed."""
        if politely:
            self._send(DISCONNECT, struct.pack("<I96s", 0, b"leaving"))
        self.socket.close()
        self.region.close()
        for descriptor in self.descriptors:
            os.close(descriptor)
