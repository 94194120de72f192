# SPDX-License-Identifier: Apache-2.0
"""baresip without a screen: in a namespace, driven over its control socket, playing one file and
recording what it hears."""

import audioop
import glob
import json
import os
import random
import re
import socket
import struct
import subprocess
import time
import wave

from wires import socket_in

MODULES = "/usr/lib/baresip/modules"


def make_speech(path, seconds, seed):
    """A wave file whose every stretch is unlike every other: noise under a slow envelope.

    Its samples are ones that A-law can say, so that encoders which round differently agree.
    """
    dice = random.Random(seed)
    samples = []
    level = 0.3
    for number in range(seconds * 8000):
        if number % 800 == 0:
            level = dice.uniform(0.05, 0.5)
        samples.append(int(dice.uniform(-1, 1) * level * 32767))
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        raw = struct.pack(f"<{len(samples)}h", *samples)
        file.writeframes(audioop.alaw2lin(audioop.lin2alaw(raw, 2), 2))


def read_wave(path):
    with wave.open(path, "rb") as file:
        return file.readframes(file.getnframes())


def share_heard(sent_path, heard_path):
    """Of what was heard, the share that is to the sample what was sent.

    Silence (before the first packet, after the last) is not counted.
    """
    sent = read_wave(sent_path)
    sent += sent[:16000]  # the player starts again at the end
    heard = read_wave(heard_path)
    block = 320 * 2
    counted = same = 0
    position = 0
    while position + block <= len(heard):
        piece = heard[position:position + block]
        if audioop.max(piece, 2) > 200:
            counted += 1
            same += sent.find(piece) >= 0
        position += block
    return (same / counted if counted else 0.0), counted


class Baresip:
    """One phone; with a number it takes calls to that number."""

    records_after_hold = False
    # It opens a NAT's door with an empty packet of plain RTP, and with plain RTCP now and then.
    odd_drops = ("srtp_short", "srtcp_plain")

    def __init__(self, lab, side, name, wav, number=None, transport="udp", family=4, sip_port=5060,
                 control_port=14441, rtp_base=30000, codec="PCMA/8000/1", options=(),
                 config=()):
        """`options`: of its account, such as "mediaenc=srtp-mand" or "medianat=ice"; `config`: more
        lines of its configuration."""
        self.lab, self.side, self.name = lab, side, name
        self.folder = os.path.join(lab.folder, f"phone-{name}")
        self.sounds = os.path.join(self.folder, "heard")
        os.makedirs(self.sounds)
        own = lab.address(side, "peer", family)
        host = f"[{own}]" if family == 6 else own
        lines = [
            "poll_method epoll", f"sip_listen {host}:{sip_port}", "audio_player aubridge,sink",
            f"audio_source aufile,{wav}", "ausrc_srate 8000", "auplay_srate 8000",
            "ausrc_channels 1", "auplay_channels 1", f"rtp_ports {rtp_base}-{rtp_base + 999}",
            "jitter_buffer_delay 5-10", f"net_interface {own}",
            f"prefer_ipv6 {'yes' if family == 6 else 'no'}", f"module_path {MODULES}",
            "module g711.so", "module aufile.so", "module aubridge.so", "module sndfile.so",
            f"snd_path {self.sounds}", "module srtp.so", "module dtls_srtp.so", "module stun.so",
            "module ice.so", "module uuid.so", "module_app account.so",
            "module_app menu.so", "module_app ctrl_tcp.so",
            f"ctrl_tcp_listen 127.0.0.1:{control_port}", *config,
        ]
        with open(os.path.join(self.folder, "config"), "w") as file:
            file.write("\n".join(lines) + "\n")
        with open(os.path.join(self.folder, "accounts"), "w") as file:
            file.write(f"<sip:{number or name}@{host}:{sip_port + (transport == 'tls')}"
                       f";transport={transport}>;regint=0;"
                       f"answermode=auto;audio_codecs={codec}"
                       + "".join(f";{option}" for option in options) + "\n")
        open(os.path.join(self.folder, "contacts"), "w").close()
        self.log = open(os.path.join(self.folder, "log"), "wb")
        self.process = lab.spawn(side, "baresip", "-f", self.folder, "-t", "120",
                                 stdout=self.log, stderr=subprocess.STDOUT)
        self.control = self._connect(control_port)
        self.buffer = b""

    def _connect(self, port):
        deadline = time.monotonic() + 10
        while True:
            made = socket_in(self.lab.namespace(self.side), socket.AF_INET, socket.SOCK_STREAM)
            try:
                made.connect(("127.0.0.1", port))
                return made
            except OSError:
                made.close()
                if time.monotonic() > deadline:
                    raise AssertionError(f"baresip {self.name} did not start: "
                                         + open(os.path.join(self.folder, "log")).read()[-500:])
                time.sleep(0.1)

    def command(self, word, parameters=""):
        text = json.dumps({"command": word, "params": parameters, "token": "t"}).encode()
        self.control.sendall(str(len(text)).encode() + b":" + text + b",")

    def events(self, seconds):
        """The events of the next `seconds`."""
        deadline = time.monotonic() + seconds
        found = []
        while time.monotonic() < deadline:
            self.control.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                data = self.control.recv(65536)
            except (TimeoutError, socket.timeout):
                break
            if not data:
                break
            self.buffer += data
            while match := re.match(rb"(\d+):", self.buffer):
                size, start = int(match.group(1)), match.end()
                if len(self.buffer) < start + size + 1:
                    break
                found.append(json.loads(self.buffer[start:start + size]))
                self.buffer = self.buffer[start + size + 1:]
        return found

    def wait_for(self, kind, seconds=10):
        """Waits for an event such as CALL_ESTABLISHED."""
        deadline = time.monotonic() + seconds
        seen = []
        while time.monotonic() < deadline:
            for event in self.events(0.2):
                seen.append((event.get("type"), event.get("param")))
                if event.get("type") == kind:
                    return event
        raise AssertionError(f"{self.name}: no {kind} within {seconds} s, only {seen}")

    def call(self, uri):
        self.command("dial", uri)
        self.wait_for("CALL_ESTABLISHED", 15)

    def hold(self):
        self.command("hold")

    def resume(self):
        self.command("resume")

    def hang_up(self):
        self.command("hangup")

    def heard(self):
        """The longest recording of what came in. It ends with the first re-INVITE."""
        files = glob.glob(os.path.join(self.sounds, "*dec*.wav"))
        if not files:
            raise AssertionError(f"{self.name} recorded nothing")
        return max(files, key=os.path.getsize)

    def close(self):
        try:
            self.command("quit")
            self.process.wait(5)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self.control.close()
        self.log.close()
