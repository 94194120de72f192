# SPDX-License-Identifier: Apache-2.0
"""What every thread of a running fast path may still do, by its attach mode."""

import os
import subprocess
import unittest

from fastpath import FastPath

NET_ADMIN = 1 << 12
NOBODY = 65534
PORTS = "address=198.18.1.1,ports=20000-20511"
# A network of its own, gone with the process.
NETWORK = ["unshare", "-n", "sh", "-ec", """
    ip link add va type veth peer name vb
    ip link set dev va up
    ip link set dev vb up
    exec "$@" """, "sh"]
SERVICE = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
           "--inh-caps=-all,+net_admin,+net_raw,+bpf,+perfmon,+ipc_lock",
           "--ambient-caps=-all,+net_admin,+net_raw,+bpf,+perfmon,+ipc_lock",
           "--bounding-set=-all,+net_admin,+net_raw,+bpf,+perfmon,+ipc_lock",
           "--no-new-privs"]


class Network:
    """Such a network that outlives the processes in it."""

    def __enter__(self):
        self.name = f"tlp{os.getpid()}"
        for words in (["netns", "add", self.name],
                      ["-n", self.name, "link", "add", "va", "type", "veth", "peer", "name", "vb"],
                      ["-n", self.name, "link", "set", "dev", "va", "up"],
                      ["-n", self.name, "link", "set", "dev", "vb", "up"]):
            subprocess.run(["ip", *words], check=True)
        self.prefix = ["nsenter", f"--net=/run/netns/{self.name}"]
        return self

    def __exit__(self, *error):
        subprocess.run(["ip", "netns", "del", self.name], check=True)


@unittest.skipUnless(os.geteuid() == 0, "needs root")
class Privileges(unittest.TestCase):
    def sets(self, realm, prefix=(), owner=None):
        """The capability sets of all threads, each a set of the values found."""
        box = FastPath([realm], prefix, owner)
        found = {}
        try:
            threads = os.listdir(f"/proc/{box.process.pid}/task")
            for thread in threads:
                with open(f"/proc/{box.process.pid}/task/{thread}/status",
                          encoding="ascii") as file:
                    for line in file:
                        if line.startswith("Cap"):
                            name, value = line.split(":")
                            found.setdefault(name, set()).add(int(value, 16))
            self.assertGreaterEqual(len(threads), 3)  # housekeeping, a worker, DPDK's own
            self.assertNotIn("could not be dropped", box.log())
            box.poke("ping")  # and it still serves
        finally:
            self.assertEqual(box.stop(), 0)
        return found

    def check(self, found, kept, bounding=None):
        for name in ("CapPrm", "CapEff"):
            self.assertEqual(found[name], {kept}, name)
        for name in ("CapInh", "CapAmb"):
            self.assertEqual(found[name], {0}, name)
        self.assertEqual(found["CapBnd"], {kept if bounding is None else bounding})

    def test_memif_keeps_nothing(self):
        self.check(self.sets(
            f"name=a,attach=memif,interface={{folder}}/a.sock,{PORTS},"
            "gateway-mac=02:00:00:00:00:01"), 0)

    def test_packet_keeps_what_finds_neighbours(self):
        self.check(self.sets(f"name=a,attach=packet,interface=va,{PORTS}", NETWORK), NET_ADMIN)

    def test_packet_with_a_gateway_keeps_nothing(self):
        realm = f"name=a,attach=packet,interface=va,{PORTS},gateway-mac=02:00:00:00:00:01"
        self.check(self.sets(realm, NETWORK), 0)

    def test_xdp_keeps_what_finds_neighbours(self):
        self.check(self.sets(f"name=a,attach=xdp,interface=va,{PORTS}", NETWORK), NET_ADMIN)

    def test_as_a_service(self):
        # As the unit starts it: a user of its own with ambient capabilities, which may not touch
        # the bounding set.
        ambient = NET_ADMIN | 1 << 13 | 1 << 14 | 1 << 38 | 1 << 39
        for attach in ("packet", "xdp"):
            with self.subTest(attach):
                realm = f"name=a,attach={attach},interface=va,{PORTS}"
                self.check(self.sets(realm, NETWORK + SERVICE, NOBODY), NET_ADMIN, ambient)

    def test_a_service_starts_again(self):
        # The XDP program of a killed process stays; the next one may take it off, and only it.
        # A service cannot look at the name of a program (that needs CAP_SYS_ADMIN).
        for attach in ("packet", "xdp"):
            with self.subTest(attach), Network() as network:
                box = FastPath([f"name=a,attach={attach},interface=va,{PORTS}"],
                               network.prefix + SERVICE, NOBODY)
                try:
                    os.chmod(box.folder, 0o3770)  # as the installed one
                    for _ in range(2):
                        box.process.kill()
                        box.process.wait()
                        box.start()
                        box.poke("ping")
                    if attach == "xdp":
                        box.process.kill()
                        box.process.wait()
                        os.unlink(box.path("steer-va"))
                        with self.assertRaises(AssertionError):
                            box.start()
                        self.assertIn("ip link set dev va xdp off", box.log())
                finally:
                    box.stop()
