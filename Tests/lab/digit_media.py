# SPDX-License-Identifier: Apache-2.0
"""Media of a party that dials: A-law with digits in it, as tones or as telephone-events, and what
came of either. Tones are judged by spandsp."""

import asyncio
import audioop
import ctypes
import math
import struct

from agent_media import PACKET, SENDS, PlainMedia, SdesMedia

EVENT_TYPE = 101
NAMES = "0123456789*#ABCD"
ROWS = {**dict.fromkeys("123A", 697), **dict.fromkeys("456B", 770), **dict.fromkeys("789C", 852),
        **dict.fromkeys("*0#D", 941)}
COLUMNS = {**dict.fromkeys("147*", 1209), **dict.fromkeys("2580", 1336),
           **dict.fromkeys("369#", 1477), **dict.fromkeys("ABCD", 1633)}
SILENCE = b"\xd5" * PACKET
GAPS_MAX = 5  # of a stream: a busy machine loses packets on the way to a party, the box tells no such
LATE = 0.06  # seconds behind its time line from which a sender lets it go


def tone_packets(digit, milliseconds):
    """A digit as payloads, each tone at -10 dBm0."""
    level = 32636 * 10 ** ((-10 - 3.17) / 20)
    samples = [int(level * (math.sin(2 * math.pi * ROWS[digit] * at / 8000)
                            + math.sin(2 * math.pi * COLUMNS[digit] * at / 8000)))
               for at in range(milliseconds * 8)]
    data = audioop.lin2alaw(struct.pack(f"<{len(samples)}h", *samples), 2)
    return [data[at:at + PACKET].ljust(PACKET, b"\xd5") for at in range(0, len(data), PACKET)]


def tones_in(a_law):
    """The digits that spandsp hears."""
    library = ctypes.CDLL("libspandsp.so.2")
    library.dtmf_rx_init.restype = ctypes.c_void_p
    library.dtmf_rx_init.argtypes = [ctypes.c_void_p] * 3
    library.dtmf_rx.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    library.dtmf_rx_get.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    library.dtmf_rx_get.restype = ctypes.c_size_t
    library.dtmf_rx_free.argtypes = [ctypes.c_void_p]
    receiver = library.dtmf_rx_init(None, None, None)
    found = ""
    for at in range(0, len(a_law), PACKET):
        samples = audioop.alaw2lin(a_law[at:at + PACKET], 2)
        library.dtmf_rx(receiver, samples, len(samples) // 2)
        room = ctypes.create_string_buffer(128)
        count = library.dtmf_rx_get(receiver, room, 127)
        found += room.raw[:count].decode()
    library.dtmf_rx_free(receiver)
    return found


class Dialling:
    """Beside PlainMedia or SdesMedia: what is said is silence and digits."""

    def prepare(self, has_events, losses=0, swaps=0):
        self.has_events = has_events
        self.losses, self.swaps = losses, swaps  # every so many packets of events: lost, swapped
        self.frames = asyncio.Queue()  # (payload type, payload, marker, starts an event)
        self.audio = bytearray()
        self.events, self.known = [], {}
        self.held_back = None
        self.event_packets = self.gaps = 0
        self.errors = []

    def _describe(self, direction, extra=()):
        text = super()._describe(direction, extra)
        if self.has_events:
            return text
        return "".join(line for line in text.splitlines(keepends=True) if " 101" not in line
                       or line.startswith("m=")).replace(" 8 101", " 8").replace(
                           "a=rtpmap:101 telephone-event/8000\r\n", "").replace(
                               "a=fmtp:101 0-15\r\n", "")

    # Sending -------------------------------------------------------------------------------------

    def dial_tones(self, digits, on_ms, off_ms):
        for digit in digits:
            for payload in tone_packets(digit, on_ms):
                self.frames.put_nowait((8, payload, False, False))
            for _ in range(off_ms // 20):
                self.frames.put_nowait((8, SILENCE, False, False))

    def dial_events(self, digits, on_ms, off_ms):
        for digit in digits:
            event = NAMES.index(digit)
            last = on_ms // 20
            for place in range(1, last + 3):
                end = 0x80 if place >= last else 0
                payload = struct.pack("!BBH", event, end | 10, min(place, last) * PACKET)
                self.frames.put_nowait((EVENT_TYPE, payload, place == 1, place == 1))
            for _ in range(max(1, off_ms // 20 - 2)):
                self.frames.put_nowait((8, SILENCE, False, False))

    def _deliver(self, packet, is_event):
        """Sends, or loses, or lets the next one overtake."""
        self.event_packets += is_event
        if is_event and self.losses and self.event_packets % self.losses == 0:
            return
        if is_event and self.swaps and self.event_packets % self.swaps == 0:
            self.held_back = packet
            return
        self.rtp.sendto(packet, self.remote)
        if self.held_back:
            self.rtp.sendto(self.held_back, self.remote)
            self.held_back = None

    async def _speak(self):
        loop = asyncio.get_running_loop()
        start, number, event_start = loop.time(), 0, 0
        while True:
            if self.direction in SENDS and not self.held and self.remote:
                kind, payload, marker, starts = (
                    self.frames.get_nowait() if not self.frames.empty()
                    else (8, SILENCE, False, False))
                now = (self.begin + number * PACKET) & 0xffffffff
                event_start = now if starts else event_start
                packet = struct.pack(
                    "!BBHII", 0x80, kind | (0x80 if marker else 0), self.sequence,
                    event_start if kind == EVENT_TYPE else now, self.ssrc) + payload
                self._deliver(self.seal(packet), kind == EVENT_TYPE)
                self.sequence = (self.sequence + 1) & 0xffff
                self.sent += 1
            number += 1
            late = loop.time() - start - number * 0.02
            if late > LATE:  # a machine that stood still is no reason to send a flood
                start += late
            await asyncio.sleep(max(0, -late))

    # Receiving -----------------------------------------------------------------------------------

    def take_rtp(self, packet, _):
        if len(packet) > 1 and 192 <= packet[1] <= 223:
            self.take_rtcp(packet, _)
            return
        packet = self.unseal(packet)
        if packet is None or len(packet) < 12:
            return
        sequence, timestamp, ssrc = struct.unpack("!HII", packet[2:12])
        body, kind = packet[12 + 4 * (packet[0] & 15):], packet[1] & 0x7f
        self.record.count(sequence)
        self._check_stream(sequence, timestamp, ssrc)
        if kind == 8:
            self.audio += body
        elif kind == EVENT_TYPE and len(body) == 4:
            self._take_event(timestamp, *struct.unpack("!BBH", body))
        else:
            self.errors.append(f"payload type {kind} of {len(body)} octets")

    def _check_stream(self, sequence, timestamp, ssrc):
        """One SSRC, one sequence without a gap, and a time line that never goes back."""
        last = getattr(self, "last_of_stream", None)
        self.last_of_stream = (sequence, timestamp, ssrc)
        if not last:
            return
        if ssrc != last[2]:
            self.errors.append("another SSRC")
        if (sequence - last[0]) & 0xffff != 1:
            self.gaps += 1
            if self.gaps > GAPS_MAX:
                self.errors.append(f"sequence {last[0]} to {sequence}")
        if (timestamp - last[1]) & 0xffffffff >= 1 << 31:
            self.errors.append(f"time stamp {last[1]} back to {timestamp}")

    def _take_event(self, timestamp, event, second, duration):
        key = (timestamp, event)
        if key not in self.known:
            self.known[key] = {"first": duration, "ends": 0, "duration": duration}
            self.events.append(key)
        state = self.known[key]
        state["duration"] = max(state["duration"], duration)
        state["ends"] += second >> 7

    def heard_digits(self):
        short = [key for key in self.events if self.known[key]["ends"] < 3]
        if short:
            self.errors.append(f"{len(short)} events without three end packets")
        return {"events": "".join(NAMES[event] for _, event in self.events),
                "tones": tones_in(bytes(self.audio)), "errors": self.errors[:20],
                "error_count": len(self.errors), "lost": self.record.lost}


class PlainDigits(Dialling, PlainMedia):
    pass


class SdesDigits(Dialling, SdesMedia):
    pass
