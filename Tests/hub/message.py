# SPDX-License-Identifier: Apache-2.0
"""SIP messages and URIs as the hub reads and writes them (RFC 3261 sections 7, 19, 25)."""

import secrets

SHORT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length",
         "c": "content-type", "s": "subject", "k": "supported", "e": "content-encoding",
         "r": "refer-to", "b": "referred-by", "o": "event", "u": "allow-events",
         "x": "session-expires", "y": "identity"}
# Names that the hub leaves in mixed case; all others it writes in capitals.
MIXED = ("content-type", "content-length", "x-ms-userlocation", "x-ms-mediapath", "x-ms-usersite")
LISTS = ("contact", "record-route", "route", "via", "history-info", "p-asserted-identity")


def split_list(value):
    """The items of a comma-separated value; commas in quotes and in <> part nothing."""
    items, begin, quoted, inside, escaped = [], 0, False, 0, False
    for at, letter in enumerate(value):
        if escaped:
            escaped = False
        elif quoted:
            escaped = letter == "\\"
            quoted = letter != '"'
        elif letter == '"':
            quoted = True
        elif letter in "<>":
            inside += 1 if letter == "<" else -1
        elif letter == "," and inside <= 0:
            items.append(value[begin:at].strip())
            begin = at + 1
    return [item for item in items + [value[begin:].strip()] if item]


class Message:
    """A request or a response: `headers` are (name as written, value) in their order."""

    def __init__(self, start, headers=(), body=b""):
        self.start, self.headers = start, list(headers)
        self.body = body.encode() if isinstance(body, str) else body

    @classmethod
    def parse(cls, head, body=b""):
        start, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
        headers = []
        for line in lines:
            if line[:1] in " \t" and headers:
                headers[-1] = (headers[-1][0], headers[-1][1] + " " + line.strip())
                continue
            name, colon, value = line.partition(":")
            if not colon:
                raise ValueError(f"no header field: {line!r}")
            headers.append((name.strip(), value.strip()))
        return cls(start, headers, body)

    @staticmethod
    def key(name):
        name = name.lower()
        return SHORT.get(name, name)

    def all(self, name):
        """Values of a header field; lists are taken apart."""
        found = [value for n, value in self.headers if self.key(n) == name]
        if name in LISTS:
            return [item for value in found for item in split_list(value)]
        return found

    def get(self, name):
        return next(iter(self.all(name)), "")

    def has(self, name):
        return any(self.key(n) == name for n, _ in self.headers)

    @property
    def is_response(self):
        return self.start.startswith("SIP/2.0 ")

    @property
    def status(self):
        return int(self.start.split(" ", 2)[1])

    @property
    def method(self):
        return (self.get("cseq").split() + ["", ""])[1] if self.is_response else (
            self.start.split(" ", 1)[0])

    @property
    def uri(self):
        return self.start.split(" ")[1]

    @property
    def number(self):
        return int(self.get("cseq").split()[0])

    @property
    def branch(self):
        return parameter(self.get("via"), "branch") or ""

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def words(self, name):
        """The tokens of Allow, Supported and the like."""
        return [w.strip() for value in self.all(name) for w in value.split(",") if w.strip()]

    def sdp(self):
        """The session description, also out of a multipart body; "" without one."""
        kind = self.get("content-type")
        if kind.lower().startswith("application/sdp"):
            return self.text
        return next((body.decode() for head, body in self.parts()
                     if "application/sdp" in head.lower()), "")

    def parts(self):
        """(header block, body) of each part of a multipart body."""
        kind = self.get("content-type")
        if not kind.lower().startswith("multipart/"):
            return []
        mark = b"--" + (parameter(kind, "boundary") or "").strip('"').encode()
        found = []
        for piece in self.body.split(mark)[1:]:
            if piece.startswith(b"--"):
                break
            head, _, body = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
            found.append((head.decode(), body.removesuffix(b"\r\n")))
        return found

    def write(self, capitals=False):
        lines = [self.start]
        for name, value in self.headers:
            if capitals and self.key(name) not in MIXED:
                name = name.upper()
            lines.append(f"{name}: {value}")
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + self.body


def parameter(value, name):
    """A parameter of a header field value, outside of <> and quotes; None without it."""
    rest = value.rpartition(">")[2] if ">" in value else value.partition(";")[1] + (
        value.partition(";")[2])
    for word in rest.split(";"):
        key, _, text = word.strip().partition("=")
        if key.lower() == name:
            return text
    return None


def tag_of(value):
    return parameter(value, "tag")


def address_of(value):
    """The URI of a name-addr or addr-spec."""
    if "<" in value:
        return value.partition("<")[2].partition(">")[0]
    return value.split(";")[0].strip()


def new_branch():
    return "z9hG4bK" + secrets.token_hex(10)


class Uri:
    """sip:user@host:port;parameters?headers, taken apart."""

    def __init__(self, text):
        self.text = text
        self.scheme, _, rest = text.partition(":")
        rest, _, self.headers = rest.partition("?")
        at = rest.rfind("@")
        self.user = rest[:at] if at >= 0 else None
        place, *words = rest[at + 1:].split(";")
        self.parameters = dict((w.partition("=")[0].lower(), w.partition("=")[2]) for w in words)
        if place.startswith("["):
            self.host, _, port = place[1:].partition("]")
            port = port.removeprefix(":")
        else:
            self.host, _, port = place.partition(":")
        self.port = int(port) if port.isdigit() else None

    @property
    def is_address(self):
        return ":" in self.host or self.host.replace(".", "").isdigit()
