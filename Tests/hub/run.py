#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Calls between a carrier and a hub of Microsoft Teams through the real box, over TLS, with media.

usage: python3 Tests/hub/run.py [--list] [--json] [--rules] [--trace] [--waive=RULE,...] [NAME ...]

A NAME is any part of a scenario's name. --list names them; --rules prints the rules and what
covers each; --trace prints the messages of a scenario that fails; --waive makes advice of rules, to
see what else there is; --json prints one object at the end. Needs root, a build, and pylibsrtp and
aioice (Tests/run installs them into .build/peers).
"""

import asyncio
import json
import os
import signal
import sys
import time
import traceback
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PEERS = os.path.join(ROOT, ".build", "peers", "bin", "python")
warnings.simplefilter("ignore", DeprecationWarning)
try:
    import aioice  # noqa: F401
    import pylibsrtp  # noqa: F401
except ImportError:
    if not os.path.exists(PEERS) or os.path.realpath(sys.executable) == os.path.realpath(PEERS) \
            and sys.prefix.startswith(ROOT):
        print("pylibsrtp and aioice are not installed: run Tests/run once with a network",
              file=sys.stderr)
        sys.exit(3)
    os.execv(PEERS, [PEERS, "-W", "ignore", *sys.argv])

import rules  # noqa: E402
from scenario import SCENARIOS, Skipped  # noqa: E402
import suites  # noqa: E402,F401  registers the scenarios

LIMIT = 120  # seconds of one scenario
WAIVED = [rule for word in sys.argv if word.startswith("--waive=")
          for rule in word[8:].split(",")]


def say(*words):
    print(*words, flush=True)


def coverage(names=None):
    """{rule: [scenarios]}; of those that passed, if their names are given."""
    return {rule: [s.name for s in SCENARIOS if rule in s.rules
                   and (names is None or s.name in names)] for rule in rules.RULES}


def transcript(stage):
    rows = []
    for core in (stage.hub, stage.carrier):
        rows += [(when, core.name, *rest) for when, *rest in core.history
                 if rest[-1].method != "OPTIONS"]
    for when, name, direction, place, message in sorted(rows, key=lambda row: row[0])[-80:]:
        say(f"    {when:.3f} {name} {direction} {place}: {message.start}"
            f" [{message.get('cseq')}]")
        if "-vv" in sys.argv:
            say("\n".join("        " + line for line in
                          message.write().decode("utf-8", "replace").split("\r\n")))


async def play(stage, one):
    """(outcome, text) of one scenario on a running box."""
    book = rules.Rulebook(one.allowed, WAIVED)
    stage.rules = stage.hub.rules = book
    started = time.monotonic()
    try:
        seen = await asyncio.wait_for(one.function(stage), LIMIT)
        await stage.empty()
        for core in (stage.hub, stage.carrier):
            assert not core.faults, f"{core.name}: {core.faults[:3]}"
        for endpoint in stage.hub.media + stage.carrier.media:
            stage.clean(endpoint)
        assert not book.broken, "rules broken: " + "; ".join(book.broken)
        outcome, text = "passed", seen or ""
    except Skipped as why:
        outcome, text = "skipped", str(why)
    except Exception as error:  # one scenario must not end the others
        outcome = "failed"
        kind = type(error).__name__
        text = f"{kind}: {error}" if str(error) else f"{kind} in {traceback.format_exc(limit=-2)}"
        if book.broken and "rules broken" not in text:
            text += " | rules broken: " + "; ".join(book.broken[:6])
        if stage.hub.faults + stage.carrier.faults and "hub:" not in text:
            text += f" | {(stage.hub.faults + stage.carrier.faults)[:2]}"
    seconds = time.monotonic() - started
    if outcome == "failed" and "--trace" in sys.argv:
        transcript(stage)
    return {"name": one.name, "outcome": outcome, "seconds": round(seconds, 1), "text": text,
            "advice": book.advice, "looked_at": book.counted}


def tell(result):
    advice = "; ".join(result["advice"]) if "--trace" in sys.argv else ""
    say(f"hub: {result['name']}: {result['outcome']} ({result['seconds']:.1f} s)"
        + (f": {result['text']}" if result["text"] else "")
        + (f" (advice: {advice})" if advice else ""))


async def restore(stage):
    """After a scenario the box is as it was; False where a new one is needed."""
    stage.hub.forget()
    stage.carrier.forget()
    for proxy in stage.hub.proxies:
        if not proxy.servers:
            await proxy.listen()
        proxy.set("up")
        proxy.options.clear()
    try:
        await stage.empty()
        await stage.until("all datacentres are up", stage.all_up, 40, 0.3)
    except AssertionError:
        return False
    return True


class Run:
    """All chosen scenarios, those of one setup on one box as long as that is as it was."""

    def __init__(self):
        self.results, self.stage = [], None

    def begins(self, one):
        """A scenario is about to be played."""

    def tell(self, result):
        tell(result)

    async def all(self, chosen):
        try:
            for setup in dict.fromkeys(one.setup for one in chosen):
                await self.group(setup, [one for one in chosen if one.setup is setup])
        finally:  # also when somebody ends the run
            await self.close()
        return self.results

    async def group(self, setup, group):
        for one in group:
            if self.stage is None:
                try:
                    await self.open(setup)
                except Exception as error:
                    await self.no_box(group, error)
                    return
            self.begins(one)
            self.results.append(await play(self.stage, one))
            self.tell(self.results[-1])
            failed = self.results[-1]["outcome"] == "failed"
            if failed and "--trace" in sys.argv:
                say(self.stage.lab.control.log()[-2500:])
            # What failed may have left calls behind: the next one gets a new box.
            if one.alone or failed or not await restore(self.stage):
                await self.leave()
        await self.leave()

    async def open(self, setup):
        self.stage = setup.stage()
        await self.stage.open()

    async def no_box(self, group, error):
        if "--trace" in sys.argv and self.stage.lab and self.stage.lab.control:
            say(self.stage.lab.control.log()[-3000:])
        done = [result["name"] for result in self.results]
        for one in group:
            if one.name not in done:
                self.results.append({
                    "name": one.name, "outcome": "failed", "seconds": 0, "advice": [],
                    "text": f"no box: {type(error).__name__}: {error}", "looked_at": {}})
                self.tell(self.results[-1])
        await self.close()

    async def leave(self):
        """The box has done what it is there for."""
        await self.close()

    async def close(self):
        stage, self.stage = self.stage, None
        if stage:
            await stage.close()


def report(results, whole):
    passed = [r["name"] for r in results if r["outcome"] == "passed"]
    counts = [sum(r["outcome"] == what for r in results)
              for what in ("passed", "failed", "skipped")]
    by_rule = coverage(passed)
    missing = {rule: rules.NOT_COVERED.get(rule) or (
        "its scenarios failed or were not run: " + ", ".join(coverage()[rule])
        if coverage()[rule] else "no scenario") for rule, names in by_rule.items() if not names}
    if "--json" in sys.argv:
        say(json.dumps({"passed": counts[0], "failed": counts[1], "skipped": counts[2],
                        "scenarios": results, "covered": by_rule, "not_covered": missing}))
    else:
        for rule, why in missing.items() if whole else ():
            say(f"rule {rule} not covered: {why}")
        say(f"{len(by_rule) - len(missing)} of {len(by_rule)} rules covered")
    say(f"{counts[0]} passed, {counts[1]} failed, {counts[2]} skipped")
    return 1 if counts[1] or not counts[0] else 0


def main():
    words = sys.argv[1:]
    odd = [w for w in words if w.startswith("-") and w not in (
        "--list", "--json", "--rules", "--trace", "-vv") and not w.startswith("--waive=")]
    if odd:
        print(__doc__)
        return 0 if odd[0] in ("-h", "--help") else 2
    names = [w for w in words if not w.startswith("-")]
    chosen = [s for s in SCENARIOS if not names or any(n in s.name for n in names)]
    exact = [s for s in SCENARIOS if s.name in names]
    if len(exact) == len(names) and names:
        chosen = exact
    if "--list" in words:
        say("\n".join(f"{s.name} [{s.setup.name}] {s.says}" for s in chosen))
        return 0
    if "--rules" in words:
        for rule, covered in coverage().items():
            why = ", ".join(covered) or "NOT: " + rules.NOT_COVERED.get(rule, "no scenario")
            say(f"{rule}: {rules.RULES[rule]}\n    {why}")
        return 0
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(130))
    return report(asyncio.run(Run().all(chosen)), not names)


if __name__ == "__main__":
    sys.exit(main())
