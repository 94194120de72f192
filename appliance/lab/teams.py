# SPDX-License-Identifier: Apache-2.0
"""What `appliance/run --lab teams` does: a short file, a tenant, then calls through a hub of Teams.

The hub is the simulator of Tests/hub. It shares no code with the product and holds it to the rules
of the real one.
"""

import asyncio
import json
import os
import sys
import time

from demo import account, say, settle, show_packets
from lab import LabError, ROOT

sys.path.insert(0, os.path.join(ROOT, "Tests", "hub"))
import run as hub_run  # noqa: E402
from installed import COMMANDS, CONFIG, lines_of  # noqa: E402
from scenario import SCENARIOS  # noqa: E402
from suites.tenants import BOTH, INSTALLED  # noqa: E402

LONGEST = 12  # lines of the configuration


class Run(hub_run.Run):
    """Plays, tells what was seen, and accounts for the packets of each box."""

    def __init__(self, quiet):
        super().__init__()
        self.quiet = quiet
        self.began = float(os.environ.get("TRUNKLINE_LAB_BEGAN") or time.time())
        self.first_call, self.packets = None, None

    def begins(self, one):
        say(f"  playing {one.name}: {one.says}")

    def tell(self, result):
        if self.first_call is None and result["outcome"] == "passed":
            self.first_call = round(time.time() - self.began, 1)
            if not self.quiet:
                print(f"first call through the hub {self.first_call} s after the start", flush=True)
        if not self.quiet:
            print(f"{'pass' if result['outcome'] == 'passed' else 'FAIL'}  {result['name']} "
                  f"({result['seconds']} s): {result['text']}", flush=True)

    async def open(self, setup):
        say(f"starting a box with the configuration {setup.name}, a carrier and three datacentres")
        await super().open(setup)

    async def leave(self):
        if self.stage:
            self.stage.hub.forget()
            self.stage.carrier.forget()
            lab = self.stage.lab
            counted = await asyncio.get_running_loop().run_in_executor(
                None, lambda: account(lab, settle(lab)))
            self.packets = add(self.packets, counted)
        await super().leave()


def add(one, other):
    """The packets of two boxes."""
    if one is None:
        return other
    both = {name: one[name] + other[name] for name in one if name not in ("dropped", "exact")}
    both["dropped"] = {name: one["dropped"].get(name, 0) + other["dropped"].get(name, 0)
                       for name in sorted({*one["dropped"], *other["dropped"]})}
    both["exact"] = one["exact"] and other["exact"]
    return both


def show_files():
    print(f"{CONFIG}, the whole configuration, {len(lines_of(INSTALLED.text))} lines:\n")
    print(indented(INSTALLED.text))
    print("On the box are besides: the profiles as they are shipped, the certificate, the hub's\n"
          "authority among the system's, and the address of a DNS server in /etc/resolv.conf.\n"
          "The fast path gets --no-huge, since a laboratory sets no huge pages aside.\n")
    print("A second box, for media bypass and for numbers that move, has also:\n")
    print(indented(BOTH.text.removeprefix(INSTALLED.text)))
    print("The tenants, by the command line:\n")
    print(indented("".join(f"trunkline {line}\n" for line in COMMANDS.strip().splitlines())),
          flush=True)


def indented(text):
    return "".join(f"    {line}\n" for line in text.splitlines())


def main(chosen):
    if not chosen.json:
        show_files()
    run = Run(chosen.json)
    try:
        results = asyncio.run(run.all([one for one in SCENARIOS
                                       if one.setup in (INSTALLED, BOTH)]))
    except KeyboardInterrupt:
        say("\ninterrupted: cleaning up")
        return 130
    except LabError as error:
        say(f"appliance/run: {error}")
        return 1
    passed = sum(one["outcome"] == "passed" for one in results)
    failed, lines = len(results) - passed, len(lines_of(INSTALLED.text))
    packets = run.packets
    if chosen.json:
        print(json.dumps({
            "scenarios": {"passed": passed, "failed": failed, "played": [
                {name: one[name] for name in ("name", "outcome", "seconds", "text")}
                for one in results]},
            "config_lines": lines, "first_call_seconds": run.first_call, "packets": packets}))
    else:
        print(f"\nscenarios: {passed} passed, {failed} failed; configuration: {lines} lines")
        if packets:
            show_packets(packets)
    fine = passed and not failed and packets and packets["exact"] and lines <= LONGEST
    return 0 if fine else 1
