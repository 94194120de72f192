# SPDX-License-Identifier: Apache-2.0
"""The worker's probe over a measured window, and what the machine takes from an idle core."""

import os
import threading
import time

from children import BenchError

WATCH_S = 0.02  # between two looks at whether packets come
MARGIN_S = 0.1  # kept from the end of the window: an answer takes a while
PERIOD_REACHED = 0.98  # share of the generator's rate that the period has to show


class Period:
    """The probe's period that lies within the measured window of one run of the generator.

    The generator says nothing until its report, so the probe itself is asked: the first period
    with packets says when warm-up began. The probe starts anew after warm-up's end, and is read
    before the window's end; `report` is None where that came too late. The watcher shares the
    generator's core, so it goes first there: it is awake for less than a millisecond a time."""

    def __init__(self, fastpath, seconds, warm_up):
        self.fastpath = fastpath
        self.warm_up, self.seconds = warm_up, seconds
        self.report = None
        self.error = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.fastpath.probe()  # what came before is nobody's
        self._thread.start()
        return self

    def __exit__(self, kind, *_):
        self._ended.set()
        self._thread.join()
        if kind is None and self.error is not None:
            raise self.error

    def _run(self):
        try:
            _go_first()
            self._follow()
        except (BenchError, OSError) as error:
            self.error = error

    def _follow(self):
        silent_at = asked_at = time.monotonic()
        while self.fastpath.probe()["packets"] == 0:
            silent_at = asked_at
            if self._ended.wait(WATCH_S):
                return
            asked_at = time.monotonic()
        if self._ended.wait(self.warm_up):
            return
        self.fastpath.probe()
        end = silent_at + self.warm_up + self.seconds - MARGIN_S  # nothing came before it
        if self._ended.wait(max(0, end - time.monotonic())):
            return
        report = self.fastpath.probe()
        if not self._ended.is_set():
            self.report = report

    def fault(self, load):
        """Why the period is not that of the window `load`, or None."""
        if self.report is None:
            return "the probe's period did not end within the window"
        rate = self.report["packets"] / self.report["seconds"]
        if rate < PERIOD_REACHED * load["received_pps"]:
            return (f"the probe saw {rate:,.0f} pps in its period, the generator "
                    f"{load['received_pps']:,.0f}")
        return None


def _go_first():
    """Lets the calling thread run as soon as it wakes up."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        pass  # then it is late now and then, and that window does not stand


def machine_gaps(bench, seconds):
    """The report of `trunkline-bench probe` on the generator's core."""
    child = bench.children.start(
        "probe", bench.program("trunkline-bench"), "probe", "--seconds", seconds, "--core",
        bench.generator_core, cores=[bench.generator_core], pipes=True)
    report = child.report(seconds + 20)
    child.end()
    bench.record("machine's gaps", {"report": report})
    return report
