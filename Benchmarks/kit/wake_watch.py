# SPDX-License-Identifier: Apache-2.0
"""Finds the times in which the machine had taken a core away: run on that core, until its standard
input is closed.

A thread that goes before all others there and does nothing else asks to be woken every
millisecond. When that comes late, nobody could have run on the core since it was due (or the kernel
would not let go of it). A gap shorter than the pause between two wake-ups may stay unseen. It prints
one line when it is ready, and in the end the gaps as pairs of nanoseconds of the wall clock.
"""

import json
import os
import select
import sys
import time

PERIOD_S = 0.001
LATE_NS = 200_000


def watch():
    gaps = []
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        favoured = True
    except OSError:
        favoured = False  # then it is late now and then for other reasons as well
    print("ready", flush=True)
    begun = time.time_ns()
    while True:
        due = time.time_ns() + int(PERIOD_S * 1e9)
        if select.select([sys.stdin], [], [], PERIOD_S)[0]:
            return {"gaps": gaps, "favoured": favoured, "ns": time.time_ns() - begun}
        now = time.time_ns()
        if now - due > LATE_NS:
            gaps.append((due, now))


if __name__ == "__main__":
    print(json.dumps(watch()), flush=True)
