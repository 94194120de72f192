# SPDX-License-Identifier: Apache-2.0
"""A veth pair between the box and the far end, each in a namespace of this run.

    box  198.18.1.1  <-- veth -->  198.18.1.2 and .3: parties A and B, played by the generator
"""

import ctypes
import os
import shutil
import socket
import threading

import machine
from children import BenchError
from lab import LabError, run  # of appliance/lab

PREFIX = "tlbench"
BOX, PARTIES = "198.18.1.1", ("198.18.1.2", "198.18.1.3")
MAC_BOX, MAC_FAR = "02:54:4c:be:00:01", "02:54:4c:be:00:02"
DEVICES = {"box": "to-far", "far": "to-box"}
CLONE_NEWNET = 0x40000000


def is_left_over(name):
    """True of a namespace or folder that a run made which is no more."""
    parts = name.split("-")
    return len(parts) == 3 and parts[0] == PREFIX and parts[1].isdigit() \
        and not os.path.exists(f"/proc/{parts[1]}")


def sweep(base):
    """Removes namespaces, and folders in `base`, of runs that were killed before they could, and
    gives back the huge pages that they added."""
    for line in run("ip", "netns", "list").stdout.splitlines():
        if is_left_over(line.split()[0]):
            run("ip", "netns", "del", line.split()[0], check=False)
    for name in os.listdir(base):
        if is_left_over(name):
            machine.HugePages.give_back(os.path.join(base, name))
            shutil.rmtree(os.path.join(base, name), ignore_errors=True)


class Wire:
    """One pair. Both ends have one queue, no offloads, and permanent neighbours: the generator
    takes every frame of its end, so nobody there would answer ARP."""

    def __init__(self):
        self.made = []
        try:
            self._make()
        except LabError as error:
            self.close()
            raise BenchError(str(error)) from None

    def namespace(self, end):
        return f"{PREFIX}-{os.getpid()}-{end}"

    def inside(self, end, *words, check=True):
        return run("ip", "netns", "exec", self.namespace(end), *words, check=check)

    def _make(self):
        for end in DEVICES:
            self.made.append(end)  # before it is: a signal may come in between
            run("ip", "netns", "add", self.namespace(end))
        one = ("numrxqueues", "1", "numtxqueues", "1")
        run("ip", "link", "add", DEVICES["box"], "netns", self.namespace("box"),
            "address", MAC_BOX, *one, "type", "veth", "peer", "name", DEVICES["far"],
            "netns", self.namespace("far"), "address", MAC_FAR, *one)
        for end, device in DEVICES.items():
            self.inside(end, "ip", "link", "set", "lo", "up")
            self.inside(end, "sysctl", "-qw", f"net.ipv6.conf.{device}.disable_ipv6=1")
            # Partial checksums of a veth would reach a relay unfinished, and merged frames too.
            self.inside(end, "ethtool", "-K", device, "tx", "off", "rx", "off", "tso", "off",
                        "gso", "off", "gro", "off", check=False)
            self.inside(end, "ip", "link", "set", device, "up")
        self.inside("box", "ip", "addr", "add", f"{BOX}/24", "dev", DEVICES["box"])
        for party in PARTIES:
            self.inside("far", "ip", "addr", "add", f"{party}/24", "dev", DEVICES["far"])
            self.inside("box", "ip", "neigh", "replace", party, "lladdr", MAC_FAR,
                        "dev", DEVICES["box"], "nud", "permanent")
        # What still arrives when the generator has gone must not be answered with ICMP.
        self.inside("far", "iptables", "-w", "-t", "raw", "-A", "PREROUTING", "-p", "udp",
                    "-j", "DROP")
        self.inside("far", "ip", "neigh", "replace", BOX, "lladdr", MAC_BOX,
                    "dev", DEVICES["far"], "nud", "permanent")

    def socket(self, end):
        """A UDP socket that lives in the namespace of that end."""
        made = []

        def make():
            # The namespace is the thread's alone, so the thread is used once and thrown away.
            libc = ctypes.CDLL(None, use_errno=True)
            with open(f"/run/netns/{self.namespace(end)}", "rb") as file:
                if libc.setns(file.fileno(), CLONE_NEWNET) == 0:
                    made.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        if not made:
            raise BenchError(f"no socket in the namespace of {end}")
        return made[0]

    def close(self):
        for end in self.made:
            run("ip", "netns", "del", self.namespace(end), check=False)
        self.made = []
