# SPDX-License-Identifier: Apache-2.0
"""Test calls of `trunkline teams add-tenant`: the box calls a user of the tenant by itself."""

import asyncio
import json

from installed import SHORT, Installation
from scenario import USER, scenario
from .tenants import contact_host, user_of

TESTED = Installation("test-calls", SHORT)


async def add_tenant(s, *words):
    """The command under way; it ends with (status, its JSON)."""
    s.names.table[s.acme] = [s.lab.address("service", "box")]
    command = [s.lab.program, "teams", "add-tenant", s.acme, "--tenant", "acme", "--dry-run",
               "--json", "--test-call", USER, *words]

    def run():
        done = s.lab.inside("box", *command, check=False)
        return done.returncode, json.loads(done.stdout or "{}"), done.stderr
    return asyncio.get_running_loop().run_in_executor(None, run)


def outcome(answer):
    call = answer["test_call"]
    assert call, answer
    return call["result"]["outcome"], call["result"]["text"], call


@scenario("INV-1 INV-2 INV-3 INV-5 TLS-2 SDP-1 dialog media", setup=TESTED)
async def test_call_is_answered(s):
    """It rings, is answered, media comes, and the box hangs up."""
    command = await add_tenant(s)
    invite = await s.hub.invited()
    assert contact_host(invite.request) == s.acme, invite.request.headers
    assert "anonymous" in invite.request.get("from").lower(), invite.request.get("from")
    fork = invite.fork(s.hub.mp())
    invite.ring(fork)
    await invite.answer(fork)
    await fork.ends()
    status, answer, errors = await command
    what, text, call = outcome(answer)
    assert (status, what, call["status"], call["provisional"]) == (0, "ok", 200, 180), (
        status, answer, errors)
    return f"{text}; rang after {call['ringing_ms']} ms, answered after {call['answered_ms']} ms"


@scenario("INV-4 dialog", setup=TESTED)
async def test_call_is_answered_in_silence(s):
    """Answered, and no media comes: that is said, with what to do."""
    command = await add_tenant(s, "--test-from", "+12025550124")
    invite = await s.hub.invited()
    assert user_of(invite.request, "from") == "+12025550124", invite.request.get("from")
    fork = invite.fork(s.hub.mp())
    fork.media.talks = False
    await invite.answer(fork)
    await fork.ends()
    status, answer, _ = await command
    what, text, call = outcome(answer)
    assert (status, what) == (1, "failed") and "UDP" in call["result"]["fix"], answer
    return text


@scenario("RSP-1 dialog", setup=TESTED)
async def test_call_is_not_answered(s):
    """It rings for as long as was said, and is cancelled."""
    command = await add_tenant(s, "--ring", "2")
    invite = await s.hub.invited()
    invite.ring(invite.fork())
    await invite.cancel_comes()
    status, answer, _ = await command
    what, text, _ = outcome(answer)
    assert (status, what) == (0, "warning"), answer
    return text


@scenario("9-403 dialog", setup=TESTED)
async def test_call_is_refused(s):
    """404 and 403 say how to mend it."""
    seen = []
    for refusal, reason, word in ((404, "Not Found", "assign"), (403, "Forbidden", "verified")):
        command = await add_tenant(s)
        invite = await s.hub.invited()
        invite.refuse(refusal, reason)
        status, answer, _ = await command
        what, text, call = outcome(answer)
        assert (status, what, call["status"]) == (1, "failed", refusal), answer
        assert word in call["result"]["fix"], answer
        seen.append(text)
    return "; ".join(seen)
