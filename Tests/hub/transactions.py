# SPDX-License-Identifier: Apache-2.0
"""One request and what is said to it, from either end (RFC 3261 sections 8 and 17)."""

import asyncio

from message import Message, tag_of

T1 = 0.5
ANSWER = 12.0  # seconds for what should come at once, on a busy machine


class Gone(Exception):
    """What was waited for did not come, or came otherwise."""


class Exchange:
    """A request of ours and its responses."""

    def __init__(self, core, link, request):
        self.core, self.link, self.request = core, link, request
        self.responses, self.queue = [], asyncio.Queue()
        self.task = None

    def take(self, response):
        self.responses.append(response)
        self.queue.put_nowait(response)

    async def next(self, seconds=ANSWER, over=100):
        """The next response with a status above `over`."""
        try:
            while True:
                response = await asyncio.wait_for(self.queue.get(), seconds)
                if response.status > over:
                    return response
        except asyncio.TimeoutError:
            raise Gone(f"{self.request.start}: no response above {over} within {seconds} s; "
                       f"only {[r.start for r in self.responses]}") from None

    async def final(self, seconds=ANSWER):
        return await self.next(seconds, over=199)

    async def repeat(self):
        """Over UDP a request is sent until there is a response."""
        pause = T1
        while not self.responses and pause < 16:
            await asyncio.sleep(pause)
            if not self.responses:
                self.link.send(self.request.write(self.core.capitals))
            pause *= 2


class Arrived:
    """A request to us."""

    def __init__(self, core, link, request):
        self.core, self.link, self.request = core, link, request
        self.said = None
        self.final = False

    def reply(self, status, reason, headers=(), body=b"", tag=None, contact=None):
        request = self.request
        to = request.get("to")
        if tag and not tag_of(to):
            to += f";tag={tag}"
        head = [("Via", value) for value in request.all("via")]
        head += [("From", request.get("from")), ("To", to), ("Call-ID", request.get("call-id")),
                 ("CSeq", request.get("cseq"))]
        if contact:
            head.append(("Contact", contact))
        if body and not any(name.lower() == "content-type" for name, _ in headers):
            head.append(("Content-Type", "application/sdp"))
        response = Message(f"SIP/2.0 {status} {reason}",
                           head + list(self.core.extras(request, status)) + list(headers), body)
        self.final = self.final or status >= 200
        self.said = response.write(self.core.capitals)
        self.core.trace("->", self.link, response)
        self.link.send(self.said)
        return response
