# SPDX-License-Identifier: Apache-2.0
"""How a scenario is written down: a short function, the rules that it goes by, its setup."""

from rules import RULES
from stage import Setup

SCENARIOS = []
BASIC = Setup("basic")
USER = "+12025550123"  # a Teams user behind the trunk without bypass
BYPASS_USER = "+442025550123"
PHONE = "+12025550199"  # at the carrier


class Skipped(Exception):
    """What it needs is not here; says what."""


class Scenario:
    def __init__(self, function, name, rules, setup, allowed, alone):
        self.function, self.rules, self.setup = function, rules.split(), setup
        self.name, self.allowed, self.alone = name, allowed.split(), alone
        self.says = (function.__doc__ or "").strip().split("\n")[0]
        for rule in self.rules + self.allowed:
            assert rule in RULES, f"{self.name}: there is no rule {rule}"
        assert self.name not in [s.name for s in SCENARIOS], self.name


def scenario(rules, setup=BASIC, allowed="", alone=False, name=None):
    """`rules`: ids that it covers. `allowed`: rules whose breach it provokes itself. `alone`: its
    box serves no other scenario. `name`: where it is not the function's."""
    def mark(function):
        SCENARIOS.append(
            Scenario(function, name or function.__name__, rules, setup, allowed, alone))
        return function
    return mark


# What many scenarios do ---------------------------------------------------------------------------


async def call_user(s, number=USER, media=None, **more):
    """The carrier calls a user: (the carrier's call, the INVITE at the hub)."""
    call = await s.carrier.call(number, **more)
    invite = await s.hub.invited()
    return call, invite


async def answered(s, call, invite, media=None, tag=None):
    """The user takes the call: (the carrier's dialog, the hub's)."""
    media = media or (await s.hub.client() if number_is_bypass(invite) else s.hub.mp())
    fork = invite.fork(media, tag)
    invite.ring(fork)
    await call.until(180)
    answering = s.hub.spawn(invite.answer(fork))
    dialog = await call.established()
    await answering
    return dialog, fork


def number_is_bypass(invite):
    return "1b1." in invite.request.get("contact")


async def from_carrier(s, number=USER, media=None, **more):
    call, invite = await call_user(s, number, **more)
    return await answered(s, call, invite, media)


async def from_user(s, bypass=False, number=PHONE, media=None, phone=None, early=False, **more):
    """A user calls a phone that takes the call: (the hub's dialog, the carrier's)."""
    media = media or (await s.hub.client() if bypass else s.hub.mp())
    call = await s.hub.call(s.bypass if bypass else s.plain, number, media, **more)
    invite = await s.carrier.invited()
    fork = invite.fork(phone or s.carrier.phone())
    if early:
        await invite.progress(fork)
        await call.until(183)
    else:
        invite.ring(fork)
        await call.until(180)
    answering = s.carrier.spawn(invite.answer(fork))
    dialog = await call.established()
    await answering
    return dialog, fork


async def finish(first, second):
    """One side hangs up, the other is told."""
    await first.bye()
    await second.ends()
