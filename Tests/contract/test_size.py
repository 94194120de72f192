# SPDX-License-Identifier: Apache-2.0
"""trunkline size with the real fast path, and what doctor makes of the figure it saves."""

import json
import os
import subprocess
import tempfile
import unittest

from fastpath import BINARIES, FastPath, cores

CONFIGURATION = """
node: {{ runtime-directory: {folder}, state-directory: {folder}/state }}
fastpath: {{ cores: [{core}], huge-pages: false, flows-per-worker: 100000 }}
realms:
  - {{ name: a, attach: memif, interface: {folder}/a.sock, addresses: [192.0.2.1],
      ports: 20000-29999, gateway-mac: "02:00:00:00:00:01" }}
  - {{ name: b, attach: memif, interface: {folder}/b.sock, addresses: [192.0.2.2],
      ports: 20000-23999, gateway-mac: "02:00:00:00:00:02" }}
listeners:
  - {{ name: l, transport: udp, address: "192.0.2.1:5060" }}
trunks:
  - {{ name: a, listener: l, realm: a, peer: "sip:198.51.100.1" }}
  - {{ name: b, listener: l, realm: b, peer: "sip:198.51.100.2" }}
routes:
  - {{ from: a, to: b }}
"""


def trunkline(*words):
    return subprocess.run([os.path.join(BINARIES, "trunkline"), *words], capture_output=True,
                          text=True, timeout=120, check=False)


class Size(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="trunkline-size-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(self.folder, "trunkline.yaml")
        self.write(self.folder)

    def write(self, runtime):
        with open(self.path, "w", encoding="ascii") as file:
            file.write(CONFIGURATION.format(folder=runtime, core=cores()[1]))

    def limit(self):
        """What doctor says of the number of calls."""
        lines = json.loads(trunkline("doctor", "--json", "--config", self.path).stdout)
        return next(line["text"] for line in lines if line["subject"] == "calls")

    def test_measures_and_is_believed_here_only(self):
        self.assertIn("trunkline size --save", self.limit())
        run = trunkline("size", "--quick", "--json", "--save", "--config", self.path)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        size = json.loads(run.stdout)
        calls = {limit["resource"]: limit["calls"] for limit in size["limits"]}
        self.assertEqual(size["calls"], min(calls.values()))
        self.assertEqual(calls[size["limit"]], size["calls"])
        # The realm with fewer ports limits: each call has a leg in it.
        self.assertEqual((calls["flows"], calls["ports"]), (50000, 2000))
        few, many = size["samples"]
        self.assertEqual((few["calls"], size["workers"]), (1000, 1))
        self.assertGreater(many["calls"], 1000)
        for sample in size["samples"]:
            self.assertGreater(sample["ns_per_packet"], sample["memory_ns_per_packet"])
        self.assertIn("RTP in the clear", size["scope"])

        self.assertEqual(self.limit(), f"at most {size['calls']} at a time: the budget, limited by "
                                       f"{size['limit']}")
        saved = os.path.join(self.folder, "state/calibration.json")
        with open(saved, encoding="utf-8") as file:
            value = json.load(file)
        value["machine"] = "another"
        with open(saved, "w", encoding="utf-8") as file:
            json.dump(value, file)
        self.assertIn("is of another machine and is not used", self.limit())

    def test_leaves_a_fast_path_alone_that_relays(self):
        box = FastPath(["name=a,attach=memif,interface={folder}/a.sock,address=192.0.2.1,"
                        "ports=20000-20511,gateway-mac=02:00:00:00:00:01"])
        try:
            self.write(box.folder)
            run = trunkline("size", "--quick", "--config", self.path)
            self.assertEqual((run.returncode, run.stdout), (1, ""))
            self.assertIn(f"process {box.process.pid} relays media", run.stderr)
        finally:
            self.assertEqual(box.stop(), 0)


if __name__ == "__main__":
    unittest.main()
