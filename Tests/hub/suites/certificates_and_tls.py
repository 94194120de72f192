# SPDX-License-Identifier: Apache-2.0
"""TLS: versions, suites, certificates that are right, wrong and new."""

import asyncio
import os
import signal
import ssl

from certificates import Authority
from hub import DOMAIN
from message import Message
from net import client_context, server_context
from scenario import answered, call_user, finish, from_carrier, from_user, scenario
from stage import SBC

OLD = "ALL:@SECLEVEL=0"


async def relisten(s, proxies, **limits):
    """Datacentres come back with other contexts; the box has found them again."""
    for proxy in proxies:
        await proxy.close()
    for proxy in proxies:
        proxy.options.clear()
        await proxy.listen(s.hub.server_context(**limits))
    await s.until("the box has connected again", lambda: all(p.options for p in proxies), 40)


async def usual(s):
    await relisten(s, s.hub.proxies)


async def with_server(s, **limits):
    await relisten(s, s.hub.proxies, **limits)
    phone, user = await from_carrier(s)
    link = user.link
    await s.talk(phone.media, user.media)
    await finish(phone, user)
    await usual(s)
    return link


@scenario("TLS-1 media")
async def tls_1_2_with_each_suite(s):
    """The hub takes TLS 1.2 alone, one suite at a time, of the four that are published."""
    for suite in ("ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256",
                  "ECDHE-RSA-AES256-SHA384", "ECDHE-RSA-AES128-SHA256"):
        await relisten(s, s.hub.proxies, highest=ssl.TLSVersion.TLSv1_2, suites=suite)
        phone, user = await from_carrier(s)
        assert (user.invite.link.version, user.invite.link.cipher) == ("TLSv1.2", suite)
        await finish(phone, user)
    await usual(s)


@scenario("TLS-1 media")
async def tls_1_3(s):
    link = await with_server(s, lowest=ssl.TLSVersion.TLSv1_3)
    assert link.version == "TLSv1.3", link.version


async def refused(s, context, host=None):
    """The box ends the connection before it answers anything."""
    host = host or s.plain.host
    try:
        link = await s.hub.proxies[0].connect(host, s.plain.port, context)
    except (ssl.SSLError, ConnectionError, OSError):
        return
    link.send(Message(f"OPTIONS sip:{host}:{s.plain.port} SIP/2.0", [
        ("Via", s.hub.via(link, "z9hG4bKstranger")), ("From", "<sip:a@b.example>;tag=1"),
        ("To", f"<sip:{host}>"), ("Call-ID", "stranger"), ("CSeq", "1 OPTIONS"),
        ("Max-Forwards", "70")]).write(True))
    try:
        await asyncio.wait_for(link.closed.wait(), 10)
    except asyncio.TimeoutError:
        raise AssertionError("the connection stays") from None
    finally:
        link.abort()
    assert link.messages == 0, "a stranger was answered"


@scenario("TLS-1")
async def tls_1_1_is_refused(s):
    await refused(s, s.hub.client_context(
        lowest=ssl.TLSVersion.TLSv1, highest=ssl.TLSVersion.TLSv1_1, suites=OLD))


@scenario("TLS-1")
async def suites_without_forward_secrecy_are_refused(s):
    for suite in ("AES128-SHA", "AES256-GCM-SHA384", "ECDHE-RSA-AES128-SHA"):
        await refused(s, s.hub.client_context(highest=ssl.TLSVersion.TLSv1_2,
                                              suites=suite + ":@SECLEVEL=0"))


@scenario("TLS-4")
async def a_hub_without_a_certificate_is_refused(s):
    await refused(s, client_context(None, None, s.hub.sbc_root))


@scenario("TLS-4")
async def a_hub_of_another_authority_is_refused(s):
    """Its certificate has the right name."""
    stranger = await strange(s)
    await refused(s, client_context(*stranger.issue("hub", [f"sip.{DOMAIN}"]), s.hub.sbc_root))


@scenario("TLS-4")
async def a_hub_with_another_name_is_refused(s):
    """Its certificate is of the right authority."""
    files = s.hub_authority.issue("other", ["sip.example.com"], "serverAuth")
    await refused(s, client_context(*files, s.hub.sbc_root))


async def strange(s):
    path = os.path.join(s.lab.folder, "stranger")
    if not os.path.isdir(path):
        return Authority(s.lab.folder, "stranger")
    made = Authority.__new__(Authority)
    made.folder, made.name = path, "stranger"
    return made


async def goes_past_sip(s, files):
    """The first datacentre shows this certificate: no call may go there."""
    sip = s.hub.proxies[0]
    await sip.close()
    await sip.listen(server_context(*files, s.hub.sbc_root))
    call, invite = await call_user(s)
    assert invite.link.proxy.name == "sip2", invite.link.proxy.name
    phone, user = await answered(s, call, invite)
    await s.talk(phone.media, user.media)
    await finish(phone, user)
    await usual(s)


@scenario("TLS-4 9-connect")
async def a_datacentre_with_another_name(s):
    await goes_past_sip(s, s.hub_authority.issue("elsewhere", ["sip.example.com"], "serverAuth"))


@scenario("TLS-4 9-connect")
async def a_datacentre_of_another_authority(s):
    await goes_past_sip(s, (await strange(s)).issue("dc", [f"sip.{DOMAIN}"], "serverAuth"))


@scenario("TLS-3 9-403 OUT-6")
async def a_hub_that_does_not_believe_the_box(s):
    """The SBC's authority is not in the hub's program: calls get 503, nothing is sent."""
    stranger = await strange(s)
    for proxy in s.hub.proxies:
        await proxy.close()
        await proxy.listen(server_context(*s.hub.certificate, stranger.root))
    call = await s.carrier.call("+12025550123")
    assert (await call.refused(20)).status == 503
    assert s.hub.invites.empty()
    await usual(s)


@scenario("TLS-6 TLS-3 media")
async def a_new_certificate_in_a_call(s):
    """It is shown on new connections; the call goes on; old connections get no new calls."""
    phone, user = await from_carrier(s)
    await s.talk(phone.media, user.media)
    old = user.link.der
    s.files = s.sbc_authority.issue("sbc", [f"*.{SBC}", SBC, f"*.1r1.{SBC}"])
    s.lab.control.kill(signal.SIGHUP)  # not its end: it reads its files again
    await s.until("new connections show it", lambda: new_one(s, old), 30, 0.5)
    again, other = await from_carrier(s)
    assert other.link.der != old, "a new call over an old connection"
    await s.talk(phone.media, user.media)
    await finish(again, other)
    await finish(phone, user)


async def new_one(s, old):
    link = await s.hub.proxies[2].connect(s.plain.host, s.plain.port)
    shown = link.der
    link.close()
    return shown != old


@scenario("TLS-2 TLS-3 TLS-4 media")
async def the_hubs_certificate_is_for_servers_only(s):
    """As a client it shows the certificate that it shows as a server; the box takes it."""
    user, phone = await from_user(s)
    assert user.link.purposes and "serverAuth" in user.link.purposes
    await s.talk(user.media, phone.media)
    await finish(user, phone)
