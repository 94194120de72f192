# SPDX-License-Identifier: Apache-2.0
"""Hold and resume, re-INVITEs of both sides, and both at once."""

import asyncio

from scenario import finish, from_carrier, from_user, scenario
from transactions import Gone

PAUSE = 0.2  # the ACK of the one side may take longer than the next INVITE of the other: 491


async def held_by_carrier(s, hold, zero=False):
    """The carrier holds its own way; towards the hub it is inactive and nothing else."""
    phone, user = await from_carrier(s)
    await s.talk(phone.media, user.media)
    if zero:
        phone.media.hold = "sendrecv"
        body = phone.media.offer().replace(f"c=IN IP4 {s.carrier.own}", "c=IN IP4 0.0.0.0")
        phone.media.talks = False
        response = await phone.request("INVITE", body=body)
        assert response.status == 200, response.start
        phone.ack(phone.number)
    else:
        await phone.reinvite(hold=hold)
        phone.media.talks = False
    await user.reoffered()
    assert user.media.peer.direction == "inactive", user.media.peer.direction
    await s.silence(user.media)
    phone.media.talks = True
    await phone.reinvite()
    await user.reoffered(2)
    assert user.media.peer.direction == "sendrecv", user.media.peer.direction
    await s.talk(phone.media, user.media)
    await finish(phone, user)


@scenario("SDP-5 SDP-6 offer-answer media")
async def carrier_holds_with_sendonly(s):
    await held_by_carrier(s, "sendonly")


@scenario("SDP-5 SDP-6 offer-answer media")
async def carrier_holds_with_inactive(s):
    await held_by_carrier(s, "inactive")


@scenario("SDP-5 SDP-6 offer-answer media")
async def carrier_holds_with_an_address_of_zeros(s):
    await held_by_carrier(s, None, zero=True)


@scenario("SDP-5 offer-answer media")
async def both_hold(s):
    """Media comes back only when both have resumed."""
    phone, user = await from_carrier(s)
    await s.talk(phone.media, user.media)
    await user.reinvite(hold="inactive")
    await phone.reoffered()
    await asyncio.sleep(PAUSE)
    await phone.reinvite(hold="inactive")
    await s.silence(phone.media, user.media)
    await user.reinvite(hold="inactive")
    await asyncio.sleep(PAUSE)
    await phone.reinvite()
    await asyncio.sleep(PAUSE)
    await user.reinvite()
    await s.talk(phone.media, user.media)
    await finish(user, phone)


@scenario("SDP-5 media")
async def hold_and_hang_up(s):
    """A call ends while it is on hold."""
    user, phone = await from_user(s)
    await s.talk(user.media, phone.media)
    await user.reinvite(hold="inactive")
    await s.silence(phone.media)
    await finish(user, phone)


@scenario("dialog offer-answer")
async def reinvites_cross(s):
    """Both offer at once: who gets 491 tries again, and the call goes on."""
    phone, user = await from_carrier(s)
    await s.talk(phone.media, user.media)

    async def insist(dialog):
        for attempt in range(8):
            if (await dialog.reinvite(expect=None)).status == 200:
                return
            await asyncio.sleep(0.3 + 0.4 * attempt * (dialog is user))
        raise Gone("491 again and again")
    await asyncio.gather(insist(phone), insist(user))
    await s.talk(phone.media, user.media)
    await finish(phone, user)


@scenario("SDP-6 offer-answer media")
async def carrier_moves_its_media(s):
    """A new port of the carrier is followed; towards the hub nothing moves."""
    phone, user = await from_carrier(s)
    await s.talk(phone.media, user.media)
    old, phone.media = phone.media, s.carrier.phone()
    await phone.media.open()
    old.talks = False
    phone.media.session, phone.media.version = old.session, old.version
    await phone.reinvite()
    await s.talk(phone.media, user.media)
    await finish(phone, user)


@scenario("dialog offer-answer media")
async def hub_moves_its_media(s):
    """Another media processor with another key takes over in a re-INVITE."""
    phone, user = await from_carrier(s)
    await s.talk(phone.media, user.media)
    old, user.media = user.media, s.hub.mp("other-mp")
    await user.media.open()
    user.media.session, user.media.version = old.session, old.version
    await user.reinvite()
    old.close()
    await s.talk(phone.media, user.media)
    await finish(user, phone)


@scenario("offer-answer media SDP-1")
async def hub_changes_its_key(s):
    phone, user = await from_carrier(s)
    await s.talk(phone.media, user.media)
    user.media.keys.clear()
    await user.reinvite()
    await s.talk(phone.media, user.media)
    await finish(user, phone)


@scenario("dialog")
async def many_reinvites_in_a_row(s):
    """Ten holds and resumes, five by each side."""
    phone, user = await from_carrier(s)
    for turn in range(5):
        await user.reinvite(hold="inactive")
        await user.reinvite()
        await phone.reinvite(hold="inactive")
        await phone.reinvite()
    await s.talk(phone.media, user.media)
    await finish(phone, user)
