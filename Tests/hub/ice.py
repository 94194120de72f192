# SPDX-License-Identifier: Apache-2.0
"""Bypass clients: full ICE by aioice, and checks by hand for what no well-behaved client does."""

import asyncio
import hashlib
import hmac
import os
import secrets
import struct
import zlib

import aioice.ice
from aioice import Candidate, Connection

from media import Endpoint

COOKIE = 0x2112A442


class Agent(Connection):
    """Full ICE of one client; data goes to the endpoint whatever has been nominated."""

    def __init__(self, endpoint):
        super().__init__(ice_controlling=True, components=1, use_ipv6=False)
        self.endpoint = endpoint
        self.remote_is_lite = True  # so that it nominates after the checks, not with them

    def data_received(self, data, component):
        self.endpoint.take(data, self.endpoint.box)


class Client(Endpoint):
    """A client with an address of its own. `early` sends to the box before any nomination."""

    def __init__(self, net, side, name, address, port, **more):
        more.setdefault("codecs", ("SILK16", "G722", "PCMA", "PCMU", "EVENT", "CN"))
        super().__init__(net, side, name, address, port, secure=True, mux=True, **more)
        self.agent, self.early_send, self.box = None, False, None
        self.connected, self.work, self.old_agents = asyncio.Event(), None, []

    async def gather(self):
        """New credentials and a new port; called again it is an ICE restart."""
        if self.agent:
            self.old_agents.append(self.agent)
        self.agent, self.connected = Agent(self), asyncio.Event()
        kept = aioice.ice.get_host_addresses
        aioice.ice.get_host_addresses = lambda **_: [self.address]
        try:
            await self.agent.gather_candidates()
        finally:
            aioice.ice.get_host_addresses = kept
        candidate = self.agent.local_candidates[0]
        self.port = candidate.port
        self.ice = (self.agent.local_username, self.agent.local_password,
                    [candidate.to_sdp()], False)

    async def open(self):
        self.net.ticker.endpoints.add(self)
        self.transport = self  # aioice has the socket
        return self

    def sendto(self, packet, place):
        protocols = self.agent._protocols
        if protocols:
            protocols[0].transport.sendto(packet, place)

    def place(self):
        return self.box if self.connected.is_set() or self.early_send else None

    def _apply(self, peer, names, direction):
        super()._apply(peer, names, direction)
        self.box = (peer.host, peer.port)
        if self.agent.remote_username is None and peer.ufrag:
            self.agent.remote_username, self.agent.remote_password = peer.ufrag, peer.pwd
            self.work = asyncio.ensure_future(self._connect(peer.candidates))

    async def _connect(self, candidates):
        for line in candidates:
            await self.agent.add_remote_candidate(Candidate.from_sdp(line))
        await self.agent.add_remote_candidate(None)
        try:
            await self.agent.connect()
            self.connected.set()
        except ConnectionError as error:
            self.errors.append(f"ICE: {error}")

    async def nominated(self, seconds=12.0):
        try:
            await asyncio.wait_for(self.connected.wait(), seconds)
        except asyncio.TimeoutError:
            raise AssertionError(f"{self.name}: no pair was nominated; {self.errors}") from None

    def take_other(self, packet, source):
        """aioice has taken what is STUN: what is left is nobody's."""
        self.errors.append(f"{packet[:4].hex()} is neither RTP nor STUN")

    def close(self):
        self.net.ticker.endpoints.discard(self)
        self.transport = None
        if self.work:
            self.work.cancel()
        for agent in [*self.old_agents, self.agent]:
            if agent:
                asyncio.ensure_future(agent.close())
        self.agent, self.old_agents = None, []


def attribute(kind, value):
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def binding(user, password, use=False, more=b"", transaction=None, integrity=True):
    """A binding request of a controlling agent (RFC 5389, RFC 5245 section 7.1)."""
    transaction = transaction or secrets.token_bytes(12)
    body = attribute(0x0006, user.encode()) + attribute(0x0024, struct.pack("!I", 0x6effffff))
    body += attribute(0x802a, os.urandom(8)) + (attribute(0x0025, b"") if use else b"") + more

    def head(length):
        return struct.pack("!HHI", 0x0001, length, COOKIE) + transaction
    if integrity:
        digest = hmac.new(password.encode(), head(len(body) + 24) + body, hashlib.sha1).digest()
        body += attribute(0x0008, digest)
    crc = zlib.crc32(head(len(body) + 8) + body) ^ 0x5354554E
    return head(len(body) + 8) + body + attribute(0x8028, struct.pack("!I", crc))


class Handmade(Endpoint):
    """A client whose checks a scenario sends itself, one by one."""

    def __init__(self, net, side, name, address, port, **more):
        more.setdefault("codecs", ("G722", "PCMA", "PCMU", "EVENT", "CN"))
        super().__init__(net, side, name, address, port, secure=True, mux=True, **more)
        self.renew()
        self.responses = {}  # transaction -> class of the response
        self.requests = 0  # checks that came: none should
        self.allowed_to_send = True

    def renew(self, lite=False, candidates=True):
        self.ufrag, self.pwd = secrets.token_hex(3), secrets.token_hex(12)
        rows = [f"1 1 UDP 2130706431 {self.address} {self.port} typ host"] if candidates else []
        self.ice = (self.ufrag, self.pwd, rows, lite)

    def place(self):
        return self.remote if self.allowed_to_send else None

    def take_other(self, packet, source):
        if len(packet) >= 20 and packet[0] < 2:
            kind, = struct.unpack("!H", packet[:2])
            if kind in (0x0101, 0x0111):
                self.responses[packet[8:20]] = kind
            else:
                self.requests += 1
        else:
            super().take_other(packet, source)

    async def check(self, use=False, peer=None, seconds=3.0, **more):
        """Sends a check until it is answered; the class of the response or None."""
        peer = peer or self.peer
        transaction = secrets.token_bytes(12)
        packet = binding(f"{peer.ufrag}:{self.ufrag}", more.pop("password", peer.pwd), use,
                         transaction=transaction, **more)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while loop.time() < deadline:
            self.transport.sendto(packet, (peer.host, peer.port))
            for _ in range(10):
                await asyncio.sleep(0.03)
                if transaction in self.responses:
                    return self.responses[transaction]
        return None
