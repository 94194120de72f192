# SPDX-License-Identifier: Apache-2.0
"""OPTIONS both ways, and what the hub concludes from them. Minutes are scaled to seconds."""

import asyncio
import time

from message import Uri, address_of
from scenario import USER, scenario
from stage import Setup
from hub import DOMAIN


@scenario("OPT-2 OPT-3 OPT-4 OPT-5 INV-7 XFR-1")
async def options_to_all_three_names(s):
    """Each datacentre gets them from each trunk, at the pace that is configured."""
    for proxy in s.hub.proxies:
        proxy.options.clear()
    await asyncio.sleep(3.5 * s.setup.interval)
    for proxy in s.hub.proxies:
        for trunk in (s.plain, s.bypass):
            came = [m for m in proxy.options if s.hub.trunk_of(m) is trunk]
            s.rules.keep("OPT-4", 2 <= len(came) <= 5,
                         f"{len(came)} OPTIONS of {trunk.host} at {proxy.name}")
            for message in came:
                assert Uri(message.uri).host == f"{proxy.name}.{DOMAIN}", message.uri
                assert not message.has("record-route")


@scenario("OPT-1 OPT-8 OPT-3 TLS-2 TLS-4")
async def the_hub_asks_too(s):
    """To name and port of our Contact, from each datacentre, for both trunks."""
    for trunk in (s.plain, s.bypass):
        assert (trunk.contact.host, trunk.contact.port) == (trunk.host, trunk.port)
        for number in range(3):
            response = await s.hub.ask_options(trunk, number)
            assert response.status == 200, response.start


@scenario("OPT-4 OPT-6 9-connect")
async def five_minutes_without_options(s):
    """No OPTIONS reach the hub: the trunk is demoted; they come back, and it is not."""
    s.plain.demoted_after = 3.0 * s.setup.interval
    for proxy in s.hub.proxies:
        await proxy.close()
    await s.until("the trunk is demoted", lambda: s.plain.demoted(time.monotonic()),
                  5 * s.setup.interval)
    for proxy in s.hub.proxies:
        await proxy.listen()
    await s.until("the trunk is healthy again", lambda: not s.plain.demoted(time.monotonic()), 40)
    await s.until("all datacentres see it", lambda: all(
        any(s.hub.trunk_of(m) is s.plain for m in p.options) for p in s.hub.proxies), 40)


@scenario("OPT-6 OPT-4")
async def a_datacentre_that_does_not_answer_options(s):
    """It is asked on and on, and gets no calls until it answers."""
    sip = s.hub.proxies[0]
    sip.set("silent")

    async def state():
        rows = await s.ask("peers") or []
        return next((r["state"] for r in rows if r["trunk"] == "teams"
                     and sip.address + ":" in (r.get("address") or "")), None)
    await s.until("it is no longer up", lambda: is_not(state(), "up"), 40, 0.5)
    sip.set("up")
    await s.until("it is up again", lambda: is_it(state(), "up"), 40, 0.5)


async def is_it(work, what):
    return await work == what


async def is_not(work, what):
    return await work not in (what, None)


NAMELESS = Setup("nameless", nameless=True)
ELSEWHERE = Setup("other-certificate", unseen=True, trunk=(
    "    certificate: FOLDER/sbc-ca/elsewhere-chain.pem\n    key: FOLDER/sbc-ca/elsewhere.key\n"))


@scenario("TLS-2 TLS-5 9-403", setup=ELSEWHERE, allowed="TLS-2")
async def a_name_that_the_certificate_has_not_gets_403(s):
    """Contact has the trunk's name, the certificate that is shown another one."""
    call = await s.carrier.call(USER)
    assert (await call.refused()).status in (403, 480)
    assert s.hub.invites.empty()


@scenario("TLS-5 9-403 OPT-2", setup=NAMELESS, allowed="TLS-5 OPT-2 INV-1 INV-4 XFR-1")
async def an_address_in_contact_gets_403(s):
    """A node without a name: the hub refuses its calls, and no other datacentre is tried."""
    call = await s.carrier.call(USER)
    response = await call.refused()
    assert response.status in (403, 480), response.start
    refused = [m for _, way, _, m in s.hub.history
               if way == "<-" and m.method == "INVITE" and not m.is_response]
    assert len(refused) == 1, f"{len(refused)} INVITEs reached the hub"
    assert Uri(address_of(refused[0].get("contact"))).is_address
