#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A consultation service for the Mobile Control Point: consultation_service.py ADDRESS PORT MODE

MODE is `divert` (every call, to +12025550177), `native` (none), `silent` (no answer at all),
`slow` (the answer of divert after two seconds), `error` (status 500) or `odd` (no document of ours).
It prints `ready`, then what was asked, one document a line. See appliance/docs/mcp.md."""

import http.server
import json
import socketserver
import sys
import time

NUMBER = "+12025550177"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    mode = "divert"

    def do_POST(self):  # noqa: N802  the library's name
        question = self.rfile.read(int(self.headers["Content-Length"]))
        print(json.dumps(json.loads(question)), flush=True)
        if self.mode == "silent":
            time.sleep(30)
            return
        if self.mode == "slow":
            time.sleep(2)
        answer = {"divert": self.mode != "native"}
        if answer["divert"]:
            answer["number"] = NUMBER
        body = b"odd" if self.mode == "odd" else json.dumps(answer).encode()
        try:
            self.send_response(500 if self.mode == "error" else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except BrokenPipeError:
            pass  # who asked does not wait any more

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self):
        # The library's own looks up the name of the address, and waits for a DNS that is not there.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    Handler.mode = sys.argv[3]
    server = Server((sys.argv[1], int(sys.argv[2])), Handler)
    print("ready", flush=True)
    server.serve_forever()
