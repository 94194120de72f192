# SPDX-License-Identifier: Apache-2.0
"""Carries what SIPp says in the clear over TLS, and back: Debian's SIPp has no TLS.

    tls_forwarder.py FOLDER connect ADDRESS:PORT TARGET:PORT   plain in, TLS out
    tls_forwarder.py FOLDER accept ADDRESS:PORT TARGET:PORT    TLS in, plain out

FOLDER holds ca.pem, parties.pem and parties.key. It prints one line when it listens.
"""

import selectors
import socket
import ssl
import sys

READ_BYTES = 65536
NAME = "parties"


def place(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


class Pair:
    """One connection on each side. What one has not taken yet keeps the other from being read."""

    def __init__(self, selector, one, other):
        self.selector = selector
        self.other = {one: other, other: one}
        self.waiting = {one: bytearray(), other: bytearray()}
        for end in self.other:
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(end, selectors.EVENT_READ, self)

    def ready(self, end, events):
        try:
            if events & selectors.EVENT_WRITE:
                self.write(end)
            if events & selectors.EVENT_READ:
                self.read(end)
        except OSError:  # ssl.SSLError is one
            self.close()

    def read(self, end):
        target = self.other[end]
        while len(self.waiting[target]) < 16 * READ_BYTES:
            try:
                data = end.recv(READ_BYTES)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
                break
            if not data:
                return self.close()
            self.waiting[target] += data
            if len(data) < READ_BYTES and not getattr(end, "pending", int)():
                break
        return self.write(target)

    def write(self, end):
        data = self.waiting[end]
        try:
            while data:
                del data[:end.send(data)]
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            pass
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if data else 0)
        if self.selector.get_key(end).events != events:
            self.selector.modify(end, events, self)

    def close(self):
        for end in self.other:
            self.selector.unregister(end)
            end.close()


def serve(folder, verb, listen_at, target):
    purpose = ssl.PROTOCOL_TLS_CLIENT if verb == "connect" else ssl.PROTOCOL_TLS_SERVER
    context = ssl.SSLContext(purpose)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(f"{folder}/ca.pem")
    context.load_cert_chain(f"{folder}/{NAME}.pem", f"{folder}/{NAME}.key")
    listener = socket.create_server(place(listen_at))
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, events in selector.select():
            if key.fileobj is not listener:
                if key.fileobj.fileno() >= 0:
                    key.data.ready(key.fileobj, events)
                continue
            plain, _ = listener.accept()
            try:
                far = socket.create_connection(place(target), 10)
                if verb == "connect":
                    far = context.wrap_socket(far)
                else:
                    plain = context.wrap_socket(plain, server_side=True)
                Pair(selector, plain, far)
            except OSError as error:
                print(f"no connection: {error}", file=sys.stderr, flush=True)
                plain.close()


if __name__ == "__main__":
    serve(*sys.argv[1:5])
