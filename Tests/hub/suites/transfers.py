# SPDX-License-Identifier: Apache-2.0
"""Transfers: REFER of the hub (option 2), the hub as referee (option 1), INVITE with Replaces."""

from message import address_of, tag_of
from scenario import BYPASS_USER, PHONE, finish, from_carrier, from_user, scenario
from hub import DOMAIN, PORT
from stage import Setup

REFUSING = Setup("refer-refused", trunk="    refer: refuse\n", bypass="    refer: refuse\n")
TENANT = "x-t=12345678-1234-4123-8123-123456789abc"
BY = (f"<sip:sip.{DOMAIN}:{PORT};x-m=8:orgid:99999999-8888-4777-8666-555555555555;{TENANT};"
      "x-ti=00000000-1111-4222-8333-444444444444;"
      "x-tt=aHR0cHM6Ly9leGFtcGxlLmludmFsaWQvdjEvY2FsbA%3D%3D>")


def to_user(filling=0):
    """Refer-To of a Teams user: no number, and parameters of whatever length."""
    more = ";x-f=" + "a" * filling if filling else ""
    return (f"sip:sip.{DOMAIN}:{PORT};transport=tls;x-m=8:orgid:aaaaaaaa-bbbb-4ccc-8ddd-"
            f"eeeeeeeeeeee;{TENANT}{more}")


def to_number(number):
    return f"sip:{number}@sip.{DOMAIN}:{PORT};user=phone;transport=tls"


async def refer(s, user, target, by=BY):
    """REFER is accepted, its INVITE comes: checked against what it has to be."""
    response = await user.request("REFER", [("Refer-To", f"<{target}>"), ("Referred-By", by)])
    assert response.status == 202, response.start
    invite = await s.hub.invited()
    request = invite.request
    s.rules.keep("XFR-3", request.uri == target, f"Request-URI {request.uri}, not {target}")
    s.rules.keep("XFR-3", address_of(request.get("to")) == target, f"To {request.get('to')}")
    s.rules.keep("XFR-3", request.get("referred-by") == by,
                 f"Referred-By {request.get('referred-by')}")
    s.rules.keep("XFR-4", not request.has("replaces"), "Replaces in the new INVITE")
    s.rules.keep("XFR-5", "a=sendrecv" in request.sdp() or "a=" not in request.sdp()
                 or not any(d in request.sdp() for d in ("a=inactive", "a=sendonly",
                                                         "a=recvonly")), "an offer on hold")
    return invite


async def told(user, wanted):
    """NOTIFYs until one has this status; all of them."""
    seen = []
    while True:
        notify = (await user.comes("NOTIFY")).request
        assert notify.get("event").startswith("refer"), notify.headers
        assert notify.get("content-type").startswith("message/sipfrag"), notify.headers
        seen.append(notify.text.split("\r\n")[0])
        if f" {wanted} " in seen[-1] + " ":
            assert "terminated" in notify.get("subscription-state"), notify.headers
            return seen


async def goes_through(s, phone, user, target, media=None, by=BY):
    invite = await refer(s, user, target, by)
    fork = invite.fork(media or s.hub.mp("target"))
    invite.ring(fork)
    await invite.answer(fork)
    seen = await told(user, 200)
    s.rules.keep("XFR-8", seen[0].startswith("SIP/2.0 1"), f"NOTIFYs said {seen}")
    if user.why is None:
        await user.bye()
    if hasattr(fork.media, "nominated"):
        await fork.media.nominated()
    await s.talk(phone.media, fork.media)
    await finish(phone, fork)


@scenario("XFR-1 XFR-2 XFR-3 XFR-4 XFR-6 XFR-8 media dialog")
async def refer_to_a_user(s):
    """The caller ends up with another user, who has no number."""
    phone, user = await from_carrier(s)
    await s.talk(phone.media, user.media)
    await goes_through(s, phone, user, to_user())


@scenario("XFR-3 XFR-6 media dialog")
async def refer_to_a_number(s):
    """A number in Refer-To goes to the hub too."""
    phone, user = await from_carrier(s)
    await s.talk(phone.media, user.media)
    await goes_through(s, phone, user, to_number("+12025550144"))


@scenario("XFR-5 XFR-3 media")
async def refer_while_on_hold(s):
    """The old leg is inactive; the new offer is for both ways, and media is there."""
    phone, user = await from_carrier(s)
    await s.talk(phone.media, user.media)
    await user.reinvite(hold="inactive")
    await phone.reoffered()
    await goes_through(s, phone, user, to_user())


@scenario("XFR-2 INV-9 media")
async def refer_to_with_400_characters(s):
    phone, user = await from_carrier(s)
    target = to_user(400 - len(to_user()) - 5)
    assert len(target) == 400
    await goes_through(s, phone, user, target)


@scenario("XFR-3 XFR-8 media")
async def refer_of_a_call_to_the_carrier(s):
    """A user who has called a phone moves it to another user."""
    user, phone = await from_user(s)
    await s.talk(user.media, phone.media)
    await goes_through(s, phone, user, to_user())


@scenario("XFR-3 XFR-8 media")
async def refer_to_somebody_busy(s):
    """NOTIFY says 486, and the first call goes on."""
    phone, user = await from_carrier(s)
    await s.talk(phone.media, user.media)
    invite = await refer(s, user, to_user())
    invite.refuse(486, "Busy Here")
    await told(user, 486)
    await s.talk(phone.media, user.media)
    await finish(user, phone)


@scenario("XFR-3 9-603")
async def refer_to_somebody_who_declines(s):
    phone, user = await from_carrier(s)
    invite = await refer(s, user, to_user())
    invite.ring(invite.fork())
    invite.refuse(603, "Decline")
    await told(user, 603)
    await s.talk(phone.media, user.media)
    await finish(phone, user)


@scenario("XFR-6 dialog")
async def caller_hangs_up_during_a_transfer(s):
    """The target still rings: its INVITE is cancelled, the transferor told."""
    phone, user = await from_carrier(s)
    await s.talk(phone.media, user.media)
    invite = await refer(s, user, to_user())
    invite.ring(invite.fork())
    await phone.bye()
    await invite.cancel_comes()
    await user.ends()


@scenario("XFR-3 XFR-6 media")
async def two_transfers_in_a_row(s):
    phone, user = await from_carrier(s)
    invite = await refer(s, user, to_user())
    second = invite.fork(s.hub.mp("second"))
    await invite.answer(second)
    await told(user, 200)
    if user.why is None:
        await user.bye()
    await s.talk(phone.media, second.media)
    await goes_through(s, phone, second, to_number("+12025550144"))


@scenario("XFR-1 XFR-3 ICE-1 media")
async def refer_on_bypass(s):
    """From a bypass client to a bypass client."""
    phone, user = await from_carrier(s, BYPASS_USER)
    await user.media.nominated()
    await s.talk(phone.media, user.media)
    await goes_through(s, phone, user, to_user(), await s.hub.client("target"))


@scenario("XFR-7 XFR-8 media dialog")
async def replaces_of_the_hub(s):
    """An INVITE with Replaces takes over the call: the old dialog ends, the caller stays."""
    phone, user = await from_carrier(s)
    await s.talk(phone.media, user.media)
    value = f"{user.call_id};to-tag={tag_of(user.remote)};from-tag={user.tag}"
    call = await s.hub.call(s.plain, "+12025550187", s.hub.mp("taker"), [("Replaces", value)],
                            caller="+12025550144")
    taker = await call.established()
    await user.ends()
    await s.talk(phone.media, taker.media)
    await finish(taker, phone)


@scenario("XFR-7")
async def replaces_of_a_call_that_is_not(s):
    call = await s.hub.call(s.plain, "+12025550187", s.hub.mp("taker"),
                            [("Replaces", "nothing;to-tag=a;from-tag=b")])
    assert (await call.refused()).status == 481


@scenario("XFR-1 OUT-6 media", setup=REFUSING)
async def hub_as_referee(s):
    """Without REFER in Allow the hub calls the target itself and joins the two (option 1)."""
    phone, user = await from_carrier(s)
    assert "REFER" not in user.invite.request.words("allow"), user.invite.request.headers
    await user.reinvite(hold="inactive")
    target, other = await from_user(s, number=PHONE, headers=[("Referred-By", BY)])
    await s.talk(target.media, other.media)
    await user.reinvite()
    await s.talk(phone.media, user.media)
    await finish(target, other)
    await finish(user, phone)


@scenario("XFR-1", setup=REFUSING)
async def refer_is_refused(s):
    """Where it is not in Allow it is not served, and the call goes on."""
    phone, user = await from_carrier(s)
    response = await user.request("REFER", [("Refer-To", f"<{to_user()}>"), ("Referred-By", BY)])
    assert 400 <= response.status < 700, response.start
    await s.talk(phone.media, user.media)
    await finish(phone, user)
