# SPDX-License-Identifier: Apache-2.0
"""Media bypass: clients with full ICE, several at once, restarts, and parties that have no ICE."""

import asyncio
import os

import sdp
from ice import attribute
from scenario import BYPASS_USER, PHONE, call_user, finish, from_carrier, from_user, scenario

SUCCESS = 0x0101


async def rings(s, call, invite, media, tag):
    """183 of a client."""
    fork = invite.fork(media, tag)
    await invite.progress(fork)
    await call.until(183)
    return fork


async def takes(s, call, invite, fork):
    answering = s.hub.spawn(invite.answer(fork))
    phone = await call.established()
    await answering
    return phone


@scenario("ICE-1 ICE-2 ICE-3 ICE-4 media dialog INV-3")
async def carrier_calls_a_bypass_user(s):
    """The client nominates after its 200."""
    phone, user = await from_carrier(s, BYPASS_USER)
    await user.media.nominated()
    await s.talk(phone.media, user.media)
    await finish(phone, user)


@scenario("ICE-1 ICE-2 OUT-1 OUT-9 media")
async def bypass_user_calls_the_carrier(s):
    user, phone = await from_user(s, bypass=True)
    await user.media.nominated()
    await s.talk(user.media, phone.media)
    assert user.start.get("session-expires") == "", "a session timer on bypass"
    await finish(user, phone)


@scenario("ICE-8 ICE-4 ICE-7 SDP-11 media")
async def bypass_user_hears_early_media(s):
    """183 of the box: checks begin then; its 200 has the same credentials and candidate."""
    media = await s.hub.client()
    call = await s.hub.call(s.bypass, PHONE, media)
    invite = await s.carrier.invited()
    fork = invite.fork(s.carrier.phone())
    await invite.progress(fork)
    early = sdp.Description((await call.until(183)).sdp())
    await media.nominated()
    await s.hears(media, fork.media)
    answering = s.carrier.spawn(invite.answer(fork))
    user = await call.established()
    await answering
    text = user.start.sdp()
    if text:
        late = sdp.Description(text)
        s.rules.keep("ICE-8", (early.ufrag, early.pwd, early.candidates)
                     == (late.ufrag, late.pwd, late.candidates), "183 and 200 differ")
    await s.talk(media, fork.media)
    await finish(user, fork)


@scenario("ICE-5 ICE-4 RSP-1 media")
async def two_clients_say_183(s):
    """Both nominate before the answer, each with its keys; the second one answers."""
    call, invite = await call_user(s, BYPASS_USER)
    one = await rings(s, call, invite, await s.hub.client(), "cl1")
    two = await rings(s, call, invite, await s.hub.client(), "cl2")
    await asyncio.gather(one.media.nominated(), two.media.nominated())
    phone = await takes(s, call, invite, two)
    one.end("lost")
    await s.talk(phone.media, two.media)
    await finish(phone, two)


@scenario("ICE-5 RSP-4 media")
async def three_clients_and_the_first_answers(s):
    call, invite = await call_user(s, BYPASS_USER)
    forks = [await rings(s, call, invite, await s.hub.client(), f"cl{n}") for n in range(3)]
    await asyncio.gather(*(fork.media.nominated() for fork in forks))
    phone = await takes(s, call, invite, forks[0])
    for fork in forks[1:]:
        fork.end("lost")
    await s.talk(phone.media, forks[0].media)
    await finish(forks[0], phone)


@scenario("ICE-6 ICE-3 media")
async def checks_before_any_response(s):
    """The client checks before the hub has said anything of it, and is answered."""
    call, invite = await call_user(s, BYPASS_USER)
    media = await s.hub.handmade().open()
    box = sdp.Description(invite.request.sdp())
    assert await media.check(peer=box) == SUCCESS, "a check before signalling got no answer"
    fork = await rings(s, call, invite, media, "early")
    assert await media.check(use=True) == SUCCESS
    phone = await takes(s, call, invite, fork)
    await s.talk(phone.media, media)
    assert media.requests == 0, "the box sent checks"
    await finish(phone, fork)


@scenario("ICE-7 ICE-4 ICE-3 media")
async def early_media_before_nomination(s):
    """Checked but not nominated: the client is heard, and hears. Then it nominates and answers."""
    call, invite = await call_user(s, BYPASS_USER)
    media = s.hub.handmade()
    fork = await rings(s, call, invite, media, "early")
    assert await media.check() == SUCCESS
    await s.hears(call.media, media)
    await s.hears(media, call.media)
    phone = await takes(s, call, invite, fork)
    assert await media.check(use=True) == SUCCESS
    await s.talk(phone.media, media)
    assert media.requests == 0, "the box sent checks"
    await finish(phone, fork)


@scenario("ICE-9 dialog offer-answer media")
async def final_candidate_in_a_reinvite(s):
    """The controlling side says what it has chosen: remote-candidates."""
    phone, user = await from_carrier(s, BYPASS_USER)
    await user.media.nominated()
    await s.talk(phone.media, user.media)
    peer = user.media.peer
    user.media.extra = (f"a=remote-candidates:1 {peer.host} {peer.port}",)
    await user.reinvite()
    s.rules.keep("ICE-9", user.media.peer.ufrag == peer.ufrag, "new credentials without a restart")
    await s.talk(phone.media, user.media)
    await finish(phone, user)


@scenario("ICE-11 dialog offer-answer media")
async def restart_to_a_media_processor(s):
    """New credentials, another address, another key: a media processor comes in."""
    phone, user = await from_carrier(s, BYPASS_USER)
    await user.media.nominated()
    await s.talk(phone.media, user.media)
    old, before = user.media, user.media.peer
    user.media = await s.hub.client("mp")
    await user.media.open()
    user.media.session, user.media.version = old.session, old.version
    await user.reinvite()
    now = user.media.peer
    s.rules.keep("ICE-11", now.ufrag != before.ufrag and now.pwd != before.pwd,
                 "an ICE restart got the old credentials")
    await user.media.nominated()
    await s.talk(phone.media, user.media)
    old.errors.clear()  # what it got until the nomination was for the new key
    await s.talk(phone.media, user.media)
    assert not old.errors, "the old client still gets media"
    await finish(user, phone)


@scenario("ICE-11 media")
async def restart_keeps_the_old_path_until_nominated(s):
    """After the answer to the restart media goes on where it went, until the new nomination."""
    call, invite = await call_user(s, BYPASS_USER)
    media = s.hub.handmade()
    fork = await rings(s, call, invite, media, "one")
    assert await media.check(use=True) == SUCCESS
    phone = await takes(s, call, invite, fork)
    await s.talk(phone.media, media)
    before = media.peer
    media.renew()
    await fork.reinvite()
    assert media.peer.ufrag != before.ufrag, "no new credentials"
    await s.talk(phone.media, media)
    assert await media.check(use=True) == SUCCESS
    await s.talk(phone.media, media)
    await finish(phone, fork)


@scenario("ICE-10 media")
async def lite_to_lite(s):
    """The far end is another ICE-lite gateway: nobody checks, default candidates it is."""
    call, invite = await call_user(s, BYPASS_USER)
    media = s.hub.handmade()
    media.renew(lite=True)
    fork = invite.fork(media)
    phone = await takes(s, call, invite, fork)
    await s.talk(phone.media, media)
    await finish(phone, fork)


@scenario("ICE-10 media")
async def an_answer_without_ice(s):
    """A server behind the bypass trunk that has no ICE at all."""
    call, invite = await call_user(s, BYPASS_USER)
    fork = invite.fork(s.hub.mp(mux=True))
    phone = await takes(s, call, invite, fork)
    await s.talk(phone.media, fork.media)
    await finish(fork, phone)


@scenario("ICE-12 ICE-3 media")
async def odd_checks_do_no_harm(s):
    """Unknown attributes are ignored, forged and broken packets dropped; media goes on."""
    call, invite = await call_user(s, BYPASS_USER)
    media = s.hub.handmade()
    fork = await rings(s, call, invite, media, "odd")
    assert await media.check(use=True) == SUCCESS
    phone = await takes(s, call, invite, fork)
    assert await media.check(more=attribute(0x9abc, b"what?")) == SUCCESS
    assert await media.check(password="wrong" * 5, seconds=0.6) != SUCCESS
    assert await media.check(integrity=False, seconds=0.6) != SUCCESS
    for size in (1, 4, 19, 20, 21, 40):
        media.transport.sendto(b"\0\1" + os.urandom(size), media.remote)
        media.transport.sendto(b"\x80\x08" + os.urandom(size), media.remote)
    await s.talk(phone.media, media)
    assert await media.check() == SUCCESS and media.requests == 0
    await finish(phone, fork)


@scenario("ICE-13 SDP-5 media")
async def bypass_user_holds_and_resumes(s):
    """ICE stays in every description, checks go on being answered while on hold."""
    call, invite = await call_user(s, BYPASS_USER)
    media = s.hub.handmade()
    fork = await rings(s, call, invite, media, "held")
    assert await media.check(use=True) == SUCCESS
    phone = await takes(s, call, invite, fork)
    await s.talk(phone.media, media)
    await fork.reinvite(hold="inactive")
    await s.silence(phone.media, media)
    assert await media.check() == SUCCESS
    await fork.reinvite()
    assert await media.check(use=True) == SUCCESS
    await s.talk(phone.media, media)
    await finish(fork, phone)


@scenario("ICE-13 SDP-5 SDP-6 media")
async def carrier_holds_a_bypass_user(s):
    phone, user = await from_carrier(s, BYPASS_USER)
    await user.media.nominated()
    await s.talk(phone.media, user.media)
    await phone.reinvite(hold="sendonly")
    phone.media.talks = False
    await user.reoffered()
    await s.silence(user.media)
    phone.media.talks = True
    await phone.reinvite()
    await user.reoffered(2)
    await s.talk(phone.media, user.media)
    await finish(phone, user)


@scenario("ICE-7 media")
async def early_media_of_two_clients(s):
    """Two clients speak before anybody answers; the one that answers is heard alone."""
    call, invite = await call_user(s, BYPASS_USER)
    one = await rings(s, call, invite, await s.hub.client(), "cl1")
    await one.media.nominated()
    await s.hears(call.media, one.media)
    two = await rings(s, call, invite, await s.hub.client(), "cl2")
    await two.media.nominated()
    phone = await takes(s, call, invite, two)
    await s.talk(phone.media, two.media)
    before = phone.media.heard_of(one.media)
    await s.hears(phone.media, two.media)
    assert phone.media.heard_of(one.media) == before, "a client that lost is heard"
    one.end("lost")
    await finish(phone, two)


@scenario("ICE-1 dialog")
async def carrier_cancels_a_bypass_call(s):
    """Checks have begun; the caller hangs up before the answer."""
    call, invite = await call_user(s, BYPASS_USER)
    fork = await rings(s, call, invite, await s.hub.client(), "cl1")
    await fork.media.nominated()
    assert (await call.cancel()).status == 200
    await invite.cancel_comes()
    assert (await call.refused()).status == 487


@scenario("SDP-11 ICE-1 media")
async def digits_pass_on_bypass(s):
    phone, user = await from_carrier(s, BYPASS_USER)
    await user.media.nominated()
    await s.talk(phone.media, user.media)
    await phone.media.press("8")
    await user.media.press("3")
    await s.until("both keys arrive", lambda: user.media.keys_pressed() == "8"
                  and phone.media.keys_pressed() == "3")
    await finish(phone, user)
