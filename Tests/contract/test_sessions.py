# SPDX-License-Identifier: Apache-2.0
"""trunkline-sessions and the real fast path: what the benchmarks' control plane promises."""

import json
import os
import struct
import subprocess
import unittest

from fastpath import BINARIES, PATIENCE, FastPath, WithControl, memif_pair, wait

CALLS = 30
LIVE = 1


class Sessions(WithControl):
    def setUp(self):
        self.box = FastPath(memif_pair("20000-20511"))

    def start(self, *words):
        self.control = subprocess.Popen(
            [os.path.join(BINARIES, "trunkline-sessions"), *map(str, words), "--directory",
             self.box.folder, "--parties", "198.51.100.1", "--parties-b", "198.51.100.2",
             "--plan", self.box.path("plan")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return self.control

    def end(self):
        said, complaint = self.control.communicate(timeout=PATIENCE)
        code = self.control.returncode
        self.control = None
        return code, said, complaint

    def live(self):
        """Live flows, as the fast path's file has them."""
        with open(self.box.path("fastpath.shm"), "rb") as file:
            data = file.read()
        at, stride, count = struct.unpack_from("<QII", data, 224)
        return sum(struct.unpack_from("<I", data, at + i * stride + 4)[0] == LIVE
                   for i in range(count))

    def held(self, calls, *words):
        self.start("hold", "--calls", calls, *words)
        line = json.loads(self.control.stdout.readline())
        self.assertEqual((line["calls"], line["flows"], line["commands"]),
                         (calls, 2 * calls, 2 * calls))
        self.assertGreater(line["cpu_us_per_call"], 0)
        self.assertEqual(self.live(), 2 * calls)

    def test_holds_until_its_input_ends(self):
        self.held(CALLS)
        with open(self.box.path("plan"), encoding="ascii") as file:
            first, *lines = file.read().splitlines()
        self.assertEqual(first, "trunkline-plan 1")
        self.assertEqual(len(set(lines)), CALLS)
        for number, line in enumerate(lines):
            a, relay_a, b, relay_b = line.split()
            port = 10000 + 2 * number
            self.assertEqual((a, b), (f"198.51.100.1:{port}", f"198.51.100.2:{port}"))
            self.assertRegex(relay_a, r"^192\.0\.2\.1:20[0-5]\d[02468]$")
            self.assertRegex(relay_b, r"^192\.0\.2\.2:20[0-5]\d[02468]$")
        self.assertEqual(self.end(), (0, "", ""))
        self.assertEqual(self.live(), 0)

    def test_installs_again_what_a_killed_fast_path_had(self):
        self.held(CALLS, "--open-budgets")
        self.box.process.kill()
        self.box.process.wait()
        self.box.start()
        wait(lambda: f"{self.live()} flows are back", lambda: self.live() == 2 * CALLS)
        self.control.terminate()
        self.assertEqual(self.end(), (0, "", ""))
        self.assertEqual(self.live(), 0)

    def test_refuses_more_calls_than_there_are_flows(self):
        self.start("hold", "--calls", 33)
        code, said, complaint = self.end()
        self.assertEqual((code, said), (69, ""))
        self.assertIn("call 33", complaint)
        self.assertIn("--flows-per-worker", complaint)

    def test_refuses_wrong_words(self):
        self.start("hold", "--calls", 0)
        code, said, complaint = self.end()
        self.assertEqual((code, said), (64, ""))
        self.assertIn("from 1 to 100000", complaint)

    def test_times_each_command(self):
        for words, calls in [(["--held", 5], 20), (["--asleep"], 1)]:
            self.start("latency", "--calls", calls, *words)
            code, said, complaint = self.end()
            self.assertEqual((code, complaint), (0, ""))
            line = json.loads(said)
            self.assertEqual(line["calls"], calls)
            for what in ("install_us", "remove_us"):
                figures = line[what]
                self.assertEqual(figures["count"], 2 * calls)
                order = [figures[name] for name in ("p50", "p99", "p99_9", "max")]
                self.assertEqual(order, sorted(order))
                self.assertGreater(order[0], 0)
            self.assertEqual(line["install_cpu_us_per_call"] > 0, "--asleep" not in words)
            control = line["control_us"]
            self.assertEqual(control and control["count"], calls if "--asleep" in words else None)
            self.assertEqual(self.live(), 0)


if __name__ == "__main__":
    unittest.main()
