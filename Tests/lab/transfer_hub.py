# SPDX-License-Identifier: Apache-2.0
"""A service that transfers: several calls at a time, plain RTP of its own on each, REFER and
Replaces. Its messages are written here; nothing of the box's code is in it."""

import secrets
import select
import threading
import time

from sip_agent import Message, uri_of
from wires import parse_rtp, rtp, udp_in

FRAME = 160  # samples of 20 ms


class Line:
    """One call of the hub: its dialog, its RTP socket, and what was heard on it."""

    def __init__(self, hub, call_id, local, remote, target, rtp_port):
        self.hub, self.call_id = hub, call_id
        self.local, self.remote, self.target = local, remote, target
        self.sequence = 0
        self.socket = udp_in(hub.namespace, hub.own[0], rtp_port)
        self.rtp_port, self.ssrc = rtp_port, secrets.randbits(32)
        self.party = None  # where to send
        self.sent = self.heard = 0
        self.over = False

    def description(self):
        return ("v=0\r\n" f"o=hub 1 1 IN IP4 {self.hub.own[0]}\r\n" "s=-\r\n"
                f"c=IN IP4 {self.hub.own[0]}\r\n" "t=0 0\r\n"
                f"m=audio {self.rtp_port} RTP/AVP 8\r\n" "a=rtpmap:8 PCMA/8000\r\na=sendrecv\r\n")

    def take(self, body):
        """The other side's description."""
        host = port = None
        for line in body.split("\r\n"):
            if line.startswith("c="):
                host = line.split()[2]
            if line.startswith("m=audio"):
                port = int(line.split()[1])
        self.party = (host, port)

    def replaces(self):
        """The value of Replaces that makes the box leave this call."""
        def tag(value):
            return value.partition("tag=")[2].partition(";")[0]
        return f"{self.call_id};to-tag={tag(self.remote)};from-tag={tag(self.local)}"


class Hub(threading.Thread):
    """`number` is in its Contact."""

    def __init__(self, lab, side, number):
        super().__init__(daemon=True)
        self.namespace = lab.namespace(side)
        self.own = (lab.address(side), 5060)
        self.box = (lab.address(side, "box"), 5060)
        self.number = number
        self.socket = udp_in(self.namespace, *self.own)
        self.lines, self.messages, self.answered = [], [], {}
        self.next_port = 41000
        self.change = threading.Condition()
        self.running = True
        self.start()

    def run(self):
        due = time.monotonic()
        while self.running:
            live = [line for line in self.lines if not line.over]
            sockets = [self.socket] + [line.socket for line in live]
            ready, _, _ = select.select(sockets, [], [], max(0.0, due - time.monotonic()))
            for socket in ready:
                data = socket.recv(65536)
                if socket is self.socket:
                    self._take(Message.parse(data))
                else:
                    line = next(line for line in live if line.socket is socket)
                    if len(data) > 12 and parse_rtp(data)[0] == 8:
                        line.heard += 1
            if time.monotonic() >= due:
                due += 0.02
                for line in live:
                    if line.party:
                        packet = rtp(line.sent & 0xffff, line.sent * FRAME & 0xffffffff, line.ssrc,
                                     b"\xd5" * FRAME)
                        line.socket.sendto(packet, line.party)
                        line.sent += 1

    @property
    def contact(self):
        return f"<sip:{self.number}@{self.own[0]}:{self.own[1]}>"

    def _send(self, message):
        self.socket.sendto(message.bytes(), self.box)

    def _line(self, call_id):
        return next((line for line in self.lines if line.call_id == call_id), None)

    def _open(self, call_id, local, remote, target):
        line = Line(self, call_id, local, remote, target, self.next_port)
        self.next_port += 2
        self.lines.append(line)
        return line

    def _take(self, message):
        with self.change:
            self.messages.append(message)
            if message.is_response:
                self._response(message)
            elif message.method != "ACK":
                key = (message.get("via"), message.method)
                if key in self.answered:
                    self._send(self.answered[key])
                else:
                    self._request(message, key)
            self.change.notify_all()

    def _response(self, message):
        line = self._line(message.get("call-id"))
        if message.method == "INVITE" and message.status >= 200 and line:
            line.remote = message.get("to")
            if message.status < 300:
                line.target = uri_of(message.get("contact"))
                line.take(message.body)
            self._send(self._in_dialog(line, "ACK", message.number)[0])

    def _request(self, request, key):
        line = self._line(request.get("call-id"))
        body, to = "", request.get("to")
        if request.method == "INVITE":
            if line is None:
                to += f";tag={secrets.token_hex(4)}"
                line = self._open(request.get("call-id"), to, request.get("from"),
                                  uri_of(request.get("contact")))
            line.take(request.body)
            body = line.description()
        elif request.method == "BYE" and line:
            line.over = True
        status = "200 OK" if line or request.method == "OPTIONS" else "481 No Call"
        headers = [("Via", via) for via in request.all("via")] + [
            ("From", request.get("from")), ("To", to), ("Call-ID", request.get("call-id")),
            ("CSeq", request.get("cseq")), ("Contact", self.contact)]
        if body:
            headers.append(("Content-Type", "application/sdp"))
        self.answered[key] = Message(f"SIP/2.0 {status}", headers, body)
        self._send(self.answered[key])

    def _in_dialog(self, line, method, number, more=(), body=""):
        branch = "z9hG4bK" + secrets.token_hex(8)
        headers = [
            ("Via", f"SIP/2.0/UDP {self.own[0]}:{self.own[1]};branch={branch}"),
            ("From", line.local), ("To", line.remote), ("Call-ID", line.call_id),
            ("CSeq", f"{number} {method}"), ("Max-Forwards", "70"), ("Contact", self.contact),
            *more]
        if body:
            headers.append(("Content-Type", "application/sdp"))
        return Message(f"{method} {line.target} SIP/2.0", headers, body), branch

    # What a case has it do -----------------------------------------------------------------------

    def request(self, line, method, more=(), body="", seconds=10):
        """Sends a request until it is answered; the final response."""
        with self.change:
            line.sequence += 1
            number = line.sequence
            message, branch = self._in_dialog(line, method, number, more, body)
        deadline = time.monotonic() + seconds
        while True:
            self._send(message)
            answer = self.wait_for(
                lambda m: m.is_response and m.status >= 200 and m.method == method
                and branch in m.get("via"), 0.5, must=False)
            if answer:
                return answer
            assert time.monotonic() < deadline, f"{method} was not answered"

    def invite(self, uri, more=(), seconds=10):
        """A call of its own."""
        tag = secrets.token_hex(4)
        with self.change:
            line = self._open(secrets.token_hex(8), f"{self.contact};tag={tag}", f"<{uri}>", uri)
        return line, self.request(line, "INVITE", more, line.description(), seconds)

    def wait_for(self, condition, seconds=10, must=True):
        """The first message, of all that came, that fits."""
        deadline = time.monotonic() + seconds
        with self.change:
            while True:
                for message in self.messages:
                    if condition(message):
                        return message
                left = deadline - time.monotonic()
                if left <= 0:
                    assert not must, f"not among {[m.start for m in self.messages]}"
                    return None
                self.change.wait(left)

    def news(self):
        """What NOTIFYs said, in their order."""
        return [m.body.strip() for m in self.messages
                if not m.is_response and m.method == "NOTIFY"]

    def close(self):
        self.running = False
        self.join(5)
        for line in self.lines:
            line.socket.close()
        self.socket.close()
