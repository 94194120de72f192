# SPDX-License-Identifier: Apache-2.0
"""trunkline-bench against a reflector (dpdk-testpmd) and against the fast path, over memif."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARIES = os.environ.get("TRUNKLINE_BIN", os.path.join(ROOT, ".build/release"))
OWN = "02:00:00:00:00:01"
RELAY = "02:54:4c:00:00:00"
CALLS = 50


def binary(name):
    return os.path.join(BINARIES, name)


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("nobody came")
        time.sleep(0.02)


class Bench(unittest.TestCase):
    def setUp(self):
        if not os.access(binary("trunkline-bench"), os.X_OK):
            self.skipTest("trunkline-bench is not built")
        self.folder = tempfile.mkdtemp(prefix="trunkline-bench-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.socket = os.path.join(self.folder, "memif.sock")

    def start(self, *words, **more):
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

        def end():
            if process.poll() is None:
                process.terminate()
            try:
                process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
        self.addCleanup(end)
        return process

    def bench(self, *words, code=0, timeout=90):
        run = subprocess.run([binary("trunkline-bench"), *words], capture_output=True,
                             timeout=timeout, check=False)
        self.assertEqual(run.returncode, code, run.stderr.decode())
        return json.loads(run.stdout) if code == 0 else run.stderr.decode()

    def load(self, *words):
        return self.bench("load", "--interface", f"memif:{self.socket}", "--own-mac", OWN,
                          "--relay-mac", RELAY, "--no-huge", "--core", "0", *words)


class Refusals(Bench):
    """What a stranger types wrong gets a sentence, and one of the documented codes."""

    def test_words(self):
        for words, says in (
                ([], "write load"),
                (["walk"], "write load"),
                (["load"], "load needs"),
                (["load", "--calls", "200001"], "--calls"),
                (["load", "--calls", "0"], "--calls"),
                (["load", "--rate", "1e6"], "--rate"),
                (["load", "--rate", "+5"], "--rate"),
                (["load", "--own-mac", "01:00:00:00:00:01"], "--own-mac"),
                (["load", "--own-mac", "02:00:00:00:00"], "--own-mac"),
                (["load", "--interface", "eth0"], "--interface"),
                (["load", "--interface", "memif:"], "--interface"),
                (["load", "--interface", "memif:/a,role=king"], "--interface"),
                (["load", "--interface", "memif:/" + "a" * 200], "--interface"),
                (["load", "--interface", "xdp:" + "a" * 16], "--interface"),
                (["load", "--expect", "gold"], "--expect"),
                (["load", "--in-flight", "31"], "--in-flight"),
                (["load", "more"], "not an option"),
                (["probe", "--core", "1", "--other-core", "1"], "--other-core")):
            with self.subTest(words=words):
                self.assertIn(says, self.bench(*words, code=64))

    def test_plan(self):
        common = ["load", "--interface", f"memif:{self.socket}", "--own-mac", OWN, "--relay-mac",
                  RELAY]
        self.assertIn("needs a --plan", self.bench(*common, code=64))
        plan = os.path.join(self.folder, "plan")
        self.assertIn("cannot be read", self.bench(*common, "--plan", plan, code=64))
        with open(plan, "wb") as file:
            file.write(b"trunkline-plan 1\n\xff\xfe\n")
        self.assertIn("line 2", self.bench(*common, "--plan", plan, code=64))

    def test_absent(self):
        common = ["load", "--own-mac", OWN, "--relay-mac", RELAY, "--expect", "echo", "--no-huge"]
        self.assertIn("nobody is at the other end", self.bench(
            *common, "--interface", f"memif:{self.socket},role=server", "--wait", "0", "--core",
            "0", code=69))
        self.assertIn("no interface", self.bench(*common, "--interface", "xdp:tl-absent", "--core",
                                                 "0", code=69))
        self.assertIn("core 1023", self.bench(*common, "--interface", f"memif:{self.socket}",
                                              "--core", "1023", code=69))
        self.assertIn("core 1023", self.bench("probe", "--core", "1023", code=69))

    def test_help(self):
        run = subprocess.run([binary("trunkline-bench"), "--help"], capture_output=True,
                             timeout=20, check=True)
        self.assertIn(b"usage: trunkline-bench load", run.stdout)


class Alone(Bench):
    def test_ceiling(self):
        result = self.bench("ceiling", "--seconds", "1", "--warm-up", "0", "--no-huge", "--core",
                            "0")
        self.assertGreater(result["sent"], 10000)
        for key in ("lost", "corrupt", "duplicated", "reordered", "foreign"):
            self.assertEqual(result[key], 0, key)
        self.assertGreater(result["verified"], result["received"] // 65)

    def test_probe(self):
        result = self.bench("probe", "--seconds", "1", "--core", "0")
        self.assertGreaterEqual(result["gap_share"], 0)
        self.assertGreater(result["largest_us"], 0)


class Reflector(Bench):
    """testpmd sends everything back with its MAC addresses swapped."""

    def setUp(self):
        super().setUp()
        if shutil.which("dpdk-testpmd") is None:
            self.skipTest("dpdk-testpmd is not installed (Debian: dpdk-dev)")
        self.start(
            "dpdk-testpmd", "--lcores", "0@0,1@(0-1)", "--no-pci", "--no-telemetry", "--no-huge",
            "--no-shconf", "-m", "128", "--iova-mode=va", "--log-level=*:error",
            f"--vdev=net_memif0,role=server,id=0,socket={self.socket},socket-abstract=no", "--",
            "-i", "--nb-cores=1", "--forward-mode=macswap", "--total-num-mbufs=8192",
            "--no-mlockall", "--no-flush-rx", "--auto-start", stdin=subprocess.PIPE)
        wait_for(lambda: os.path.exists(self.socket))

    def check_clean(self, result):
        self.assertGreater(result["sent"], 0)
        for key in ("lost", "corrupt", "duplicated", "reordered", "foreign", "junk_returned"):
            self.assertEqual(result[key], 0, result)
        self.assertEqual(result["received"], result["sent"])

    def test_paced(self):
        result = self.load("--expect", "echo", "--calls", str(CALLS), "--seconds", "2")
        self.check_clean(result)
        self.assertEqual(result["verified"], result["received"])
        self.assertAlmostEqual(result["sent"], 2 * CALLS * 50 * result["seconds"], delta=1000)

    def test_saturated(self):
        result = self.load("--expect", "echo", "--saturate", "--seconds", "1")
        self.check_clean(result)
        self.assertEqual(result["verify_one_in"], 64)

    def test_junk_comes_back(self):
        result = self.load("--expect", "echo", "--rate", "1000", "--junk-rate", "1000",
                           "--seconds", "1", "--warm-up", "0")
        self.assertGreater(result["junk_sent"], 100)
        self.assertGreaterEqual(result["junk_returned"], result["junk_sent"])
        self.assertEqual((result["lost"], result["corrupt"]), (0, 0))

    def test_wrong_expectation(self):
        plan = os.path.join(self.folder, "plan")
        with open(plan, "w", encoding="ascii") as file:
            file.write("trunkline-plan 1\n198.18.0.1:1000 198.18.1.1:2000 198.18.0.2:1002 "
                       "198.18.1.1:2002\n")
        result = self.load("--plan", plan, "--seconds", "1")
        self.assertGreater(result["received"], 0)
        self.assertEqual(result["corrupt"], result["received"])
        self.assertEqual(result["corrupt_by"], {"destination": result["corrupt"]})

    def test_first_packet(self):
        result = self.load("--expect", "echo", "--first-packet", "--count", "5", "--pause-ms", "5")
        self.assertEqual((result["sent"], result["lost"], result["corrupt"]), (5, 0, 0))
        self.assertLessEqual(result["latency_us"]["min"], result["latency_us"]["p50"])

    def test_stopped(self):
        process = self.start(
            binary("trunkline-bench"), "load", "--interface", f"memif:{self.socket}", "--own-mac",
            OWN, "--relay-mac", RELAY, "--no-huge", "--core", "0", "--expect", "echo",
            "--warm-up", "0", "--seconds", "600")
        time.sleep(3)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0)
        result = json.loads(said)
        self.check_clean(result)
        self.assertLess(result["seconds"], 100)


class Relay(Bench):
    """The fast path with calls of trunkline-sessions."""

    def setUp(self):
        super().setUp()
        for name in ("trunkline-fastpath", "trunkline-sessions"):
            if not os.access(binary(name), os.X_OK):
                self.skipTest(f"{name} is not built")
        self.plan = os.path.join(self.folder, "plan")
        self.start(
            binary("trunkline-fastpath"), "--directory", self.folder, "--cores", "1", "--no-huge",
            "--realm", f"name=media,attach=memif,interface={self.socket},address=198.18.1.1,"
            f"ports=20000-29999,gateway-mac={OWN}")
        wait_for(lambda: os.path.exists(self.socket))
        self.start(
            binary("trunkline-sessions"), "hold", "--directory", self.folder, "--calls",
            str(CALLS), "--plan", self.plan, "--parties", "198.18.0.1,198.18.0.2",
            "--open-budgets", stdin=subprocess.PIPE)
        wait_for(lambda: os.path.exists(self.plan))

    def test_relay(self):
        result = self.load("--plan", self.plan, "--seconds", "2", "--junk-rate", "2000")
        self.assertGreater(result["sent"], 0)
        self.assertGreater(result["junk_sent"], 0)
        for key in ("lost", "corrupt", "duplicated", "reordered", "junk_returned"):
            self.assertEqual(result[key], 0, result)
        self.assertEqual(result["verified"], result["received"])

    def test_wrong_expectation(self):
        result = self.load("--plan", self.plan, "--expect", "echo", "--seconds", "1")
        self.assertGreater(result["received"], 0)
        self.assertEqual(result["corrupt"], result["received"])


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    result = unittest.TextTestRunner(sys.stdout, verbosity=2).run(suite)
    failed = len(result.failures) + len(result.errors)
    skipped = len(result.skipped)
    print(f"{result.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
