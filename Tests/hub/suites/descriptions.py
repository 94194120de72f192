# SPDX-License-Identifier: Apache-2.0
"""Codecs, keys, payload types, events, noise: what descriptions and packets have in them."""

import asyncio

import sdp
from scenario import (PHONE, answered, call_user, finish, from_carrier, from_user, scenario)
from stage import Setup

SIX = Setup("ipv6", six=True)


@scenario("SDP-2 SDP-4 media")
async def a_key_without_a_life_time(s):
    """|2^31 may be missing in what the hub says."""
    media = s.hub.mp()
    media.suites = [(3, sdp.SUITE, "")]
    user, phone = await from_user(s, media=media)
    assert media.chosen[0] == 3
    await s.talk(user.media, phone.media)
    await finish(user, phone)


@scenario("SDP-2 media")
async def an_answer_with_two_keys(s):
    """A second key line in the hub's answer is no reason to refuse it."""
    call, invite = await call_user(s)
    fork = invite.fork(s.hub.mp())
    await fork.media.open()
    text = fork.media.answer(invite.request.sdp())
    line = next(row for row in text.split("\r\n") if row.startswith("a=crypto"))
    fork.early = text.replace(line, line + "\r\n" + line.replace(
        f"a=crypto:{fork.media.chosen[0]} ", "a=crypto:2 ").replace("SHA1_80", "SHA1_32"))
    answering = s.hub.spawn(invite.answer(fork))
    phone = await call.established()
    await answering
    await s.talk(phone.media, fork.media)
    await finish(phone, fork)


@scenario("SDP-3 media")
async def a_fingerprint_beside_the_keys(s):
    """UDP/TLS/RTP/SAVP with fingerprint and keys: SDES it is."""
    media = s.hub.mp()
    media.profile = "UDP/TLS/RTP/SAVP"
    media.extra = ("a=fingerprint:sha-256 " + ":".join(["AB"] * 32), "a=setup:actpass")
    user, phone = await from_user(s, media=media)
    assert "fingerprint" not in media.peer.text, "a fingerprint in the answer"
    await s.talk(user.media, phone.media)
    await finish(user, phone)


@scenario("SDP-8 media")
async def rtcp_on_the_port_of_rtp(s):
    """The hub offers rtcp-mux."""
    media = s.hub.mp(mux=True)
    user, phone = await from_user(s, media=media)
    await s.talk(user.media, phone.media)
    await s.until("RTCP reaches both", lambda: media.rtcp and phone.media.rtcp)
    await finish(user, phone)


@scenario("SDP-8 media")
async def rtcp_on_a_port_of_its_own(s):
    phone, user = await from_carrier(s)
    await s.talk(phone.media, user.media)
    await s.until("RTCP reaches both", lambda: user.media.rtcp and phone.media.rtcp)
    await finish(phone, user)


@scenario("SDP-9 media")
async def other_payload_types(s):
    """telephone-event is 112 at the hub and 96 at the carrier; both get what they asked for."""
    media = s.hub.mp()
    media.numbers = {"EVENT": 112, "SILK16": 97, "SILK8": 98}
    phone = s.carrier.phone()
    user, callee = await from_user(s, media=media, phone=phone)
    await s.talk(user.media, callee.media)
    await user.media.press("5")
    await callee.media.press("7")
    await s.until("both keys arrive", lambda: user.media.keys_pressed() == "7"
                  and callee.media.keys_pressed() == "5")
    allowed = {n for n in (112, 8, 0, 9, 13)}
    assert set(media.numbers_heard) <= allowed, media.numbers_heard
    await finish(user, callee)


@scenario("SDP-11 media")
async def digits_pass_both_ways(s):
    phone, user = await from_carrier(s)
    await s.talk(phone.media, user.media)
    for digit in "1#5":
        await phone.media.press(digit)
        await asyncio.sleep(0.1)
    for digit in "*90":
        await user.media.press(digit)
        await asyncio.sleep(0.1)
    await s.until("all keys arrive", lambda: user.media.keys_pressed() == "1#5"
                  and phone.media.keys_pressed() == "*90")
    await finish(phone, user)


@scenario("SDP-11 media")
async def digits_in_early_media(s):
    """The caller answers a voice menu before the call is answered."""
    media = s.hub.mp()
    call = await s.hub.call(s.plain, PHONE, media)
    invite = await s.carrier.invited()
    fork = invite.fork(s.carrier.phone())
    await invite.progress(fork)
    await call.until(183)
    await s.hears(media, fork.media)
    await media.press("4")
    await s.until("the key arrives", lambda: fork.media.keys_pressed() == "4")
    answering = s.carrier.spawn(invite.answer(fork))
    user = await call.established()
    await answering
    await finish(user, fork)


@scenario("SDP-10 media")
async def comfort_noise_passes(s):
    """RFC 3389 packets of the hub reach the carrier as what they are."""
    user, phone = await from_user(s)
    await s.talk(user.media, phone.media)
    user.media.talks = False
    for _ in range(5):
        user.media.send(b"\x40", 13)
        await asyncio.sleep(0.05)
    await s.until("comfort noise arrives", lambda: phone.media.numbers_heard.get(13, 0) >= 5)
    user.media.talks = True
    await s.talk(user.media, phone.media)
    await finish(user, phone)


async def with_codec(s, name):
    phone = s.carrier.phone(codecs=(name, "EVENT"))
    user, callee = await from_user(s, phone=phone)
    assert user.media.encoding == sdp.CODECS[name][1], user.media.encoding
    await s.talk(user.media, callee.media)
    await finish(user, callee)


@scenario("OUT-9 SDP-9 media")
async def carrier_has_g722_alone(s):
    await with_codec(s, "G722")


@scenario("OUT-9 SDP-9 media")
async def carrier_has_pcmu_alone(s):
    await with_codec(s, "PCMU")


@scenario("OUT-9 SDP-9 media")
async def carrier_has_g729_alone(s):
    await with_codec(s, "G729")


@scenario("OUT-9")
async def carrier_has_no_codec_in_common(s):
    """488, and nothing stays behind."""
    call = await s.hub.call(s.plain, PHONE, s.hub.mp(codecs=("SILK16", "EVENT")))
    while s.carrier.invites.empty() and call.exchange.queue.empty():
        await asyncio.sleep(0.02)
    if not s.carrier.invites.empty():
        (await s.carrier.invited()).refuse(488, "Not Acceptable Here")
    response = await call.refused()
    assert response.status in (488, 606), response.start


@scenario("media")
async def an_offer_without_keys_is_refused(s):
    """SRTP is required: RTP/AVP of the hub gets 488, and the carrier hears nothing of it."""
    media = s.hub.mp()
    media.secure = False
    call = await s.hub.call(s.plain, PHONE, media)
    response = await call.refused()
    assert response.status == 488, response.start
    assert s.carrier.invites.empty(), "the carrier was called"


@scenario("SDP-12 media", setup=SIX)
async def ipv6_from_the_carrier(s):
    """Signalling and media of the trunk without bypass are IPv6, the carrier's IPv4."""
    call, invite = await call_user(s)
    phone, user = await answered(s, call, invite, s.hub.mp(six=True))
    assert ":" in user.media.remote[0], user.media.remote
    await s.talk(phone.media, user.media)
    await finish(phone, user)


@scenario("SDP-12 media", setup=SIX)
async def ipv6_to_the_carrier(s):
    user, phone = await from_user(s, media=s.hub.mp(six=True))
    assert ":" in user.media.remote[0], user.media.remote
    await s.talk(user.media, phone.media)
    await finish(user, phone)
