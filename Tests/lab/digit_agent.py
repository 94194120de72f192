# SPDX-License-Identifier: Apache-2.0
"""A user agent whose digits may go and come in requests too: INFO, NOTIFY, and key presses
(RFC 4730)."""

import asyncio
import re
import struct

from digit_media import NAMES, event_frames, tone_frames
from sip_agent import Message, SipAgent, branch_of

ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, NOTIFY, SUBSCRIBE"
SAID_MAX = 100  # answers that are kept for requests that come again
KPML_REQUEST = """<?xml version="1.0" encoding="UTF-8"?>
<kpml-request xmlns="urn:ietf:params:xml:ns:kpml-request" version="1.0">
  <pattern persist="persist"><regex tag="dtmf">[x*#ABCD]</regex></pattern>
</kpml-request>
"""
KPML_RESPONSE = """<?xml version="1.0" encoding="UTF-8"?>
<kpml-response xmlns="urn:ietf:params:xml:ns:kpml-response" version="1.0" code="200" text="OK"
  digits="{digit}" tag="dtmf"/>
"""


class DigitAgent(SipAgent):
    """`form`: how its digits go out."""

    def __init__(self, own, box, number, media, tell, form):
        super().__init__(own, box, number, media, tell)
        self.form = form
        self.got = {"info-relay": "", "info": "", "notify": "", "kpml": ""}
        self.refused = []
        self.subscribed = None  # (Event header, so that NOTIFYs can name it)

    def _request(self, method, number, branch=None, body=""):
        branch, message = super()._request(method, number, branch, body)
        message.headers.append(("Allow", ALLOW))
        return branch, message

    def _respond(self, request, status, reason, body=""):
        data = super()._respond(request, status, reason, body)
        while len(self.said) > SAID_MAX:
            del self.said[next(iter(self.said))]
        if request.method not in ("INVITE", "SUBSCRIBE") or status < 180:
            return data
        more = f"Allow: {ALLOW}\r\n"
        if request.method == "SUBSCRIBE":
            more += "Expires: 3600\r\n"
        data = data.replace(b"\r\nContent-Length:", f"\r\n{more}Content-Length:".encode(), 1)
        self.said[(branch_of(request), request.method)] = data
        self._send(data)
        return data

    async def send(self, method, content_type, body, headers=()):
        """A request in the dialog; gives its final response."""
        self.dialog.sequence += 1
        number = self.dialog.sequence
        branch, message = self._request(method, number)
        message.headers += [*headers] + ([("Content-Type", content_type)] if body else [])
        octets = body.encode("latin-1")
        data = message.bytes().replace(
            b"Content-Length: 0", b"Content-Length: %d" % len(octets)) + octets
        queue = self.answers[(branch, method)] = asyncio.Queue()
        try:
            for pause in (0.5, 1, 2, 4, 4, 4):
                self._send(data)
                try:
                    while True:
                        response = await asyncio.wait_for(queue.get(), pause)
                        if response.status >= 200:
                            return response
                except asyncio.TimeoutError:
                    continue
            return None
        finally:
            del self.answers[(branch, method)]

    # Digits out ----------------------------------------------------------------------------------

    async def dial(self, digits, on_ms, off_ms):
        if self.form == "tones":
            await self.media.dial(tone_frames(digits, on_ms, off_ms))
        elif self.form == "rfc4733":
            await self.media.dial(event_frames(digits, on_ms, off_ms))
        else:
            await self._dial_requests(digits, on_ms, off_ms)

    async def _dial_requests(self, digits, on_ms, off_ms):
        loop = asyncio.get_running_loop()
        start = loop.time()
        for place, digit in enumerate(digits):
            # Where a form has no length the box makes 160 ms of each, and 80 ms between them.
            every = max(on_ms + off_ms, 260)
            await asyncio.sleep(max(0, start + place * every / 1000 - loop.time()))
            response = await self._dial_request(digit, on_ms, place)
            if response is None or response.status != 200:
                self.refused.append(response.status if response else 408)

    async def _dial_request(self, digit, on_ms, place):
        if self.form == "info-relay":
            return await self.send("INFO", "application/dtmf-relay",
                                   f"Signal={digit}\r\nDuration={on_ms}\r\n")
        if self.form == "info":
            return await self.send("INFO", "application/dtmf", digit)
        if self.form == "notify":
            event = struct.pack("!BBH", NAMES.index(digit), 0x80 | 10, on_ms * 8)
            return await self.send(
                "NOTIFY", "audio/telephone-event", event.decode("latin-1"),
                [("Event", f"telephone-event;rate=8000;duration={on_ms}"),
                 ("Subscription-State", "active")])
        return await self.send(
            "NOTIFY", "application/kpml-response+xml", KPML_RESPONSE.format(digit=digit),
            [("Event", self.subscribed or "kpml"), ("Subscription-State", "active;expires=3000")])

    async def subscribe(self):
        """Asks the box for its digits."""
        return await self.send(
            "SUBSCRIBE", "application/kpml-request+xml", KPML_REQUEST,
            [("Event", "kpml"), ("Expires", "3600"), ("Accept", "application/kpml-response+xml")])

    # Digits in -----------------------------------------------------------------------------------

    async def _take(self, request):
        if request.method == "INFO":
            self._take_info(request)
            self._respond(request, 200, "OK")
        elif request.method == "NOTIFY":
            self._take_notify(request)
            self._respond(request, 200, "OK")
        elif request.method == "SUBSCRIBE":
            self.subscribed = request.get("event")
            self._respond(request, 200, "OK")
            await self.send("NOTIFY", "", "", [
                ("Event", self.subscribed), ("Subscription-State", "active;expires=3600")])
        else:
            await super()._take(request)

    def _take_info(self, request):
        kind = request.get("content-type").split(";")[0].strip().lower()
        if kind == "application/dtmf-relay":
            found = re.search(r"Signal\s*=\s*(\S)", request.body)
            self.got["info-relay"] += found.group(1) if found else "?"
        elif kind == "application/dtmf":
            self.got["info"] += request.body.strip()[:1] or "?"

    def _take_notify(self, request):
        event = request.get("event").split(";")[0].strip().lower()
        if event == "kpml":
            found = re.search(r"digits=\"([^\"]*)\"", request.body)
            self.got["kpml"] += found.group(1) if found else ""
        elif event == "telephone-event":
            octets = request.body.encode("latin-1", "replace")
            if len(octets) >= 4 and octets[1] & 0x80:
                self.got["notify"] += NAMES[octets[0] & 15]

    def datagram_received(self, data, source):
        """Bodies of events are octets: read as Latin-1, in which each is one."""
        if len(data) < 20:
            return
        head, mark, body = data.partition(b"\r\n\r\n")
        if b"telephone-event" in head and head.startswith(b"NOTIFY"):
            request = Message.parse(head + mark)
            request.body = body.decode("latin-1")
            known = self.said.get((branch_of(request), request.method))
            if known:
                self._send(known)
            else:
                asyncio.ensure_future(self._guarded(request))
            return
        super().datagram_received(data, source)

    def report(self):
        return {**self.got, **self.media.heard_digits(), "refused": self.refused}
