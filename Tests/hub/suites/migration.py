# SPDX-License-Identifier: Apache-2.0
"""The move of two tenants to media bypass, step by step and back, with calls on both trunks."""

import asyncio
import json
import shlex

from ice import Client
from installed import TWO_TRUNKS, Installation
from lab import LabError
from scenario import PHONE, USER, answered, call_user, finish, from_user, scenario
from .tenants import COLLEAGUE, contact_host

MIGRATION = Installation("migration", TWO_TRUNKS, has_bypass=True)
POSITIONS = ["0", "1", "2", "3", "4", "5.1", "6", "7", "8"]
# Gates that a laboratory's calls can pass: one call each way, and no time to wait for.
GATE = "--calls 1 --hours 0 --answer-rate-below 10000 --healthy-hours 0 --quiet-days 0"
CONFIRMED = {"0": "firewall", "2": "verified,activated"}


class Migration:
    """The plan, and calls that show what is in force."""

    def __init__(self, s):
        self.s, self.calls, self.known = s, 0, 0

    async def run(self, command):
        return await self.s.command("migration " + command)

    async def status(self):
        return json.loads(await self.run("status move --json"))

    async def at(self):
        return (await self.status())["step"].split(" ")[0]

    async def refused(self, command):
        try:
            await self.run(command)
        except LabError as error:
            return str(error)
        raise AssertionError(f"migration {shlex.quote(command)} was done")

    async def in_force(self, step):
        """Calls to both users take the set of this step, and calls of the user come over each."""
        s, order = self.s, POSITIONS.index(step)
        for number, since in ((USER, "4"), (COLLEAGUE, "5.1")):
            bypass = order >= POSITIONS.index(since)
            call, invite = await call_user(s, number)
            wanted = f"acme.{(s.bypass if bypass else s.plain).host}"
            host = contact_host(invite.request)
            assert host == wanted, f"step {step}: {number} is called by {host}, not {wanted}"
            await self.talks(*await answered(s, call, invite))
        for bypass in (True, False):
            host = f"acme.{(s.bypass if bypass else s.plain).host}"
            if step == "8" and not bypass:
                call = await s.hub.call(s.plain, PHONE, s.hub.mp(), caller=USER, host=host)
                assert (await call.refused()).status == 503, "a trunk that is off took a call"
                continue
            for caller in (USER, COLLEAGUE):
                await self.talks(*await from_user(s, bypass=bypass, caller=caller, host=host))

    async def talks(self, first, second, seconds=0):
        await self.s.talk(first.media, second.media, packets=5)
        await asyncio.sleep(seconds)
        await finish(first, second)
        self.calls += 1
        for media in (first.media, second.media):
            if isinstance(media, Client):
                self.s.hub.gone(media)

    async def passes(self, step):
        """Goes on by the gate of this step, without force. Calls of 3 s tell whether media went
        both ways."""
        number = {"4": USER, "5.1": COLLEAGUE}.get(step)
        if number:
            call, invite = await call_user(self.s, number)
            await self.talks(*await answered(self.s, call, invite), seconds=3.2)
            host = f"acme.{self.s.bypass.host}"
            await self.talks(*await from_user(self.s, bypass=True, caller=number, host=host),
                             seconds=3.2)
        for trunk in self.s.trunks if step == "1" else ():
            await self.s.hub.ask_options(trunk)
        async def gate():
            found = await self.status()
            return step in CONFIRMED or found["gate"] == "passed"
        try:
            await self.s.until(f"the gate of step {step} passes", gate, 30, 0.5)
        except AssertionError as error:
            figures = [row for row in (await self.status())["figures"] if row["gate"] != "passed"]
            raise AssertionError(f"{error}: {figures}") from None
        more = f" --confirm {CONFIRMED[step]}" if step in CONFIRMED else ""
        await self.run(f"step move{more}")

    async def begin(self):
        """A call on the old trunk, that stays; then the plan."""
        records = await self.s.ask("records", "--last", "1000") or []
        self.known = sum(r["record"] == "closing" and "answer_ms" in r for r in records)
        dialogs = await answered(self.s, *await call_user(self.s))
        await self.s.talk(dialogs[0].media, dialogs[1].media)
        await self.run(f"plan move {USER} all:acme,bigco {GATE}")
        await self.run("start move")
        return dialogs

    async def over(self, others):
        """Nothing is left of the plan, and each call was ended by a party; how many there were."""
        await self.run("remove move")
        states = {row["state"] for row in json.loads(
            await self.s.command("trunk list --json"))["trunks"]}
        assert states == {"active"}, states
        await self.s.empty()
        wanted = self.calls + others

        async def written():
            records = await self.s.ask("records", "--last", str(self.known + 2 * wanted)) or []
            ends = [r["end"] for r in records if r["record"] == "closing" and "answer_ms" in r]
            return ends[-wanted:] if len(ends) == self.known + wanted else None
        ends = await self.s.until(f"records of {wanted} calls", written)
        assert set(ends) <= {"caller hung up", "callee hung up"}, set(ends)
        return wanted


@scenario("INV-2 ICE-1 OUT-8 media dialog", setup=MIGRATION)
async def a_migration_goes_through(s):
    """Every step by its own gate, with calls on both trunks; then all the way back."""
    plan = Migration(s)
    phone, user = await plan.begin()
    other = None
    for step in POSITIONS:
        assert await plan.at() == step, await plan.status()
        await plan.in_force(step)
        await s.talk(phone.media, user.media, packets=5)
        if step == "3":
            other = await from_user(s, bypass=True, host=f"acme.{s.bypass.host}")
        if step == "7":
            # Its trunk drains; it goes on, and the gate waits for it.
            text = await plan.refused("step move")
            assert "calls in progress" in text, text
            await user.reinvite(hold="inactive")
            await user.reinvite()
            await s.talk(phone.media, user.media)
            await finish(phone, user)
            phone, user = other
        if step != POSITIONS[-1]:
            await plan.passes(step)
    assert (await plan.status())["state"] == "completed"
    # All the way back, and the call on the new trunk goes on.
    await plan.run("back-out move")
    await plan.in_force("0")
    await s.talk(phone.media, user.media)
    await finish(phone, user)
    return f"{await plan.over(others=2)} calls, each ended by a party"


@scenario("INV-2 ICE-1 media dialog", setup=MIGRATION)
async def a_migration_goes_back_at_every_step(s):
    """Back by one step and forth again at each, and from each to before the start."""
    plan = Migration(s)
    phone, user = await plan.begin()
    backs = 0
    for position, step in enumerate(POSITIONS):
        for target in dict.fromkeys(POSITIONS[:position][-1:] + [None]):
            await plan.run("back-out move" + (f" --to {target}" if target else ""))
            backs += 1
            await plan.in_force(target or "0")
            if target is None:
                await plan.run("start move")
            while await plan.at() != step:
                await plan.run("step move --force")
        await s.talk(phone.media, user.media, packets=5)
        if step != POSITIONS[-1]:
            await plan.run("step move --force")
    await plan.in_force("8")
    await plan.run("back-out move")
    await plan.in_force("0")
    await s.talk(phone.media, user.media)
    await finish(phone, user)
    return f"{backs + 1} back-outs; {await plan.over(others=1)} calls, each ended by a party"
