# SPDX-License-Identifier: Apache-2.0
"""Which windows of the residence profile may stand, and which period of the probe is theirs."""

import unittest

import kit_path  # noqa: F401
from children import BenchError
from generator import Load
from probe import Period
from profiles.residence import verdict, void_of
from result import OURS

WANTED = 1_000_000


def load(**changes):
    report = {"sent": 10 ** 6, "lost": 0, "duplicated": 0, "corrupt": 0, "offered_pps": WANTED,
              "received_pps": WANTED, "lateness_us": {"p99": 5.0, "max": 50.0},
              "latency_us": {"p99": 20.0}}
    return Load(report | changes, None)


def found(gaps=0, clean=5, packets=2 * WANTED, seconds=2.0):
    return {"windows_with_gap": gaps, "packets_clean": clean, "packets": packets,
            "seconds": seconds}


class Void(unittest.TestCase):
    def test_a_carried_window_stands(self):
        self.assertIsNone(void_of(load(), WANTED, found()))
        self.assertIsNone(void_of(load(offered_pps=0.98 * WANTED), WANTED, found(gaps=3)))

    def test_what_may_not_stand(self):
        late = {"p99": 24_600.0, "max": 30_000.0}
        for changes, says in (({"offered_pps": 0.97 * WANTED}, "memif was slow"),
                              ({"lateness_us": late}, "24,600 us late"),
                              ({"lost": 423, "lateness_us": late}, "423 of 1,000,000 lost")):
            void = void_of(load(**changes), WANTED, found(gaps=2))
            self.assertIn(says, void)
            self.assertFalse(void.startswith(OURS), void)
        self.assertIn("no window", void_of(load(), WANTED, found(gaps=9, clean=0)))

    def test_loss_without_an_excuse_is_ours(self):
        self.assertTrue(void_of(load(lost=1), WANTED, found(gaps=0)).startswith(OURS))
        self.assertFalse(void_of(load(lost=1), WANTED, found(gaps=1)).startswith(OURS))
        self.assertFalse(void_of(load(lost=1), WANTED, None).startswith(OURS))

    def test_spoilt_packets_are_ours_whatever_else_was(self):
        for key in ("corrupt", "duplicated"):
            void = void_of(load(**{key: 1, "offered_pps": 1.0}), WANTED, found(gaps=1))
            self.assertTrue(void.startswith(OURS), void)


    def test_a_load_needs_a_window_that_stands(self):
        self.assertIsNone(verdict(1, ["slow", "lost"]))
        self.assertEqual(verdict(0, ["slow", "lost"]),
                         "none of 2 windows stands; the last: lost")
        self.assertEqual(verdict(2, ["slow", OURS + "spoilt"]), OURS + "spoilt")


class FakeFastPath:
    """Gives the reports of a list, one for each time that it is asked."""

    def __init__(self, *reports):
        self.reports = list(reports)

    def probe(self):
        report = self.reports.pop(0)
        if isinstance(report, Exception):
            raise report
        return report


class Periods(unittest.TestCase):
    def run_period(self, *reports, seconds=0, warm_up=0):
        """A period without waiting times, whose window lasts until its thread has ended."""
        path = FakeFastPath(*reports)
        with Period(path, seconds, warm_up) as period:
            period._thread.join()
        return period, path

    def test_the_period_begins_after_warm_up(self):
        silence, coming, warming = found(packets=0), found(packets=1), found(packets=2)
        measured = found(packets=3)
        period, path = self.run_period(silence, silence, silence, coming, warming, measured)
        self.assertEqual(period.report["packets"], 3)
        self.assertEqual(path.reports, [])

    def test_a_window_that_ends_first_leaves_no_report(self):
        path = FakeFastPath(found(packets=0), found(packets=1))
        with Period(path, 1000, 1000) as period:
            pass
        self.assertIsNone(period.report)
        self.assertIn("did not end", period.fault(load()))

    def test_the_period_has_to_show_the_rate(self):
        period = Period(None, 2, 1)
        period.report = found()
        self.assertIsNone(period.fault(load()))
        period.report = found(packets=WANTED)
        self.assertIn("500,000 pps", period.fault(load()))

    def test_a_dead_fast_path_ends_the_measurement(self):
        with self.assertRaisesRegex(BenchError, "ended with"):
            self.run_period(found(packets=0), BenchError("trunkline-fastpath: ended with -11"))
