# SPDX-License-Identifier: Apache-2.0
"""Calls without media bypass, from the carrier and to it."""

import asyncio

import sdp
from message import tag_of
from scenario import (PHONE, USER, call_user, finish, from_carrier, from_user, scenario)

TWO_KEYS = [(0, sdp.SHORT_SUITE, "|2^31"), (1, sdp.SUITE, "|2^31")]


@scenario("INV-1 INV-2 INV-3 INV-4 INV-5 TLS-1 TLS-2 TLS-3 TLS-5 TLS-7 RSP-1 RSP-2 SDP-1 SDP-7 "
          "ICE-14 TLS-8 dialog media OUT-3 OUT-10 INV-8")
async def carrier_calls_a_user(s):
    """180 without a session description, 200, media both ways, the carrier hangs up."""
    phone, user = await from_carrier(s)
    await s.talk(phone.media, user.media)
    await finish(phone, user)


@scenario("dialog media")
async def user_hangs_up(s):
    phone, user = await from_carrier(s)
    await s.talk(phone.media, user.media)
    await finish(user, phone)


@scenario("OUT-1 OUT-2 OUT-9 SDP-1 SDP-2 dialog media TLS-4")
async def user_calls_the_carrier(s):
    """The published offer with SILK and two key lines, tag 0 with _32; the second is taken."""
    media = s.hub.mp()
    media.suites = TWO_KEYS
    user, phone = await from_user(s, media=media)
    assert media.chosen[:2] == (1, sdp.SUITE), media.chosen
    await s.talk(user.media, phone.media)
    await finish(user, phone)


@scenario("OUT-1 dialog media")
async def user_calls_and_the_carrier_hangs_up(s):
    user, phone = await from_user(s)
    await s.talk(user.media, phone.media)
    await finish(phone, user)


@scenario("OUT-9 SDP-11 media")
async def user_hears_early_media_of_the_carrier(s):
    """183 with a session description: the user hears it before the answer."""
    media = s.hub.mp()
    call = await s.hub.call(s.plain, PHONE, media)
    invite = await s.carrier.invited()
    fork = invite.fork(s.carrier.phone())
    await invite.progress(fork)
    await call.until(183)
    await s.hears(media, fork.media)
    answering = s.carrier.spawn(invite.answer(fork))
    user = await call.established()
    await answering
    await s.talk(user.media, fork.media)
    await finish(user, fork)


@scenario("RSP-1 RSP-3 RSP-4 dialog media")
async def forks_ring_and_another_answers(s):
    """Two endpoints ring, one plays, a third answers without having said anything."""
    call, invite = await call_user(s)
    one, two = invite.fork(tag="forkA"), invite.fork(s.hub.mp(), tag="forkB")
    third = invite.fork(s.hub.mp(), tag="forkC")
    invite.ring(one)
    await call.until(180)
    await invite.progress(two)
    await call.until(183)
    await s.hears(call.media, two.media)
    answering = s.hub.spawn(invite.answer(third))
    phone = await call.established()
    await answering
    assert len({tag_of(r.get("to")) for rows in call.forks.values() for r in rows}) >= 2
    await s.talk(phone.media, third.media)
    await finish(phone, third)


@scenario("RSP-3 RSP-6 media")
async def one_183_and_the_same_fork_answers(s):
    """183 with silence, then with media, then 200 of the same fork."""
    call, invite = await call_user(s)
    fork = invite.fork(s.hub.mp())
    fork.media.talks = False
    await invite.progress(fork)
    await call.until(183)
    await asyncio.sleep(0.5)
    fork.media.talks = True
    await s.hears(call.media, fork.media)
    answering = s.hub.spawn(invite.answer(fork))
    phone = await call.established()
    await answering
    await s.talk(phone.media, fork.media)
    await finish(phone, fork)


@scenario("RSP-4 media")
async def user_answers_at_once(s):
    """No provisional response at all."""
    call, invite = await call_user(s)
    fork = invite.fork(s.hub.mp())
    answering = s.hub.spawn(invite.answer(fork))
    phone = await call.established()
    await answering
    await s.talk(phone.media, fork.media)
    await finish(phone, fork)


@scenario("9-603 INV-10")
async def user_rejects(s):
    """603 reaches the carrier, and no other datacentre is tried."""
    call, invite = await call_user(s)
    fork = invite.fork()
    invite.ring(fork)
    await call.until(180)
    invite.refuse(603, "Decline")
    assert (await call.refused()).status == 603
    await asyncio.sleep(0.5)
    assert s.hub.invites.empty(), "603 was retried"


@scenario("SDP-5 dialog media")
async def user_holds_and_resumes(s):
    """The hub holds with inactive: nobody hears anything; then both do again."""
    phone, user = await from_carrier(s)
    await s.talk(phone.media, user.media)
    await user.reinvite(hold="inactive")
    await phone.reoffered()
    await s.silence(phone.media, user.media)
    await user.reinvite()
    await phone.reoffered(2)
    await s.talk(phone.media, user.media)
    await finish(user, phone)


@scenario("dialog")
async def carrier_cancels_while_it_rings(s):
    call, invite = await call_user(s)
    invite.ring(invite.fork())
    await call.until(180)
    assert (await call.cancel()).status == 200
    await invite.cancel_comes()
    assert (await call.refused()).status == 487


@scenario("dialog")
async def user_cancels_while_it_rings(s):
    media = s.hub.mp()
    call = await s.hub.call(s.plain, PHONE, media)
    invite = await s.carrier.invited()
    invite.ring(invite.fork())
    await call.until(180)
    assert (await call.cancel()).status == 200
    await invite.cancel_comes()
    assert (await call.refused()).status == 487


@scenario("dialog")
async def carrier_cancels_before_it_rings(s):
    """The hub has said 100 alone."""
    call, invite = await call_user(s)
    await asyncio.sleep(0.2)
    assert (await call.cancel()).status == 200
    await invite.cancel_comes()
    assert (await call.refused()).status == 487


@scenario("dialog")
async def user_cancels_before_it_rings(s):
    call = await s.hub.call(s.plain, PHONE, s.hub.mp())
    invite = await s.carrier.invited()
    assert (await call.cancel()).status == 200
    await invite.cancel_comes()
    assert (await call.refused()).status == 487


@scenario("dialog")
async def cancel_and_200_cross(s):
    """The user answers in the moment in which the carrier cancels: both legs end."""
    call, invite = await call_user(s)
    fork = invite.fork(s.hub.mp())
    invite.ring(fork)
    await call.until(180)
    cancelling = s.carrier.spawn(call.cancel())
    await invite.answer(fork, acked=False)
    await cancelling
    response = await call.next()
    if response.status == 200:
        call.establish(response)
        await call.dialog.bye()
    else:
        assert response.status == 487, response.start
    await fork.acknowledged(invite.request.number)
    await fork.ends()


@scenario("RSP-4 dialog media")
async def two_forks_answer(s):
    """The second 200 is acknowledged and ended with BYE; the first one talks."""
    call, invite = await call_user(s)
    first, late = invite.fork(s.hub.mp(), tag="first"), invite.fork(s.hub.mp(), tag="late")
    invite.ring(first)
    invite.ring(late)
    await call.until(180)
    await invite.answer(first, acked=False)
    await invite.answer(late, acked=False)
    phone = await call.established()
    await first.acknowledged(invite.request.number)
    await late.acknowledged(invite.request.number)
    assert await late.ends() == "BYE"
    await s.talk(phone.media, first.media)
    await finish(phone, first)


@scenario("RSP-5 RSP-3 media")
async def ring_bot_plays_until_a_user_answers(s):
    """183 of a bot while the user is looked for, 180 of the user on another fork, then 200."""
    call, invite = await call_user(s)
    bot, user = invite.fork(s.hub.mp("bot"), tag="bot"), invite.fork(s.hub.mp(), tag="user")
    await invite.progress(bot)
    await call.until(183)
    await s.hears(call.media, bot.media)
    invite.ring(user)
    answering = s.hub.spawn(invite.answer(user))
    phone = await call.established()
    await answering
    bot.end("lost")
    await s.talk(phone.media, user.media)
    await finish(user, phone)


@scenario("RSP-7 OUT-5")
async def forwarding_is_told_to_the_carrier(s):
    """181, then 180 and the answer of who the call was forwarded to."""
    call, invite = await call_user(s)
    fork = invite.fork(s.hub.mp())
    invite.respond(fork, 181, "Call is being forwarded")
    response = await call.next()
    assert response.status in (180, 181), response.start
    phone, user = await answered_after(s, call, invite, fork)
    await finish(user, phone)


async def answered_after(s, call, invite, fork):
    answering = s.hub.spawn(invite.answer(fork))
    phone = await call.established()
    await answering
    await s.talk(phone.media, fork.media)
    return phone, fork


async def carrier_refuses(s, status, reason, ringing=False, headers=()):
    call = await s.hub.call(s.plain, PHONE, s.hub.mp())
    invite = await s.carrier.invited()
    fork = invite.fork()
    if ringing:
        invite.ring(fork)
        await call.until(180)
    invite.refuse(status, reason, headers)
    return await call.refused()


@scenario("OUT-6")
async def carrier_hands_a_call_back(s):
    """503 before any 18x reaches the hub as 503, so that it goes to its next trunk."""
    response = await carrier_refuses(s, 503, "Service Unavailable")
    assert response.status == 503, response.start


@scenario("OUT-6")
async def carrier_is_busy(s):
    assert (await carrier_refuses(s, 486, "Busy Here", ringing=True)).status == 486


@scenario("OUT-6")
async def carrier_knows_no_such_number(s):
    assert (await carrier_refuses(s, 404, "Not Found")).status == 404


@scenario("9-403")
async def carrier_screens_a_call(s):
    """403 with a reason: the call ends, no other trunk is tried."""
    reason = 'SIP;cause=403;text="Calling number not assigned to this account"'
    response = await carrier_refuses(s, 403, "Forbidden", headers=[("Reason", reason)])
    assert response.status == 403, response.start


@scenario("9-403")
async def hub_says_403(s):
    """The hub knows no such user: the carrier is told, no other datacentre is tried."""
    call, invite = await call_user(s)
    invite.refuse(403, "Forbidden")
    assert (await call.refused()).status in (403, 480), "another answer"
    await asyncio.sleep(0.4)
    assert s.hub.invites.empty(), "403 was retried"


@scenario("dialog")
async def bye_with_a_reason(s):
    """Why Teams ended a call is told to the carrier."""
    phone, user = await from_carrier(s)
    reason = 'Q.850;cause=16;text="IceConnectivityChecksFailed"'
    await user.bye([("Reason", reason)])
    await phone.ends()
    assert phone.bye_came.get("reason") == reason, phone.bye_came.headers


@scenario("dialog OUT-6")
async def byes_cross(s):
    phone, user = await from_carrier(s)
    await asyncio.gather(phone.bye(), user.bye())


@scenario("INV-5")
async def carrier_without_an_offer(s):
    """A delayed offer of the carrier becomes an offer towards the hub."""
    call = await s.carrier.call(USER, offer=False)
    invite = await s.hub.invited()
    fork = invite.fork(s.hub.mp())
    answering = s.hub.spawn(invite.answer(fork))
    response = await call.exchange.final()
    assert response.status == 200 and response.sdp(), response.start
    call.establish(response, call.media.answer(response.sdp()))
    await answering
    await s.talk(call.media, fork.media)
    await finish(call.dialog, fork)
