# SPDX-License-Identifier: Apache-2.0
"""Media of a browser, by aiortc: DTLS-SRTP, full ICE and RTCP on the port of RTP."""

import asyncio
import fractions
import re
import struct
import wave

from agent_media import MIRRORED, OLD_KEY_SECONDS, PACKET, Record, direction_of
from aiortc import (MediaStreamTrack, RTCCertificate, RTCConfiguration, RTCDtlsTransport,
                    RTCIceGatherer, RTCIceTransport, RTCPeerConnection, RTCRtpSender,
                    RTCSessionDescription)
from aiortc.sdp import SessionDescription, candidate_to_sdp
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
    """An SRTP session that counts what it refuses and what it opens: here, since aiortc's jitter
    buffer drops packets of its own after a pause of 16."""

    def __init__(self, inner, record):
        self.inner, self.record = inner, record

    def _count(self, how, packet):
        try:
            return how(packet)
        except Exception as error:
            self.record.failed(str(error))
            raise

    def unprotect(self, packet):
        plain = self._count(self.inner.unprotect, packet)
        self.record.count(struct.unpack("!H", plain[2:4])[0])
        return plain

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


class NextTransport:
    """ICE and DTLS from scratch, to take the place of those that a transceiver has. aiortc has no
    such thing of its own: until the new ones are up media goes on over the old ones, and what
    comes by those is taken for a while after that, as browsers do it."""

    async def open(self):
        gatherer = RTCIceGatherer(iceServers=[])
        await gatherer.gather()
        self.ice = RTCIceTransport(gatherer)
        self.ice._connection.ice_controlling = self.ice._role_set = True  # the box is lite
        self.dtls = RTCDtlsTransport(self.ice, [RTCCertificate.generateCertificate()])

    def describe(self, sdp):
        """An offer of the old transports as one of these."""
        own = self.ice.iceGatherer.getLocalParameters()
        candidates = self.ice.iceGatherer.getLocalCandidates()
        old = ("a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:", "a=candidate:", "a=end-of-cand")
        lines = [line for line in sdp.splitlines() if not line.startswith(old)]
        lines = [re.sub(r"m=audio \d+", f"m=audio {candidates[0].port}", line) for line in lines]
        lines += [f"a=candidate:{candidate_to_sdp(c)}" for c in candidates]
        lines += [f"a=fingerprint:{f.algorithm} {f.value}"
                  for f in self.dtls.getLocalParameters().fingerprints]
        lines += [f"a=ice-ufrag:{own.usernameFragment}", f"a=ice-pwd:{own.password}"]
        return "\r\n".join(lines) + "\r\n"

    async def connect(self, connection, transceiver, answer):
        remote = SessionDescription.parse(answer).media[0]
        for candidate in remote.ice_candidates:
            await self.ice.addRemoteCandidate(candidate)
        await self.ice.addRemoteCandidate(None)
        old = transceiver.receiver.transport
        self.dtls._rtp_router = old._rtp_router
        self.dtls._rtp_header_extensions_map = old._rtp_header_extensions_map
        self.dtls._set_role("server" if remote.dtls.role == "client" else "client")
        await self.ice.start(remote.ice)
        await self.dtls.start(remote.dtls)
        if self.dtls.state != "connected":
            raise ConnectionError(f"ICE {self.ice.state}, DTLS {self.dtls.state}")
        for part in (transceiver.sender, transceiver.receiver):
            part.setTransport(self.dtls)
        for kind, gone, new in (("dtls", old, self.dtls), ("ice", old.transport, self.ice)):
            those = getattr(connection, f"_RTCPeerConnection__{kind}Transports")
            those.discard(gone)
            those.add(new)
        await asyncio.sleep(OLD_KEY_SECONDS)
        old._task.cancel()  # a close_notify would come from where the party is no more
        await old.transport.stop()


class WebrtcMedia:
    """One audio transceiver of one peer connection."""

    def __init__(self, speech, heard):
        self.record = Record(heard)
        count_what_is_opened(self.record)
        self.track = Speech(speech)
        self.held = False
        self.remote_direction = "sendrecv"
        self.transceiver = None
        self.next = None
        self.handshakes = 1

    async def open(self):
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.connection.on("track", lambda track: asyncio.ensure_future(self._listen(track)))

    async def _listen(self, track):
        while True:
            try:
                frame = await track.recv()
            except Exception:  # aiortc's way to say that the track has ended
                return
            self.record.hear(bytes(frame.planes[0])[:frame.samples * 2])

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
        offer = self.connection.localDescription.sdp
        return self.next.describe(offer) if self.next else offer

    async def accept(self, sdp):
        self.remote_direction = direction_of(sdp)
        self._mute()
        answer = self._with_mid(sdp)
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        if self.next:
            following, self.next = self.next, None
            asyncio.ensure_future(self._change(following, answer))

    async def _change(self, following, answer):
        try:
            await following.connect(self.connection, self.transceiver, answer)
            self.handshakes += 1
        except Exception as error:  # shown with the figures
            self.record.failed(f"new keys: {type(error).__name__}: {error}")

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
        """The next offer restarts ICE and brings another certificate."""
        self.next = NextTransport()
        await self.next.open()

    def figures(self):
        sender = self.transceiver.sender if self.transceiver else None
        return dict(self.record.figures(), sent=self.track.sent,
                    own=(sender and sender._ssrc, 0),
                    handshakes=self.handshakes,
                    state=self.connection.connectionState,
                    ice=self.connection.iceConnectionState, direction=self.remote_direction)

    async def stop(self):
        self.track.speaks = False

    async def close(self):
        await self.connection.close()
        self.record.file.close()
