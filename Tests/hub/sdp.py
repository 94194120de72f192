# SPDX-License-Identifier: Apache-2.0
"""Session descriptions: what a media endpoint says, and what it reads in the other side's."""

# name: (payload type that the hub gives it, encoding, format parameters)
CODECS = {
    "SILK16": (104, "SILK/16000", None), "G722": (9, "G722/8000", None),
    "SILK8": (103, "SILK/8000", None), "PCMA": (8, "PCMA/8000", None),
    "PCMU": (0, "PCMU/8000", None), "G729": (18, "G729/8000", "annexb=no"),
    "EVENT": (101, "telephone-event/8000", "0-16"), "CN": (13, "CN/8000", None),
    "CN16": (118, "CN/16000", None),
}
PUBLISHED = ("SILK16", "G722", "SILK8", "PCMA", "PCMU", "G729", "EVENT", "CN", "CN16")
USUAL = ("PCMA", "PCMU", "G722", "EVENT", "CN")
STATIC = {0: "PCMU/8000", 8: "PCMA/8000", 9: "G722/8000", 18: "G729/8000", 13: "CN/8000"}
SUITE = "AES_CM_128_HMAC_SHA1_80"
SHORT_SUITE = "AES_CM_128_HMAC_SHA1_32"
MIRRORED = {"sendonly": "recvonly", "recvonly": "sendonly"}


def write(address, port, codecs, direction="sendrecv", crypto=(), ice=None, mux=False, version=1,
          session=771001, profile=None, numbers=None, origin="127.0.0.1", extra=(), rtcp=None):
    """`ice`: (ufrag, pwd, candidate lines, lite). `numbers`: other payload types by codec."""
    kind = "IP6" if ":" in address else "IP4"
    rows = [(dict(numbers or {}).get(name, CODECS[name][0]), *CODECS[name][1:]) for name in codecs]
    profile = profile or ("RTP/SAVP" if crypto else "RTP/AVP")
    lines = ["v=0", f"o=- {session} {version} IN IP4 {origin}", "s=-", f"c=IN {kind} {address}",
             "t=0 0"]
    if ice and ice[3]:
        lines.append("a=ice-lite")
    lines.append(f"m=audio {port} {profile} " + " ".join(str(row[0]) for row in rows))
    for number, encoding, parameters in rows:
        lines.append(f"a=rtpmap:{number} {encoding}")
        if parameters:
            lines.append(f"a=fmtp:{number} {parameters}")
    lines.append(f"a=rtcp:{rtcp or (port if mux else port + 1)}")
    if mux:
        lines.append("a=rtcp-mux")
    lines += [f"a=crypto:{line}" for line in crypto]
    if ice:
        lines += [f"a=ice-ufrag:{ice[0]}", f"a=ice-pwd:{ice[1]}"]
        lines += [f"a=candidate:{candidate}" for candidate in ice[2]]
    return "\r\n".join([*lines, *extra, "a=ptime:20", f"a={direction}"]) + "\r\n"


class Description:
    """A session description with one audio stream, read."""

    def __init__(self, text):
        self.text = text
        lines = [line for line in text.replace("\r\n", "\n").split("\n") if line]
        self.lines = lines
        origin = next(line for line in lines if line.startswith("o="))[2:].split()
        self.session, self.version = origin[1], int(origin[2])
        self.host = [line.split()[2] for line in lines if line.startswith("c=")][-1]
        media = next(line for line in lines if line.startswith("m=audio")).split()
        self.port, self.profile = int(media[1]), media[2]
        self.numbers = [int(word) for word in media[3:]]
        maps = {int(v.split()[0]): v.split()[1] for v in self.attributes("rtpmap")}
        self.encodings = {n: maps.get(n, STATIC.get(n, "?")) for n in self.numbers}
        self.crypto = [line.split() for line in self.attributes("crypto")]
        self.direction = next((d for d in ("sendonly", "recvonly", "inactive")
                               if f"a={d}" in lines), "sendrecv")
        self.mux = "a=rtcp-mux" in lines
        self.lite = "a=ice-lite" in lines
        self.ufrag = next(iter(self.attributes("ice-ufrag")), None)
        self.pwd = next(iter(self.attributes("ice-pwd")), None)
        self.candidates = self.attributes("candidate")
        rtcp = next(iter(self.attributes("rtcp")), None)
        self.rtcp = int(rtcp.split()[0]) if rtcp else self.port + (0 if self.mux else 1)

    def attributes(self, name):
        return [line[len(name) + 3:] for line in self.lines if line.startswith(f"a={name}:")]

    def number_of(self, encoding):
        """The payload type of an encoding; None where it is not there."""
        wanted = encoding.upper()
        return next((n for n, e in self.encodings.items() if e.upper() == wanted), None)

    @property
    def audio(self):
        """Encodings that are neither events nor noise, in their order."""
        return [self.encodings[n] for n in self.numbers
                if not self.encodings[n].lower().startswith(("telephone-event", "cn/"))]
