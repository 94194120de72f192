# SPDX-License-Identifier: Apache-2.0
"""Calls: an INVITE with its forks, from either end, and the dialogs that come of it (RFC 3261
sections 12 to 15)."""

import asyncio
import secrets

from message import Message, address_of, new_branch, tag_of
from transactions import ANSWER, T1, Arrived, Gone


class Invite(Arrived):
    """An INVITE to us. Each fork of it is a dialog with a tag of its own."""

    def __init__(self, core, link, request):
        super().__init__(core, link, request)
        self.forks, self.cancelled = {}, asyncio.Event()

    def fork(self, media=None, tag=None):
        request = self.request
        tag = tag or secrets.token_hex(4)
        dialog = Dialog(self.core, self.link, request.get("call-id"), request.get("to"),
                        request.get("from"), address_of(request.get("contact")), tag)
        dialog.local += f";tag={tag}"
        dialog.routes = request.all("record-route")
        dialog.media, dialog.invite = media, self
        dialog.remote_number = request.number
        self.forks[tag] = dialog
        self.core.add(dialog)
        return dialog

    def respond(self, dialog, status, reason, body=b"", headers=()):
        return self.reply(status, reason, [*dialog.head(), *headers], body, dialog.tag,
                          dialog.contact)

    def trying(self):
        self.reply(100, "Trying")

    def ring(self, dialog, headers=(), body=b""):
        self.respond(dialog, 180, "Ringing", body, headers)

    async def progress(self, dialog):
        """183 with a session description."""
        await dialog.media.open()
        if dialog.early is None:
            dialog.early = dialog.media.answer(self.request.sdp())
        self.respond(dialog, 183, "Session Progress", dialog.early)

    async def answer(self, dialog, headers=(), acked=True):
        await dialog.media.open()
        dialog.start = self.respond(
            dialog, 200, "OK", dialog.early or dialog.media.answer(self.request.sdp()), headers)
        dialog.confirmed = True
        if acked:
            await dialog.acknowledged(self.request.number, self)
        return dialog

    def refuse(self, status, reason, headers=()):
        for dialog in self.forks.values():
            if not dialog.confirmed:
                dialog.end("refused")
        self.reply(status, reason, headers, tag=next(iter(self.forks), None)
                   or secrets.token_hex(4))

    async def cancel_comes(self, seconds=ANSWER):
        try:
            await asyncio.wait_for(self.cancelled.wait(), seconds)
        except asyncio.TimeoutError:
            raise Gone(f"{self.request.start}: no CANCEL within {seconds} s") from None


class Dialog:
    """One dialog. Re-INVITEs and BYEs of the other side are served unless `manual` has them."""

    def __init__(self, core, link, call_id, local, remote, target, tag):
        self.core, self.link, self.call_id = core, link, call_id
        self.local, self.remote, self.target, self.tag = local, remote, target, tag
        self.contact, self.record_route = core.identity(self)
        self.routes, self.media, self.invite, self.early = [], None, None, None
        self.number, self.remote_number, self.version = 0, 0, None
        self.confirmed, self.why, self.start = False, None, None
        self.bye_came = None
        self.over = asyncio.Event()
        self.acks, self.came = {}, asyncio.Queue()
        self.manual, self.seen = set(), []
        self.busy = False  # an INVITE of ours is under way
        self.session = None  # what was agreed of a session timer

    def head(self):
        return [("Record-Route", self.record_route)] if self.record_route else []

    def end(self, why):
        if self.why is None:
            self.why = why
            self.over.set()
            if self.media:
                self.media.close()

    async def ends(self, seconds=ANSWER):
        try:
            await asyncio.wait_for(self.over.wait(), seconds)
        except asyncio.TimeoutError:
            raise Gone(f"{self.core.name}: the call {self.call_id} goes on") from None
        return self.why

    async def acknowledged(self, number, arrived=None, seconds=ANSWER):
        """Our 200 is repeated until its ACK comes (RFC 3261 section 13.3.1.4)."""
        event = self.acks.setdefault(number, asyncio.Event())
        pause, waited = T1, 0.0
        while waited < seconds:
            try:
                await asyncio.wait_for(event.wait(), pause)
                return
            except asyncio.TimeoutError:
                waited, pause = waited + pause, min(2 * pause, 4)
                if arrived:
                    arrived.link.send(arrived.said)
        raise Gone(f"{self.core.name}: no ACK for the INVITE {number} of {self.call_id}")

    def build(self, method, number, headers=(), body=b"", branch=None):
        head = [("Via", self.core.via(self.link, branch or new_branch())),
                ("From", self.local), ("To", self.remote), ("Call-ID", self.call_id),
                ("CSeq", f"{number} {method}"), ("Max-Forwards", "70"),
                ("Contact", self.contact)]
        head += [("Route", route) for route in self.routes]
        if method == "INVITE":
            head += self.head()
        if body and not any(name.lower() == "content-type" for name, _ in headers):
            head.append(("Content-Type", "application/sdp"))
        uri = self.target
        return Message(f"{method} {uri} SIP/2.0", head + list(self.core.marks(method))
                       + list(headers), body)

    async def send(self, method, headers=(), body=b""):
        """A request within the dialog; its exchange."""
        self.link = await self.core.way(self)
        self.number += 1
        return self.core.send(self.link, self.build(method, self.number, headers, body))

    async def request(self, method, headers=(), body=b"", seconds=ANSWER):
        exchange = await self.send(method, headers, body)
        return await exchange.final(seconds)

    async def bye(self, headers=()):
        exchange = await self.send("BYE", headers)
        self.end("we said BYE")
        response = await exchange.final()
        if response.status != 200:
            raise Gone(f"BYE got {response.start}")

    async def reinvite(self, hold=None, headers=(), expect=200, body=None):
        """Offers anew: hold is a direction or None for both ways."""
        self.media.hold = hold
        self.busy = True
        try:
            exchange = await self.send("INVITE", headers, body or self.media.offer())
            response = await exchange.final()
            if response.status < 300:
                self.ack(exchange.request.number)
                self.media.accept(response.sdp())
        finally:
            self.busy = False
        if expect and response.status != expect:
            raise Gone(f"re-INVITE got {response.start}")
        return response

    def ack(self, number, answer=""):
        message = self.build("ACK", number, body=answer)
        self.core.trace("->", self.link, message)
        self.link.send(message.write(self.core.capitals))

    async def comes(self, method, seconds=ANSWER):
        """The next request of a method that nobody serves."""
        try:
            while True:
                arrived = await asyncio.wait_for(self.came.get(), seconds)
                if arrived.request.method == method:
                    return arrived
        except asyncio.TimeoutError:
            raise Gone(f"{self.core.name}: no {method} within {seconds} s in {self.call_id}"
                       ) from None

    async def reoffered(self, count=1, seconds=ANSWER):
        """Until the other side has sent so many re-INVITEs, all acknowledged."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while self.seen.count("re-INVITE") < count:
            if loop.time() > deadline:
                raise Gone(f"{self.core.name}: {self.seen.count('re-INVITE')} re-INVITEs came")
            await asyncio.sleep(0.02)

    async def serve(self, arrived):
        request, method = arrived.request, arrived.request.method
        self.seen.append(method)
        if method in self.manual:
            self.came.put_nowait(arrived)
        elif method == "BYE":
            arrived.reply(200, "OK")
            self.bye_came = request
            self.end("BYE")
        elif method == "INVITE":
            await self.serve_invite(arrived)
        elif method == "NOTIFY":
            arrived.reply(200, "OK")
            self.came.put_nowait(arrived)
        elif method in self.core.serves:
            arrived.reply(200, "OK")
            self.came.put_nowait(arrived)
        else:
            arrived.reply(405, "Method Not Allowed", [("Allow", self.core.allow)])

    async def serve_invite(self, arrived):
        if self.busy:
            arrived.reply(491, "Request Pending")
            return
        body = (self.media.answer(arrived.request.sdp()) if arrived.request.sdp()
                else self.media.offer())
        self.target = address_of(arrived.request.get("contact")) or self.target
        arrived.reply(200, "OK", [*self.head()], body, contact=self.contact)
        await self.acknowledged(arrived.request.number, arrived)
        self.seen.append("re-INVITE")


class Outgoing:
    """An INVITE of ours and what becomes of it."""

    def __init__(self, core, exchange, media):
        self.core, self.exchange, self.media = core, exchange, media
        self.dialog, self.answered_by = None, None
        self.forks = {}  # tag -> responses of it

    @property
    def request(self):
        return self.exchange.request

    async def next(self, seconds=ANSWER):
        """The next response above 100; a session description of it is taken."""
        response = await self.exchange.next(seconds)
        self.forks.setdefault(tag_of(response.get("to")), []).append(response)
        if response.status < 300 and response.sdp() and self.media and self.answered_by is None:
            self.media.accept(response.sdp())
        return response

    async def until(self, status, seconds=ANSWER):
        """Until a response with this status comes; a final one that is another fails."""
        while True:
            response = await self.next(seconds)
            if response.status == status:
                break
            if response.status >= 200:
                raise Gone(f"{self.request.start}: {response.start} instead of {status}")
        if 200 <= status < 300:
            self.establish(response)
        return response

    def establish(self, response, answer=""):
        """The ACK of a 2xx that had the offer has the answer."""
        request = self.request
        dialog = Dialog(self.core, self.exchange.link, request.get("call-id"),
                        request.get("from"), response.get("to"),
                        address_of(response.get("contact")) or request.uri,
                        tag_of(request.get("from")))
        dialog.contact = request.get("contact")
        dialog.record_route = request.get("record-route")
        dialog.routes = list(reversed([r for r in response.all("record-route")
                                       if r != dialog.record_route]))
        dialog.media, dialog.number, dialog.confirmed = self.media, request.number, True
        dialog.start = response
        self.dialog = self.answered_by = dialog
        self.core.add(dialog)
        dialog.ack(request.number, answer)

    async def established(self, seconds=ANSWER):
        await self.until(200, seconds)
        return self.dialog

    async def refused(self, seconds=ANSWER):
        """The final response, which is no 2xx."""
        while True:
            response = await self.next(seconds)
            if response.status >= 300:
                if self.media:
                    self.media.close()
                return response
            if response.status >= 200:
                raise Gone(f"{self.request.start}: {response.start}, and it should be refused")

    async def cancel(self):
        head = [(n, v) for n, v in self.request.headers if Message.key(n) in (
            "via", "from", "to", "call-id", "max-forwards", "route")]
        head.append(("CSeq", f"{self.request.number} CANCEL"))
        exchange = self.core.send(self.exchange.link,
                                  Message(f"CANCEL {self.request.uri} SIP/2.0", head))
        return await exchange.final()
