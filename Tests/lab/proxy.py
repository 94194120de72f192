# SPDX-License-Identifier: Apache-2.0
"""A SIP proxy in a few lines that sends every call straight back to where it came from under
another number, and leaves its session description alone."""

import re
import threading

from wires import udp_in


class ReturningProxy:
    """Stateless (RFC 3261 section 16.11), in the path of the dialog by Record-Route."""

    def __init__(self, lab, side, number, port=5060):
        self.number = number
        self.own = f"{lab.address(side)}:{port}"
        self.box = (lab.address(side, "box"), 5060)
        self.socket = udp_in(lab.namespace(side), lab.address(side), port)
        self.socket.settimeout(0.2)
        self.running = True
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while self.running:
            try:
                data, source = self.socket.recvfrom(65536)
            except OSError:
                continue
            text = data.decode("latin-1")
            text = self._response(text) if text.startswith("SIP/2.0") else self._request(text)
            if text:
                self.socket.sendto(text[0].encode("latin-1"), text[1])

    def _request(self, text):
        line, rest = text.split("\r\n", 1)
        method, uri, version = line.split(" ")
        branch = re.search(r"branch=([^;\s,]+)", rest).group(1)
        head = [f"Via: SIP/2.0/UDP {self.own};branch={branch}p;rport"]
        to_tag = re.search(r"(?im)^(?:to|t)\s*:.*;tag=", rest)
        target = self.box
        if not to_tag:
            uri = f"sip:{self.number}@{self.box[0]}:{self.box[1]}"
            head.append(f"Record-Route: <sip:{self.own};lr>")
        else:
            routes = re.findall(r"(?im)^route\s*:\s*(.*)\r\n", rest)
            rest = re.sub(r"(?im)^route\s*:.*\r\n", "", rest)
            left = [r for line in routes for r in line.split(",") if self.own not in r]
            if left:
                head.append("Route: " + ",".join(left))
            where = re.search(r"sips?:(?:[^@>]*@)?([\d.]+)(?::(\d+))?", left[0] if left else uri)
            target = (where.group(1), int(where.group(2) or 5060))
        return "\r\n".join([f"{method} {uri} {version}"] + head) + "\r\n" + rest, target

    def _response(self, text):
        text = re.sub(r"(?im)^(?:via|v)\s*:.*\r\n", "", text, count=1)
        via = re.search(r"(?im)^(?:via|v)\s*:\s*SIP/2.0/UDP\s+([\d.]+)(?::(\d+))?", text)
        return (text, (via.group(1), int(via.group(2) or 5060))) if via else None

    def close(self):
        self.running = False
        self.thread.join()
        self.socket.close()
