# SPDX-License-Identifier: Apache-2.0
"""Sockets in the laboratory's namespaces: UDP, TLS connections that carry SIP, a DNS server."""

import asyncio
import ctypes
import ipaddress
import os
import socket
import ssl
import struct

from certificates import facts
from media import Ticker
from message import Message
from wires import CLONE_NEWNET, socket_in

LONGEST = 1 << 18
SUITES = "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:" \
         "ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA256"


def enter(descriptor):
    """Moves this thread, and those that it starts, to a network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Net:
    """Sockets by side of the laboratory, and the endpoints that speak."""

    def __init__(self, lab):
        self.lab, self.ticker = lab, Ticker()

    def socket(self, side, kind, address, port):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        made = socket_in(self.lab.namespace(side), family, kind)
        made.setblocking(False)
        if kind == socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
        return made

    async def open_udp(self, side, address, port, protocol):
        loop = asyncio.get_running_loop()
        made = self.socket(side, socket.SOCK_DGRAM, address, port)
        return (await loop.create_datagram_endpoint(lambda: protocol, sock=made))[0]


class UdpLink(asyncio.DatagramProtocol):
    """One party on UDP that talks with one other."""

    reliable, names, trunk = False, None, None

    def __init__(self, name, own, other, take):
        self.name, self.own, self.other, self.take = name, own, other, take
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, source):
        if len(data) > 20:
            head, _, body = data.partition(b"\r\n\r\n")
            self.take(Message.parse(head, body), self)

    def error_received(self, error):
        pass

    def send(self, data):
        self.transport.sendto(data, self.other)


class TlsLink:
    """A connection with the SBC. `take` gets each message, `ended` the link when it is over."""

    reliable = True

    def __init__(self, name, own, reader, writer, take, ended):
        self.name, self.own, self.reader, self.writer = name, own, reader, writer
        self.take, self.ended = take, ended
        self.pings, self.pongs, self.closed = 0, 0, asyncio.Event()
        tls = writer.get_extra_info("ssl_object")
        self.version, self.cipher = tls.version(), tls.cipher()[0]
        der = tls.getpeercert(True)
        self.names, self.key_bits, self.purposes = facts(der) if der else (None, 0, ())
        self.der = der
        self.messages = 0
        self.deaf = False  # takes what comes, does nothing with it
        self.task = asyncio.ensure_future(self._read())

    async def _read(self):
        try:
            while True:
                head = await self.reader.readuntil(b"\r\n\r\n")
                if head == b"\r\n\r\n":
                    self.pings += 1
                    self.send(b"\r\n")
                    continue
                self.pongs += head.startswith(b"\r\n")
                message = Message.parse(head.lstrip(b"\r\n").removesuffix(b"\r\n\r\n"))
                message.body = await self.reader.readexactly(
                    int(message.get("content-length") or 0))
                self.messages += 1
                if not self.deaf:
                    self.take(message, self)
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError, OSError):
            pass
        finally:
            self.closed.set()
            self.writer.close()
            self.ended(self)

    def send(self, data):
        if not self.closed.is_set():
            self.writer.write(data)

    def abort(self):
        """Ends it as a cable that is cut: no alert, no last words."""
        self.writer.transport.abort()

    def close(self):
        self.writer.close()


def server_context(chain, key, trust, demand=True, **limits):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    return _limit(context, chain, key, trust, demand, **limits)


def client_context(chain, key, trust, **limits):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return _limit(context, chain, key, trust, True, **limits)


def _limit(context, chain, key, trust, demand, lowest=ssl.TLSVersion.TLSv1_2,
           highest=ssl.TLSVersion.TLSv1_3, suites=SUITES):
    context.minimum_version, context.maximum_version = lowest, highest
    context.set_ciphers(suites)
    if chain:
        context.load_cert_chain(chain, key)
    context.load_verify_locations(trust)
    context.verify_mode = ssl.CERT_REQUIRED if demand else ssl.CERT_OPTIONAL
    return context


class NameServer(asyncio.DatagramProtocol):
    """A and AAAA of a table. A name that is missing does not exist; None as its value: silence."""

    def __init__(self, table):
        self.table, self.asked = dict(table), {}
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, query, source):
        labels, place = [], 12
        while place < len(query) and query[place]:
            labels.append(query[place + 1:place + 1 + query[place]].decode("ascii", "replace"))
            place += 1 + query[place]
        if place + 5 > len(query):
            return
        kind, = struct.unpack("!H", query[place + 1:place + 3])
        name, question = ".".join(labels).lower(), query[12:place + 5]
        self.asked[(name, kind)] = self.asked.get((name, kind), 0) + 1
        if name not in self.table:
            self._answer(query, question, 0x8183, b"", 0, source)
            return
        addresses = self.table[name]
        if addresses is None:
            return
        rows, count = b"", 0
        for text in addresses:
            address = ipaddress.ip_address(text)
            if kind == (1 if address.version == 4 else 28):
                rows += b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 5, len(address.packed)) + (
                    address.packed)
                count += 1
        self._answer(query, question, 0x8180, rows, count, source)

    def _answer(self, query, question, flags, rows, count, source):
        head = query[:2] + struct.pack("!HHHHH", flags, 1, count, 0, 0)
        self.transport.sendto(head + question + rows, source)

    def error_received(self, error):
        pass


def namespace_descriptor(name=None):
    """Of a named namespace, or of this process."""
    return os.open(f"/run/netns/{name}" if name else "/proc/self/ns/net", os.O_RDONLY)
