# SPDX-License-Identifier: Apache-2.0
"""A SIP user agent over UDP with one call at a time, for media that no packaged phone has.

Enough of RFC 3261 for a neighbour of the box: both sides of INVITE, re-INVITE, ACK, BYE, CANCEL
and OPTIONS, with retransmissions. Media is somebody else's: an object that makes and takes session
descriptions.
"""

import asyncio
import secrets

T1 = 0.5  # seconds, RFC 3261 section 17.1.1.1
T2 = 4.0
LONGEST = 32.0  # 64 * T1


class Message:
    """A request or a response, its header fields by name in any case."""

    def __init__(self, start, headers, body=""):
        self.start, self.headers, self.body = start, headers, body

    @classmethod
    def parse(cls, data):
        head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        headers = []
        for line in lines:
            name, _, value = line.partition(":")
            headers.append((SHORT.get(name.strip().lower(), name.strip().lower()), value.strip()))
        return cls(start, headers, body)

    def get(self, name):
        return next((value for key, value in self.headers if key == name.lower()), "")

    def all(self, name):
        return [value for key, value in self.headers if key == name.lower()]

    @property
    def is_response(self):
        return self.start.startswith("SIP/2.0 ")

    @property
    def status(self):
        return int(self.start.split(" ")[1])

    @property
    def method(self):
        return self.get("cseq").split()[1] if self.is_response else self.start.split(" ")[0]

    @property
    def number(self):
        return int(self.get("cseq").split()[0])

    def bytes(self):
        lines = [self.start] + [f"{name}: {value}" for name, value in self.headers]
        body = self.body.encode()
        lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


SHORT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length",
         "c": "content-type"}


def branch_of(message):
    return message.get("via").partition("branch=")[2].split(";")[0].strip()


def uri_of(contact):
    inside = contact.partition("<")[2].partition(">")[0]
    return inside or contact.split(";")[0].strip()


class Dialog:
    """What both requests and responses of one call need (RFC 3261 section 12)."""

    def __init__(self, call_id, local, remote, target, sequence=0):
        self.call_id, self.local, self.remote = call_id, local, remote
        self.target, self.sequence = target, sequence


class SipAgent(asyncio.DatagramProtocol):
    """`tell` gets every event as a dictionary."""

    def __init__(self, own, box, number, media, tell):
        self.own, self.box, self.number = own, box, number
        self.media, self.tell = media, tell
        self.dialog = None
        self.answers = {}  # (branch, method) -> (asyncio queue of responses)
        self.said = {}  # (branch, method) -> response bytes, for retransmitted requests
        self.acknowledged = {}  # CSeq number of an INVITE that we answered -> event
        self.transport = None

    @property
    def contact(self):
        return f"<sip:{self.number}@{self.own[0]}:{self.own[1]}>"

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, _):
        if len(data) < 20:
            return
        message = Message.parse(data)
        if message.is_response:
            queue = self.answers.get((branch_of(message), message.method))
            if queue:
                queue.put_nowait(message)
            elif message.method == "INVITE" and 200 <= message.status < 300 and self.dialog:
                self._acknowledge(message.number)  # its ACK was lost
            return
        known = self.said.get((branch_of(message), message.method))
        if known:
            self._send(known)
        elif message.method == "ACK":
            if message.number in self.acknowledged:
                self.acknowledged[message.number].set()
        else:
            asyncio.ensure_future(self._guarded(message))

    def _send(self, data):
        self.transport.sendto(data, self.box)

    # Requests of ours ----------------------------------------------------------------------------

    def _request(self, method, number, branch=None, body=""):
        dialog = self.dialog
        branch = branch or "z9hG4bK" + secrets.token_hex(8)
        headers = [
            ("Via", f"SIP/2.0/UDP {self.own[0]}:{self.own[1]};branch={branch};rport"),
            ("From", dialog.local), ("To", dialog.remote), ("Call-ID", dialog.call_id),
            ("CSeq", f"{number} {method}"), ("Max-Forwards", "70"), ("Contact", self.contact)]
        if body:
            headers.append(("Content-Type", "application/sdp"))
        return branch, Message(f"{method} {dialog.target} SIP/2.0", headers, body)

    async def _transact(self, method, number, body=""):
        """Sends a request until it is answered and gives the final response (None: no answer)."""
        branch, request = self._request(method, number, body=body)
        queue = self.answers[(branch, method)] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        deadline, pause, provisional = loop.time() + LONGEST, T1, False
        try:
            self._send(request.bytes())
            while loop.time() < deadline:
                try:
                    left = deadline - loop.time()
                    wait = left if provisional and method == "INVITE" else min(pause, left)
                    response = await asyncio.wait_for(queue.get(), wait)
                except asyncio.TimeoutError:
                    self._send(request.bytes())
                    pause = pause * 2 if method == "INVITE" else min(pause * 2, T2)
                    continue
                if response.status >= 200:
                    if method == "INVITE" and response.status >= 300:
                        ack = self._request("ACK", number, branch)[1]
                        ack.headers = [(n, response.get("to") if n == "To" else v)
                                       for n, v in ack.headers]
                        self._send(ack.bytes())
                    return response
                provisional = True
            return None
        finally:
            del self.answers[(branch, method)]

    def _acknowledge(self, number):
        self._send(self._request("ACK", number)[1].bytes())

    async def call(self, uri):
        """Calls; tells `established` or `failed`."""
        tag = secrets.token_hex(4)
        self.dialog = Dialog(secrets.token_hex(12), f"{self.contact};tag={tag}", f"<{uri}>", uri)
        await self._invite("established")

    async def reinvite(self):
        """Offers anew, as the media now wants it; tells `reinvited` or `failed`."""
        await self._invite("reinvited")

    async def _invite(self, event):
        self.dialog.sequence += 1
        number = self.dialog.sequence
        response = await self._transact("INVITE", number, await self.media.offer())
        if response is None or response.status >= 300:
            self.tell(event="failed", status=response.status if response else 408,
                      warning=response.get("warning") if response else "")
            return
        self.dialog.remote = response.get("to")
        self.dialog.target = uri_of(response.get("contact")) or self.dialog.target
        self._acknowledge(number)
        await self.media.accept(response.body)
        self.tell(event=event, sdp=response.body)

    async def hang_up(self):
        self.dialog.sequence += 1
        response = await self._transact("BYE", self.dialog.sequence)
        await self.media.stop()
        self.tell(event="closed", status=response.status if response else 408)

    # Requests to us ------------------------------------------------------------------------------

    def _respond(self, request, status, reason, body=""):
        to = request.get("to")
        if "tag=" not in to and status > 100:
            to += f";tag={self.number.strip('+')}"
        headers = [("Via", via) for via in request.all("via")] + [
            ("From", request.get("from")), ("To", to), ("Call-ID", request.get("call-id")),
            ("CSeq", request.get("cseq")), ("Contact", self.contact)]
        if body:
            headers.append(("Content-Type", "application/sdp"))
        data = Message(f"SIP/2.0 {status} {reason}", headers, body).bytes()
        self.said[(branch_of(request), request.method)] = data
        self._send(data)
        return data

    async def _guarded(self, request):
        try:
            await self._take(request)
        except Exception as error:  # said, so that the case can fail by it
            self.tell(event="error", why=f"{type(error).__name__}: {error}")

    async def _take(self, request):
        if request.method == "INVITE":
            await self._take_invite(request)
        elif request.method == "BYE":
            self._respond(request, 200, "OK")
            await self.media.stop()
            self.tell(event="closed", status=200)
        elif request.method in ("OPTIONS", "CANCEL"):
            self._respond(request, 200, "OK")
        else:
            self._respond(request, 501, "Not Implemented")

    async def _take_invite(self, request):
        again = "tag=" in request.get("to")
        self._respond(request, 100, "Trying") if again else self._respond(request, 180, "Ringing")
        try:
            body = await self.media.answer(request.body)
        except ValueError as error:
            self._respond(request, 488, "Not Acceptable Here")
            self.tell(event="refused", why=str(error))
            return
        data = self._respond(request, 200, "OK", body)
        if not again:
            self.dialog = Dialog(
                request.get("call-id"), Message.parse(data).get("to"), request.get("from"),
                uri_of(request.get("contact")))
        event = self.acknowledged[request.number] = asyncio.Event()
        pause, waited = T1, 0.0
        while waited < LONGEST:
            try:
                await asyncio.wait_for(event.wait(), pause)
                self.tell(event="reinvited" if again else "established", sdp=request.body)
                return
            except asyncio.TimeoutError:
                waited, pause = waited + pause, min(pause * 2, T2)
                self._send(data)
        self.tell(event="failed", status=408, warning="no ACK")
