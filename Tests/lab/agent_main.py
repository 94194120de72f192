# SPDX-License-Identifier: Apache-2.0
"""Our own user agent as a program: one JSON object describes it, JSON lines drive it, JSON lines
say what happens. {"do": "call", "uri": ..} | hang-up | hold | resume | rekey | figures | quit"""

import asyncio
import json
import sys

from sip_agent import SipAgent


def make_media(options):
    if options["kind"] == "webrtc":
        from agent_webrtc import WebrtcMedia
        return WebrtcMedia(options["speech"], options["heard"])
    from agent_media import PlainMedia, SdesMedia
    where = (options["address"], options["rtp_port"], options["speech"], options["heard"])
    return SdesMedia(*where, options["suites"]) if options["kind"] == "sdes" else PlainMedia(*where)


def tell(**event):
    print(json.dumps(event), flush=True)


async def obey(agent, media, command):
    word = command["do"]
    if word == "call":
        await agent.call(command["uri"])
    elif word == "hang-up":
        await agent.hang_up()
    elif word in ("hold", "resume"):
        media.held = word == "hold"
        await agent.reinvite()
    elif word == "rekey":
        await media.rekey()
        await agent.reinvite()
    elif word == "figures":
        tell(event="figures", **media.figures())


async def safely(work):
    try:
        await work
    except Exception as error:  # said, so that the case can fail by it
        tell(event="error", why=f"{type(error).__name__}: {error}")


async def main():
    options = json.loads(sys.argv[1])
    media = make_media(options)
    await media.open()
    own = (options["address"], options["sip_port"])
    agent = SipAgent(own, tuple(options["box"]), options["number"], media, tell)
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: agent, local_addr=own)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    tell(event="ready")
    while line := await reader.readline():
        command = json.loads(line)
        if command["do"] == "quit":
            break
        asyncio.ensure_future(safely(obey(agent, media, command)))
    await safely(media.close())
    tell(event="gone")


asyncio.run(main())
