# SPDX-License-Identifier: Apache-2.0
"""Our own user agent (agent_main.py) as a phone of a case: it speaks one file, records another."""

import json
import os
import re
import subprocess
import sys
import threading
import time

from harness import Skipped
from lab import ROOT

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = os.path.join(ROOT, ".build", "peers", "bin", "python")


def peers_python():
    """The Python that has aiortc and pylibsrtp, or the case is left out."""
    if not os.path.exists(PEERS):
        raise Skipped("aiortc and pylibsrtp are not installed: PyPI could not be reached")
    return PEERS


class Agent:
    """kind: plain (RTP), sdes (SRTP with keys in SDP) or webrtc (aiortc)."""

    def __init__(self, lab, side, name, kind, speech, number=None, suites=(), sip_port=5060,
                 rtp_port=30000, box=None):
        self.name, self.lab, self.side = name, lab, side
        self.own = lab.address(side)
        self.sip_port = sip_port
        self.recording = os.path.join(lab.folder, f"{name}-heard.wav")
        options = {
            "kind": kind, "address": self.own, "sip_port": sip_port, "rtp_port": rtp_port,
            "number": number or name, "speech": speech, "heard": self.recording,
            "suites": list(suites), "box": box or (lab.address(side, "box"), 5060)}
        python = sys.executable if kind == "plain" else peers_python()
        self.log = open(os.path.join(lab.folder, f"{name}.log"), "wb")
        self.process = lab.spawn(
            side, python, "-W", "ignore", "-u", os.path.join(HERE, "agent_main.py"),
            json.dumps(options), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log)
        self.events = []
        self.news = threading.Condition()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        self.wait_for("ready", 20)

    def _read(self):
        for line in self.process.stdout:
            with self.news:
                self.events.append(json.loads(line))
                self.news.notify_all()

    def tell(self, word, **more):
        self.process.stdin.write(json.dumps({"do": word, **more}).encode() + b"\n")
        self.process.stdin.flush()

    def wait_for(self, kind, seconds=10):
        """Takes the next event of a kind; what came before it is gone. Errors fail the case."""
        deadline = time.monotonic() + seconds
        seen = []
        with self.news:
            while True:
                while self.events:
                    event = self.events.pop(0)
                    if event["event"] == kind:
                        return event
                    assert event["event"] not in ("error", "failed", "refused"), (
                        f"{self.name} waited for {kind}: {event}")
                    seen.append(event["event"])
                left = deadline - time.monotonic()
                if left <= 0:
                    with open(self.log.name, errors="replace") as file:
                        raise AssertionError(f"{self.name}: no {kind} within {seconds} s, "
                                             f"only {seen}: {file.read()[-800:]}")
                self.news.wait(left)

    # The phone of a case -------------------------------------------------------------------------

    def call(self, uri):
        self.tell("call", uri=uri)
        return self.wait_for("established", 15)

    def hang_up(self):
        self.tell("hang-up")
        return self.wait_for("closed")

    def _reinvite(self, word):
        with self.news:  # the other side's re-INVITEs told the same
            self.events = [e for e in self.events if e["event"] != "reinvited"]
        self.tell(word)
        return self.wait_for("reinvited")

    def hold(self):
        return self._reinvite("hold")

    def resume(self):
        return self._reinvite("resume")

    def rekey(self):
        return self._reinvite("rekey")

    def figures(self):
        self.tell("figures")
        return self.wait_for("figures")

    def heard(self):
        """The recording; whole once the phone is closed."""
        return self.recording

    def close(self):
        if self.process.poll() is None:
            try:
                self.tell("quit")
                self.process.wait(10)
            except (OSError, subprocess.TimeoutExpired):
                self.process.kill()
                self.process.wait()
        self.log.close()


def crypto_of(event):
    """[(suite, key)] of the session description that came with an event."""
    return re.findall(r"a=crypto:\d+ (\S+) inline:([^|\s]+)", event["sdp"])
