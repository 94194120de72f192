# SPDX-License-Identifier: Apache-2.0
"""Reliable provisional responses, UPDATE and session timers: each on one leg, beside a party that
knows nothing of it."""

import time

from harness import box, case, expect_empty, wait_until


def call(lab, answer, scenario, seconds=1, **answering_options):
    """One call between two SIPp scenarios, which check what reaches them."""
    answering = lab.sipp("service", answer, **answering_options)
    time.sleep(0.3)
    calling = lab.sipp("carrier", scenario, target=lab.address("carrier", "box"), seconds=seconds,
                       port=5070)
    assert calling.wait(30) == 0, f"caller: {calling.errors()[:800]}"
    assert answering.wait(30) == 0, f"callee: {answering.errors()[:800]}"
    expect_empty(lab)


def ended(lab):
    wait_until("the call's record", 10, lambda: lab.ask("records"))
    return lab.ask("records")[-1]


@case()
def reliable_callee_and_a_caller_without():
    with box(trunks={"service": {"reliable-provisional": "supported"}}) as lab:
        call(lab, "answer-reliable.xml", "call-silent.xml")


@case()
def caller_requires_reliable():
    with box(trunks={"carrier": {"reliable-provisional": "supported"}}) as lab:
        call(lab, "answer-early.xml", "call-require-100rel.xml")


@case()
def update_in_an_early_dialog():
    """The caller holds before the answer; the callee hears of it after."""
    with box(trunks={"carrier": {"reliable-provisional": "supported"}}) as lab:
        call(lab, "answer-early-held.xml", "call-update-early.xml", seconds=2)


TIMERS = {"session-timer": "request", "session-seconds": 6, "session-minimum-seconds": 4}


@case()
def session_is_refreshed():
    with box(trunks={"service": TIMERS}) as lab:
        call(lab, "answer-timer.xml", "call-silent.xml", seconds=8)


@case()
def session_lapses():
    """The callee was to refresh and did not: both parties are hung up on."""
    with box(trunks={"service": TIMERS}) as lab:
        call(lab, "answer-timer-lapsed.xml", "call-until-bye.xml")
        assert ended(lab)["end"] == "session expired", ended(lab)
