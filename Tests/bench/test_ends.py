# SPDX-License-Identifier: Apache-2.0
"""Arguments, exit codes, processes that crash, and what is left when a run ends."""

import contextlib
import io
import os
import signal
import subprocess
import tempfile
import unittest
from unittest import mock

import kit_path
import bench
import machine
import main
import product
import profiles
from children import Children, crash_of
from profiles import flows, junk, memif, self_load
from result import LOWER, Result, Row
from search import Found

GROUND = os.path.join(kit_path.ROOT, "appliance/lab/ground.sh")


def refused(*words):
    """(exit code, what is said) of arguments that are not taken."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            main.read_arguments(list(words))
    except SystemExit as end:
        return end.code, said.getvalue()
    return None, ""


class Arguments(unittest.TestCase):
    def test_wrong_ones_are_64(self):
        for words in (["--no-such"], ["no-such-profile"], ["--json"], ["--json", ""],
                      ["--allow-void"]):
            self.assertEqual(refused(*words)[0], 64, words)
        self.assertEqual(refused("--quick", "veth"), (None, ""))
        self.assertEqual(refused("--gate", "--allow-void"), (None, ""))
        for name in profiles.NAMES:  # whoever mistyped one sees them
            self.assertIn(name, refused("self-load")[1])

    def test_a_file_that_cannot_be_written(self):
        with tempfile.TemporaryDirectory() as folder:
            for path in (folder, os.path.join(folder, "none", "x"), "/proc/no-such"):
                code, said = refused("--json", path)
                self.assertEqual(code, 64, path)
                self.assertIn(path, said)

    def test_asking_changes_no_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "new.json")
            self.assertEqual(refused("--json", path)[0], None)
            self.assertFalse(os.path.exists(path))
            with open(path, "w") as file:
                file.write("old")
            self.assertEqual(refused("--json", path)[0], None)
            with open(path) as file:
                self.assertEqual(file.read(), "old")

    def test_without_root(self):
        with mock.patch("os.geteuid", return_value=1), contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(main.main([]), 77)

    def test_help_and_document_name_all_codes(self):
        with open(os.path.join(kit_path.ROOT, "appliance/docs/benchmark.md")) as file:
            document = file.read()
        for code in (0, main.EXIT_MISSED, main.EXIT_BROKEN, main.EXIT_USAGE, 70, main.EXIT_ROOT,
                     main.EXIT_INTERRUPTED):
            self.assertRegex(main.EXITS, rf"\b{code} ")
            self.assertIn(f"| {code} |", document)


class FakeBench(bench.Bench):
    """A bench whose processes are ordinary ones."""

    def __init__(self, folder, profile="junk"):
        self.result, self.folder, self.quick = Result({}), folder, True
        self.children, self.profile = Children(folder), profile
        self.relay_core, self.cores, self.started = 0, [0, 1], 0

    huge_pages = False

    def program(self, name):
        return "/bin/true"

    def say(self, text):
        self.said = text


class Processes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.bench = FakeBench(folder.name)
        self.addCleanup(self.bench.children.stop)

    def test_two_profiles_have_fast_paths_in_folders_of_their_own(self):
        with mock.patch.object(Children, "start", autospec=True) as start:
            def started(children, *_, **__):
                children.count += 1
                return mock.Mock()
            start.side_effect = started
            first = product.FastPath(self.bench, "name=bench")
            self.bench.children.stop()
            second = product.FastPath(self.bench, "name=bench")
        self.assertNotEqual(first.folder, second.folder)

    def test_what_was_asked_for_is_no_crash(self):
        self.assertIsNone(crash_of("x", [], 0, False))
        for code in (0, -signal.SIGTERM, 143):
            self.assertIsNone(crash_of("x", [], code, True))

    def test_what_nobody_asked_for_is_one(self):
        self.assertEqual(crash_of("x", [], 3, False)["how"], "exit code 3")
        self.assertEqual(crash_of("x", [], -signal.SIGTERM, False)["how"], "SIGTERM")
        found = crash_of("x", ["--realm=memif"], -signal.SIGSEGV, True)
        self.assertEqual((found["how"], found["when"]), ("SIGSEGV", "after its windows"))
        self.assertIn("memif", found["note"])
        self.assertEqual(crash_of("x", ["--xdp"], -signal.SIGSEGV, True)["note"], "")

    def test_a_crash_fails_the_profile(self):
        self.bench.result.add(Row("junk.absorbed_pps", 1.0, "pps", LOWER))
        child = self.bench.children.start("crasher", "sh", "-c", "kill -SEGV $$")
        child.process.wait()
        well = self.bench.children.start("well", "sleep", "60")
        why = self.bench.end_profile()
        self.assertFalse(well.alive())
        self.assertIn("crasher crashed (SIGSEGV, at work)", why)
        self.assertEqual(self.bench.result.rows[0].void, why)
        self.assertEqual([(crash["process"], crash["profile"], crash["pid"])
                          for crash in self.bench.result.crashes], [("crasher", "junk", child.pid)])
        self.assertIn("crasher", self.bench.said)
        self.assertIsNone(self.bench.end_profile())

    def test_a_crash_as_the_generator_leaves_voids_nothing(self):
        self.bench.result.add(Row("junk.absorbed_pps", 1.0, "pps", LOWER))
        child = self.bench.children.start("crasher", "sh", "-c", "kill -SEGV $$")
        child.process.wait()  # before anybody told it to end
        child.over()
        self.assertIsNone(self.bench.end_profile())
        self.assertIsNone(self.bench.result.rows[0].void)
        self.assertIn("after its windows", self.bench.said)

    def test_a_crash_after_the_last_window_voids_nothing(self):
        self.bench.result.add(Row("junk.absorbed_pps", 1.0, "pps", LOWER))
        self.bench.children.start("crasher", "sh", "-c",
                                  "trap 'kill -SEGV $$' TERM; echo up; while :; do sleep 0.1; done",
                                  pipes=True).line(60)
        self.assertIsNone(self.bench.end_profile())  # a peer's: it is said, and no failure
        self.assertIsNone(self.bench.result.rows[0].void)
        self.assertIn("after its windows", self.bench.said)
        lines = list(main.crash_lines(2 * self.bench.result.crashes))
        self.assertEqual(lines, ["note: junk: crasher crashed 2 times (SIGSEGV, after its windows)"])

    def test_one_failed_number_of_sessions_leaves_the_others(self):
        keys = ("ns_per_packet", "memory_ns_per_packet", "cycles_per_packet",
                                "memory_cycles_per_packet", "with_frame_ns_per_packet",
                                "with_frame_memory_ns_per_packet")

        def fake(_, __, sessions, ___):
            if sessions == 10000:
                raise self_load.BenchError("no memory")
            return [dict(zip(keys, (30.0, 15.0, 90, 45, 50.0, 40.0)))]

        self.bench.profile = "self_load"
        with mock.patch.object(self_load, "self_load", fake):
            error = main.run_profile(self.bench, "self_load")
        self.assertIn("no memory", error)
        find = self.bench.result.find
        self.assertEqual(find("relay.ratio_to_limit_with_frame.1000_sessions").value, 1.25)
        self.assertEqual(find("relay.ratio_to_limit.100000_sessions").value, 2.0)
        self.assertEqual(find("relay.extra_ns_1000_to_100000").value, 0)
        self.assertIn("no memory", find("relay.ratio_to_limit.10000_sessions").void)
        self.assertEqual({row.name for row in self.bench.result.rows}, set(self_load.ROWS))


class LeftOvers(unittest.TestCase):
    def test_huge_pages_of_a_killed_run(self):
        with tempfile.TemporaryDirectory() as folder, \
                mock.patch.object(machine, "HUGE", folder + "/"):
            number = os.path.join(folder, "nr_hugepages")
            for now, note, then in (("700", "420 700", "420"), ("800", "420 700", "800"),
                                    ("700", "", "700"), ("700", "x", "700")):
                for path, text in ((number, now), (os.path.join(folder, "huge-pages"), note)):
                    with open(path, "w") as file:
                        file.write(text)
                machine.HugePages.give_back(folder)
                with open(number) as file:
                    self.assertEqual(file.read(), then)

    def test_signals_interrupt_and_nohup_is_obeyed(self):
        before = {number: signal.getsignal(number) for number in main.ENDS}
        self.addCleanup(lambda: [signal.signal(*pair) for pair in before.items()])
        default_signals()
        main.prepare()
        for number in main.ENDS:
            with self.assertRaises(KeyboardInterrupt):
                signal.raise_signal(number)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        main.prepare()
        signal.raise_signal(signal.SIGHUP)


BUILD_TIMEOUT_S = 60
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def default_signals():
    """A shell cannot trap what was ignored when it began, as in a job in the background."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)


class Build(unittest.TestCase):
    """ground_build with a swift that does as the test wants."""

    def build(self, script, signals=()):
        with tempfile.TemporaryDirectory() as folder:
            swift = os.path.join(folder, "swift")
            with open(swift, "w") as file:
                file.write("#!/bin/sh\n" + script)
            os.chmod(swift, 0o755)
            os.mkdir(os.path.join(folder, "logs"))
            process = subprocess.Popen(
                ["bash", "-c", f". {GROUND}; echo ready >&2; ground_build debug; echo built"],
                env={**os.environ, "PATH": folder + ":" + os.environ["PATH"],
                     "TMPDIR": os.path.join(folder, "logs")},
                preexec_fn=default_signals, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True)
            if signals:
                while not os.path.exists(os.path.join(folder, "logs", "started")):
                    self.assertIsNone(process.poll())
            for number in signals:
                process.send_signal(number)
            said = process.communicate(timeout=BUILD_TIMEOUT_S)
            left = [name for name in os.listdir(os.path.join(folder, "logs"))
                    if name != "started"]
        return process.returncode, said[0], said[1].replace("ready\n", ""), left

    def test_nothing_to_build_is_silent(self):
        self.assertEqual(self.build("echo 'Build complete!'"), (0, "built\n", "", []))

    def test_a_build_is_announced(self):
        said = self.build("echo '[3/9] Compiling x'; sleep 1")[2]
        self.assertIn("building (debug)", said)

    def test_another_build(self):
        said = self.build("echo 'Another instance of SwiftPM is running'; sleep 1")[2]
        self.assertEqual(said.count("another build holds"), 1)

    def test_a_failed_build(self):
        code, built, said, left = self.build("echo 'error: no'; exit 1")
        self.assertEqual((code, built, left), (1, "", []))
        self.assertIn("error: no\nthe build failed", said)

    def test_an_interrupted_build(self):
        for number in SIGNALS:
            code, built, said, left = self.build("touch $TMPDIR/started; exec sleep 600",
                                                 [number])
            self.assertEqual((code, built, left), (130, "", []))
            self.assertIn("interrupted; the build is ended", said)


class Verdicts(unittest.TestCase):
    def test_few_calls_are_no_p99(self):
        self.assertIsNone(flows.few_calls(200))
        self.assertIn("39", flows.few_calls(39))

    def test_a_late_wake_up_is_the_machines_where_a_bare_thread_is_late_too(self):
        late, prompt = {"p99": 301.0}, {"p99": 300.0}
        self.assertIn("301", flows.slow_machine(450.0, late))
        self.assertIsNone(flows.slow_machine(450.0, prompt))
        self.assertIsNone(flows.slow_machine(300.0, late))
        self.assertIsNone(flows.slow_machine(450.0, None))

    def test_spread(self):
        def windows(*rates):
            return [{"received_pps": rate} for rate in rates]
        self.assertAlmostEqual(memif.spread(windows(8, 10, 12)), 0.4)
        self.assertEqual(memif.spread(windows(8)), 0)

    def test_junk(self):
        found = Found(100, {"junk_sent": 300, "seconds": 3}, 2, None)
        self.assertEqual(junk.carried_rate(found, []), 100)
        self.assertEqual(junk.carried_rate(found, [150.0]), 100)  # once is not twice
        self.assertEqual(junk.carried_rate(found, [150.0, 120.0]), 120)
        self.assertEqual(junk.carried_rate(Found(0, None, 2, 5), [90.0, 80.0]), 80)
