# SPDX-License-Identifier: Apache-2.0
"""What housekeeping asks the kernel stays in step with its answers."""

import os
import subprocess
import unittest

from fastpath import ROOT

HERE = os.path.dirname(os.path.abspath(__file__))
SHIMS = os.path.join(ROOT, "CShims")
FOLDER = os.path.join(ROOT, ".build/contract")
SOURCES = [os.path.join(SHIMS, name) for name in (
    "CFastPath/netlink.c", "CFastPath/neighbour.c", "CProgram/say.c", "CTables/next_hop.c")]
NETWORK = """
    ip link add va type veth peer name vb
    ip link set dev vb up
    ip addr add 198.18.1.1/24 dev va
    ip link set dev va up
    ip link set dev lo up
    ip neigh add 198.18.1.9 lladdr 02:00:00:00:00:09 nud permanent dev va
    ip route add 203.0.113.0/24 via 198.18.1.9
    exec "$@" """


@unittest.skipUnless(os.geteuid() == 0, "needs root")
class Netlink(unittest.TestCase):
    def check(self, name, *words):
        program = os.path.join(FOLDER, name)
        os.makedirs(FOLDER, exist_ok=True)
        includes = [os.path.join(SHIMS, part) for part in (
            "CFlowABI/include", "CSRTP/include", "CDTMF/include", "CTables/include",
            "CStages/include", "CProgram/include", "CFastPath")]
        subprocess.run(
            [os.environ.get("CLANG", "clang"), "-std=gnu17", "-D_GNU_SOURCE", "-O1", "-fuse-ld=lld",
             "-march=x86-64-v3", *(f"-I{path}" for path in includes),
             os.path.join(HERE, name + ".c"), *SOURCES, "-lmnl", "-o", program], check=True)
        run = subprocess.run(["unshare", "-n", "sh", "-ec", NETWORK, "sh", program, *words],
                             capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((run.returncode, run.stdout), (0, ""), run.stderr)

    def test_late_answers_and_a_broken_socket(self):
        self.check("netlink_late", "va", "198.18.1.9")

    def test_only_what_is_new_is_asked(self):
        self.check("neighbour_walk", "va")
