# SPDX-License-Identifier: Apache-2.0
"""What the hub looks at in everything that an SBC sends it. Each finding goes by a rule's id."""

import re

import sdp
from certificates import covers
from media import KEY
from message import Uri, address_of, parameter, tag_of

REFUSED_METHODS = ("PRACK", "UPDATE", "INFO", "REFER", "SUBSCRIBE", "MESSAGE", "PUBLISH")
NUMBER = re.compile(r"\+[0-9]{1,15}$")
TLS_12 = ("ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256",
          "ECDHE-RSA-AES256-SHA384", "ECDHE-RSA-AES128-SHA256")
REGIONS = ("sip", "sip2", "sip3")
DOMAIN = "pstnhub.microsoft.com"


def check_link(rules, link):
    """A connection that has come to be."""
    fine = link.version == "TLSv1.3" or (link.version == "TLSv1.2" and link.cipher in TLS_12)
    rules.keep("TLS-1", fine, f"{link.version} with {link.cipher}")
    if link.names:
        rules.keep("TLS-1", link.key_bits >= 2048, f"an RSA key of {link.key_bits} bits")
        rules.keep("TLS-3", not link.purposes or "serverAuth" in link.purposes,
                   f"the certificate is for {link.purposes}")


def check_contact(rules, message, link, trunks):
    """The reason for a 403, or None."""
    contacts = message.all("contact")
    if not contacts:
        return "no Contact"
    uri = Uri(address_of(contacts[0]))
    rules.keep("TLS-5", not uri.is_address, f"Contact has the address {uri.host}")
    if uri.is_address:
        return "an address in Contact"
    if not rules.keep("TLS-2", link.names is None or covers(link.names, uri.host),
                      f"Contact has {uri.host}, the certificate {link.names}"):
        return "Contact is not in the certificate"
    for route in message.all("record-route"):
        place = Uri(address_of(route))
        rules.keep("TLS-5", not place.is_address, f"Record-Route has the address {place.host}")
        rules.keep("INV-7", place.host == uri.host, f"Record-Route {place.host}, Contact "
                   f"{uri.host}")
        if place.is_address:
            return "an address in Record-Route"
    trunk = next((t for t in trunks if t.host == uri.host or uri.host.endswith("." + t.host)),
                 None)
    if trunk is None:
        return f"{uri.host} is nobody's trunk"
    rules.keep("INV-1", uri.parameters.get("transport", "").lower() == "tls"
               and uri.port == trunk.port, f"Contact {uri.text}")
    return None


def check_request_outside(rules, message):
    """A request that begins something."""
    uri = Uri(message.uri)
    names = [f"{region}.{DOMAIN}" for region in REGIONS]
    if message.method == "INVITE":
        parameters = uri.parameters
        if "x-m" in parameters:  # a target of a transfer, without a number
            rules.keep("XFR-3", uri.host in names, f"Request-URI {uri.text}")
        else:
            rules.keep("INV-3", uri.host in names and NUMBER.match(uri.user or ""),
                       f"Request-URI {uri.text}")
            rules.keep("INV-3", parameters.get("user") == "phone",
                       f"no user=phone in {uri.text}")
        caller = Uri(address_of(message.get("from")))
        rules.keep("INV-4", (caller.user or "").startswith("+")
                   or "anonymous" in (caller.user or "").lower(), f"From {caller.text}")
        rules.keep("INV-5", bool(message.sdp()), "an INVITE without a session description")
    elif message.method == "OPTIONS":
        rules.keep("OPT-5", uri.host in names, f"OPTIONS to {uri.text}")
        contact = Uri(address_of(message.get("contact")))
        rules.keep("OPT-2", contact.user is None and not contact.is_address and contact.host,
                   f"Contact of OPTIONS {message.get('contact')!r}")
    rules.keep("INV-6", not message.has("replaces"), "Replaces towards the hub")


def check_request(rules, message):
    """Any request."""
    text = " ".join([message.start, *message.all("contact"), *message.all("record-route"),
                     message.get("from"), message.get("to")])
    rules.keep("TLS-7", "sips:" not in text.lower(), f"a sips: URI in {message.start}")
    rules.keep("OUT-3", message.method not in REFUSED_METHODS, f"{message.method} to the hub")
    rules.keep("OUT-10", "100rel" not in message.words("require"), "Require: 100rel")
    if message.method in ("INVITE", "OPTIONS"):
        rules.keep("XFR-1", "NOTIFY" in message.words("allow"),
                   f"Allow {message.words('allow')} of {message.method}")
    if message.method == "INVITE":
        rules.keep("INV-8", message.has("x-ms-sbc"), "no X-MS-SBC in INVITE")
    via = message.get("via")
    rules.keep("dialog", via.upper().startswith("SIP/2.0/TLS "), f"Via {via}")


def check_inside(rules, message, dialog):
    """A request within a dialog."""
    own = address_of(dialog.contact)
    rules.keep("dialog", message.uri == own, f"Request-URI {message.uri}, and our Contact is {own}")
    rules.keep("TLS-8", message.uri == own, "the Request-URI was altered")
    routes = [address_of(route) for route in message.all("route")]
    wanted = [address_of(dialog.record_route)] if dialog.record_route else []
    rules.keep("dialog", routes == wanted, f"Route {routes} of {message.method}, not {wanted}")
    rules.keep("dialog", tag_of(message.get("from")) == tag_of(dialog.remote),
               f"From tag of {message.method}")
    if message.method not in ("ACK", "CANCEL"):
        rules.keep("dialog", message.number > dialog.remote_number,
                   f"CSeq {message.number} of {message.method} after {dialog.remote_number}")
        dialog.remote_number = max(dialog.remote_number, message.number)
    rules.keep("INV-6", not message.has("replaces"), "Replaces towards the hub")


def check_response(rules, response, exchange):
    """A response to a request of the hub."""
    request = exchange.request
    for name in ("from", "call-id", "cseq"):
        rules.keep("dialog", response.get(name) == request.get(name),
                   f"{name} of {response.start}: {response.get(name)!r}")
    rules.keep("dialog", response.all("via") == request.all("via"),
               f"Via of {response.start}: {response.all('via')}")
    if response.status > 100:
        rules.keep("dialog", bool(tag_of(response.get("to"))), f"no To tag in {response.start}")
    if request.method == "INVITE" and 100 < response.status < 300:
        begins = not tag_of(request.get("to"))
        rules.keep("dialog", not begins or [address_of(r) for r in response.all("record-route")]
                   == [address_of(r) for r in request.all("record-route")],
                   f"Record-Route of {response.start}: {response.all('record-route')}")
        rules.keep("OUT-10", "100rel" not in response.words("require"), "Require: 100rel")
        contact = Uri(address_of(response.get("contact")))
        rules.keep("TLS-5", bool(contact.host) and not contact.is_address,
                   f"Contact of {response.start}: {response.get('contact')!r}")
        rules.keep("INV-8", response.has("x-ms-sbc"), f"no X-MS-SBC in {response.start}")
    if request.method == "OPTIONS":
        rules.keep("OPT-8", response.status == 200 and response.words("allow"),
                   f"{response.start}, Allow {response.words('allow')}")
        rules.keep("XFR-1", "NOTIFY" in response.words("allow"), "no NOTIFY in Allow")


def check_description(rules, now, before, trunk, answers):
    """A session description of the SBC, and the one before it in this dialog."""
    for line in now.crypto:
        rules.keep("SDP-1", len(line) >= 3 and line[1] == sdp.SUITE and bool(KEY.match(line[2])),
                   f"a=crypto:{' '.join(line[:2])} ...")
        rules.keep("SDP-4", len(line) >= 3 and "|2^31" in line[2], "no |2^31 behind a key")
    rules.keep("SDP-1", bool(now.crypto) and "SAVP" in now.profile,
               f"{now.profile} with {len(now.crypto)} keys")
    rules.keep("SDP-5", now.direction in ("sendrecv", "inactive"), f"a={now.direction}")
    rules.keep("SDP-5", now.host != "0.0.0.0", "c=0.0.0.0")
    if answers:
        rules.keep("OUT-9", len(now.audio) == 1, f"an answer with the codecs {now.audio}")
    if trunk and trunk.bypass:
        rules.keep("ICE-2", len(now.candidates) == 1 and now.mux,
                   f"{len(now.candidates)} candidates, rtcp-mux {now.mux}")
        rules.keep("ICE-13", now.lite and now.ufrag and now.pwd,
                   "no a=ice-lite or no credentials")
        if len(now.candidates) == 1:
            words = now.candidates[0].split()
            rules.keep("ICE-2", words[4] == now.host and int(words[5]) == now.port
                       and ":" not in words[4], f"candidate {words}, c= {now.host}")
    elif trunk:
        rules.keep("ICE-14", not now.candidates and now.ufrag is None and not now.lite,
                   "ICE on a trunk without bypass")
    if before:
        rules.keep("SDP-6", (now.host, now.port, now.profile.split("/")[-1])
                   == (before.host, before.port, before.profile.split("/")[-1]),
                   f"media moved from {before.host}:{before.port} to {now.host}:{now.port}")

        def rest(text):
            return [line for line in text.lines if not line.startswith("o=")]
        change = 0 if rest(now) == rest(before) else 1
        rules.keep("offer-answer", now.session == before.session
                   and now.version - before.version in ((0,) if change == 0 else (1,)),
                   f"o= went from {before.version} to {now.version}, "
                   f"{'nothing' if change == 0 else 'something'} else changed")


def check_capitals(message):
    """For the hub itself: what it writes has names in capitals."""
    return all(name.upper() == name or name.startswith(("Content-", "X-MS-"))
               for name, _ in message.headers)


def expires_of(message):
    """(seconds, refresher) of Session-Expires; None without it."""
    value = message.get("session-expires")
    if not value:
        return None
    return int(value.split(";")[0]), parameter(value, "refresher")
