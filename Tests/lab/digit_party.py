# SPDX-License-Identifier: Apache-2.0
"""Many parties that dial, in one program: a JSON list describes them, JSON lines drive all of them
at once. {"do": "call"} those that call | wait | subscribe those whose digits come by key presses |
{"do": "dial", "on_ms": .., "off_ms": ..} | {"do": "report"} | hang-up those that call, or that are
described with "ends" | quit"""

import asyncio
import json
import os
import sys

from digit_agent import DigitAgent
from digit_media import CLOCK, PlainDigits, SdesDigits


def say(**event):
    print(json.dumps(event), flush=True)


class Party:
    """One agent with its media; `wants`: the form in which it gets digits."""

    def __init__(self, options):
        self.options = options
        where = (options["address"], options["rtp_port"], options["speech"], os.devnull)
        secure = options["suites"]
        self.media = SdesDigits(*where, secure) if secure else PlainDigits(*where)
        self.media.prepare("rfc4733" in (options["form"], options["wants"]),
                           options.get("losses", 0), options.get("swaps", 0))
        self.is_up = asyncio.Event()
        self.is_over = asyncio.Event()
        own = (options["address"], options["sip_port"])
        self.agent = DigitAgent(own, tuple(options["box"]), options["number"], self.media,
                                self._told, options["form"])

    def _told(self, event, **more):
        if event == "established":
            self.is_up.set()
        elif event == "closed":
            self.is_over.set()
        elif event in ("failed", "refused", "error"):
            say(event="trouble", who=self.options["name"], what=event, **more)

    async def open(self):
        await self.media.open()
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(
            lambda: self.agent, local_addr=(self.options["address"], self.options["sip_port"]))

    async def subscribe(self):
        if self.options["wants"] == "kpml":
            response = await self.agent.subscribe()
            if response is None or response.status // 100 != 2:
                say(event="trouble", who=self.options["name"], what="subscribe",
                    status=response.status if response else 408)


async def obey(parties, command):
    word = command["do"]
    callers = [party for party in parties if party.options.get("calls")]
    if word == "call":
        for party in callers:  # one after the other: they do not all start in one millisecond
            await party.agent.call(party.options["calls"])
            await asyncio.sleep(0.02)
    elif word == "wait":
        await asyncio.wait_for(asyncio.gather(*(p.is_up.wait() for p in parties)), 20)
    elif word == "subscribe":
        await asyncio.gather(*(party.subscribe() for party in parties))
    elif word == "dial":
        await asyncio.gather(*(
            party.agent.dial(party.options["digits"], command["on_ms"], command["off_ms"])
            for party in parties))
    elif word == "report":
        say(event="report", late=CLOCK.late, stood=CLOCK.stood,
            parties={party.options["name"]: party.agent.report() for party in parties})
    elif word == "hang-up":
        await asyncio.gather(*(party.agent.hang_up() for party in parties
                               if party.options.get("calls") or party.options.get("ends")))
    say(event="done", what=word)


async def main():
    with open(sys.argv[1]) as file:
        parties = [Party(options) for options in json.load(file)]
    for party in parties:
        await party.open()
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    say(event="ready")
    while line := await reader.readline():
        command = json.loads(line)
        if command["do"] == "quit":
            break
        try:
            await obey(parties, command)
        except Exception as error:  # said, so that the case can fail by it
            say(event="error", what=command["do"], why=f"{type(error).__name__}: {error}")
    for party in parties:
        await party.media.close()


asyncio.run(main())
