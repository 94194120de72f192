# SPDX-License-Identifier: Apache-2.0
"""--probe FILE: its arithmetic with a time of the test's own, and the file of a real worker."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

from fastpath import BINARIES, ROOT, FastPath, wait

sys.path.insert(0, os.path.join(ROOT, "Tests/packet"))
import wire  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SHIMS = os.path.join(ROOT, "CShims")
FOLDER = os.path.join(ROOT, ".build/contract")
BOX, PARTY = ("198.18.1.1", 20000), ("198.18.1.2", 6000)
COUNT = 300


class Units(unittest.TestCase):
    def test_arithmetic(self):
        program = os.path.join(FOLDER, "probe_units")
        os.makedirs(FOLDER, exist_ok=True)
        includes = [os.path.join(SHIMS, part) for part in (
            "CFlowABI/include", "CSRTP/include", "CDTMF/include", "CTables/include", "CFastPath")]
        sources = [os.path.join(SHIMS, "CFastPath", name) for name in ("probe.c", "probe_write.c")]
        subprocess.run(
            [os.environ.get("CLANG", "clang"), "-std=gnu17", "-D_GNU_SOURCE", "-O1", "-g",
             "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined",
             "-fno-sanitize-recover=all", "-fuse-ld=lld", *(f"-I{path}" for path in includes),
             os.path.join(HERE, "probe_units.c"), *sources, "-o", program], check=True)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "probe.json")
            run = subprocess.run([program, path], capture_output=True, text=True, timeout=60,
                                 check=False)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertEqual(os.listdir(folder), ["probe.json"])
            with open(path, encoding="utf-8") as file:
                worker, = json.load(file)["workers"]
        self.assertEqual(worker["worker"], 7)
        self.assertEqual((worker["packets"], worker["packets_clean"]), (1001, 1000))
        self.assertEqual(worker["residence_clean_us"]["max"], 5)
        self.assertEqual(worker["residence_us"]["max"], 201)
        self.assertTrue(5 <= worker["residence_us"]["p50"] <= 5 * 33 / 32)
        self.assertEqual(worker["windows_with_gap"], 1)
        self.assertEqual((worker["commands"], worker["command_ns"]), (5, 3000))
        busy = 100 * 5.4 + 201.4
        awake = worker["seconds"] * 1e6 - 100 * 10
        self.assertAlmostEqual(worker["busy_share"], busy / awake, 4)
        self.assertAlmostEqual(worker["slept_share"], 1000 / (awake + 1000), 4)


class Worker(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="trunkline-probe-")
        self.file = os.path.join(self.folder, "probe.json")
        self.capture = os.path.join(self.folder, "in.pcap")
        wire.write_capture(self.capture, [
            (wire.START + i, wire.datagram(PARTY, BOX, wire.rtp(i, 160 * i))) for i in range(COUNT)])

    def tearDown(self):
        for name in os.listdir(self.folder):
            os.remove(os.path.join(self.folder, name))
        os.rmdir(self.folder)

    def read(self):
        with open(self.file, encoding="utf-8") as file:
            worker, = json.load(file)["workers"]
        os.remove(self.file)
        return worker

    def test_signal_and_end(self):
        box = FastPath(["name=a,attach=memif,interface={folder}/a.sock,address=198.18.1.1,"
                        "ports=20000-20511,gateway-mac=02:00:00:00:00:09"],
                       options=["--probe", self.file])
        try:
            box.poke("call", 0, 0, 20000, "198.18.1.2/6000", 0, 20002, "198.18.1.3/6000")
            box.process.send_signal(signal.SIGUSR1)
            wait(lambda: "no file after SIGUSR1", lambda: os.path.exists(self.file))
            first = self.read()
        finally:
            self.assertEqual(box.stop(), 0)
        second = self.read()
        self.assertEqual(first["commands"], 2)
        self.assertGreater(first["command_ns"], 0)
        self.assertEqual((second["commands"], second["packets"]), (0, 0))
        self.assertGreater(first["slept_share"], 0)
        self.assertGreaterEqual(first["windows"], first["windows_with_gap"])
        self.assertLess(first["windows"], first["seconds"] * 1000 + 1)

    def test_only_while_serving(self):
        run = subprocess.run(
            [os.path.join(BINARIES, "trunkline-fastpath"), "--probe", self.file, "--replay",
             "--realm", f"name=a,attach=pcap,interface={self.capture},address=198.18.1.1,"
             "ports=20000-20511"], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(run.returncode, 64)
        self.assertIn("--probe", run.stderr)
