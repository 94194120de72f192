# SPDX-License-Identifier: Apache-2.0
"""SIPp as a plain RTP phone: it plays speech from a capture; what reaches it is taken off the wire,
because SIPp itself listens to nothing."""

import audioop
import os
import signal
import struct
import subprocess
import time
import wave

from agent_media import a_law_packets
from lab import MEDIA_PORTS
from wires import parse_rtp, read_capture, write_g711_capture


class SippLeg:
    """Answers one call, or with a number calls it. Its peer ends the call, unless another scenario
    has it otherwise. `target`: where it calls instead of the box."""

    def __init__(self, lab, side, speech, seconds, number=None, scenario=None, target=None,
                 **options):
        self.name, self.lab, self.side = "sipp", lab, side
        self.trace = os.path.join(lab.folder, f"sipp-{side}.pcap")
        self.recording = os.path.join(lab.folder, f"sipp-{side}-heard.wav")
        capture = os.path.join(lab.folder, f"sipp-{side}-speech.pcap")
        write_g711_capture(capture, seconds, payloads=a_law_packets(speech))
        low, high = MEDIA_PORTS
        self.sniffer = lab.spawn(side, "tcpdump", "-U", "-i", "to-box", "-w", self.trace, "-Q",
                                 "in", "udp", "and", "src", "portrange", f"{low}-{high}",
                                 stderr=subprocess.DEVNULL)
        time.sleep(0.7)  # until it listens
        more = dict(number=number, target=target or lab.address(side, "box")) if number else {}
        scenario = scenario or ("call-held.xml" if number else "answer-held.xml")
        self.sipp = lab.sipp(side, scenario, pcap=capture, **more, **options)
        time.sleep(0.3)

    def heard(self):
        """What reached it, as a wave file."""
        if self.sniffer.poll() is None:
            os.killpg(self.sniffer.pid, signal.SIGINT)
            self.sniffer.wait(10)
        with wave.open(self.recording, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            for _, frame in read_capture(self.trace):
                offset = 14 + (frame[14] & 15) * 4
                length = struct.unpack("!H", frame[offset + 4:offset + 6])[0]
                packet = frame[offset + 8:offset + length]
                if len(packet) > 12 and not 192 <= packet[1] <= 223:
                    payload_type, _, _, _, payload = parse_rtp(packet)
                    if payload_type == 8:
                        file.writeframes(audioop.alaw2lin(payload, 2))
        return self.recording

    def close(self):
        """Ends with an error of its scenario if there was one."""
        status = self.sipp.wait(10)
        if status is None:
            self.sipp.stop()
        assert status == 0, f"SIPp ended with {status}: {self.sipp.errors()[:800]}"
