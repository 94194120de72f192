# SPDX-License-Identifier: Apache-2.0
"""Media endpoints: numbered packets of G.711 and its like, as RTP or as SRTP with keys from SDP.

Each packet says who made it, so that a scenario can tell who hears whom. Sound is not looked at: a
relay passes payloads as they are.
"""

import asyncio
import base64
import re
import secrets
import struct
import sys
import time
import os

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from pylibsrtp import Error, Policy, Session  # noqa: E402
import sdp  # noqa: E402
from wires import rtp  # noqa: E402

FRAME = 0.02  # seconds
OLD_KEY_SECONDS = 3.0
PROFILES = {sdp.SUITE: Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
            sdp.SHORT_SUITE: Policy.SRTP_PROFILE_AES128_CM_SHA1_32}
KEY = re.compile(r"inline:([A-Za-z0-9+/]{40})(\|2\^\d+|\|\d+)?(\|\d+:\d+)?$")


def session(suite, key, inbound):
    kind = Policy.SSRC_ANY_INBOUND if inbound else Policy.SSRC_ANY_OUTBOUND
    return Session(Policy(key=base64.b64decode(key), ssrc_type=kind,
                          srtp_profile=PROFILES[suite]))


class Ticker:
    """Lets all endpoints speak, one packet each in a while."""

    def __init__(self):
        self.endpoints = set()
        self.task = None

    def start(self):
        self.task = asyncio.ensure_future(self._run())

    async def _run(self):
        loop = asyncio.get_running_loop()
        due, turn = loop.time(), 0
        while True:
            for endpoint in tuple(self.endpoints):
                if turn % endpoint.pace == 0:
                    endpoint.speak()
            turn += 1
            due = max(due + FRAME, loop.time() - 0.2)  # a late machine catches up only so far
            await asyncio.sleep(max(0, due - loop.time()))

    def stop(self):
        if self.task:
            self.task.cancel()


class Port(asyncio.DatagramProtocol):
    def __init__(self, take):
        self.take = take

    def datagram_received(self, data, source):
        self.take(data, source)

    def error_received(self, error):
        pass


class Endpoint:
    """One party of one call. `net` has open_udp(side, address, port) and a ticker."""

    def __init__(self, net, side, name, address, port, secure=False, codecs=None, mux=False):
        self.net, self.side, self.name = net, side, name
        self.address, self.port, self.secure = address, port, secure
        self.codecs = list(codecs or (sdp.PUBLISHED if secure else sdp.USUAL))
        self.mux, self.ice, self.numbers, self.extra = mux, None, None, ()
        self.suites = [(1, sdp.SUITE, "|2^31")]  # (tag, suite, life time) of our offers
        self.profile = None
        self.mark = secrets.token_bytes(4)  # begins each payload
        self.keys = {}  # suite -> our key
        self.sealing = self.opening = self.old = None
        self.chosen = None  # (tag, suite, life time) of the answer
        self.session, self.version, self.said = secrets.randbits(30), 0, None
        self.direction, self.hold, self.talks = "sendrecv", None, True
        self.remote = self.remote_rtcp = self.peer = None
        self.encoding = self.number = self.event = None
        self.pace = 1
        self.other = None  # says what this one hears
        self.ssrc, self.sequence = secrets.randbits(32), secrets.randbits(15)
        self.stamp, self.sent = secrets.randbits(32), 0
        self.heard, self.numbers_heard, self.digits = {}, {}, []
        self.sources, self.errors, self.rtcp = {}, [], 0
        self.early = 0  # packets before there was a key to open them
        self.last = 0.0
        self.transport = self.control = None

    async def open(self):
        if self.transport is None:
            self.transport = await self.net.open_udp(self.side, self.address, self.port,
                                                     Port(self.take))
            if not self.mux:
                self.control = await self.net.open_udp(self.side, self.address, self.port + 1,
                                                       Port(self.take))
            self.net.ticker.endpoints.add(self)
        return self

    def close(self):
        self.net.ticker.endpoints.discard(self)
        for transport in (self.transport, self.control):
            if transport:
                transport.close()
        self.transport = self.control = None

    # Session descriptions ------------------------------------------------------------------------

    def _key_lines(self, choices):
        for _, suite, _ in choices:
            self.keys.setdefault(suite, base64.b64encode(secrets.token_bytes(30)).decode())
        return [f"{tag} {suite} inline:{self.keys[suite]}{life}" for tag, suite, life in choices]

    def _write(self, codecs, crypto, direction, numbers=None):
        def text(version):
            return sdp.write(self.address, self.port, codecs, direction, crypto, self.ice,
                             self.mux, version, self.session, self.profile,
                             numbers or self.numbers, extra=self.extra,
                             origin="127.0.0.1" if self.secure else self.address)
        if self.said is None or text(0) != self.said:
            self.version += 1
            self.said = text(0)
        return text(self.version)

    def offer(self):
        suites = [self.chosen] if self.chosen else self.suites
        crypto = self._key_lines(suites) if self.secure else ()
        codecs = self.codecs
        self.direction = self.hold or "sendrecv"
        return self._write(codecs, crypto, self.direction)

    def _names(self, peer):
        """The first codec of the other side that we have, then events and noise; and the payload
        types by which it is to be spoken to."""
        known = {sdp.CODECS[name][1].upper(): name for name in self.codecs}
        audio = next((e for e in peer.audio if e.upper() in known), None)
        if audio is None:
            raise ValueError(f"{self.name} has none of {peer.audio}")
        names = [known[audio.upper()]]
        names += [known[e.upper()] for e in peer.encodings.values()
                  if e.upper() in known and known[e.upper()] in ("EVENT", "CN")]
        return names, {name: peer.number_of(sdp.CODECS[name][1]) for name in names}

    def answer(self, text):
        peer = sdp.Description(text)
        names, numbers = self._names(peer)
        crypto = ()
        if self.secure:
            line = next((row for row in peer.crypto if row[1] == sdp.SUITE), None)
            if line is None:
                raise ValueError("no usable key is offered")
            self.chosen = (line[0], line[1], "|2^31")
            crypto = self._key_lines([self.chosen])
        wanted = sdp.MIRRORED.get(peer.direction, peer.direction)
        if self.hold and wanted != "inactive":
            wanted = self.hold
        self._apply(peer, names, wanted)
        return self._write(names, crypto, wanted, numbers)

    def accept(self, text):
        peer = sdp.Description(text)
        names, _ = self._names(peer)
        if self.secure and peer.crypto:
            tag = int(peer.crypto[0][0])
            ours = next((c for c in ([self.chosen] if self.chosen else self.suites)
                         if int(c[0]) == tag and c[1] == peer.crypto[0][1]), None)
            if ours is None:
                raise ValueError(f"the answer has the key line {peer.crypto[0][:2]}")
            self.chosen = ours
        self._apply(peer, names, sdp.MIRRORED.get(peer.direction, peer.direction))

    def _apply(self, peer, names, direction):
        self.peer, self.direction = peer, direction
        self.encoding = sdp.CODECS[names[0]][1]
        self.number = peer.number_of(self.encoding)
        self.event = peer.number_of("telephone-event/8000")
        self.remote = (peer.host, peer.port)
        self.remote_rtcp = (peer.host, peer.port if peer.mux and self.mux else peer.rtcp)
        if not self.secure:
            return
        line = next((row for row in peer.crypto if row[1] == self.chosen[1]), None)
        match = KEY.match(line[2]) if line else None
        if match is None:
            raise ValueError(f"no key in {peer.crypto}")
        suite, theirs = self.chosen[1], match.group(1)
        if not self.sealing or self.sealing[0] != self.keys[suite]:
            self.sealing = (self.keys[suite], session(suite, self.keys[suite], False))
        if not self.opening or self.opening[0] != theirs:
            if self.opening:
                self.old = (self.opening[1], time.monotonic() + OLD_KEY_SECONDS)
            self.opening = (theirs, session(suite, theirs, True))

    # Packets -------------------------------------------------------------------------------------

    def place(self):
        """Where packets go now; None for nowhere."""
        return self.remote

    def speak(self):
        if (self.talks and self.number is not None and self.transport
                and self.direction in ("sendrecv", "sendonly") and self.place()):
            payload = self.mark + struct.pack("!I", self.sent) + b"\xd5" * 152
            self.send(payload, self.number)
            self.stamp = (self.stamp + 160 * self.pace) & 0xffffffff

    def splice(self, other):
        """From now on each of the two says what the other one hears, and nothing else."""
        for one, peer in ((self, other), (other, self)):
            one.talks, one.other = False, peer

    def say_again(self, payload):
        if self.number is not None and self.transport and self.place():
            self.send(payload, self.number)
            self.stamp = (self.stamp + 160) & 0xffffffff

    def send(self, payload, number, marker=False):
        packet = rtp(self.sequence, self.stamp, self.ssrc, payload, number, marker)
        self.sequence = (self.sequence + 1) & 0xffff
        self.sent += 1
        if self.secure:
            if not self.sealing:
                return
            packet = self.sealing[1].protect(packet)
        self.put(packet)

    def put(self, packet):
        place = self.place()
        if place and self.transport:
            self.transport.sendto(packet, place)

    async def press(self, digit):
        """One key as RFC 4733 events."""
        code = "0123456789*#ABCD".index(digit)
        self.talks = False
        await asyncio.sleep(0.04)
        for number in range(8):
            end = number >= 5
            self.send(struct.pack("!BBH", code, (0x80 if end else 0) | 10, 160 * (number + 1)),
                      self.event, number == 0)
            await asyncio.sleep(FRAME)
        self.stamp = (self.stamp + 1600) & 0xffffffff
        self.talks = True

    def take(self, packet, source):
        if len(packet) < 12:
            return
        if packet[0] >> 6 != 2:
            self.take_other(packet, source)
            return
        control = 192 <= packet[1] <= 223
        if self.secure:
            packet = self._open("unprotect_rtcp" if control else "unprotect", packet)
            if packet is None:
                return
        if control:
            self.rtcp += 1
            return
        number, payload = packet[1] & 0x7f, packet[12 + 4 * (packet[0] & 15):]
        self.last = time.monotonic()
        self.sources[source] = self.sources.get(source, 0) + 1
        self.numbers_heard[number] = self.numbers_heard.get(number, 0) + 1
        if len(payload) == 4 and self.is_event(number):
            code, flags = payload[0], payload[1]
            stamp = struct.unpack("!I", packet[4:8])[0]
            if flags & 0x80 and (stamp, code) not in self.digits:
                self.digits.append((stamp, code))
        else:
            self.heard[payload[:4]] = self.heard.get(payload[:4], 0) + 1
            if self.other:
                self.other.say_again(payload)

    def is_event(self, number):
        ours = (self.numbers or {}).get("EVENT", sdp.CODECS["EVENT"][0])
        return number in (ours, self.event)

    def keys_pressed(self):
        return "".join("0123456789*#ABCD"[code] for _, code in self.digits)

    def take_other(self, packet, source):
        """What is neither RTP nor RTCP: nobody sends such a thing without ICE."""
        self.errors.append(f"{packet[:4].hex()} is not RTP")

    def _open(self, how, packet):
        if not self.opening:
            self.early += 1
            return None
        try:
            return getattr(self.opening[1], how)(packet)
        except Error as error:
            if self.old and time.monotonic() < self.old[1]:
                try:
                    return getattr(self.old[0], how)(packet)
                except Error:
                    pass
            self.errors.append(f"{how}: {error}")
            return None

    def heard_of(self, other):
        return self.heard.get(other.mark, 0)
