# SPDX-License-Identifier: Apache-2.0
"""rtpengine in user space, as Debian ships it: started in the box's namespace, driven over ng.

Its kernel module is not used (`--table=-1`), because it cannot be loaded everywhere; nothing that
is measured here says anything about it. It is pinned to one core as the product's worker is, and
has the number of threads that serves it best: THREADS, its default on a small machine, where packets
flow, and one where calls are set up (less CPU time each).
"""

import base64
import os
import shutil
import time

import machine
from children import BenchError
from peers import bencode
from wire import BOX, PARTIES

NG_PORT = 2223
PORTS = (10000, 64000)
IN_FLIGHT = 8
RETRY_S, PATIENCE_S = 1.0, 20.0
PARTY_PORT_FIRST = 6000
THREADS = 4
# What party B speaks where calls are secure: its name and its number in a plan.
SUITE, SUITE_NUMBER, MASTER_BYTES = "AES_CM_128_HMAC_SHA1_80", 1, 30


def sdp(address, port, number, multiplexed, crypto=None, events=None):
    """A party's session description: PCMU, both ways. crypto: (tag, master) of SDES, or None.
    events: the payload type of its telephone-events; None: it has none."""
    profile = "RTP/AVP" if crypto is None else "RTP/SAVP"
    types = "0" if events is None else f"0 {events}"
    lines = ["v=0", f"o=- {number} 1 IN IP4 {address}", "s=-", f"c=IN IP4 {address}", "t=0 0",
             f"m=audio {port} {profile} {types}", "a=rtpmap:0 PCMU/8000", "a=ptime:20",
             "a=sendrecv"]
    if events is not None:
        lines.append(f"a=rtpmap:{events} telephone-event/8000")
    if multiplexed:
        lines.append("a=rtcp-mux")
    if crypto is not None:
        tag, master = crypto
        lines.append(f"a=crypto:{tag} {SUITE} inline:{base64.b64encode(master).decode()}")
    return "\r\n".join(lines) + "\r\n"


def media_of(text):
    """(address, port) of the first stream of a session description."""
    address = port = None
    for line in text.splitlines():
        if line.startswith("c=IN IP4 ") and address is None:
            address = line.split()[2]
        elif line.startswith("m=audio ") and port is None:
            port = int(line.split()[1])
    if address is None or port is None:
        raise ValueError("no audio stream in the session description")
    return address, port


def crypto_of(text):
    """(tag, master key and salt) that a session description offers for SUITE."""
    for line in text.splitlines():
        words = line.split()
        if line.startswith("a=crypto:") and words[1] == SUITE:
            inline = words[2].removeprefix("inline:").split("|")[0]
            master = base64.b64decode(inline + "=" * (-len(inline) % 4))
            if len(master) == MASTER_BYTES:
                return words[0].removeprefix("a=crypto:"), master
    raise ValueError(f"no {SUITE} in the session description")


def events_of(text):
    """The payload type of telephone-events in a session description."""
    for line in text.splitlines():
        if line.startswith("a=rtpmap:") and line.endswith(" telephone-event/8000"):
            return int(line.removeprefix("a=rtpmap:").split()[0])
    raise ValueError("no telephone-event in the session description")


class CallSetUp:
    """One call from offer to answer; says what to send next. secure: party B speaks SRTP. digits:
    tones of A become telephone-events for B, and the reverse."""

    def __init__(self, number, secure=False, digits=False):
        self.number = number
        self.digits = digits
        self.events = None  # their payload type, as it was offered to B
        self.master = os.urandom(MASTER_BYTES) if secure else None  # what B seals with
        self.offered = None  # (tag, what is sealed for B with)
        self.port = PARTY_PORT_FIRST + 2 * number
        self.relay = {}  # "a", "b": where that party sends to

    def message(self):
        """The request that is due."""
        common = {"call-id": f"bench-{self.number}", "from-tag": f"a{self.number}",
                  "ICE": "remove"}
        if "b" not in self.relay:
            return {**common, "command": "offer", "DTLS": "off", "rtcp-mux": ["demux"],
                    "transport-protocol": "RTP/SAVP" if self.master else "RTP/AVP",
                    **({"codec": {"transcode": ["telephone-event"]}} if self.digits else {}),
                    "sdp": sdp(PARTIES[0], self.port, self.number, multiplexed=True)}
        crypto = (self.offered[0], self.master) if self.master else None
        return {**common, "command": "answer", "to-tag": f"b{self.number}",
                "sdp": sdp(PARTIES[1], self.port, self.number, multiplexed=False, crypto=crypto,
                           events=self.events)}

    def took(self, reply):
        """Reads an answer; True when the call stands."""
        if reply.get("result") != "ok":
            raise BenchError(f"rtpengine refused a call: {reply.get('error-reason', reply)}")
        side = "b" if "b" not in self.relay else "a"
        self.relay[side] = media_of(reply["sdp"])
        if side == "b" and self.master:
            self.offered = crypto_of(reply["sdp"])
        if side == "b" and self.digits:
            self.events = events_of(reply["sdp"])
        return side == "a"

    def plan_line(self):
        a, b = self.relay["a"], self.relay["b"]
        keys = ""
        if self.master:
            keys = f" {SUITE_NUMBER} {self.master.hex()} {self.offered[1].hex()}"
        return (f"{PARTIES[0]}:{self.port} {a[0]}:{a[1]} "
                f"{PARTIES[1]}:{self.port} {b[0]}:{b[1]}{keys}\n")


class RtpEngine:
    """A running rtpengine."""

    def __init__(self, bench, threads=THREADS):
        program = shutil.which("rtpengine")
        if program is None:
            raise BenchError("rtpengine is not installed")
        wire = bench.wire()
        self.child = bench.children.start(
            "rtpengine", program, "--config-file=none", "--table=-1", f"--interface={BOX}",
            f"--listen-ng=127.0.0.1:{NG_PORT}", f"--port-min={PORTS[0]}",
            f"--port-max={PORTS[1]}", "--foreground", "--log-stderr", "--log-level=3",
            "--tos=184", "--timeout=600", "--silent-timeout=3600", "--delete-delay=0",
            "--endpoint-learning=immediate", f"--num-threads={threads}",
            namespace=wire.namespace("box"), cores=[bench.relay_core])
        self.socket = wire.socket("box")
        self.socket.connect(("127.0.0.1", NG_PORT))
        self.socket.settimeout(0.05)
        self.cookie = 0
        self.child.until(self._answers, PATIENCE_S, "no answer on its control port")

    def _answers(self):
        try:
            self.socket.send(b"ping_0 " + bencode.encode({"command": "ping"}))
            return b"pong" in self.socket.recv(65536)
        except OSError:
            return False

    def set_up(self, calls, first=0, say=None, secure=False, digits=False):
        """Sets calls up by offer and answer, eight requests in flight, and gives
        (plan lines, seconds, CPU microseconds a call)."""
        waiting = [CallSetUp(number, secure, digits)
                   for number in range(first + calls - 1, first - 1, -1)]
        open_requests = {}  # cookie -> [call, data, when sent]
        lines = []
        cpu_before, start = machine.cpu_ns(self.child.pid), time.monotonic()
        while waiting or open_requests:
            while waiting and len(open_requests) < IN_FLIGHT:
                self._send(open_requests, waiting.pop())
            try:
                cookie, body = self.socket.recv(65536).split(b" ", 1)
            except OSError:
                self._send_again(open_requests, start)
                continue
            request = open_requests.pop(cookie, None)
            if request is None:
                continue
            if request[0].took(bencode.decode(body)):
                lines.append(request[0].plan_line())
                if say is not None and len(lines) % 1000 == 0:
                    say(f"rtpengine has {first + len(lines):,} calls")
            else:
                self._send(open_requests, request[0])
        elapsed = time.monotonic() - start
        cpu_us = (machine.cpu_ns(self.child.pid) - cpu_before) / 1000
        return lines, elapsed, cpu_us / calls

    def _send(self, open_requests, call):
        self.cookie += 1
        cookie = b"c%d" % self.cookie
        data = cookie + b" " + bencode.encode(call.message())
        open_requests[cookie] = [call, data, time.monotonic()]
        self.socket.send(data)

    def _send_again(self, open_requests, start):
        now = time.monotonic()
        if not self.child.alive():
            raise self.child.fail("ended while calls were set up")
        if now - start > PATIENCE_S + 120:
            raise self.child.fail("does not answer any more")
        for request in open_requests.values():
            if now - request[2] > RETRY_S:
                request[2] = now
                self.socket.send(request[1])

    def stop(self):
        self.socket.close()
        self.child.stop(seconds=2)


def write_plan(path, lines):
    """The file from which the generator learns who sends where."""
    with open(path, "w", encoding="ascii") as file:
        file.write("trunkline-plan 1\n")
        file.writelines(lines)
