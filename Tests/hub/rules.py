# SPDX-License-Identifier: Apache-2.0
"""The rules of the hub, by id: what they say in a few words, who broke one, who covers it."""

RULES = {
    "TLS-1": "TLS 1.2 at least, ECDHE-RSA with AES-GCM or AES-CBC-SHA2, an RSA key",
    "TLS-2": "CN or SAN is the SBC's name; a wildcard is exactly one label",
    "TLS-3": "the SBC's certificate is for servers, of a trusted authority, with its whole chain",
    "TLS-4": "the hub's certificate is for servers only, and its name is verified",
    "TLS-5": "the host of Contact is in the certificate that was shown; an address gets 403",
    "TLS-6": "connections with an old certificate are closed and built anew",
    "TLS-7": "no sips: URI",
    "TLS-8": "nobody between the two alters the Request-URI",
    "OPT-1": "the hub sends OPTIONS after it saw ours, to name and port of our Contact",
    "OPT-2": "Contact of OPTIONS has a name and no user",
    "OPT-3": "identity in OPTIONS: Record-Route first, else Contact",
    "OPT-4": "one OPTIONS a minute to each of the three names; 5 minutes without: demoted",
    "OPT-5": "OPTIONS go to names, looked up anew",
    "OPT-6": "demoted is tried last, not removed",
    "OPT-7": "OPTIONS run for the carrier trunk only, one for each of two trunks",
    "OPT-8": "OPTIONS of the hub get 200 with Allow",
    "INV-1": "Contact: name of the trunk, its port, transport=tls",
    "INV-2": "tenant by the name in Contact, then by its parent",
    "INV-3": "Request-URI sip:+E164@ a name of the hub, user=phone",
    "INV-4": "From with +",
    "INV-5": "no delayed offer",
    "INV-6": "no Replaces towards the hub",
    "INV-7": "no Record-Route, or the host of Contact",
    "INV-8": "X-MS-SBC says what SBC it is",
    "INV-9": "messages may be longer than 1500 bytes",
    "INV-10": "503 with Retry-After: the next datacentre; 603: never again",
    "RSP-1": "180 of each endpoint that rings, each with its own tag",
    "RSP-2": "180 has no SDP",
    "RSP-3": "at most one 183 (non-bypass), on any fork",
    "RSP-4": "200 on another fork than the 183; perhaps no 183",
    "RSP-5": "a bot may ring while the user is looked for",
    "RSP-6": "183 may be silence",
    "RSP-7": "181 passes",
    "OUT-1": "Request-URI sip:+E164@ derived trunk, user=phone, transport=tls",
    "OUT-2": "capitals, Supported: timer, Session-Expires 3600, Min-SE 300",
    "OUT-3": "no PRACK, UPDATE, INFO, REFER to the hub",
    "OUT-4": "P-Asserted-Identity with tel and sip URI, Privacy: id",
    "OUT-5": "History-Info of forwarded calls",
    "OUT-6": "408, 503, 504 before any 18x hand the call back",
    "OUT-7": "a connection that fails: the same trunk from another datacentre",
    "OUT-8": "a drained trunk keeps its calls",
    "OUT-9": "answers have one codec beside telephone-event and CN",
    "OUT-10": "no Require: 100rel",
    "SDP-1": "a=crypto AES_CM_128_HMAC_SHA1_80 inline:40 base64",
    "SDP-2": "of tag 0 with _32 and tag 1 with _80 the second is taken, tag echoed",
    "SDP-3": "a DTLS fingerprint beside is no harm; SDES is chosen",
    "SDP-4": "the life time |2^31 is sent, its absence accepted",
    "SDP-5": "hold is inactive and nothing else",
    "SDP-6": "address and port of our media stay for the life of a dialog",
    "SDP-7": "o= of the hub may have 127.0.0.1",
    "SDP-8": "rtcp-mux and port + 1 both work",
    "SDP-9": "dynamic payload types are what SDP says",
    "SDP-10": "comfort noise passes",
    "SDP-11": "DTMF as telephone-event, in early media too",
    "SDP-12": "IPv6 on non-bypass trunks",
    "SDP-13": "strict rules on a= lines",
    "ICE-1": "ICE-lite and STUN",
    "ICE-2": "exactly one candidate, IPv4, rtcp-mux",
    "ICE-3": "every valid check is answered, none is sent",
    "ICE-4": "regular nomination, before or after 200",
    "ICE-5": "several 183: checks of several peers at once, bound on 200",
    "ICE-6": "checks before the 183 that has the peer's ufrag are answered",
    "ICE-7": "early media before nomination",
    "ICE-8": "ufrag, pwd and candidate are the same in 183 and 200",
    "ICE-9": "the final re-INVITE has remote-candidates",
    "ICE-10": "lite to lite: default candidates",
    "ICE-11": "ICE restart: new credentials; the old path until the new one is nominated",
    "ICE-12": "unknown STUN attributes and malformed packets do no harm",
    "ICE-13": "ICE lines stay in every later SDP, checks go on being answered",
    "ICE-14": "no ICE on a trunk without bypass",
    "XFR-1": "Allow has REFER or not; NOTIFY always",
    "XFR-2": "Refer-To and Referred-By with long parameters",
    "XFR-3": "202, NOTIFY, a new INVITE to Refer-To with Referred-By",
    "XFR-4": "x-tt replaces the call; no Replaces",
    "XFR-5": "the new offer is sendrecv even if the old leg is on hold",
    "XFR-6": "the new leg is spliced to the core, which hears ringback",
    "XFR-7": "INVITE with Replaces of the hub is accepted",
    "XFR-8": "RFC 3515, 3891, 3892, 5589",
    "9-connect": "no connection to sip: sip2, then sip3",
    "9-503": "503 with Retry-After: next datacentre at once",
    "9-603": "603 is final",
    "9-403": "403 means a fault of Contact",
    "9-504": "the self-check list of 504 causes",
    "10-pidflo": "emergency calls carry PIDF-LO in a multipart body, numbers without +",
    "10-elin": "ELIN application: location to caller number",
    "dialog": "in-dialog requests: Route and Request-URI verbatim, tags, CSeq, never to :443",
    "timer": "session timers (RFC 4028)",
    "offer-answer": "o= of the SBC goes up by one with each change (RFC 3264)",
    "media": "SRTP both ways, nothing that cannot be opened",
}

NOT_COVERED = {
    "OPT-7": "multi-tenant health is the hub's own bookkeeping; both trunks' OPTIONS are checked",
    "SDP-13": "the rules are not published",
    "9-504": "diagnostics of Microsoft's own texts, nothing on the wire",
    "10-elin": "where it stands in the location is not public: tested in CallControlTests",
}

# Advice rather than a rule: said, and no reason to fail.
ADVICE = ("INV-8", "SDP-4", "OUT-9")


class Rulebook:
    """What one scenario saw."""

    def __init__(self, allowed=(), waived=()):
        self.allowed = set(allowed)  # rules that the scenario itself has broken on purpose
        self.advices = (*ADVICE, *waived)
        self.broken, self.advice = [], []
        self.counted = {}  # how often a rule was looked at

    def keep(self, rule, holds, text, advice=False):
        """A rule was looked at; `text` says what was seen where it does not hold."""
        assert rule in RULES, rule
        self.counted[rule] = self.counted.get(rule, 0) + 1
        if holds:
            return True
        if rule in self.allowed:
            return False
        entry = f"{rule}: {text}"
        kept = self.advice if advice or rule in self.advices else self.broken
        if entry not in kept and len(kept) < 50:
            kept.append(entry)
        return False
