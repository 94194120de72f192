# SPDX-License-Identifier: Apache-2.0
"""The carrier on the other side of the box: plain SIP and RTP over UDP, many calls at a time."""

import asyncio
import secrets
import socket

from dialogs import Outgoing
from media import Endpoint
from message import Message, new_branch
from net import UdpLink
from ua import Core

FIRST_PORT = 30000


class Carrier(Core):
    allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, REFER, SUBSCRIBE, NOTIFY"
    serves = ("INFO", "UPDATE")

    def __init__(self, net, own, box, port=5060):
        super().__init__("carrier")
        self.net, self.own, self.box, self.port = net, own, box, port
        self.next_port, self.media = FIRST_PORT, []
        self.link = None

    async def open(self):
        self.link = UdpLink("carrier", self.own, (self.box, 5060), self.take)
        made = self.net.socket("carrier", socket.SOCK_DGRAM, self.own, self.port)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self.link, sock=made)

    def identity(self, dialog):
        return f"<sip:carrier@{self.own}:{self.port}>", None

    def via(self, link, branch):
        return f"SIP/2.0/UDP {self.own}:{self.port};branch={branch};rport"

    def phone(self, name="phone", **more):
        port = self.next_port
        self.next_port = FIRST_PORT if port > 50000 else port + 2
        made = Endpoint(self.net, "carrier", name, self.own, port, **more)
        self.media.append(made)
        return made

    async def call(self, number, media=None, headers=(), caller="+12025550187", name="",
                   offer=True):
        media = media or self.phone()
        await media.open()
        target = f"sip:{number}@{self.box}:5060"
        request = Message(f"INVITE {target} SIP/2.0", [
            ("Via", self.via(self.link, new_branch())),
            ("From", f"{name}<sip:{caller}@{self.own}>;tag={secrets.token_hex(4)}"),
            ("To", f"<{target}>"), ("Call-ID", secrets.token_hex(12)), ("CSeq", "1 INVITE"),
            ("Max-Forwards", "70"), ("Contact", self.identity(None)[0]), ("Allow", self.allow),
            *headers])
        if offer:
            request.headers.append(("Content-Type", "application/sdp"))
            request.body = media.offer().encode()
        return Outgoing(self, self.send(self.link, request), media)

    def forget(self):
        super().forget()
        for endpoint in self.media:
            endpoint.close()
        self.media.clear()

    def close(self):
        self.forget()
        if self.link and self.link.transport:
            self.link.transport.close()
