# SPDX-License-Identifier: Apache-2.0
"""Session timers (RFC 4028) and keepalive."""

import asyncio

from checks import expires_of
from scenario import finish, from_carrier, from_user, scenario
from stage import Setup

SHORT = Setup("short-sessions", trunk="    session-timer: accept\n    session-minimum-seconds: 4\n")
PINGED = Setup("pinged", listener=", keepalive-seconds: 1")


@scenario("OUT-2 timer media")
async def a_timer_is_offered(s):
    """3600 seconds, at least 300: the answer has a timer that fits, or none."""
    user, phone = await from_user(s)
    agreed = expires_of(user.start)
    if agreed:
        s.rules.keep("timer", 300 <= agreed[0] <= 3600 and agreed[1] in ("uac", "uas"),
                     f"Session-Expires {agreed}")
    await s.talk(user.media, phone.media)
    await finish(user, phone)


async def short_call(s, refresher):
    user, phone = await from_user(s, timer=False, headers=[
        ("Session-Expires", f"6;refresher={refresher}"), ("Min-SE", "4")])
    agreed = expires_of(user.start)
    assert agreed and agreed[1] == refresher, user.start.get("session-expires")
    await s.talk(user.media, phone.media)
    return user, phone


@scenario("timer dialog offer-answer media", setup=SHORT)
async def the_box_refreshes(s):
    """The refresher is the box: re-INVITEs come in time, with nothing new in them, and none to the
    carrier."""
    user, phone = await short_call(s, "uas")
    await user.reoffered(2, 14)
    await s.talk(user.media, phone.media)
    assert not phone.seen, f"the carrier got {phone.seen}"
    await finish(user, phone)


@scenario("timer dialog media", setup=SHORT)
async def the_hub_refreshes(s):
    """The hub refreshes twice, then no more: the box ends both legs."""
    user, phone = await short_call(s, "uac")
    head = [("Session-Expires", "6;refresher=uac"), ("Min-SE", "4")]
    for _ in range(3):
        await asyncio.sleep(2.5)
        await user.reinvite(headers=head)
    assert user.why is None and phone.why is None
    await s.talk(user.media, phone.media)
    assert await user.ends(15) == "BYE"
    await phone.ends()


@scenario("timer offer-answer media")
async def the_carrier_refreshes(s):
    """A re-INVITE of the carrier with nothing new in it changes nothing at the hub."""
    phone, user = await from_carrier(s)
    await s.talk(phone.media, user.media)
    for _ in range(2):
        await phone.reinvite()
    await s.talk(phone.media, user.media)
    await finish(phone, user)


@scenario("TLS-6", setup=PINGED)
async def pings_on_idle_connections(s):
    """Empty lines of the box are answered, and the connections stay."""
    before = [proxy.accepted for proxy in s.hub.proxies]
    await s.until("pings come", lambda: all(
        any(link.pings >= 2 for link in proxy.links) for proxy in s.hub.proxies), 20)
    assert [proxy.accepted for proxy in s.hub.proxies] == before
    phone, user = await from_carrier(s)
    await s.talk(phone.media, user.media)
    await finish(phone, user)
