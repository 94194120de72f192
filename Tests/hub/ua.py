# SPDX-License-Identifier: Apache-2.0
"""A SIP user agent for many calls. The hub and the carrier are both made of it. It writes what it
is told to, also what is wrong."""

import asyncio
import secrets

from dialogs import Invite
from message import Message, tag_of
from transactions import ANSWER, Arrived, Exchange, Gone


class Core:
    """What is common to all calls of a party. `capitals`: header names as the hub writes them."""

    capitals, allow, serves = False, "INVITE,ACK,OPTIONS,CANCEL,BYE,NOTIFY", ()

    def __init__(self, name):
        self.name = name
        self.exchanges, self.arrivals, self.dialogs = {}, {}, {}
        self.invites = asyncio.Queue()
        self.history = []  # (time, direction, place, message), the newest 400
        self.tasks = set()
        self.faults = []  # of tasks nobody waits for

    # What a party decides ------------------------------------------------------------------------

    def identity(self, dialog):
        """(Contact, Record-Route or None) of a new dialog."""
        raise NotImplementedError

    def via(self, link, branch):
        raise NotImplementedError

    def extras(self, request, status):
        return [("Allow", self.allow)] if status < 300 and request.method == "INVITE" else []

    def marks(self, method):
        return [("Allow", self.allow)] if method == "INVITE" else []

    async def way(self, dialog):
        """The link for a request within a dialog."""
        return dialog.link

    def inspect(self, message, link, dialog):
        """Looks at whatever comes in; True takes it from the rest."""

    # Messages ------------------------------------------------------------------------------------

    def trace(self, direction, link, message):
        self.history.append((asyncio.get_running_loop().time(), direction, link.name, message))
        del self.history[:-400]

    def add(self, dialog):
        self.dialogs[(dialog.call_id, dialog.tag)] = dialog

    def spawn(self, work):
        task = asyncio.ensure_future(work)
        self.tasks.add(task)

        def done(ended):
            self.tasks.discard(ended)
            if not ended.cancelled() and ended.exception():
                error = ended.exception()
                self.faults.append(f"{type(error).__name__}: {error}")
        task.add_done_callback(done)
        return task

    def send(self, link, request):
        exchange = Exchange(self, link, request)
        self.exchanges[(request.branch, request.method)] = exchange
        self.trace("->", link, request)
        link.send(request.write(self.capitals))
        if not link.reliable:
            self.spawn(exchange.repeat())
        return exchange

    def take(self, message, link):
        self.trace("<-", link, message)
        own = tag_of(message.get("from" if message.is_response else "to"))
        dialog = self.dialogs.get((message.get("call-id"), own))
        if self.inspect(message, link, dialog):
            return
        if message.is_response:
            self.take_response(message, dialog)
        elif message.method == "ACK":
            if dialog:
                dialog.acks.setdefault(message.number, asyncio.Event()).set()
        else:
            self.take_request(message, link, dialog)

    def take_response(self, response, dialog):
        exchange = self.exchanges.get((response.branch, response.method))
        if exchange is None:
            return
        again = [r for r in exchange.responses if r.status >= 200]
        if response.method == "INVITE" and response.status >= 300:
            ack = Message(f"ACK {exchange.request.uri} SIP/2.0", [
                (n, response.get("to") if Message.key(n) == "to" else v)
                for n, v in exchange.request.headers if Message.key(n) in (
                    "via", "from", "to", "call-id", "max-forwards", "route")])
            ack.headers.append(("CSeq", f"{response.number} ACK"))
            exchange.link.send(ack.write(self.capitals))
        elif again and response.method == "INVITE" and response.status < 300:
            if dialog and dialog.confirmed:
                dialog.ack(response.number)  # its ACK was lost
            return
        if not again:
            exchange.take(response)

    def take_request(self, request, link, dialog):
        key = (request.branch, request.method)
        known = self.arrivals.get(key)
        if known:
            known.link = link  # its sender may have come back over another connection
            if known.said:
                link.send(known.said)
            return
        if request.method == "CANCEL":
            self.take_cancel(request, link)
            return
        if dialog:
            arrived = self.arrivals[key] = Arrived(self, link, request)
            self.spawn(dialog.serve(arrived))
        elif tag_of(request.get("to")):
            Arrived(self, link, request).reply(481, "Call/Transaction Does Not Exist")
        elif request.method == "INVITE":
            arrived = self.arrivals[key] = Invite(self, link, request)
            arrived.trying()
            self.invites.put_nowait(arrived)
        elif request.method == "OPTIONS":
            self.arrivals[key] = Arrived(self, link, request)
            self.take_options(self.arrivals[key])
        else:
            Arrived(self, link, request).reply(405, "Method Not Allowed", [("Allow", self.allow)])

    def take_cancel(self, request, link):
        invite = self.arrivals.get((request.branch, "INVITE"))
        cancel = self.arrivals[(request.branch, "CANCEL")] = Arrived(self, link, request)
        if invite is None or not isinstance(invite, Invite):
            cancel.reply(481, "Call/Transaction Does Not Exist")
            return
        cancel.reply(200, "OK", tag=next(iter(invite.forks), None))
        if not invite.final:
            invite.refuse(487, "Request Terminated")
        invite.cancelled.set()

    def take_options(self, arrived):
        arrived.reply(200, "OK", [("Allow", self.allow)], tag=secrets.token_hex(4))

    async def invited(self, seconds=ANSWER):
        """The next INVITE that begins a call."""
        try:
            return await asyncio.wait_for(self.invites.get(), seconds)
        except asyncio.TimeoutError:
            raise Gone(f"{self.name}: no INVITE within {seconds} s") from None

    def forget(self):
        """Between two scenarios nothing is left."""
        for task in tuple(self.tasks):
            task.cancel()
        for dialog in self.dialogs.values():
            dialog.end("forgotten")
        self.exchanges.clear(), self.arrivals.clear(), self.dialogs.clear()
        self.history.clear(), self.faults.clear()
        while not self.invites.empty():
            self.invites.get_nowait()
