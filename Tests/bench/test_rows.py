# SPDX-License-Identifier: Apache-2.0
"""Rows, targets, void figures, the table and the JSON."""

import io
import json
import math
import os
import unittest
from contextlib import redirect_stdout

import kit_path  # noqa: F401
import main
import profiles
import table
import targets
import wire
from result import (HIGHER, LOWER, OURS, THEIRS, Result, Row, blame, ceiling_void, first_reason,
                    inherited, not_measured)

BOUNDS = {"low": (targets.AT_MOST, 3), "high": (targets.AT_LEAST, 0.75)}


def judge(row):
    return targets.judge(row, BOUNDS)


class Rows(unittest.TestCase):
    def test_a_row_needs_a_value_or_a_reason(self):
        with self.assertRaises(ValueError):
            Row("x", None, "ns", LOWER)
        with self.assertRaises(ValueError):
            Row("x", 1, "ns", "smaller")
        self.assertIsNone(Row("x", None, "ns", LOWER, void="no peer").value)

    def test_a_name_comes_once(self):
        result = Result({})
        result.add(Row("x", 1, "ns", LOWER))
        with self.assertRaises(ValueError):
            result.add(Row("x", 2, "ns", LOWER))
        self.assertEqual(result.find("x").value, 1)
        self.assertIsNone(result.find("y"))

    def test_ceiling(self):
        self.assertIsNone(ceiling_void(120, 100))
        self.assertIn("119", ceiling_void(119, 100))

    def test_first_reason(self):
        self.assertIsNone(first_reason(None, None))
        self.assertEqual(first_reason(None, "a", "b"), "a")
        self.assertEqual(first_reason("a", OURS + "b", OURS + "c"), OURS + "b")

    def test_a_failed_row_has_no_value(self):
        row = Row("x", 5, "ns", LOWER, void=OURS + "3 were lost")
        self.assertTrue(row.failed)
        self.assertIsNone(row.value)
        void = Row("x", 5, "ns", LOWER, void="noisy")
        self.assertEqual((void.failed, void.value), (False, 5))

    def test_the_table_names_whose_doing_it_was(self):
        row = Row("low", 1, "x", LOWER, void=OURS + "3 lost")
        self.assertEqual(table.tally([row], judge), "0 met, 0 missed, 1 failed, 0 void")
        failed = table.render([row], judge)
        self.assertIn("FAILED: 3 lost", failed)
        self.assertNotIn("VOID", failed)

    def test_a_crash_is_blamed_on_who_crashed(self):
        crash = "trunkline-fastpath crashed (signal 11)"
        for why, ours in ((crash, True), ("generator crashed; " + crash, True),
                          ("generator crashed (signal 11)", False)):
            row = Row("low", 1, "x", LOWER)
            row.spoil(blame(why))
            self.assertEqual((row.failed, row.value), (ours, None if ours else 1), why)

    def test_what_an_error_makes_of_the_rows(self):
        self.assertEqual(not_measured("trunkline-fastpath: ended with -11: x\ny"),
                         OURS + "not measured: trunkline-fastpath: ended with -11: x")
        for other in ("rtpengine: ended with 1", "generator: said nothing for 9 s"):
            self.assertEqual(not_measured(other), "not measured: " + other)

    def test_what_stands_on_a_void_row(self):
        self.assertEqual(inherited("a", OURS + "lost"), OURS + "a: lost")
        self.assertEqual(inherited("a", THEIRS + "lost"), THEIRS + "a: lost")
        self.assertEqual(inherited("a", "noisy"), "a is void: noisy")


class Targets(unittest.TestCase):
    def verdict(self, name, value, void=None):
        return judge(Row(name, value, "x", LOWER, void=void))

    def test_at_most(self):
        self.assertEqual(self.verdict("low", 3), ("<= 3", "met"))
        self.assertEqual(self.verdict("low", 3.001), ("<= 3", "missed"))

    def test_at_least(self):
        self.assertEqual(self.verdict("high", 0.75), (">= 0.75", "met"))
        self.assertEqual(self.verdict("high", 0.74), (">= 0.75", "missed"))

    def test_void_is_neither(self):
        self.assertEqual(self.verdict("low", 1, "noisy"), ("<= 3", "void"))
        self.assertEqual(self.verdict("low", None, "noisy"), ("<= 3", "void"))

    def test_without_a_target(self):
        self.assertEqual(self.verdict("other", 1), ("", ""))
        self.assertEqual(self.verdict("other", 1, "noisy"), ("", "void"))

    def test_failed_is_the_products(self):
        self.assertEqual(self.verdict("low", 1, OURS + "spoilt"), ("<= 3", "failed"))
        self.assertEqual(self.verdict("other", 1, OURS + "spoilt"), ("", "failed"))

    def gate(self, *rows, allow_void=False):
        return targets.gate(rows, allow_void, BOUNDS)

    def test_the_gate_asks_for_every_target_row(self):
        met, missed = Row("low", 1, "x", LOWER), Row("high", 0.1, "x", HIGHER)
        failed = Row("high", 0.9, "x", HIGHER, void=OURS + "spoilt")
        void = Row("low", 1, "x", LOWER, void="noisy")
        other = Row("other", None, "x", LOWER, void=OURS + "spoilt")
        self.assertEqual(self.gate(met, other), [])
        self.assertEqual(self.gate(met, missed), ["high missed (>= 0.75): 0.1 x"])
        self.assertEqual(self.gate(met, failed), ["high failed (>= 0.75): failed: spoilt"])
        self.assertEqual(self.gate(void), ["low void (<= 3): noisy"])

    def test_what_the_gate_forgives(self):
        for void, forgiven in (("noisy", True), (THEIRS + "refused", False), (OURS + "x", False)):
            row = Row("low", 1, "x", LOWER, void=void)
            self.assertEqual(self.gate(row, allow_void=True) == [], forgiven, void)
        self.assertEqual(len(self.gate(Row("low", 9, "x", LOWER), allow_void=True)), 1)

    def test_every_target_has_a_row_that_points_the_same_way(self):
        declared = {}
        for name in profiles.NAMES:
            declared |= profiles.load(name).ROWS
        for name, (side, _) in targets.TARGETS.items():
            self.assertIn(name, declared)
            better = LOWER if side == targets.AT_MOST else HIGHER
            self.assertEqual(declared[name][1], better, name)


class Profiles(unittest.TestCase):
    def test_rows_are_declared_once(self):
        names = [row for name in profiles.NAMES for row in profiles.load(name).ROWS]
        self.assertEqual(len(names), len(set(names)))

    def test_needs_come_first(self):
        self.assertEqual(profiles.with_needs(["bypass"]), ["memif", "veth", "bypass"])
        self.assertEqual(profiles.with_needs(["veth", "self_load"]), ["veth", "self_load"])

    def test_time(self):
        for quick, most in ((False, 15 * 60), (True, 3 * 60)):
            self.assertLessEqual(sum(profiles.load(name).SECONDS[quick]
                                     for name in profiles.all_of(quick)), most)

    def test_list_shows_every_row(self):
        said = io.StringIO()
        with redirect_stdout(said):
            self.assertEqual(main.main(["--list"]), 0)
        for name in profiles.NAMES:
            self.assertIn(name, said.getvalue())
            for row in profiles.load(name).ROWS:
                self.assertIn(row, said.getvalue())


class LeftOvers(unittest.TestCase):
    def test_only_of_runs_that_are_no_more(self):
        gone = 2 ** 22 + 1  # above the highest process id that Linux gives
        self.assertTrue(wire.is_left_over(f"tlbench-{gone}-box"))
        for name in (f"tlbench-{os.getpid()}-box", f"other-{gone}-box", "tlbench-x-box",
                     f"tlbench-{gone}"):
            self.assertFalse(wire.is_left_over(name), name)


class Table(unittest.TestCase):
    ROWS = [Row("low", 2.5, "x", LOWER, {"name": "memory loop", "value": 8.25}, "one core"),
            Row("a.very.long.name", 412345.6, "pps", HIGHER),
            Row("high", 0.5, "x", HIGHER, void="the ceiling is too low")]

    def test_columns_stand_in_line(self):
        lines = table.render(self.ROWS, judge).splitlines()
        heads, rows = lines[0], [line for line in lines[2:] if not line.startswith(" ")]
        self.assertEqual(len(rows), 3)
        for head, cells in (("unit", ("x", "pps", "x")), ("target", ("<= 3", "", ">= 0.75")),
                            ("verdict", ("met", "", "void"))):
            at = heads.index(head)
            for line, cell in zip(rows, cells):
                self.assertEqual(line[at:at + len(cell)], cell)
                self.assertEqual(line[at - 2:at].strip(), "")
        ends = [heads.index("value") + len("value")] + [
            line.index(text) + len(text) for line, text in zip(rows, ("2.50", "412,346", "0.50"))]
        self.assertEqual(len(set(ends)), 1)  # figures are flush right

    def test_verdicts(self):
        lines = table.render(self.ROWS, judge).splitlines()
        self.assertEqual(lines[3].strip(), "beside it memory loop 8.25; one core")
        self.assertEqual(lines[-1].strip(), "VOID: the ceiling is too low")
        self.assertEqual(table.tally(self.ROWS, judge), "1 met, 0 missed, 0 failed, 1 void")

    def test_nothing_is_wider_than_the_table(self):
        names = [row for name in profiles.NAMES for row in profiles.load(name).ROWS]
        rows = [Row(name, 123456.7, "cycles", LOWER, conditions="word " * 80) for name in names]
        for line in table.render(rows, targets.judge).splitlines():
            self.assertLessEqual(len(line), table.WIDTH)

    def test_a_reason_is_said_once(self):
        rows = [Row(name, None, "x", LOWER, void="no peer") for name in ("low", "high", "other")]
        self.assertEqual(table.render(rows, judge).count("no peer"), 1)

    def test_rounding_does_not_contradict_the_verdict(self):
        for name, value, text in (("low", 3.004, "3.004"), ("low", 3.0000004, "3.0000004"),
                                  ("low", 2.999, "3.00"), ("low", 3.2, "3.20"),
                                  ("high", 0.7499, "0.7499"), ("high", 0.7501, "0.75"),
                                  ("other", 3.004, "3.00")):
            self.assertEqual(table.judged_figure(Row(name, value, "x", LOWER), judge), text)

    def test_figures(self):
        for value, text in ((None, "-"), (0, "0.00"), (1234567, "1,234,567"), (123.4, "123"),
                            (12.34, "12.3"), (1.234, "1.23"), (0.0125, "0.013"), (-5.5, "-5.50")):
            self.assertEqual(table.figure(value), text)


class Json(unittest.TestCase):
    def test_shape(self):
        result = Result({"cpu": "a"})
        result.add(Row("low", 2.0, "x", LOWER, {"name": "loop", "value": 1.0}, "here"))
        result.add(Row("high", None, "x", HIGHER, void="not measured"))
        result.add(Row("other", 5, "ns", LOWER))
        result.add(Row("wrong", 5, "ns", LOWER, void=OURS + "lost"))
        result.measurements.append({"profile": "p", "what": "w", "report": {"p50": 1}})
        found = json.loads(result.to_json(judge))
        self.assertEqual(set(found), {"machine", "rows", "targets", "profiles", "crashes",
                                      "measurements"})
        for row in found["rows"]:
            self.assertEqual(list(row), ["name", "value", "unit", "better", "peer", "conditions",
                                         "void"])
        self.assertEqual(found["rows"][0]["peer"], {"name": "loop", "value": 1.0})
        self.assertIsNone(found["rows"][1]["value"])
        self.assertEqual(found["targets"], [
            {"name": "low", "target": "<= 3", "verdict": "met"},
            {"name": "high", "target": ">= 0.75", "verdict": "void"}])
        self.assertEqual((found["rows"][3]["value"], found["rows"][3]["void"]),
                         (None, OURS + "lost"))
        self.assertEqual(found["measurements"][0]["report"]["p50"], 1)

    def test_no_figure_that_json_does_not_know(self):
        result = Result({})
        result.add(Row("low", math.nan, "x", LOWER))
        with self.assertRaises(ValueError):
            result.to_json(judge)
