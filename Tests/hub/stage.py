# SPDX-License-Identifier: Apache-2.0
"""The box between a carrier and the hub: namespaces, certificates, names, configuration."""

import asyncio
import os
import socket
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "appliance", "lab"))

from lab import Lab  # noqa: E402
from carrier import Carrier  # noqa: E402
from certificates import Authority  # noqa: E402
from hub import DOMAIN, PORT, Hub, Trunk  # noqa: E402
from net import NameServer, Net, enter, namespace_descriptor  # noqa: E402
from rules import Rulebook  # noqa: E402

SBC = "sbc.carrier.example"
PLAIN_HOST, BYPASS_HOST = f"1r1.{SBC}", f"1b1.{SBC}"
PLAIN_PORT, BYPASS_PORT = 5063, 5064
ADDRESSES = ["198.18.2.10", "198.18.2.11", "198.18.2.12", "198.18.2.20"]  # proxies, then the MP
DNS, CLIENTS = "198.18.2.5", 8


# What the profile says, for a node that has no name.
NO_PROFILE = ("    srtp: required\n    keying: [sdes]\n    suites: [AES_CM_128_HMAC_SHA1_80]\n"
              "    name-rule: rfc2818\n    accept-server-certificate: true\n"
              "    number-uris: user-phone\n")


class HubLab(Lab):
    """The laboratory with the addresses of a cloud at its service side."""

    cloud = ADDRESSES

    def make_namespaces(self):
        super().make_namespaces()
        for address in [*self.cloud, DNS, *map(self.client_address, range(1, CLIENTS + 1))]:
            self.inside("service", "ip", "addr", "add", address + "/24", "dev", "to-box")
        for address in map(six, self.cloud):
            self.inside("service", "ip", "-6", "addr", "add", address + "/64", "dev", "to-box",
                        "nodad")

    @staticmethod
    def client_address(number):
        return f"198.18.2.{30 + number}"


def six(address):
    """The IPv6 address of a host of the cloud."""
    return "fd18:2::" + address.rpartition(".")[2]


class Setup:
    """What a box is configured with; scenarios with the same one share a box."""

    def __init__(self, name, trunk="", bypass="", carrier="", top="", interval=2, listener="",
                 six=False, nameless=False, unseen=False, files=()):
        """`unseen`: the hub refuses OPTIONS of the first trunk. `files`: (name, text) beside the
        configuration, in which FOLDER stands for their folder."""
        self.name, self.trunk, self.bypass, self.carrier = name, trunk, bypass, carrier
        self.top, self.interval, self.listener = top, interval, listener
        self.six, self.nameless, self.files = six, nameless, files
        self.unseen = unseen or nameless

    def stage(self):
        return Stage(self)


class Stage:
    """A running box with both its neighbours."""

    def __init__(self, setup):
        self.setup = setup
        self.rules = Rulebook()
        self.lab = self.hub = self.carrier = self.names = None
        self.origin = namespace_descriptor()
        self.plain = Trunk(PLAIN_HOST, PLAIN_PORT)
        self.bypass = Trunk(BYPASS_HOST, BYPASS_PORT, bypass=True)
        self.trunks = [self.plain, self.bypass]

    # Building ------------------------------------------------------------------------------------

    def make_lab(self):
        return HubLab(tag=f"tlhub{os.getpid() % 100000}")

    def furnish(self):
        """Writes what the box finds on its disk."""
        self.sbc_authority.issue("elsewhere", ["elsewhere.example"])
        config = self.config().replace("FOLDER", self.lab.folder)
        for name, text in [*self.setup.files, (self.lab.config, config)]:
            with open(os.path.join(self.lab.folder, name), "w") as file:
                file.write(text)

    async def open(self):
        self.lab = lab = self.make_lab()
        lab.make_namespaces()
        self.hub_authority = Authority(lab.folder, "hub-ca")
        self.sbc_authority = Authority(lab.folder, "sbc-ca")
        self.files = self.sbc_authority.issue(
            "sbc", [f"*.{SBC}", SBC, f"*.{PLAIN_HOST}", f"*.{BYPASS_HOST}"])
        self.furnish()
        inside = namespace_descriptor(lab.namespace("service"))
        enter(inside)  # aioice makes its sockets itself
        os.close(inside)
        self.net = net = Net(lab)
        net.ticker.start()
        self.hub = Hub(net, self.rules, self.trunks, lab.cloud, self.hub_authority,
                       self.sbc_authority.root, lab.address("service", "box"))
        self.hub.six = [six(address) for address in lab.cloud]
        if self.setup.six:
            self.plain.place = lab.address("service", "box", 6)
        self.carrier = Carrier(net, lab.address("carrier"), lab.address("carrier", "box"))
        await self.hub.open()
        await self.carrier.open()
        await self.open_names()
        await asyncio.get_running_loop().run_in_executor(None, lab.start)
        await self.ready()

    async def open_names(self):
        table = {f"{region}.{DOMAIN}": [address] + [six(address)] * self.setup.six
                 for region, address in zip(("sip", "sip2", "sip3"), self.lab.cloud)}
        table[f"sip-du-a-eu.{DOMAIN}"] = [self.lab.cloud[0]]
        table[f"api-du-a-euwe.{DOMAIN}"] = [self.lab.cloud[0]]
        self.names = NameServer(table)
        made = self.net.socket("service", socket.SOCK_DGRAM, DNS, 53)
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self.names, sock=made)

    async def ready(self):
        """The box has found all three datacentres, for both trunks."""
        if not self.by_name:
            return
        await self.until("OPTIONS of both trunks at all datacentres", lambda: all(
            len(trunk.seen) == 3 for trunk in self.hub.trunks
            if not self.setup.unseen or trunk.bypass), 30)
        await self.until("all datacentres are up", self.all_up, 30, 0.3)

    by_name = not os.environ.get("HUB_BY_ADDRESS")

    def config(self):
        lab, setup = self.lab, self.setup
        box = lab.address("service", "box")
        chain, key = self.files
        text = lab.config_text(rtcp_interval_ms=500, ports=(20000, 29999))
        head, _, rest = text.partition("listeners:\n")
        listeners, _, rest = rest.partition("trunks:\n")
        text = head + "listeners:\n" + "".join(
            line + "\n" for line in listeners.splitlines() if "carrier-udp," in line)
        for name, host, port in (("teams", PLAIN_HOST, PLAIN_PORT),
                                 ("bypass", BYPASS_HOST, BYPASS_PORT)):
            plain = name == "teams"
            place = f"[{lab.address('service', 'box', 6)}]" if setup.six and plain else box
            own = "" if setup.nameless and plain else f"host: {host}, "
            text += (f"  - {{ name: {name}, transport: tls, address: \"{place}:{port}\", "
                     f"{own}certificate: {chain}, key: {key}{setup.listener} }}\n")
        peers = [f"\"sip:{region}.{DOMAIN}:{PORT};transport=tls\""
                 for region in ("sip", "sip2", "sip3")]
        if self.by_name:
            where = (f"    peers: [{', '.join(peers)}]\n"
                     f"    options-interval-seconds: {setup.interval}\n")
        else:
            where = (f"    peer: \"sip:{ADDRESSES[0]}:{PORT};transport=tls\"\n"
                     f"    verify-names: [sip.{DOMAIN}]\n")
        own = lab.address("carrier")
        text += ("trunks:\n  - name: carrier\n    listener: carrier-udp\n    realm: carrier\n"
                 f"    peer: \"sip:{own}:5060;transport=udp\"\n    sources: [\"{own}\"]\n"
                 + setup.carrier)
        for name, profile, host, more in (
                ("teams", "teams-direct-routing", PLAIN_HOST, setup.trunk),
                ("bypass", "teams-media-bypass", BYPASS_HOST, setup.bypass)):
            text += (f"  - name: {name}\n    listener: {name}\n    realm: service\n{where}"
                     f"    sources: [\"198.18.2.0/24\", \"fd18:2::/64\"]\n"
                     + (NO_PROFILE if setup.nameless and name == "teams" else
                        f"    profile: {profile}\n    host: {host}\n") +
                     f"    trust: {self.hub_authority.root}\n{more}")
        text += ("routes:\n  - { prefix: \"+1\", from: carrier, to: teams }\n"
                 "  - { prefix: \"+44\", from: carrier, to: bypass }\n"
                 "  - { prefix: \"\", from: teams, to: carrier }\n"
                 "  - { prefix: \"\", from: bypass, to: carrier }\n"
                 "media:\n  timeout-seconds: 60\n  rtcp-interval-ms: 500\n")
        if self.by_name:
            text += f"dns: {{ servers: [\"{DNS}\"], timeout-ms: 500, attempts: 2 }}\n"
        return text + setup.top

    async def close(self):
        for part in (self.hub, self.carrier):
            if part:
                ended = part.close()
                if ended:
                    await ended
        if self.names and self.names.transport:
            self.names.transport.close()
        if getattr(self, "net", None):
            self.net.ticker.stop()
        enter(self.origin)
        if self.lab:
            self.lab.close()

    # Asking the box ------------------------------------------------------------------------------

    async def ask(self, *words):
        return await asyncio.get_running_loop().run_in_executor(
            None, lambda: self.lab.ask(*words, check=False))

    async def all_up(self):
        """The box calls every datacentre up."""
        peers = [row for row in await self.ask("peers") or () if row["trunk"] != "carrier"]
        return bool(peers) and all(row["state"] == "up" for row in peers)

    async def until(self, what, condition, seconds=12.0, pause=0.03):
        deadline = time.monotonic() + seconds
        while True:
            value = condition()
            if asyncio.iscoroutine(value):
                value = await value
            if value:
                return value
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s: {what}")
            await asyncio.sleep(pause)

    async def empty(self):
        async def nothing():
            calls, flows = await self.ask("calls"), await self.ask("flows")
            return calls == [] and flows == []
        await self.until("no call and no flow is left in the box", nothing, 15, 0.2)

    # Media ---------------------------------------------------------------------------------------

    async def talk(self, one, other, packets=25, seconds=10.0):
        """Each hears the other, and nothing that it could not open."""
        before = (one.heard_of(other), other.heard_of(one))
        try:
            await self.until("both hear each other", lambda: (
                one.heard_of(other) >= before[0] + packets
                and other.heard_of(one) >= before[1] + packets), seconds)
        except AssertionError:
            raise AssertionError(
                f"{one.name} got {one.heard_of(other) - before[0]} packets of {other.name}, "
                f"{other.name} {other.heard_of(one) - before[1]} of {one.name}; "
                f"directions {one.direction}, {other.direction}") from None
        self.clean(one, other)

    async def hears(self, listener, speaker, packets=15, seconds=10.0):
        before = listener.heard_of(speaker)
        await self.until(f"{listener.name} hears {speaker.name}",
                         lambda: listener.heard_of(speaker) >= before + packets, seconds)
        self.clean(listener)

    async def silence(self, *endpoints, seconds=0.8):
        """Nobody of them hears anything, once what was under way has come."""
        await asyncio.sleep(0.4)
        before = [sum(e.heard.values()) for e in endpoints]
        await asyncio.sleep(seconds)
        for endpoint, count in zip(endpoints, before):
            got = sum(endpoint.heard.values()) - count
            assert got == 0, f"{endpoint.name} got {got} packets on hold"

    def clean(self, *endpoints, early=5):
        for endpoint in endpoints:
            self.rules.keep("media", not endpoint.errors,
                            f"{endpoint.name}: {endpoint.errors[:3]}")
