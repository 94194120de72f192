# SPDX-License-Identifier: Apache-2.0
"""Media of a browser, by aiortc: DTLS-SRTP, full ICE and RTCP on the port of RTP."""

import asyncio
import fractions
import re
import wave

from agent_media import MIRRORED, PACKET, Record, direction_of
from aiortc import (MediaStreamTrack, RTCConfiguration, RTCDtlsTransport, RTCPeerConnection,
                    RTCRtpSender, RTCSessionDescription)
from av import AudioFrame


class Speech(MediaStreamTrack):
    """A wave file, again and again, in frames of 20 ms; silent means no frames at all."""

    kind = "audio"

    def __init__(self, path):
        super().__init__()
        with wave.open(path, "rb") as file:
            data = file.readframes(file.getnframes())
        step = PACKET * 2
        self.frames = [data[at:at + step] for at in range(0, len(data) - step + 1, step)]
        self.sent = self.clock = 0
        self.start = None
        self.speaks = True

    async def recv(self):
        loop = asyncio.get_running_loop()
        self.start = self.start or loop.time()
        while True:
            self.clock += 1
            await asyncio.sleep(max(0, self.start + self.clock * 0.02 - loop.time()))
            if self.speaks:
                break
        frame = AudioFrame(format="s16", layout="mono", samples=PACKET)
        frame.planes[0].update(self.frames[self.sent % len(self.frames)])
        frame.sample_rate, frame.pts = 8000, self.clock * PACKET
        frame.time_base = fractions.Fraction(1, 8000)
        self.sent += 1
        return frame


class CountingSession:
    """An SRTP session that counts what it refuses and what it opens."""

    def __init__(self, inner, record):
        self.inner, self.record = inner, record

    def _count(self, how, packet):
        try:
            return how(packet)
        except Exception as error:
            self.record.failed(str(error))
            raise

    def unprotect(self, packet):
        return self._count(self.inner.unprotect, packet)

    def unprotect_rtcp(self, packet):
        plain = self._count(self.inner.unprotect_rtcp, packet)
        self.record.rtcp += 1
        return plain


def count_what_is_opened(record):
    """Every SRTP session for what comes in, from its first packet on."""
    set_up = RTCDtlsTransport._setup_srtp

    def set_up_and_count(transport):
        set_up(transport)
        transport._rx_srtp = CountingSession(transport._rx_srtp, record)

    RTCDtlsTransport._setup_srtp = set_up_and_count


class WebrtcMedia:
    """One audio transceiver of one peer connection."""

    def __init__(self, speech, heard):
        self.record = Record(heard)
        count_what_is_opened(self.record)
        self.track = Speech(speech)
        self.held = False
        self.remote_direction = "sendrecv"
        self.transceiver = None

    async def open(self):
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.connection.on("track", lambda track: asyncio.ensure_future(self._listen(track)))

    async def _listen(self, track):
        number = None
        while True:
            try:
                frame = await track.recv()
            except Exception:  # aiortc's way to say that the track has ended
                return
            number = frame.pts // PACKET
            self.record.take(number & 0xffff, bytes(frame.planes[0])[:frame.samples * 2])

    def _speak(self):
        if not self.transceiver:
            self.connection.addTrack(self.track)
            self.transceiver = self.connection.getTransceivers()[0]
            self.transceiver.setCodecPreferences(
                [c for c in RTCRtpSender.getCapabilities("audio").codecs
                 if c.mimeType == "audio/PCMA"])

    def _mute(self):
        self.track.speaks = not self.held and self.remote_direction in ("sendrecv", "recvonly")

    @staticmethod
    def _with_mid(sdp):
        """aiortc finds a description's media by a=mid alone, which SIP peers need not send."""
        if "a=mid:" in sdp:
            return sdp
        return re.sub(r"(m=audio [^\r\n]*\r?\n)", r"\1a=mid:0\r\n", sdp, count=1)

    async def offer(self):
        self._speak()
        self.transceiver.direction = "sendonly" if self.held else "sendrecv"
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def accept(self, sdp):
        self.remote_direction = direction_of(sdp)
        self._mute()
        await self.connection.setRemoteDescription(
            RTCSessionDescription(self._with_mid(sdp), "answer"))

    async def answer(self, sdp):
        profile = re.search(r"m=audio \d+ (\S+)", sdp).group(1)
        self.remote_direction = direction_of(sdp)
        self._mute()
        await self.connection.setRemoteDescription(
            RTCSessionDescription(self._with_mid(sdp), "offer"))
        self._speak()
        self.transceiver.direction = MIRRORED.get(self.remote_direction, self.remote_direction)
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        answer = self.connection.localDescription.sdp
        return re.sub(r"(m=audio \d+ )\S+", rf"\g<1>{profile}", answer)

    async def rekey(self):
        raise ValueError("aiortc does not handshake twice")

    def figures(self):
        sender = self.transceiver.sender if self.transceiver else None
        return dict(self.record.figures(), sent=self.track.sent,
                    own=(sender and sender._ssrc, 0),
                    state=self.connection.connectionState,
                    ice=self.connection.iceConnectionState, direction=self.remote_direction)

    async def stop(self):
        self.track.speaks = False

    async def close(self):
        await self.connection.close()
        self.record.file.close()
