# SPDX-License-Identifier: Apache-2.0
"""The hub: three proxies, trunks, media processors, and the users behind them."""

import asyncio
import secrets
import socket
import time

import checks
import sdp
from dialogs import Outgoing
from ice import Client, Handmade
from media import Endpoint
from message import Message, Uri, address_of, new_branch, tag_of
from net import TlsLink, client_context, server_context
from transactions import Arrived, Gone
from ua import Core

DOMAIN = checks.DOMAIN
PORT = 5061
GUID = "0f0e0d0c-1111-4222-8333-444455556666"
AGENT = "Microsoft.PSTNHub.SIPProxy v.2020.1.1.1 i.EUWE.1"
RECORD_ROUTE = f"<sip:sip-du-a-eu.{DOMAIN}:{PORT};transport=tls;lr>"
FIRST_MP_PORT, CLIENT_PORT = 49152, 50000
REPEATS = 5.0  # seconds after connections broke in which a request may come again


class Trunk:
    """How the hub knows an SBC: its name, its port, whether media goes past the hub."""

    def __init__(self, host, port, bypass=False):
        self.host, self.port, self.bypass = host, port, bypass
        self.place = None  # its address, where it is not the SBC's usual one
        self.seen = {}  # proxy name -> when its last OPTIONS came
        self.contact = None  # of its last OPTIONS
        self.demoted_after = 300.0

    def demoted(self, now):
        return not any(now - when <= self.demoted_after for when in self.seen.values())


class Proxy:
    """One datacentre. `mode`: up, refusing (503 with Retry-After), silent, slow, or closed."""

    def __init__(self, hub, name, address):
        self.hub, self.name, self.address = hub, name, address
        self.mode, self.delay = "up", 0.0
        self.servers, self.links, self.outgoing = [], set(), {}
        self.options, self.failures = [], []
        self.accepted = 0

    async def listen(self, context=None):
        """443 is nobody's to dial: what comes there is a finding."""
        self.context = context or self.hub.server_context()
        for address in (self.address, self.six):
            listening = self.hub.net.socket("service", socket.SOCK_STREAM, address, PORT)
            listening.listen(100)
            self.servers.append(await asyncio.start_server(
                self._accept, sock=listening, ssl=self.context, limit=1 << 18,
                ssl_handshake_timeout=10))

    @property
    def six(self):
        return self.hub.six[self.hub.proxies.index(self)]

    def _accept(self, reader, writer):
        self.accepted += 1
        own = writer.get_extra_info("sockname")[1]
        link = TlsLink(f"{self.name}:{own}<-", self.address, reader, writer, self._take,
                       self.links.discard)
        link.proxy, link.inbound = self, True
        link.deaf = self.mode == "silent"
        self.links.add(link)
        checks.check_link(self.hub.rules, link)

    async def link_to(self, host, port):
        """The connection to an SBC by its name; a new one if there is none."""
        link = self.outgoing.get((host, port))
        patience = 20  # half seconds: a box that restarts is waited for
        while link is None or link.closed.is_set():
            try:
                link = self.outgoing[(host, port)] = await self.connect(host, port)
            except (OSError, asyncio.TimeoutError):
                patience -= 1
                if patience == 0:
                    raise
                await asyncio.sleep(0.5)
        return link

    async def connect(self, host, port, context=None):
        place = self.hub.place_of(host)
        own = self.six if ":" in place else self.address
        made = self.hub.net.socket("service", socket.SOCK_STREAM, own, 0)
        loop = asyncio.get_running_loop()
        await asyncio.wait_for(loop.sock_connect(made, (place, port)), 8)
        reader, writer = await asyncio.open_connection(
            sock=made, ssl=context or self.hub.client_context(), server_hostname=host,
            limit=1 << 18, ssl_handshake_timeout=10)
        link = TlsLink(f"{self.name}->{host}", own, reader, writer, self._take,
                       self._ended)
        link.proxy, link.inbound = self, False
        checks.check_link(self.hub.rules, link)
        self.hub.rules.keep("TLS-2", checks.covers(link.names, host),
                            f"{host} shows a certificate for {link.names}")
        return link

    def _ended(self, link):
        for key, value in tuple(self.outgoing.items()):
            if value is link:
                del self.outgoing[key]

    def _take(self, message, link):
        if self.mode == "silent":
            return
        if self.mode == "slow":
            asyncio.get_running_loop().call_later(self.delay, self.hub.take, message, link)
            return
        if self.mode == "refusing" and not message.is_response and message.method == "INVITE" \
                and not tag_of(message.get("to")):
            self.hub.refused.append((self.name, message))
            head = [(n, v) for n, v in message.headers if Message.key(n) in (
                "via", "from", "call-id", "cseq")]
            head += [("To", message.get("to") + ";tag=busy"), ("Retry-After", "1")]
            link.send(Message("SIP/2.0 503 Service Unavailable", head).write(True))
            return
        self.hub.take(message, link)

    def set(self, mode, delay=0.0):
        self.mode, self.delay = mode, delay
        for link in self.links:
            link.deaf = mode == "silent"

    async def close(self):
        """No connection is accepted any more, those that are there are cut."""
        for server in self.servers:
            server.close()
        self.servers.clear()
        self.cut()
        await asyncio.sleep(0)

    def cut(self):
        self.hub.cut_at = time.monotonic()
        for link in tuple(self.links) + tuple(self.outgoing.values()):
            link.abort()


class Hub(Core):
    capitals = True

    def __init__(self, net, rules, trunks, addresses, authority, sbc_root, place):
        super().__init__("hub")
        self.net, self.rules, self.trunks = net, rules, trunks
        self.place = place  # address of the SBC, by whatever name
        self.sbc_root = sbc_root
        names = [f"{region}.{DOMAIN}" for region in checks.REGIONS]
        names.append(f"sip-du-a-eu.{DOMAIN}")
        self.certificate = authority.issue("hub", names, "serverAuth")
        self.proxies = [Proxy(self, region, address)
                        for region, address in zip(checks.REGIONS, addresses)]
        self.mp_address = addresses[3]
        self.next_mp, self.clients, self.ports = FIRST_MP_PORT, 0, 0
        self.refused, self.described, self.media = [], {}, []
        self.trap, self.six = None, []
        self.cut_at = 0.0  # when connections broke last

    def server_context(self, **limits):
        return server_context(*self.certificate, self.sbc_root, **limits)

    def client_context(self, **limits):
        return client_context(*self.certificate, self.sbc_root, **limits)

    def place_of(self, host):
        trunk = next((t for t in self.trunks
                      if host == t.host or host.endswith("." + t.host)), None)
        if trunk is None:
            raise Gone(f"the hub does not know the name {host}")
        return trunk.place or self.place

    async def open(self):
        for proxy in self.proxies:
            await proxy.listen()
        trap = self.net.socket("service", socket.SOCK_STREAM, self.proxies[0].address, 443)
        trap.listen(5)

        def caught(_, writer):
            self.rules.keep("dialog", False, "a connection to port 443")
            writer.close()
        self.trap = await asyncio.start_server(caught, sock=trap)

    # What the hub is -----------------------------------------------------------------------------

    def identity(self, dialog):
        call = dialog.call_id.split("@")[0][:32]
        leg = secrets.token_hex(4)
        return (f"<sip:api-du-a-euwe.{DOMAIN}:443;x-i={GUID};x-c={call}/d/8/{leg}>", RECORD_ROUTE)

    def via(self, link, branch):
        own = f"[{link.own}]" if ":" in link.own else link.own
        return f"SIP/2.0/TLS {own}:{PORT};branch={branch}"

    def extras(self, request, status):
        if request.method == "OPTIONS":
            return [("Allow", self.allow), ("Server", AGENT)]
        return super().extras(request, status)

    def marks(self, method):
        """Also within a dialog: who refreshes says each time that it knows timers (RFC 4028 section
        7.1); an SBC refreshes itself where it is not said."""
        return [*super().marks(method), *[("Supported", "timer")] * (method == "INVITE")]

    async def way(self, dialog):
        """To the name and port of the SBC's Contact, from the datacentre that has the call."""
        uri = Uri(dialog.target)
        proxy = dialog.link.proxy
        if proxy.mode == "closed" or not proxy.servers:
            proxy = next(p for p in self.proxies if p.servers)
        return await proxy.link_to(uri.host, uri.port or 5061)

    # What comes in -------------------------------------------------------------------------------

    def inspect(self, message, link, dialog):
        rules = self.rules
        if message.is_response:
            exchange = self.exchanges.get((message.branch, message.method))
            rules.keep("dialog", exchange is not None, f"{message.start} to no request of ours")
            if exchange:
                checks.check_response(rules, message, exchange)
                self._look_at_sdp(message, dialog, exchange)
            return False
        checks.check_request(rules, message)
        if message.method == "CANCEL":
            return False
        begun = self.arrivals.get((message.branch, "INVITE"))
        if message.method == "ACK" and begun:  # of a refusal: it is the INVITE's transaction
            rules.keep("dialog", message.uri == begun.request.uri,
                       f"ACK to {message.uri} for an INVITE to {begun.request.uri}")
            return False
        known = self.arrivals.get((message.branch, message.method))
        if dialog and known:  # the same transaction: its sender does not know whether it had come
            rules.keep("dialog", time.monotonic() - self.cut_at < REPEATS
                       and message.write(True) == known.request.write(True),
                       f"{message.method} comes again")
        elif dialog:
            checks.check_inside(rules, message, dialog)
            self._look_at_sdp(message, dialog, None)
        elif not tag_of(message.get("to")) and message.method in ("INVITE", "OPTIONS"):
            return self._begin(message, link)
        elif message.method != "ACK":
            rules.keep("dialog", False, f"{message.method} in a dialog that does not exist")
        return False

    def _begin(self, message, link):
        checks.check_request_outside(self.rules, message)
        fault = checks.check_contact(self.rules, message, link, self.trunks)
        if fault:
            self._reject(message, link, 403, "Forbidden")
            return True
        trunk = self.trunk_of(message)
        if message.method == "OPTIONS":
            trunk.seen[link.proxy.name] = time.monotonic()
            trunk.contact = Uri(address_of(message.get("contact")))
            link.proxy.options.append(message)
        elif not message.sdp():
            self._reject(message, link, 488, "Not Acceptable Here")
            return True
        else:
            for name, answer in (("replaces", 400), ("require", 420)):
                if name == "replaces" and message.has(name) or (
                        name == "require" and "100rel" in message.words(name)):
                    self._reject(message, link, answer, "Bad Extension")
                    return True
            self._look_at_sdp(message, None, None)
        return False

    def _reject(self, message, link, status, reason):
        arrived = Arrived(self, link, message)
        arrived.reply(status, reason, tag=secrets.token_hex(4))

    def trunk_of(self, message):
        host = Uri(address_of(message.get("contact"))).host
        return next((t for t in self.trunks
                     if host == t.host or host.endswith("." + t.host)), None)

    def _look_at_sdp(self, message, dialog, exchange):
        text = message.sdp()
        if not text:
            return
        now = sdp.Description(text)
        call = message.get("call-id")
        theirs = tag_of(message.get("to" if message.is_response else "from"))
        before = self.described.get((call, theirs))
        trunk = getattr(exchange, "trunk", None) or self.trunk_of(message)
        answers = message.is_response and bool(exchange.request.sdp())
        checks.check_description(self.rules, now, before, trunk, answers)
        self.described[(call, theirs)] = now

    # Calls ---------------------------------------------------------------------------------------

    def mp(self, name="mp", **more):
        """A media processor's endpoint."""
        port = self.next_mp
        self.next_mp = FIRST_MP_PORT if port > 53000 else port + 2
        address = self.six[3] if more.pop("six", False) else self.mp_address
        made = Endpoint(self.net, "service", name, address, port, secure=True, **more)
        self.media.append(made)
        return made

    def handmade(self, name="client", **more):
        """A bypass client whose checks the scenario sends."""
        self.clients, self.ports = self.clients + 1, (self.ports + 1) % 9000
        made = Handmade(self.net, "service", f"{name}{self.clients}",
                        self.net.lab.client_address(self.clients), CLIENT_PORT + self.ports,
                        **more)
        self.media.append(made)
        return made

    async def client(self, name="client", **more):
        """A bypass client: full ICE, an address of its own."""
        self.clients += 1
        address = self.net.lab.client_address(self.clients)
        made = Client(self.net, "service", f"{name}{self.clients}", address, 0, **more)
        self.media.append(made)
        await made.gather()
        return made

    def gone(self, client):
        """The newest client is away; the next one has its address."""
        client.close()
        self.media.remove(client)
        self.clients -= 1

    def invite_headers(self, trunk, timer=True):
        head = [("Supported", "timer"), ("User-Agent", AGENT)]
        if timer and not trunk.bypass:
            head += [("Session-Expires", "3600"), ("Min-SE", "300")]
        return head

    async def call(self, trunk, number, media, headers=(), proxy=0, caller="+12025550123",
                   name="", body=None, timer=True, host=None, uri_more="", capture=None):
        """A user calls: INVITE to the SBC of a trunk."""
        await media.open()
        host = host or trunk.host
        link = await self.proxies[proxy].link_to(host, trunk.port)
        call_id, tag = secrets.token_hex(16), secrets.token_hex(4)
        target = f"sip:{number}@{host}:{trunk.port};user=phone"
        dialog_like = type("Calling", (), {"call_id": call_id})()
        contact, record = self.identity(dialog_like)
        request = Message(f"INVITE {target};transport=tls{uri_more} SIP/2.0", [
            ("From", f"{name}<sip:{caller}@sip.{DOMAIN}:{PORT};user=phone>;tag={tag}"),
            ("To", f"<{target}>"), ("CSeq", "1 INVITE"), ("Call-ID", call_id),
            ("Max-Forwards", "70"), ("Via", self.via(link, new_branch())),
            ("Record-Route", record), ("Contact", contact),
            *self.invite_headers(trunk, timer), ("Allow", self.allow), *headers])
        if not request.has("content-type"):
            request.headers.append(("Content-Type", "application/sdp"))
        description = media.offer()
        request.body = (body(description) if body else description.encode())
        exchange = self.send(link, request)
        exchange.trunk = trunk
        return Outgoing(self, exchange, media)

    async def ask_options(self, trunk, proxy=0):
        """The hub's own OPTIONS, to name and port of the SBC's Contact."""
        link = await self.proxies[proxy].link_to(trunk.host, trunk.port)
        exchange = self.send(link, Message(
            f"OPTIONS sip:{trunk.host}:{trunk.port};transport=tls SIP/2.0", [
                ("From", f"<sip:sip-du-a-eu.{DOMAIN}:{PORT}>;tag={secrets.token_hex(4)}"),
                ("To", f"<sip:{trunk.host}:{trunk.port}>"), ("CSeq", "1 OPTIONS"),
                ("Call-ID", secrets.token_hex(12)), ("Max-Forwards", "70"),
                ("Via", self.via(link, new_branch())),
                ("Contact", f"<sip:sip-du-a-eu.{DOMAIN}:{PORT};transport=tls>"),
                ("Allow", self.allow)]))
        return await exchange.final()

    def forget(self):
        super().forget()
        for endpoint in self.media:
            endpoint.close()
        self.media.clear(), self.described.clear(), self.refused.clear()
        self.clients = 0

    async def close(self):
        self.forget()
        for proxy in self.proxies:
            await proxy.close()
        if self.trap:
            self.trap.close()
