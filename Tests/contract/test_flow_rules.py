# SPDX-License-Identifier: Apache-2.0
"""The rules that a NIC with rte_flow is asked for. No such NIC is here: its driver is made up."""

import os
import subprocess
import tempfile
import unittest

from fastpath import ROOT, FastPath

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(ROOT, ".build/contract")
FIRST, LAST = 20000, 29999
NETWORK = "ip link add va type veth peer name vb && ip link set va up && ip link set vb up && " \
          'exec "$@"'


@unittest.skipUnless(os.geteuid() == 0, "needs root")
@unittest.skipUnless(len(os.sched_getaffinity(0)) > 1, "needs two cores")
class FlowRules(unittest.TestCase):
    def rules(self, cores):
        os.makedirs(FOLDER, exist_ok=True)
        driver = os.path.join(FOLDER, "flow_rules.so")
        subprocess.run([os.environ.get("CLANG", "clang"), "-std=gnu17", "-Wall", "-Wextra",
                        "-Werror", "-O1", "-fPIC", "-shared", "-fuse-ld=lld",
                        os.path.join(HERE, "flow_rules.c"), "-o", driver], check=True)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "rules")
            box = FastPath(
                [f"name=a,attach=packet,interface=va,address=198.18.1.1,ports={FIRST}-{LAST},"
                 "gateway-mac=02:00:00:00:00:09"],
                prefix=["unshare", "-n", "sh", "-ec", NETWORK, "sh", "env",
                        f"LD_PRELOAD={driver}", f"FLOW_RULES={path}"],
                options=["--cores", cores])
            self.assertEqual(box.stop(), 0)
            try:
                with open(path, encoding="ascii") as file:
                    return [line.split() for line in file]
            except FileNotFoundError:
                return []

    def test_each_port_reaches_its_worker(self):
        allowed = sorted(os.sched_getaffinity(0))
        rules = self.rules(f"{allowed[0]},{allowed[1]}")
        made = [tuple(map(int, words[2:])) for words in rules if words[0] == "make"]
        versions = {rule[0] for rule in made}
        self.assertEqual(len(versions), 2)
        self.assertEqual(sum(words[0] == "ask" for words in rules), 2)
        for version in versions:
            for port in range(FIRST, LAST + 1, 7):
                queues = [queue for item, first, mask, queue in made
                          if item == version and port & mask == first]
                self.assertEqual(queues, [port // 512 % 2], port)
        for unused in (FIRST - 512, LAST + 513):
            self.assertFalse([rule for rule in made if unused & rule[2] == rule[1]])

    def test_one_worker_needs_none(self):
        self.assertEqual(self.rules(str(min(os.sched_getaffinity(0)))), [])
