# SPDX-License-Identifier: Apache-2.0
"""Outages, overload, and the way back: which datacentre gets a call, and how soon."""

import asyncio
import time

from scenario import PHONE, USER, answered, call_user, finish, from_carrier, from_user, scenario
from stage import ADDRESSES
from hub import DOMAIN
from transactions import Gone

SEARCH = 9.0  # seconds for a call that tries several


async def goes_to(s, wanted, seconds=20.0):
    """A call is answered at a datacentre, and talks there; how long its INVITE took."""
    began = time.monotonic()
    call = await s.carrier.call(USER)
    invite = await s.hub.invited(seconds)
    took = time.monotonic() - began
    assert invite.link.proxy.name == wanted, f"the call went to {invite.link.proxy.name}"
    phone, user = await answered(s, call, invite)
    await s.talk(phone.media, user.media)
    await finish(phone, user)
    return took


async def comes_back(s, wanted="sip", seconds=40):
    """Calls return by themselves, and all datacentres count as up again."""
    async def back():
        return await works(s) == wanted and await s.all_up()
    await s.until(f"calls go to {wanted} again", back, seconds, 0.5)


@scenario("9-connect INV-10 OPT-6")
async def sip_is_gone(s):
    """Nobody listens at the first datacentre: the second one, and back when it returns."""
    sip, *_ = s.hub.proxies
    await sip.close()
    assert await goes_to(s, "sip2") < SEARCH
    await sip.listen()
    await comes_back(s)


@scenario("9-connect")
async def sip_and_sip2_are_gone(s):
    await s.hub.proxies[0].close()
    await s.hub.proxies[1].close()
    assert await goes_to(s, "sip3") < SEARCH
    for proxy in s.hub.proxies[:2]:
        await proxy.listen()
    await comes_back(s)


@scenario("9-connect OUT-6")
async def all_are_gone(s):
    """503 for the carrier before any 18x, within the time that a search has; then all is well."""
    for proxy in s.hub.proxies:
        await proxy.close()
    began = time.monotonic()
    call = await s.carrier.call(USER)
    response = await call.refused(20)
    assert response.status == 503 and time.monotonic() - began < SEARCH + 1, response.start
    for proxy in s.hub.proxies:
        await proxy.listen()
    await comes_back(s)


async def works(s):
    """The datacentre that a call gets to; None for none."""
    call = await s.carrier.call(USER)
    while s.hub.invites.empty() and call.exchange.queue.empty():
        await asyncio.sleep(0.02)
    while not call.exchange.queue.empty():
        if call.exchange.queue.get_nowait().status >= 300:
            call.media.close()
            return None
        await asyncio.sleep(0)
    try:
        invite = await s.hub.invited(10)
    except Gone:
        return None
    invite.refuse(486, "Busy Here")
    await call.refused()
    return invite.link.proxy.name


@scenario("9-connect INV-10")
async def sip_is_silent(s):
    """It accepts and says nothing: after 2 s the next one."""
    s.hub.proxies[0].set("silent")
    assert await goes_to(s, "sip2") < 5
    s.hub.proxies[0].set("up")
    await comes_back(s)


@scenario("9-connect INV-10")
async def two_are_silent(s):
    for proxy in s.hub.proxies[:2]:
        proxy.set("silent")
    assert await goes_to(s, "sip3") < SEARCH
    for proxy in s.hub.proxies[:2]:
        proxy.set("up")
    await comes_back(s)


@scenario("9-503 INV-10")
async def sip_says_503(s):
    """503 with Retry-After: the next one at once, and the first is left alone meanwhile."""
    s.hub.proxies[0].set("refusing")
    assert await goes_to(s, "sip2") < 2
    assert [name for name, _ in s.hub.refused] == ["sip"], s.hub.refused
    await goes_to(s, "sip2")
    assert len(s.hub.refused) <= 2
    s.hub.proxies[0].set("up")
    await comes_back(s)


@scenario("9-503 OUT-6")
async def all_say_503(s):
    for proxy in s.hub.proxies:
        proxy.set("refusing")
    call = await s.carrier.call(USER)
    assert (await call.refused(15)).status == 503
    assert sorted(name for name, _ in s.hub.refused) == ["sip", "sip2", "sip3"], s.hub.refused
    for proxy in s.hub.proxies:
        proxy.set("up")
    await comes_back(s)


@scenario("INV-10 OUT-6")
async def a_503_after_ringing_is_final(s):
    """Once it has rung, no other datacentre is tried."""
    call, invite = await call_user(s)
    invite.ring(invite.fork())
    await call.until(180)
    invite.refuse(503, "Service Unavailable", [("Retry-After", "1")])
    response = await call.refused()
    assert response.status in (503, 500, 480), response.start
    await asyncio.sleep(0.5)
    assert s.hub.invites.empty(), "it was tried again"
    await comes_back(s)


@scenario("9-connect dialog")
async def sip_is_slow(s):
    """Its 100 comes after 3 s: by then the call is elsewhere, and the late one is cancelled."""
    s.hub.proxies[0].set("slow", 3.0)
    call = await s.carrier.call(USER)
    invite = await s.hub.invited()
    while invite.link.proxy.name != "sip2":
        invite = await s.hub.invited()
    phone, user = await answered(s, call, invite)
    await s.talk(phone.media, user.media)
    await finish(phone, user)
    await asyncio.sleep(3.5)
    s.hub.proxies[0].set("up")
    while not s.hub.invites.empty():
        late = s.hub.invites.get_nowait()
        await late.cancel_comes()
    await comes_back(s)


@scenario("dialog OUT-7 media")
async def connections_are_cut_in_a_call(s):
    """All connections break: media goes on, hold, resume and BYE go over new ones."""
    phone, user = await from_carrier(s)
    await s.talk(phone.media, user.media)
    for proxy in s.hub.proxies:
        proxy.cut()
    await s.talk(phone.media, user.media)
    await phone.reinvite(hold="inactive")
    await phone.reinvite()
    await user.reoffered(2)
    await s.talk(phone.media, user.media)
    for proxy in s.hub.proxies:
        proxy.cut()
    await finish(phone, user)


@scenario("dialog media")
async def connections_are_cut_while_it_rings(s):
    """The answer comes over a new connection that the hub opens."""
    call, invite = await call_user(s)
    fork = invite.fork(s.hub.mp())
    invite.ring(fork)
    await call.until(180)
    sip = s.hub.proxies[0]
    sip.cut()
    invite.link = fork.link = await sip.link_to(s.plain.host, s.plain.port)
    answering = s.hub.spawn(invite.answer(fork))
    phone = await call.established()
    await answering
    await s.talk(phone.media, fork.media)
    await finish(phone, fork)


@scenario("OUT-7 media")
async def the_hub_calls_from_another_datacentre(s):
    """A user's call by sip3, its BYE by sip3 too; the carrier's side does not notice."""
    media = s.hub.mp()
    user, phone = await from_user(s, media=media, proxy=2)
    await s.talk(media, phone.media)
    await finish(user, phone)


@scenario("OUT-8 media")
async def a_drained_trunk_keeps_its_calls(s):
    """While it drains new calls get 503, those in progress stay; then it takes calls again."""
    user, phone = await from_user(s)
    await s.talk(user.media, phone.media)
    await s.ask("drain", "node", "--no-wait")
    call = await s.hub.call(s.plain, PHONE, s.hub.mp())
    assert (await call.refused()).status == 503
    await s.talk(user.media, phone.media)
    await s.ask("drain", "node", "--resume")
    await finish(user, phone)
    await goes_to(s, "sip")


@scenario("OPT-5 9-connect")
async def a_name_moves(s):
    """sip. gets the address of sip2.: calls go to the new one once the answer of the DNS is old."""
    name = f"sip.{DOMAIN}"
    kept = s.names.table[name]
    s.names.table[name] = [ADDRESSES[1]]
    await comes_back(s, "sip2")
    s.names.table[name] = kept
    await comes_back(s, "sip")
