# SPDX-License-Identifier: Apache-2.0
"""Transfers of a tenant's calls, in every form that the hub knows, each named for its rule.

What holds for all of them: whatever the box says to the hub names the tenant's derived trunk, and
the new INVITE shows whom the hub knew before: the outside party.
"""

from urllib.parse import quote

from hub import DOMAIN, PORT
from installed import SHORT, TWO_TRUNKS, Installation
from message import Uri, address_of, tag_of
from scenario import PHONE, USER, finish, from_carrier, scenario
from .tenants import (COLLEAGUE, OTHER_PHONE, calls_out, contact_host, recorded, screened_out,
                      talks, user_of)
from .transfers import BY, goes_through, refer, to_number, to_user, told

MOVING = Installation("tenant-transfers", SHORT)
SETS = Installation("tenant-transfers-of-sets", TWO_TRUNKS, has_bypass=True)
REFUSING = Installation("tenant-refer-refused", SHORT + "    refer: refuse\n")
OUTSIDE = "+12025550187"  # who calls from the carrier


def of_tenant(rules, setup=MOVING, host=lambda s: s.acme, **more):
    """A scenario in which all INVITEs, NOTIFYs and answers of the box to the hub have a Contact at
    the tenant's derived trunk."""
    def mark(function):
        async def checked(s):
            seen = await function(s)
            said = [message for _, way, _, message in s.hub.history
                    if way == "<-" and message.has("contact") and message.method != "OPTIONS"]
            hosts = {contact_host(message) for message in said}
            s.rules.keep("INV-2", hosts == {host(s)}, f"Contacts have {hosts}, not {host(s)}")
            return f"{len(said)} messages from {host(s)}; {seen or ''}".rstrip("; ")
        checked.__doc__ = function.__doc__
        scenario(rules, setup=setup, name=function.__name__, **more)(checked)
        return checked
    return mark


def replaces(dialog):
    """Replaces with the box's end of a dialog, as it stands in a URI."""
    return quote(f"{dialog.call_id};to-tag={tag_of(dialog.remote)};from-tag={dialog.tag}", safe="")


async def transferred(s, phone, user, target, media=None):
    """The phone ends up with the target; whom the new INVITE showed."""
    media = media or s.hub.mp("target")
    await goes_through(s, phone, user, target, media)
    invite = next(message for _, way, _, message in reversed(s.hub.history)
                  if way == "<-" and not message.is_response and message.method == "INVITE")
    caller = Uri(address_of(invite.get("from")))
    assert caller.host == contact_host(invite), invite.get("from")
    return caller.user


@of_tenant("XFR-3 XFR-6 INV-2 INV-3 media dialog")
async def xfr_3_of_a_tenant_to_a_colleagues_number(s):
    """Refer-To has a number of the same tenant: to the hub as it stands there."""
    phone, user = await from_carrier(s)
    await talks(s, phone, user)
    shown = await transferred(s, phone, user, to_number(COLLEAGUE))
    assert shown == OUTSIDE, shown
    return f"{COLLEAGUE} was shown {shown}"


@of_tenant("XFR-3 XFR-8 media dialog")
async def xfr_3_of_a_tenant_from_a_call_out(s):
    """A user who has called a phone moves it to another user, who is shown the phone's number."""
    user, phone, _ = await calls_out(s)
    await talks(s, user, phone)
    shown = await transferred(s, phone, user, to_user())
    assert shown == PHONE, shown
    return f"shown {shown}"


@of_tenant("XFR-3 XFR-6 OUT-1 media dialog")
async def xfr_3_of_a_tenant_from_a_call_out_to_a_phone(s):
    """A user who has called a phone moves it to another phone, which the hub calls for it."""
    user, phone, _ = await calls_out(s)
    await talks(s, user, phone)
    invite = await refer(s, user, to_number(OTHER_PHONE))
    held = invite.fork(s.hub.mp("towards-phone"))
    invite.ring(held)
    back, other, request = await calls_out(s, PHONE, OTHER_PHONE, media=s.hub.mp("towards-target"),
                                           phone=s.carrier.phone("target"))
    assert user_of(request, "from") == PHONE, request.get("from")
    await invite.answer(held)
    await told(user, 200)
    if user.why is None:
        await user.bye()
    held.media.splice(back.media)
    seen = await talks(s, phone, other)
    await finish(back, other)
    await finish(phone, held)
    return f"From {PHONE} at the target; {seen}"


@of_tenant("XFR-3 OUT-1 media")
async def xfr_3_of_a_tenant_with_a_call_between(s):
    """A colleague calls the same phone before the hub does: the transfer is not used up by that."""
    phone, user = await from_carrier(s)
    invite = await refer(s, user, to_number(OTHER_PHONE))
    own, first, _ = await calls_out(s, COLLEAGUE, OTHER_PHONE)
    await finish(own, first)
    held = invite.fork(s.hub.mp("towards-caller"))
    back, other, request = await calls_out(s, OUTSIDE, OTHER_PHONE, media=s.hub.mp("towards-phone"),
                                           phone=s.carrier.phone("target"))
    assert user_of(request, "from") == OUTSIDE, request.get("from")
    await invite.answer(held)
    await told(user, 200)
    if user.why is None:
        await user.bye()
    held.media.splice(back.media)
    seen = await talks(s, phone, other)
    await finish(back, other)
    await finish(phone, held)
    return f"own call, then that of the transfer; {seen}; " + await screened_out(s, OUTSIDE)


@of_tenant("XFR-4 XFR-3 media dialog")
async def xfr_4_of_a_tenant_after_consulting_a_user(s):
    """The consultation is a call within Teams: x-tt names it, and Replaces in Refer-To, if it is
    there, is no dialog of the box and is left out."""
    phone, user = await from_carrier(s)
    await talks(s, phone, user)
    target = to_user()
    named = f"{target}?Replaces=consult%3Bto-tag%3Da%3Bfrom-tag%3Db"
    response = await user.request("REFER", [("Refer-To", f"<{named}>"), ("Referred-By", BY)])
    assert response.status == 202, response.start
    invite = await s.hub.invited()
    s.rules.keep("XFR-4", not invite.request.has("replaces"), "Replaces in the new INVITE")
    s.rules.keep("XFR-3", invite.request.uri == target, f"Request-URI {invite.request.uri}")
    s.rules.keep("XFR-3", invite.request.get("referred-by") == BY, "another Referred-By")
    fork = invite.fork(s.hub.mp("target"))
    await invite.answer(fork)
    await told(user, 200)
    await user.bye()
    seen = await talks(s, phone, fork)
    await finish(phone, fork)
    return seen


@of_tenant("XFR-4 XFR-3 XFR-6 OUT-1 media dialog")
async def xfr_4_of_a_tenant_after_consulting_a_phone(s):
    """The consultation is a call of the user by the box: x-tt has the hub put the new leg in the
    user's place there."""
    phone, user = await from_carrier(s)
    await talks(s, phone, user)
    await user.reinvite(hold="inactive")
    await phone.reoffered()
    consult, other, _ = await calls_out(s, number=OTHER_PHONE, media=s.hub.mp("consult"),
                                        phone=s.carrier.phone("target"))
    await talks(s, consult, other)
    invite = await refer(s, user, to_number(OTHER_PHONE))
    held = invite.fork(s.hub.mp("towards-caller"))
    await invite.answer(held)
    await told(user, 200)
    if user.why is None:
        await user.bye()
    held.media.splice(consult.media)
    seen = await talks(s, phone, other)
    await finish(consult, other)
    await finish(phone, held)
    return f"the consultation goes on without the user; {seen}"


@of_tenant("XFR-8 XFR-6 media dialog")
async def xfr_8_of_a_tenant_joins_its_two_calls(s):
    """Replaces in Refer-To names the user's other call by the box: the two phones are joined in it,
    and both dialogs of the user end (RFC 5589 section 7)."""
    phone, user = await from_carrier(s)
    await talks(s, phone, user)
    consult, other, _ = await calls_out(s, number=OTHER_PHONE, media=s.hub.mp("consult"),
                                        phone=s.carrier.phone("target"))
    response = await user.request("REFER", [
        ("Refer-To", f"<{to_number(OTHER_PHONE)}?Replaces={replaces(consult)}>"),
        ("Referred-By", BY)])
    assert response.status == 202, response.start
    await told(user, 200)
    await consult.ends()
    if user.why is None:
        await user.bye()
    seen = await talks(s, phone, other)
    await finish(phone, other)
    return seen


@of_tenant("XFR-5 XFR-3 media")
async def xfr_5_of_a_tenant_while_on_hold(s):
    """The old leg is inactive; the new offer is for both ways."""
    phone, user = await from_carrier(s)
    await user.reinvite(hold="inactive")
    await phone.reoffered()
    return "shown " + await transferred(s, phone, user, to_user())


@of_tenant("XFR-2 INV-9 media")
async def xfr_2_of_a_tenant_with_400_characters(s):
    """Refer-To of 400 characters comes back as it was."""
    phone, user = await from_carrier(s)
    target = to_user(400 - len(to_user()) - 5)
    assert len(target) == 400
    await transferred(s, phone, user, target)


@of_tenant("XFR-3 9-603 media")
async def xfr_3_of_a_tenant_to_nobody_who_answers(s):
    """486, then 603: NOTIFY says so each time, and the first call goes on."""
    phone, user = await from_carrier(s)
    for status, reason in ((486, "Busy Here"), (603, "Decline")):
        invite = await refer(s, user, to_user())
        invite.ring(invite.fork())
        invite.refuse(status, reason)
        await told(user, status)
        await talks(s, phone, user)
    await finish(user, phone)


@of_tenant("XFR-6 media dialog")
async def xfr_6_of_a_tenant_whose_caller_hangs_up(s):
    """The target still rings: its INVITE is cancelled, the transferor told."""
    phone, user = await from_carrier(s)
    await talks(s, phone, user)
    invite = await refer(s, user, to_user())
    invite.ring(invite.fork())
    await phone.bye()
    await invite.cancel_comes()
    await user.ends()


@of_tenant("XFR-3 XFR-6 media")
async def xfr_6_of_a_tenant_twice_in_a_row(s):
    """To a user, who sends the caller on to a colleague's number."""
    phone, user = await from_carrier(s)
    invite = await refer(s, user, to_user())
    second = invite.fork(s.hub.mp("second"))
    await invite.answer(second)
    await told(user, 200)
    if user.why is None:
        await user.bye()
    await talks(s, phone, second)
    return "shown " + await transferred(s, phone, second, to_number(COLLEAGUE))


@of_tenant("XFR-7 XFR-8 media dialog")
async def xfr_7_of_a_tenant_replaces(s):
    """An INVITE with Replaces to the derived trunk takes over a call of the tenant."""
    phone, user = await from_carrier(s)
    await talks(s, phone, user)
    value = f"{user.call_id};to-tag={tag_of(user.remote)};from-tag={user.tag}"
    call = await s.hub.call(s.plain, OUTSIDE, s.hub.mp("taker"), [("Replaces", value)],
                            caller=COLLEAGUE, host=s.acme)
    taker = await call.established()
    await user.ends()
    seen = await talks(s, phone, taker)
    await finish(taker, phone)
    return seen


@of_tenant("XFR-7 INV-2 media")
async def xfr_7_of_another_tenant_is_refused(s):
    """Another tenant's INVITE with Replaces, and one that names no call, get 481: the call stays."""
    phone, user = await from_carrier(s)
    value = f"{user.call_id};to-tag={tag_of(user.remote)};from-tag={user.tag}"
    for host, named in ((f"bigco.{s.plain.host}", value), (s.acme, "nothing;to-tag=a;from-tag=b")):
        call = await s.hub.call(s.plain, OUTSIDE, s.hub.mp("taker"), [("Replaces", named)],
                                caller="+12025550142", host=host)
        response = await call.refused()
        assert response.status == 481, response.start
    seen = await talks(s, phone, user)
    await finish(phone, user)
    return f"481 twice; {seen}"


@of_tenant("XFR-8 INV-2 media")
async def xfr_8_of_another_tenant_is_not_joined(s):
    """Replaces in Refer-To that names a call of another tenant: that stays, and the hub gets an
    INVITE as if no such call were there."""
    phone, user = await from_carrier(s)
    other_phone, other = await from_carrier(s, "+12025550142")
    value = replaces(other)
    s.hub.history.clear()
    response = await user.request("REFER", [
        ("Refer-To", f"<{to_user()}?Replaces={value}>"), ("Referred-By", BY)])
    assert response.status == 202, response.start
    invite = await s.hub.invited()
    assert not invite.request.has("replaces"), invite.request.headers
    fork = invite.fork(s.hub.mp("target"))
    await invite.answer(fork)
    await told(user, 200)
    await user.bye()
    seen = [await talks(s, phone, fork), await talks(s, other_phone, other)]
    await finish(phone, fork)
    said = list(s.hub.history)
    await finish(other_phone, other)
    s.hub.history[:] = said
    return "; ".join(seen)


@of_tenant("XFR-1 XFR-3 ICE-1 media", setup=SETS, host=lambda s: f"acme.{s.bypass.host}")
async def xfr_1_of_a_tenant_on_bypass(s):
    """From a bypass client to a bypass client, by the derived trunk of that set."""
    await s.command(f"number change {USER} --trunk-set bypass")
    phone, user = await from_carrier(s, media=await s.hub.client())
    await user.media.nominated()
    await talks(s, phone, user)
    shown = await transferred(s, phone, user, to_user(), await s.hub.client("target"))
    await s.command(f"number change {USER} --trunk-set plain")
    return f"shown {shown}"


@scenario("XFR-7 XFR-8 ICE-1 media dialog", setup=SETS)
async def xfr_7_of_a_tenant_from_one_set_to_the_other(s):
    """While numbers move, a call by the one trunk is taken over by the other trunk of the tenant."""
    phone, user = await from_carrier(s)
    await talks(s, phone, user)
    value = f"{user.call_id};to-tag={tag_of(user.remote)};from-tag={user.tag}"
    call = await s.hub.call(s.bypass, OUTSIDE, await s.hub.client("taker"), [("Replaces", value)],
                            caller=COLLEAGUE, host=f"acme.{s.bypass.host}")
    taker = await call.established()
    await taker.media.nominated()
    await user.ends()
    assert contact_host(taker.start) == f"acme.{s.bypass.host}", taker.start.headers
    seen = await talks(s, phone, taker)
    await finish(taker, phone)
    return seen


@of_tenant("XFR-1 OUT-6 media", setup=REFUSING)
async def xfr_1_of_a_tenant_by_the_hub_as_referee(s):
    """Without REFER in Allow the hub calls the phone itself, for the outside caller, with
    Referred-By (option 1). Screening lets that caller in as long as he is in a call with the
    tenant."""
    phone, user = await from_carrier(s)
    assert "REFER" not in user.invite.request.words("allow"), user.invite.request.headers
    response = await user.request("REFER", [("Refer-To", f"<{to_user()}>"), ("Referred-By", BY)])
    assert response.status == 405, response.start
    await user.reinvite(hold="inactive")
    await phone.reoffered()
    by = [("Referred-By", f"<sip:sip.{DOMAIN}:{PORT};x-m=8:orgid:99999999>")]
    target, other, request = await calls_out(s, OUTSIDE, OTHER_PHONE, by,
                                             media=s.hub.mp("towards-target"),
                                             phone=s.carrier.phone("target"))
    assert user_of(request, "from") == OUTSIDE, request.get("from")
    await user.reinvite()
    await phone.reoffered(2)
    user.media.splice(target.media)
    seen = await talks(s, phone, other)
    await finish(target, other)
    rows = await recorded(s, "transferred")
    await finish(user, phone)
    return f"From {OUTSIDE}; {rows}; {seen}; afterwards " + await screened_out(s, OUTSIDE, by)
