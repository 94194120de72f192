# SPDX-License-Identifier: Apache-2.0
"""Who calls, on whose behalf, from where: headers and bodies that have to arrive."""

import asyncio

from message import Uri, address_of
from stage import Setup
from scenario import PHONE, USER, call_user, answered, finish, scenario

RULES = """rules:
  - name: phone-numbers
    methods: [INVITE]
    messages: requests
    when:
      - { part: "request-uri.user", matches: '^[+]' }
    then:
      - { set: "request-uri.uri-param(user)", to: "phone" }
  - name: who-we-are
    methods: [INVITE, OPTIONS]
    then:
      - { set: "header(X-MS-SBC)", to: "Trunkline/Trunkline/0.1" }
"""
DRESSED = Setup("rules", trunk="    rules-out: [teams-out.yaml]\n",
                bypass="    rules-out: [teams-out.yaml]\n", files=[("teams-out.yaml", RULES)])
PIDF = ('<?xml version="1.0" encoding="UTF-8"?>\r\n<presence xmlns="urn:ietf:params:xml:ns:pidf" '
        'entity="sip:alex@acme.example">\r\n <tuple id="t1"><status>{}</status></tuple>\r\n'
        '</presence>')
EMERGENCY = [("Geolocation", "<cid:loc1@acme.example>"), ("Geolocation-Routing", "yes"),
             ("Content-Type", "multipart/mixed;boundary=b-emg-1")]


async def arrives(s, headers=(), number=PHONE, body=None, **more):
    """A user's call: the INVITE at the carrier, talked through and ended."""
    call = await s.hub.call(s.plain, number, s.hub.mp(), headers, body=body, **more)
    invite = await s.carrier.invited()
    fork = invite.fork(s.carrier.phone())
    answering = s.carrier.spawn(invite.answer(fork))
    user = await call.established()
    await answering
    await s.talk(user.media, fork.media)
    await finish(user, fork)
    return invite.request


@scenario("OUT-4 media")
async def asserted_identity_and_privacy(s):
    """P-Asserted-Identity with a tel and a sip URI, Privacy: id, From anonymous."""
    request = await arrives(s, [
        ("P-Asserted-Identity", "<tel:+12025550123>,<sip:alex@acme.example>"),
        ("Privacy", "id")], caller="anonymous")
    values = request.all("p-asserted-identity")
    assert any("+12025550123" in value for value in values), request.headers
    assert request.get("privacy") == "id", request.headers


@scenario("OUT-5 OUT-1 media")
async def a_forwarded_call(s):
    """History-Info and the cause parameter of a user who forwards."""
    entries = ("<sip:+12025550123@sip.pstnhub.microsoft.com:5061;user=phone?Reason=SIP%3Bcause"
               "%3D302%3Btext%3D%22Moved%20temporarily%22>;index=1,"
               f"<sip:{PHONE}@sip.pstnhub.microsoft.com:5061;user=phone>;index=1.1")
    request = await arrives(s, [("History-Info", entries)], uri_more=";cause=302",
                            caller="+12025550187")
    told = request.all("history-info") or request.all("diversion")
    assert told and "+12025550123" in told[0], request.headers


@scenario("OUT-2 OUT-1 media")
async def a_name_in_from(s):
    request = await arrives(s, name='"Alex Doe, \\"AD\\"" ')
    assert Uri(address_of(request.get("from"))).user == "+12025550123", request.get("from")


@scenario("INV-4")
async def an_anonymous_caller(s):
    """The carrier hides its caller: the call gets through."""
    call = await s.carrier.call(USER, None, [
        ("P-Asserted-Identity", f"<sip:+12025550187@{s.carrier.own}>"), ("Privacy", "id")],
        caller="anonymous", name='"Anonymous" ')
    invite = await s.hub.invited()
    phone, user = await answered(s, call, invite)
    await s.talk(phone.media, user.media)
    await finish(phone, user)


@scenario("INV-4 OUT-4")
async def asserted_identity_of_the_carrier(s):
    call, invite = await call_user(s, headers=[
        ("P-Asserted-Identity", "<sip:+12025550187@carrier.example;user=phone>")])
    value = invite.request.get("p-asserted-identity")
    assert "+12025550187" in value, invite.request.headers
    phone, user = await answered(s, call, invite)
    await finish(phone, user)


def emergency_body(location):
    def body(description):
        parts = [("application/sdp", "", description),
                 ("application/pidf+xml", "Content-ID: <loc1@acme.example>\r\n", location)]
        text = "".join(f"--b-emg-1\r\nContent-Type: {kind}\r\n{more}\r\n{content}\r\n"
                       for kind, more, content in parts)
        return (text + "--b-emg-1--\r\n").encode()
    return body


def location_of(request):
    return next((body.decode() for head, body in request.parts() if "pidf+xml" in head), None)


@scenario("10-pidflo INV-9 media")
async def an_emergency_call_with_a_location(s):
    """911 without +, a multipart body: the location arrives byte for byte, and Geolocation."""
    location = PIDF.format("<gp:geopriv>Main St 100, Floor 2</gp:geopriv>")
    request = await arrives(s, EMERGENCY, "911", emergency_body(location))
    assert location_of(request) == location, request.text[:300]
    assert request.get("geolocation") == "<cid:loc1@acme.example>", request.headers
    assert Uri(request.uri).user == "911", request.uri


@scenario("10-pidflo INV-9 media")
async def a_location_of_20_kilobytes(s):
    """The hub's message has 20 KB of location; where the carrier's side is UDP it is sent whole."""
    location = PIDF.format("<civicAddress>" + "<LOC>Floor 2</LOC>" * 1120 + "</civicAddress>")
    assert len(location) > 20000
    request = await arrives(s, EMERGENCY, "911", emergency_body(location))
    assert location_of(request) == location, f"{len(request.body)} bytes arrived"


@scenario("INV-9 OUT-2 media")
async def headers_that_nobody_knows(s):
    """X-MS headers of local media, and a line of 4 KB: the call goes on."""
    await arrives(s, [("X-MS-UserLocation", "external"), ("X-MS-MediaPath", "1r1.carrier.example"),
                      ("X-MS-UserSite", "Site-A"), ("X-Long", "a" * 4000)])


@scenario("OUT-1 INV-2")
async def a_derived_trunk_of_nobody(s):
    """The host of the Request-URI is a name below the trunk's that no tenant has: 404."""
    call = await s.hub.call(s.plain, PHONE, s.hub.mp(), host=f"nobody.{s.plain.host}")
    response = await call.refused()
    assert response.status == 404, response.start
    assert s.carrier.invites.empty(), "the carrier got the call"


@scenario("INV-8 INV-3 OUT-2 media", setup=DRESSED)
async def rules_dress_what_the_hub_gets(s):
    """user=phone and X-MS-SBC by rules of the trunk, on requests and on responses."""
    call, invite = await call_user(s)
    assert Uri(invite.request.uri).parameters.get("user") == "phone", invite.request.uri
    assert invite.request.get("x-ms-sbc") == "Trunkline/Trunkline/0.1"
    phone, user = await answered(s, call, invite)
    await s.talk(phone.media, user.media)
    await finish(phone, user)
    call = await s.hub.call(s.plain, PHONE, s.hub.mp())
    invite = await s.carrier.invited()
    fork = invite.fork(s.carrier.phone())
    answering = s.carrier.spawn(invite.answer(fork))
    user = await call.established()
    await answering
    assert user.start.get("x-ms-sbc") == "Trunkline/Trunkline/0.1", user.start.headers
    await s.talk(user.media, fork.media)
    await finish(user, fork)
    said = [text for text in s.rules.advice if text.startswith(("INV-", "SDP-"))]
    assert not said, said


@scenario("INV-6 INV-7")
async def what_the_carrier_says_and_the_hub_must_not_hear(s):
    """Replaces, Record-Route and Require of the carrier's side stop at the box."""
    call = await s.carrier.call(USER, None, [
        ("Record-Route", f"<sip:{s.carrier.own}:5060;lr>"), ("Supported", "replaces, 100rel")])
    invite = await s.hub.invited()
    assert not invite.request.has("replaces") and not invite.request.has("record-route")
    phone, user = await answered(s, call, invite)
    await s.talk(phone.media, user.media)
    await finish(phone, user)


@scenario("INV-6")
async def a_replaces_of_the_carrier(s):
    """It is refused at the box, or goes on without it."""
    call = await s.carrier.call(USER, None, [("Replaces", "nothing;to-tag=a;from-tag=b")])
    while s.hub.invites.empty() and call.exchange.queue.qsize() < 1:
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.2)
    if s.hub.invites.empty():
        assert (await call.refused()).status >= 400
        return
    invite = await s.hub.invited()
    assert not invite.request.has("replaces")
    invite.refuse(486, "Busy Here")
    await call.refused()


@scenario("OUT-3")
async def what_the_hub_does_not_know_stays_here(s):
    """INFO, UPDATE and MESSAGE of the carrier in a call never reach the hub."""
    call, invite = await call_user(s)
    phone, user = await answered(s, call, invite)
    for method, kind, body in (("INFO", "application/dtmf-relay", "Signal=5\r\nDuration=160\r\n"),
                               ("MESSAGE", "text/plain", "hello")):
        response = await phone.request(method, [("Content-Type", kind)], body)
        assert response.status >= 200
    await phone.request("UPDATE")
    await phone.request("REFER", [("Refer-To", f"<sip:+1555@{s.carrier.own}>")])
    await asyncio.sleep(0.3)
    assert set(user.seen) <= {"INVITE", "re-INVITE", "NOTIFY"}, user.seen
    await s.talk(phone.media, user.media)
    await finish(phone, user)


@scenario("OUT-10 OUT-3 media")
async def the_carrier_wants_reliable_ringing(s):
    """Supported: 100rel of the carrier is no business of the hub's."""
    call, invite = await call_user(s, headers=[("Supported", "100rel")])
    fork = invite.fork(s.hub.mp())
    await invite.progress(fork)
    response = await call.until(183)
    if response.has("rseq"):
        rack = f"{response.get('rseq')} {response.get('cseq')}"
        call.establish(response)
        dialog = call.dialog
        dialog.number = call.request.number
        assert (await dialog.request("PRACK", [("RAck", rack)])).status == 200
    answering = s.hub.spawn(invite.answer(fork))
    phone = await call.established()
    await answering
    await s.talk(phone.media, fork.media)
    await finish(phone, fork)
