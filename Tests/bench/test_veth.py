# SPDX-License-Identifier: Apache-2.0
"""Whose fault it is that a side of the veth profile has no figure."""

import unittest

import kit_path  # noqa: F401
from generator import Load
from profiles.veth import ProductSide, RtpEngineSide, void_of
from result import OURS, THEIRS
from search import Confirmed, Found


def load(late=5.0, ceiling_pps=1e6):
    return Load({"lateness_us": {"p99": late}, "ceiling_pps": ceiling_pps}, 0.5)


def side(kind, calls=100, failed_at=105, steps=0, stands=True, confirmed=True, **window):
    made = kind(None)
    made.loads = [load(**window)]
    made.found = Found(calls, None, 5, failed_at, (2, 0))
    if confirmed:
        made.confirmed = Confirmed(calls, (2, 0), made.loads, steps, stands)
    return made


class Void(unittest.TestCase):
    def test_what_is_confirmed_stands(self):
        for kind in (ProductSide, RtpEngineSide):
            self.assertIsNone(void_of(side(kind)))

    def test_who_carries_nothing_is_at_fault_itself(self):
        nothing = {"calls": 0, "confirmed": False}
        self.assertTrue(void_of(side(ProductSide, **nothing)).startswith(OURS))
        self.assertTrue(void_of(side(RtpEngineSide, **nothing)).startswith(THEIRS))

    def test_a_late_generator_is_nobodys_fault(self):
        void = void_of(side(ProductSide, calls=0, confirmed=False, late=20_000.0))
        self.assertIn("the generator sent 20,000 us late", void)
        self.assertFalse(void.startswith((OURS, THEIRS)))

    def test_what_may_not_stand(self):
        for changes, says in (({"confirmed": False}, "nothing to take turns"),
                              ({"stands": False, "steps": 3}, "after 3 steps down, with 2"),
                              ({"failed_at": None}, "own limit"),
                              ({"ceiling_pps": 11_999.0}, "ceiling")):
            self.assertIn(says, void_of(side(ProductSide, **changes)))

    def test_a_step_down_is_a_refusal_too(self):
        self.assertIsNone(void_of(side(ProductSide, failed_at=None, steps=1)))
