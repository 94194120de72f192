# SPDX-License-Identifier: Apache-2.0
"""Many calls, and processes that die in the middle of one."""

import asyncio

from scenario import BYPASS_USER, USER, call_user, finish, from_carrier, from_user, scenario

CALLS = 100


async def in_pairs(s, calls):
    """Calls one by one as they come in, all up at a time: [(phone, user)]."""
    started = {}
    for number in range(calls):
        media = s.carrier.phone()
        media.pace = 10
        call = await s.carrier.call(USER, media, [("Subject", str(number))],
                                    caller=f"+1202556{number:04}")
        started[f"+1202556{number:04}"] = call
    pairs = []

    async def one():
        invite = await s.hub.invited(30)
        caller = invite.request.get("from").partition("sip:")[2].partition("@")[0]
        fork = invite.fork(s.hub.mp())
        fork.media.pace = 10
        invite.ring(fork)
        answering = s.hub.spawn(invite.answer(fork))
        phone = await started[caller].established(30)
        await answering
        pairs.append((phone, fork))
    await asyncio.gather(*(one() for _ in range(calls)))
    return pairs


@scenario("media dialog INV-9")
async def a_hundred_calls_at_once(s):
    """All up together, each hears its own party and nobody else."""
    pairs = await in_pairs(s, CALLS)
    assert len(await s.ask("calls")) == CALLS
    await asyncio.gather(*(s.talk(p.media, u.media, 8, 30) for p, u in pairs))
    for phone, user in pairs:
        assert set(phone.media.heard) == {user.media.mark}, "somebody else is heard"
        assert set(user.media.heard) == {phone.media.mark}, "somebody else is heard"
    await asyncio.gather(*(finish(*(pair if n % 2 else pair[::-1]))
                           for n, pair in enumerate(pairs)))


@scenario("TLS-6 dialog")
async def calls_share_a_connection(s):
    """Ten calls in a row need no new connection to the hub."""
    await finish(*await from_carrier(s))
    before = [proxy.accepted for proxy in s.hub.proxies]
    for _ in range(10):
        phone, user = await from_carrier(s)
        await finish(phone, user)
    after = [proxy.accepted for proxy in s.hub.proxies]
    assert after == before, f"connections went from {before} to {after}"


async def after_a_death(s, phone, user, kill):
    """What a call does once a process has died."""
    await s.talk(phone.media, user.media)
    kill()
    await asyncio.get_running_loop().run_in_executor(None, s.lab.wait_ready)
    await s.until("the call is there", lambda: has_calls(s, 1), 15, 0.2)
    await s.talk(phone.media, user.media, seconds=15)
    await phone.reinvite(hold="inactive")
    await s.silence(user.media)
    await phone.reinvite()
    await s.talk(phone.media, user.media, seconds=15)
    await finish(phone, user)


async def has_calls(s, count):
    calls = await s.ask("calls")
    return calls is not None and len(calls) == count


@scenario("dialog media offer-answer")
async def control_plane_dies_in_a_call(s):
    """Media does not notice; hold, resume and BYE work afterwards, over new connections."""
    phone, user = await from_carrier(s)
    await after_a_death(s, phone, user, s.lab.control.kill)


@scenario("dialog media")
async def control_plane_dies_and_the_user_hangs_up(s):
    user, phone = await from_user(s)
    await s.talk(user.media, phone.media)
    s.lab.control.kill()
    await s.talk(user.media, phone.media)
    await asyncio.get_running_loop().run_in_executor(None, s.lab.wait_ready)
    await finish(user, phone)


@scenario("media")
async def fast_path_dies_in_a_call(s):
    """Keys and counters are taken up again: nothing that cannot be opened."""
    phone, user = await from_carrier(s)
    await after_a_death(s, phone, user, s.lab.fastpath.kill)


@scenario("media ICE-13")
async def fast_path_dies_in_a_bypass_call(s):
    phone, user = await from_carrier(s, BYPASS_USER)
    await user.media.nominated()
    await s.talk(phone.media, user.media)
    s.lab.fastpath.kill()
    await asyncio.get_running_loop().run_in_executor(None, s.lab.wait_ready)
    await s.talk(phone.media, user.media, seconds=20)
    await finish(phone, user)


@scenario("dialog")
async def control_plane_dies_while_it_rings(s):
    """A call in set-up ends on both sides."""
    call, invite = await call_user(s)
    fork = invite.fork()
    invite.ring(fork)
    await call.until(180)
    s.lab.control.kill()
    await asyncio.get_running_loop().run_in_executor(None, s.lab.wait_ready)
    response = await call.refused(20)
    assert response.status in (500, 503), response.start
    await invite.cancel_comes(20)
