# SPDX-License-Identifier: Apache-2.0
"""A tenant from its first call on: short files, tenants and numbers by the command line."""

import asyncio
import time

from hub import DOMAIN
from installed import SHORT, TWO_TRUNKS, Installation
from message import Uri, address_of
from scenario import PHONE, USER, answered, call_user, finish, from_carrier, from_user, scenario
from .bypass import rings, takes
from .datacentres import comes_back, goes_to
from .identity import EMERGENCY, PIDF, emergency_body, location_of
from .transfers import goes_through, refer, to_number, to_user, told

INSTALLED = Installation("installed", SHORT)
BOTH = Installation("both-trunks", TWO_TRUNKS, has_bypass=True)
COLLEAGUE, STRANGER, NEIGHBOUR = "+12025550124", "+14255550100", "+12025550142"
OTHER_PHONE = "+12025550198"
HEADER, CONTENTS = "x-ms-operator-content", "cust-0815"


def contact_host(message):
    return Uri(address_of(message.get("contact"))).host


def user_of(message, name):
    return Uri(address_of(message.get(name))).user


def heard(one, other):
    return (f"{one.name} heard {one.heard_of(other)} packets of {other.name}, "
            f"{other.name} {other.heard_of(one)} of {one.name}")


async def talks(s, one, other):
    """Both hear each other; how much they heard."""
    await s.talk(one.media, other.media)
    return heard(one.media, other.media)


async def calls_out(s, caller=USER, number=PHONE, headers=(), host=None, **more):
    """A user of the tenant calls: (the hub's dialog, the carrier's, the carrier's INVITE)."""
    user, phone = await from_user(s, number=number, caller=caller, headers=headers,
                                  host=host or s.acme, **more)
    return user, phone, phone.invite.request


async def screened_out(s, caller, headers=()):
    """403 with a reason, and nothing reaches the carrier; what was said."""
    call = await s.hub.call(s.plain, PHONE, s.hub.mp(), headers, caller=caller, host=s.acme)
    response = await call.refused()
    assert response.status == 403, response.start
    assert s.carrier.invites.empty(), "the carrier got the call"
    text = response.get("reason").partition('text="')[2].rstrip('"')
    assert text, response.headers
    return f"{caller} got 403 ({text})"


async def recorded(s, *rows):
    """The last records are of acme, with these rows of the screening table; the table as told."""
    async def written():
        records = (await s.ask("records") or [])[-len(rows):]
        return [(r.get("tenant"), r.get("screening")) for r in records] == [
            ("acme", row) for row in rows]
    await s.until(f"records of acme with the rows {rows}", written)
    return f"recorded as {', '.join(rows)}"


@scenario("INV-1 INV-2 INV-3 INV-4 TLS-2 SDP-1 dialog media", setup=INSTALLED)
async def a_tenant_is_called(s):
    """In from the carrier: the Contact names the tenant's derived trunk."""
    phone, user = await from_carrier(s)
    host = contact_host(user.invite.request)
    assert host == s.acme, f"Contact has {host}"
    seen = await talks(s, phone, user)
    await finish(phone, user)
    return f"Contact {host}; {seen}"


@scenario("OUT-1 OUT-2 INV-2 dialog media", setup=INSTALLED)
async def a_tenant_calls_out(s):
    """Out to the carrier by the host of the derived trunk."""
    user, phone, request = await calls_out(s)
    assert user_of(request, "from") == USER, request.get("from")
    seen = await talks(s, user, phone)
    await finish(user, phone)
    return f"From {USER}; {seen}"


@scenario("9-403", setup=INSTALLED)
async def callers_are_refused(s):
    """Numbers of another tenant and of nobody, and a caller without one: 403."""
    return "; ".join([
        await screened_out(s, NEIGHBOUR), await screened_out(s, STRANGER),
        await screened_out(s, "anonymous"), await recorded(s, "foreign", "unknown", "anonymous")])


@scenario("OUT-4 media", setup=INSTALLED)
async def callers_are_allowed(s):
    """Any own number; an own number that is asserted takes the place of a foreign From."""
    user, phone, request = await calls_out(s, COLLEAGUE)
    assert user_of(request, "from") == COLLEAGUE, request.get("from")
    await talks(s, user, phone)
    await finish(user, phone)
    asserted = [("P-Asserted-Identity", f"<tel:{USER}>,<sip:alex@acme.example>")]
    user, phone, request = await calls_out(s, STRANGER, headers=asserted)
    assert user_of(request, "from") == USER, request.get("from")
    assert STRANGER not in str(request.headers), request.headers
    seen = await talks(s, user, phone)
    await finish(user, phone)
    rows = await recorded(s, "owned", "from-replaced")
    return f"From {COLLEAGUE} as it was; From {STRANGER} became the asserted {USER}; {rows}; {seen}"


@scenario("OUT-5 OUT-1 media", setup=INSTALLED)
async def a_forwarded_call_shows_its_caller(s):
    """A tenant's number forwards: the carrier sees the outside caller."""
    entries = (f"<sip:{USER}@sip.{DOMAIN}:5061;user=phone?Reason=SIP%3Bcause%3D302>;index=1,"
               f"<sip:{PHONE}@sip.{DOMAIN}:5061;user=phone>;index=1.1")
    user, phone, request = await calls_out(s, STRANGER, headers=[("History-Info", entries)])
    assert user_of(request, "from") == STRANGER, request.get("from")
    seen = await talks(s, user, phone)
    await finish(user, phone)
    return f"From {STRANGER}, forwarded by {USER}; {await recorded(s, 'forwarded')}; {seen}"


@scenario("OUT-1 media", setup=INSTALLED)
async def a_number_has_contents(s):
    """The deployment's header carries what the number says, and nothing for other numbers."""
    user, phone, request = await calls_out(s)
    assert request.get(HEADER) == CONTENTS, request.headers
    await talks(s, user, phone)
    await finish(user, phone)
    user, phone, request = await calls_out(s, COLLEAGUE)
    assert not request.has(HEADER), request.headers
    seen = await talks(s, user, phone)
    await finish(user, phone)
    return f"{HEADER}: {CONTENTS} for {USER}, none for {COLLEAGUE}; {seen}"


@scenario("XFR-1 XFR-2 XFR-3 XFR-4 XFR-6 XFR-8 INV-2 media dialog", setup=INSTALLED)
async def a_tenant_transfers_to_a_user(s):
    """REFER to another Teams user: the new INVITE comes by the derived trunk too."""
    phone, user = await from_carrier(s)
    await talks(s, phone, user)
    target = s.hub.mp("target")
    await goes_through(s, phone, user, to_user(), target)
    host = next(contact_host(m) for _, way, _, m in reversed(s.hub.history)
                if way == "<-" and not m.is_response and m.method == "INVITE")
    assert host == s.acme, f"Contact of the new INVITE has {host}"
    return f"202, NOTIFY 200; Contact {host}; {heard(phone.media, target)}"


@scenario("XFR-3 XFR-6 OUT-1 media dialog", setup=INSTALLED)
async def a_tenant_transfers_to_a_phone(s):
    """REFER to a telephone: the hub calls it for the outside caller, and joins the two. Screening
    lets that call in, once."""
    phone, user = await from_carrier(s)
    await talks(s, phone, user)
    invite = await refer(s, user, to_number(OTHER_PHONE))
    held = invite.fork(s.hub.mp("towards-caller"))
    invite.ring(held)
    outside = user_of(user.invite.request, "from")
    back, other, request = await calls_out(s, outside, OTHER_PHONE,
                                           media=s.hub.mp("towards-target"),
                                           phone=s.carrier.phone("target"))
    assert user_of(request, "from") == outside, request.get("from")
    await invite.answer(held)
    await told(user, 200)
    if user.why is None:
        await user.bye()
    held.media.splice(back.media)
    seen = await talks(s, phone, other)
    await finish(back, other)
    await recorded(s, "transferred")
    await finish(phone, held)
    again = await screened_out(s, outside)
    return f"From {outside} at the target; {seen}; afterwards {again}"


@scenario("SDP-5 SDP-6 offer-answer media", setup=INSTALLED)
async def a_tenant_holds_and_is_held(s):
    """The user holds and resumes, then the carrier does."""
    phone, user = await from_carrier(s)
    await talks(s, phone, user)
    await user.reinvite(hold="inactive")
    await phone.reoffered()
    await s.silence(phone.media, user.media)
    await user.reinvite()
    await phone.reoffered(2)
    await talks(s, phone, user)
    await phone.reinvite(hold="sendonly")
    phone.media.talks = False
    await user.reoffered()
    assert user.media.peer.direction == "inactive", user.media.peer.direction
    await s.silence(user.media)
    phone.media.talks = True
    await phone.reinvite()
    await user.reoffered(2)
    seen = await talks(s, phone, user)
    await finish(user, phone)
    return f"silence on hold, both ways afterwards, each side once; {seen}"


@scenario("9-503 INV-10 media", setup=INSTALLED)
async def a_tenants_hub_says_503(s):
    """503 with Retry-After of the first datacentre: the second has the call at once."""
    s.hub.proxies[0].set("refusing")
    took = await goes_to(s, "sip2")
    assert [name for name, _ in s.hub.refused] == ["sip"], s.hub.refused
    s.hub.proxies[0].set("up")
    await comes_back(s, "sip")
    return f"503 of sip, sip2 had the INVITE after {took:.1f} s; calls go to sip again"


@scenario("9-connect INV-10 OPT-6 media", setup=INSTALLED)
async def a_tenants_datacentre_is_dead(s):
    """The first datacentre is not there: its connections break and none is taken."""
    sip, *_ = s.hub.proxies
    await sip.close()
    took = await goes_to(s, "sip2")
    await sip.listen()
    await comes_back(s, "sip")
    return f"sip2 had the INVITE after {took:.1f} s; calls go to sip again"


@scenario("9-connect INV-10 media", setup=INSTALLED)
async def a_tenants_datacentre_is_silent(s):
    """The first datacentre takes everything and answers nothing."""
    s.hub.proxies[0].set("silent")
    took = await goes_to(s, "sip2")
    s.hub.proxies[0].set("up")
    await comes_back(s, "sip")
    return f"sip2 had the INVITE after {took:.1f} s; calls go to sip again"


@scenario("10-pidflo INV-9 media", setup=INSTALLED)
async def a_tenant_calls_for_help(s):
    """911 with a location: unjudged, and the location arrives byte for byte."""
    location = PIDF.format("<gp:geopriv>Main St 100, Floor 2</gp:geopriv>")
    user, phone, request = await calls_out(s, STRANGER, "911", EMERGENCY,
                                           body=emergency_body(location))
    assert location_of(request) == location, request.text[:300]
    assert request.get("geolocation") == EMERGENCY[0][1], request.headers
    assert Uri(request.uri).user == "911", request.uri
    seen = await talks(s, user, phone)
    await finish(user, phone)
    rows = await recorded(s, "emergency")
    return (f"{len(location.encode())} bytes of location arrived as they were, with Geolocation; "
            f"{rows}; {seen}")


@scenario("ICE-1 ICE-4 ICE-5 RSP-1 INV-2 media", setup=BOTH)
async def a_tenants_bypass_call_forks(s):
    """A number with the set bypass rings at two clients with ICE; the second one answers."""
    await s.command(f"number change {COLLEAGUE} --trunk-set bypass")
    call, invite = await call_user(s, COLLEAGUE)
    host = contact_host(invite.request)
    assert host == f"acme.{s.bypass.host}", f"Contact has {host}"
    one = await rings(s, call, invite, await s.hub.client(), "cl1")
    two = await rings(s, call, invite, await s.hub.client(), "cl2")
    await asyncio.gather(one.media.nominated(), two.media.nominated())
    phone = await takes(s, call, invite, two)
    one.end("lost")
    seen = await talks(s, phone, two)
    await finish(phone, two)
    await s.command(f"number change {COLLEAGUE} --trunk-set plain")
    return f"Contact {host}; both nominated, the second answered; {seen}"


@scenario("INV-2 ICE-1 media dialog", setup=BOTH)
async def a_number_moves_while_it_talks(s):
    """The number gets the other set: the call in progress stays, the next one goes by bypass."""
    phone, user = await from_carrier(s)
    assert contact_host(user.invite.request) == s.acme, user.invite.request.headers
    await talks(s, phone, user)
    began = time.monotonic()
    await s.command(f"number change {USER} --trunk-set bypass")
    took = time.monotonic() - began
    call, invite = await call_user(s)
    host = contact_host(invite.request)
    assert host == f"acme.{s.bypass.host}", f"Contact has {host}"
    second, client = await answered(s, call, invite)
    await client.media.nominated()
    seen = [await talks(s, second, client), await talks(s, phone, user)]
    await user.reinvite(hold="inactive")
    await user.reinvite()
    await talks(s, phone, user)
    await finish(second, client)
    await finish(user, phone)
    await s.command(f"number change {USER} --trunk-set plain")
    call, invite = await call_user(s)
    assert contact_host(invite.request) == s.acme, invite.request.headers
    await finish(*await answered(s, call, invite))
    return f"in force after {took:.1f} s; new: {seen[0]}; in progress: {seen[1]}; and back again"
