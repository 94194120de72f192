# SPDX-License-Identifier: Apache-2.0
"""A box as it is after its installation: short files, the usual places, tenants by commands.

The box has a disk of its own: over /etc, /usr, /var and /run lie folders that nobody else
sees. On it are the profiles as they are shipped, one configuration, its certificates, the
authorities that it believes, and the address of a DNS server. Nothing else tells the box anything,
but one: its fast path takes ordinary memory, since a laboratory sets no huge pages aside.
"""

import asyncio
import json
import os
import shlex
import shutil
import time

from hub import Trunk
from lab import LabError, ROOT
from stage import BYPASS_HOST, DNS, PLAIN_HOST, HubLab, Setup, Stage

CONFIG = "/etc/trunkline/trunkline.yaml"
# Of the blocks that the profiles name; the last one is of a media processor.
CLOUD = ["52.114.148.10", "52.114.148.11", "52.114.148.12", "52.114.148.20"]

SHORT = f"""realms:
  - interface: to-carrier
    addresses: [198.18.1.1]
  - interface: to-service
    addresses: [198.18.2.1]
trunks:
  - name: carrier
    peer: sip:198.18.1.2
  - name: teams
    profile: teams-direct-routing
    realm: to-service
    host: {PLAIN_HOST}
"""
TWO_TRUNKS = SHORT + f"""  - name: bypass
    profile: teams-media-bypass
    realm: to-service
    port: 5062
    host: {BYPASS_HOST}
routes:
  - from: teams
    to: carrier
  - from: bypass
    to: carrier
"""

# Two tenants: acme, whose numbers the scenarios call, and another one.
COMMANDS = """
deployment change --name lab-1 --custom-header X-MS-Operator-Content
tenant add acme --label acme --service teams-direct-routing
tenant add bigco --label bigco --service teams-direct-routing
number add +12025550120-+12025550129 --tenant acme
number add +12025550140-+12025550149 --tenant bigco
number change +12025550123 --custom-header cust-0815
"""


def lines_of(text):
    """Lines of a configuration that say something."""
    return [line for line in text.splitlines() if line.strip() and line.strip()[0] != "#"]


class InstalledLab(HubLab):
    """The laboratory whose box has a disk of its own."""

    cloud = CLOUD
    holder = None  # lives in the box, so that others can be started there

    def __init__(self, **more):
        super().__init__(**more)
        self.disk = os.path.join(self.folder, "disk")
        self.runtime, self.config = "/run/trunkline", CONFIG
        self.media_ports = (20000, 29999)  # what a realm has that says nothing

    def entering(self, place):
        if place != "box" or not self.holder:
            return super().entering(place)
        return ("nsenter", "--target", str(self.holder.pid), "--net", "--mount", "--")

    def make_namespaces(self):
        super().make_namespaces()
        for block in ("52.112.0.0/14", "52.120.0.0/14"):
            self.inside("box", "ip", "route", "add", block, "via", self.address("service"))
        self.count_media(discard=False)

    def put(self, path, text):
        """Writes a file of the box's disk, before that is in its place."""
        place = self.disk + path
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "w") as file:
            file.write(text)

    @property
    def program(self):
        return "/usr/bin/trunkline" if self.holder else super().program

    def mount(self):
        """Puts the programs and profiles where appliance/install puts them; then the disk is the
        box's."""
        os.makedirs(self.disk + "/usr/bin")
        for name in ("trunkline", "trunkline-fastpath"):
            shutil.copy(os.path.join(self.bin, name), self.disk + "/usr/bin")
        shutil.copytree(os.path.join(ROOT, "appliance", "profiles"),
                        self.disk + "/usr/share/trunkline/profiles")
        script = ["set -e", "mount -t tmpfs tmpfs /run", "mkdir /run/trunkline"]
        for folder in ("/etc", "/usr", "/var"):
            work = os.path.join(self.folder, "work" + folder.replace("/", "-"))
            os.makedirs(work)
            os.makedirs(self.disk + folder, exist_ok=True)
            script.append(f"mount -t overlay overlay -o lowerdir={folder},"
                          f"upperdir={self.disk}{folder},workdir={work} {folder}")
        ready = os.path.join(self.folder, "mounted")
        script += [f"touch {ready}", "exec sleep infinity"]
        with open(os.path.join(self.folder, "mount.log"), "wb") as log:
            holder = self.spawn("box", "sh", "-c", "\n".join(script), stdout=log, stderr=log)
        while not os.path.exists(ready):
            if holder.poll() is not None:
                with open(os.path.join(self.folder, "mount.log")) as log:
                    raise LabError("the box gets no disk of its own: " + log.read().strip())
            time.sleep(0.02)
        self.holder = holder

    def fastpath_command(self):
        answer = self.inside("box", self.program, "fastpath", "--config", self.config, "--json")
        program, *arguments = json.loads(answer.stdout)
        return (program, *arguments, "--no-huge")

    def trunkline(self, command):
        """A command as an operator writes it; its output."""
        return self.inside("box", self.program, *shlex.split(command)).stdout


class Installation(Setup):
    """A box with a short file and two tenants."""

    def __init__(self, name, text, has_bypass=False):
        super().__init__(name)
        self.text, self.has_bypass = text, has_bypass

    def stage(self):
        return InstalledStage(self)


class InstalledStage(Stage):
    def __init__(self, setup):
        super().__init__(setup)
        self.plain = Trunk(PLAIN_HOST, 5061)
        self.bypass = Trunk(BYPASS_HOST, 5062, bypass=True)
        self.trunks = [self.plain] + [self.bypass] * setup.has_bypass
        self.acme = f"acme.{PLAIN_HOST}"

    def make_lab(self):
        return InstalledLab(tag=f"tlinst{os.getpid() % 100000}")

    def furnish(self):
        lab = self.lab
        lab.put(CONFIG, self.setup.text)
        shown = ""
        for path in self.files:
            with open(path) as file:
                shown += file.read()
        for trunk in self.trunks:
            lab.put(f"/var/lib/trunkline/certificates/{trunk.host}.pem", shown)
        with open(self.hub_authority.root) as file:
            lab.put("/etc/ssl/certs/ca-certificates.crt", file.read())
        lab.put("/etc/resolv.conf", f"nameserver {DNS}\n")
        lab.mount()

    async def open(self):
        await super().open()
        for command in COMMANDS.strip().splitlines():
            await self.command(command)

    async def command(self, text):
        return await asyncio.get_running_loop().run_in_executor(
            None, lambda: self.lab.trunkline(text))
