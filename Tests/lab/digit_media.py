# SPDX-License-Identifier: Apache-2.0
"""Media of parties that dial: A-law with digits in it, as tones or as telephone-events, and what
came of either. Tones are judged by spandsp. One clock moves all parties of a program: a task and a
transport for each would cost more than the packets do."""

import asyncio
import audioop
import ctypes
import functools
import math
import socket
import struct

from agent_media import PACKET, SENDS, PlainMedia, Port, SdesMedia

EVENT_TYPE = 101
NAMES = "0123456789*#ABCD"
ROWS = {**dict.fromkeys("123A", 697), **dict.fromkeys("456B", 770), **dict.fromkeys("789C", 852),
        **dict.fromkeys("*0#D", 941)}
COLUMNS = {**dict.fromkeys("147*", 1209), **dict.fromkeys("2580", 1336),
           **dict.fromkeys("369#", 1477), **dict.fromkeys("ABCD", 1633)}
SILENCE = b"\xd5" * PACKET
QUIET = (8, SILENCE, False, 0, False)
HEAD = struct.Struct("!BBHII")
FAULTS_TOLD = 3  # of a kind
FILL_MAX = 50  # packets of silence
RCVBUFFORCE = 33  # of Linux; socket has no name for it
GAPS_MAX = 5  # of a stream: a busy machine loses packets on the way, the box tells no such
LATE = 0.06  # seconds behind its time line from which a sender lets it go


@functools.cache
def tone_packets(digit, milliseconds):
    """A digit as payloads, each tone at -10 dBm0."""
    level = 32636 * 10 ** ((-10 - 3.17) / 20)
    samples = [int(level * (math.sin(2 * math.pi * ROWS[digit] * at / 8000)
                            + math.sin(2 * math.pi * COLUMNS[digit] * at / 8000)))
               for at in range(milliseconds * 8)]
    data = audioop.lin2alaw(struct.pack(f"<{len(samples)}h", *samples), 2)
    return [data[at:at + PACKET].ljust(PACKET, b"\xd5") for at in range(0, len(data), PACKET)]


def tone_frames(digits, on_ms, off_ms):
    """(payload type, payload, marker, place of the packet in its event, is an end) of each."""
    for digit in digits:
        for payload in tone_packets(digit, on_ms):
            yield 8, payload, False, 0, False
        for _ in range(off_ms // 20):
            yield 8, SILENCE, False, 0, False


def event_frames(digits, on_ms, off_ms):
    """The same of telephone-events, each with three ends."""
    last = on_ms // 20
    for digit in digits:
        event = NAMES.index(digit)
        for place in range(1, last + 3):
            is_end = place >= last
            payload = struct.pack("!BBH", event, is_end << 7 | 10, min(place, last) * PACKET)
            yield EVENT_TYPE, payload, place == 1, place, is_end
        for _ in range(max(1, off_ms // 20 - 2)):
            yield 8, SILENCE, False, 0, False


class Hearing:
    """The digits that spandsp hears in A-law."""

    BLOCK = 8000  # octets at a time; spandsp has room for 128 digits

    def __init__(self):
        library = self.library = ctypes.CDLL("libspandsp.so.2")
        library.dtmf_rx_init.restype = ctypes.c_void_p
        library.dtmf_rx_init.argtypes = [ctypes.c_void_p] * 3
        library.dtmf_rx.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
        library.dtmf_rx_get.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
        library.dtmf_rx_get.restype = ctypes.c_size_t
        library.dtmf_rx_free.argtypes = [ctypes.c_void_p]
        self.receiver = library.dtmf_rx_init(None, None, None)
        self.waiting, self.found = bytearray(), ""

    def take(self, a_law):
        self.waiting += a_law
        while len(self.waiting) >= self.BLOCK:
            self._hear()

    def _hear(self):
        samples = audioop.alaw2lin(bytes(self.waiting[:self.BLOCK]), 2)
        del self.waiting[:self.BLOCK]
        self.library.dtmf_rx(self.receiver, samples, len(samples) // 2)
        room = ctypes.create_string_buffer(128)
        count = self.library.dtmf_rx_get(self.receiver, room, 127)
        self.found += room.raw[:count].decode()

    def digits(self):
        self._hear()
        return self.found

    def close(self):
        self.library.dtmf_rx_free(self.receiver)


class Clock:
    """Lets every party send each 20 ms, a quarter of them at a time, and take what has come."""

    PARTS = 4
    TAKES = 5  # what has come is taken every so many packets

    def __init__(self):
        self.parties, self.task = [], None
        self.late = self.stood = 0.0  # seconds: the most, and what was let go

    def add(self, party):
        self.parties.append(party)
        if not self.task:
            self.task = asyncio.ensure_future(self._run())

    async def _run(self):
        loop = asyncio.get_running_loop()
        start, number = loop.time(), 0
        while True:
            part, turn = number % self.PARTS, number // self.PARTS
            for place in range(part, len(self.parties), self.PARTS):
                party = self.parties[place]
                party.say_next()
                if (turn + place // self.PARTS) % self.TAKES == 0:
                    party.take_all()
            number += 1
            late = loop.time() - start - number * 0.02 / self.PARTS
            self.late = max(self.late, late)
            if late > LATE:  # a machine that stood still is no reason to send a flood
                start += late
                self.stood += late
            await asyncio.sleep(max(0, -late))


CLOCK = Clock()


class Dialling:
    """Beside PlainMedia or SdesMedia: what is said is silence and digits."""

    def prepare(self, has_events, losses=0, swaps=0):
        self.has_events = has_events
        self.losses, self.swaps = losses, swaps  # every so many packets of events: lost, swapped
        self.frames, self.dialled = None, asyncio.Event()
        self.number = self.event_start = 0
        self.hearing = Hearing()
        self.events, self.known = [], {}
        self.held_back = None
        self.event_packets = self.events_sent = 0
        self.cut = []  # places of the events some of whose ends it lost itself
        self.own = {"gap": 0, "overtaken": 0}  # faults of the stream that it made itself
        self.gaps, self.newest, self.lost = 0, None, 0
        self.jumps, self.line = 0, None  # of the time stamps of audio against its sequence
        self.faults = {}  # kind: [how many, the first of them]

    def fault(self, kind, what):
        found = self.faults.setdefault(kind, [0, []])
        found[0] += 1
        if len(found[1]) < FAULTS_TOLD:
            found[1].append(what)

    async def open(self):
        self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.rtp.setblocking(False)
        self.rtp.setsockopt(socket.SOL_SOCKET, RCVBUFFORCE, 1 << 20)
        self.rtp.bind((self.address, self.port))
        self.rtcp = (await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: Port(self.take_rtcp), local_addr=(self.address, self.port + 1)))[0]
        CLOCK.add(self)

    async def close(self):
        await super().close()
        CLOCK.parties.remove(self)
        self.rtp.close()
        self.hearing.close()

    def _describe(self, direction, extra=()):
        lines = super()._describe(direction, extra).splitlines()
        if not self.has_events:
            lines = [line.removesuffix(f" {EVENT_TYPE}") if line.startswith("m=") else line
                     for line in lines
                     if not line.startswith((f"a=rtpmap:{EVENT_TYPE} ", f"a=fmtp:{EVENT_TYPE} "))]
        return "\r\n".join(lines) + "\r\n"

    # Sending -------------------------------------------------------------------------------------

    async def dial(self, frames):
        """Gives back once they are said."""
        self.dialled.clear()
        self.frames = frames
        await self.dialled.wait()

    def _next_frame(self):
        if self.frames:
            for frame in self.frames:
                return frame
            self.frames = None
            self.dialled.set()
        return QUIET

    def _deliver(self, packet, place, is_end):
        """Sends, or loses, or lets the next one overtake."""
        if place:
            self.event_packets += 1
            self.events_sent += place == 1
            if self.losses and self.event_packets % self.losses == 0:
                self.own["gap"] += 1
                if is_end:
                    self.cut.append(self.events_sent - 1)
                return
            if self.swaps and self.event_packets % self.swaps == 0:
                self.own["gap"] += 1
                self.own["overtaken"] += 1
                self.held_back = packet
                return
        self._send(packet)
        if self.held_back:
            self._send(self.held_back)
            self.held_back = None

    def _send(self, packet):
        try:
            self.rtp.sendto(packet, self.remote)
        except OSError as error:
            self.fault("unsent", str(error))

    async def _speak(self):
        """The clock does it."""
        await asyncio.Event().wait()

    def say_next(self):
        if not self.task:
            return
        if self.direction in SENDS and not self.held and self.remote:
            kind, payload, marker, place, is_end = self._next_frame()
            now = (self.begin + self.number * PACKET) & 0xffffffff
            if place == 1:
                self.event_start = now
            packet = HEAD.pack(0x80, kind | marker << 7, self.sequence,
                               self.event_start if place else now, self.ssrc) + payload
            self._deliver(self.seal(packet), place, is_end)
            self.sequence = (self.sequence + 1) & 0xffff
            self.sent += 1
        self.number += 1

    # Receiving -----------------------------------------------------------------------------------

    def take_all(self):
        try:
            while True:
                self.take_rtp(self.rtp.recv(2048), None)
        except BlockingIOError:
            pass
        except ConnectionRefusedError:  # who hung up first is told of packets that were under way
            pass

    def take_rtp(self, packet, _):
        if len(packet) > 1 and 192 <= packet[1] <= 223:
            self.take_rtcp(packet, _)
            return
        packet = self.unseal(packet)
        if packet is None or len(packet) < 12:
            return
        first, second, sequence, timestamp, ssrc = HEAD.unpack_from(packet)
        body, kind = packet[12 + 4 * (first & 15):], second & 0x7f
        self._check_stream(sequence, timestamp, ssrc)
        if kind == 8:
            self._hear(sequence, timestamp, body)
        elif kind == EVENT_TYPE and len(body) == 4:
            self._take_event(timestamp, *struct.unpack("!BBH", body))
        else:
            self.fault("type", f"payload type {kind} of {len(body)} octets")

    def _hear(self, sequence, timestamp, body):
        """Where nothing was said for a time there is silence, as a player would have it."""
        if self.line:
            ahead, later = (sequence - self.line[0]) & 0xffff, timestamp - self.line[1]
            later &= 0xffffffff
            self.jumps += later != ahead * PACKET
            if PACKET < later < 1 << 31:
                self.hearing.take(SILENCE * min(later // PACKET - 1, FILL_MAX))
        self.line = (sequence, timestamp)
        self.hearing.take(body)

    def _check_stream(self, sequence, timestamp, ssrc):
        """One SSRC, one sequence without a gap, and a time line that never goes back along it. A
        packet that was overtaken is compared with the newest one too."""
        newest = self.newest
        if not newest:
            self.newest = (sequence, timestamp, ssrc)
            return
        if ssrc != newest[2]:
            self.fault("ssrc", f"{newest[2]:x} to {ssrc:x}")
        ahead = (sequence - newest[0]) & 0xffff
        later = (timestamp - newest[1]) & 0xffffffff
        is_overtaken = ahead >= 1 << 15
        if ahead == 0:
            self.fault("twice", f"sequence {sequence}")
        elif is_overtaken:
            self.fault("overtaken", f"sequence {sequence} after {newest[0]}")
        elif ahead != 1:
            self.gaps += 1
            self.lost += ahead - 1
            if self.gaps > GAPS_MAX:
                self.fault("gap", f"sequence {newest[0]} to {sequence}")
        if later and (later >= 1 << 31) != is_overtaken:
            self.fault("time", f"sequence {newest[0]} to {sequence}, "
                               f"time stamp {newest[1]} to {timestamp}")
        if not is_overtaken:
            self.newest = (sequence, timestamp, ssrc)

    def _take_event(self, timestamp, event, second, duration):
        key = (timestamp, event)
        if key not in self.known:
            self.known[key] = {"first": duration, "ends": 0, "duration": duration}
            self.events.append(key)
        state = self.known[key]
        state["duration"] = max(state["duration"], duration)
        state["ends"] += second >> 7

    def heard_digits(self):
        """`short`: places of events without three ends; `cut`: of its own, whose ends it lost;
        `own`: how many faults of the stream it made itself."""
        self.take_all()
        return {"rfc4733": "".join(NAMES[event] for _, event in self.events),
                "tones": self.hearing.digits(), "faults": self.faults, "cut": self.cut,
                "own": self.own,
                "short": [place for place, key in enumerate(self.events)
                          if self.known[key]["ends"] < 3],
                "lost": self.lost, "jumps": self.jumps}


class PlainDigits(Dialling, PlainMedia):
    pass


class SdesDigits(Dialling, SdesMedia):
    pass
