# SPDX-License-Identifier: Apache-2.0
"""Media of our own user agent: G.711 as RTP, plain or as SRTP with keys from SDP (RFC 4568)."""

import asyncio
import audioop
import base64
import secrets
import struct
import time
import wave

PACKET = 160  # samples of 20 ms
OLD_KEY_SECONDS = 2.0

# name: (bytes of master key and salt, name in pylibsrtp)
SUITES = {
    "AES_CM_128_HMAC_SHA1_80": (30, "SRTP_PROFILE_AES128_CM_SHA1_80"),
    "AES_CM_128_HMAC_SHA1_32": (30, "SRTP_PROFILE_AES128_CM_SHA1_32"),
    "AEAD_AES_128_GCM": (28, "SRTP_PROFILE_AEAD_AES_128_GCM"),
    "AEAD_AES_256_GCM": (44, "SRTP_PROFILE_AEAD_AES_256_GCM"),
}
SENDS = ("sendrecv", "sendonly")
MIRRORED = {"sendonly": "recvonly", "recvonly": "sendonly"}


def a_law_packets(path):
    """The G.711 payloads of a wave file."""
    with wave.open(path, "rb") as file:
        data = audioop.lin2alaw(file.readframes(file.getnframes()), 2)
    return [data[at:at + PACKET] for at in range(0, len(data) - PACKET + 1, PACKET)]


def attribute(sdp, name):
    """The values of a= lines of that name."""
    return [line[len(name) + 3:] for line in sdp.splitlines() if line.startswith(f"a={name}:")]


def direction_of(sdp):
    flags = [line[2:] for line in sdp.splitlines()]
    return next((d for d in ("sendonly", "recvonly", "inactive") if d in flags), "sendrecv")


class Record:
    """What came in: audio to be compared, and figures."""

    def __init__(self, path):
        self.file = wave.open(path, "wb")
        self.file.setnchannels(1)
        self.file.setsampwidth(2)
        self.file.setframerate(8000)
        self.packets = self.rtcp = self.lost = self.early = 0
        self.longest_gap = 0.0
        self.errors = {}
        self.last = None  # (time, sequence)

    def take(self, sequence, audio):
        self.count(sequence)
        self.hear(audio)

    def count(self, sequence):
        now = time.monotonic()
        if self.last:
            self.lost += max(0, ((sequence - self.last[1] - 1 + 0x8000) & 0xffff) - 0x8000)
            self.longest_gap = max(self.longest_gap, now - self.last[0])
        self.last = (now, sequence)
        self.packets += 1

    def hear(self, audio):
        self.file.writeframes(audio)

    def failed(self, why):
        self.errors[why] = self.errors.get(why, 0) + 1

    def figures(self):
        return {"packets": self.packets, "rtcp": self.rtcp, "lost": self.lost,
                "early": self.early, "gap": round(self.longest_gap, 3), "errors": self.errors}


class Port(asyncio.DatagramProtocol):
    def __init__(self, take):
        self.take = take

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, source):
        self.take(data, source)


class PlainMedia:
    """RTP/AVP with PCMA. Sends from the start of a call to its end unless held."""

    profile = "RTP/AVP"

    def __init__(self, address, port, speech, heard):
        self.address, self.port = address, port
        self.payloads = a_law_packets(speech)
        self.record = Record(heard)
        self.held = False
        self.direction = "sendrecv"
        self.version = 0
        self.remote = None
        self.task = None
        self.sent = 0
        self.ssrc = secrets.randbits(32)
        self.sequence = secrets.randbits(16)
        self.begin = secrets.randbits(32)

    async def open(self):
        loop = asyncio.get_running_loop()
        self.rtp = (await loop.create_datagram_endpoint(
            lambda: Port(self.take_rtp), local_addr=(self.address, self.port)))[0]
        self.rtcp = (await loop.create_datagram_endpoint(
            lambda: Port(self.take_rtcp), local_addr=(self.address, self.port + 1)))[0]

    # Session descriptions ------------------------------------------------------------------------

    def _describe(self, direction, extra=()):
        self.version += 1
        kind = "IP6" if ":" in self.address else "IP4"
        lines = ["v=0", f"o=- {self.ssrc} {self.version} IN {kind} {self.address}", "s=-",
                 f"c=IN {kind} {self.address}", "t=0 0",
                 f"m=audio {self.port} {self.profile} 8 101", "a=rtpmap:8 PCMA/8000",
                 "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", *extra, f"a={direction}"]
        return "\r\n".join(lines) + "\r\n"

    def _apply(self, sdp, direction):
        lines = sdp.splitlines()
        host = [line.split()[2] for line in lines if line.startswith("c=")][-1]
        port = int(next(line.split()[1] for line in lines if line.startswith("m=audio")))
        if port == 0:
            raise ValueError("no audio")
        self.remote, self.direction = (host, port), direction
        if not self.task:
            self.task = asyncio.ensure_future(self._speak())

    async def offer(self):
        return self._describe("sendonly" if self.held else "sendrecv")

    async def answer(self, sdp):
        direction = self._answering(sdp)
        self._apply(sdp, direction)
        return self._describe(direction)

    async def accept(self, sdp):
        direction = direction_of(sdp)
        self._apply(sdp, MIRRORED.get(direction, direction))

    def _answering(self, sdp):
        direction = direction_of(sdp)
        return MIRRORED.get(direction, direction)

    async def rekey(self):
        raise ValueError("nothing to key")

    # Packets -------------------------------------------------------------------------------------

    def seal(self, packet):
        return packet

    def unseal(self, packet):
        return packet

    async def _speak(self):
        loop = asyncio.get_running_loop()
        start, number = loop.time(), 0
        while True:
            if self.direction in SENDS and not self.held and self.remote:
                payload = self.payloads[self.sent % len(self.payloads)]
                packet = struct.pack("!BBHII", 0x80, 8, self.sequence,
                                     (self.begin + number * PACKET) & 0xffffffff,
                                     self.ssrc) + payload
                self.rtp.sendto(self.seal(packet), self.remote)
                self.sequence = (self.sequence + 1) & 0xffff
                self.sent += 1
            number += 1
            await asyncio.sleep(max(0, start + number * 0.02 - loop.time()))

    def take_rtp(self, packet, _):
        if len(packet) > 1 and 192 <= packet[1] <= 223:
            self.take_rtcp(packet, _)
            return
        packet = self.unseal(packet)
        if packet is None or len(packet) < 12 or packet[1] & 0x7f != 8:
            return
        body = packet[12 + 4 * (packet[0] & 15):]
        self.record.take(struct.unpack("!H", packet[2:4])[0], audioop.alaw2lin(body, 2))

    def take_rtcp(self, packet, _):
        self.record.rtcp += 1

    def figures(self):
        return dict(self.record.figures(), sent=self.sent, direction=self.direction,
                    own=(self.ssrc, self.sequence))

    async def stop(self):
        if self.task:
            self.task.cancel()
            self.task = None

    async def close(self):
        await self.stop()
        self.record.file.close()


class SdesMedia(PlainMedia):
    """RTP/SAVP with keys in SDP."""

    profile = "RTP/SAVP"

    def __init__(self, address, port, speech, heard, suites):
        super().__init__(address, port, speech, heard)
        self.suites = suites
        self.keys = {}  # suite -> our key as offered
        self.chosen = None
        self.sealing = None  # (key line, session)
        self.opening = None
        self.old = None  # (session, until when)

    def _lines(self, suites):
        for suite in suites:
            if suite not in self.keys:
                self.keys[suite] = base64.b64encode(
                    secrets.token_bytes(SUITES[suite][0])).decode()
        return [f"a=crypto:{self.suites.index(s) + 1} {s} inline:{self.keys[s]}|2^31"
                for s in suites]

    @staticmethod
    def _session(suite, key, inbound):
        from pylibsrtp import Policy, Session
        return Session(Policy(
            key=base64.b64decode(key),
            ssrc_type=Policy.SSRC_ANY_INBOUND if inbound else Policy.SSRC_ANY_OUTBOUND,
            srtp_profile=getattr(Policy, SUITES[suite][1])))

    def _install(self, suite, theirs):
        """Keys that did not change keep their session, which holds the roll-over counter."""
        ours = self.keys[suite]
        if not self.sealing or self.sealing[0] != (suite, ours):
            self.sealing = ((suite, ours), self._session(suite, ours, False))
        if not self.opening or self.opening[0] != (suite, theirs):
            if self.opening:
                self.old = (self.opening[1], time.monotonic() + OLD_KEY_SECONDS)
            self.opening = ((suite, theirs), self._session(suite, theirs, True))
        self.chosen = suite

    @staticmethod
    def _offered(sdp):
        """[(tag, suite, key)] of the crypto lines."""
        found = []
        for line in attribute(sdp, "crypto"):
            tag, suite, key = line.split()[:3]
            found.append((tag, suite, key.removeprefix("inline:").split("|")[0]))
        return found

    async def offer(self):
        return self._describe("sendonly" if self.held else "sendrecv",
                              self._lines([self.chosen] if self.chosen else self.suites))

    async def accept(self, sdp):
        taken = self._offered(sdp)
        if not taken or "RTP/SAVP" not in sdp:
            raise ValueError("the answer has no keys")
        _, suite, key = taken[0]
        self._install(suite, key)
        await super().accept(sdp)

    async def answer(self, sdp):
        for tag, suite, key in self._offered(sdp):
            if suite in self.suites:
                self._lines([suite])
                self._install(suite, key)
                direction = self._answering(sdp)
                self._apply(sdp, direction)
                return self._describe(
                    direction, [f"a=crypto:{tag} {suite} inline:{self.keys[suite]}"])
        raise ValueError("no suite of ours is offered")

    async def rekey(self):
        """The next offer brings another key of ours."""
        self.keys = {}

    def seal(self, packet):
        return self.sealing[1].protect(packet)

    def unseal(self, packet):
        return self._try("unprotect", packet)

    def _try(self, how, packet):
        from pylibsrtp import Error
        if not self.opening:
            self.record.early += 1  # media may come before the answer that has its keys
            return None
        try:
            return getattr(self.opening[1], how)(packet)
        except Error as error:
            if self.old and time.monotonic() < self.old[1]:
                try:
                    return getattr(self.old[0], how)(packet)
                except Error:
                    pass
            self.record.failed(str(error))
            return None

    def take_rtcp(self, packet, _):
        if self._try("unprotect_rtcp", packet) is not None:
            self.record.rtcp += 1

    def figures(self):
        return dict(super().figures(), suite=self.chosen)
