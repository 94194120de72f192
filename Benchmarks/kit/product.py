# SPDX-License-Identifier: Apache-2.0
"""This product, as it is shipped: trunkline-fastpath, and calls that its own modules install."""

import json
import os
import signal
import struct

import machine
from wire import BOX, DEVICES, PARTIES

RUNNING, STATE_AT = 2, 88  # state and process id in the header of fastpath.shm
PATIENCE_S = 20
PORTS = "1024-65535"
MEMIF_MAC, GENERATOR_MAC = "02:54:4c:00:00:00", "02:00:00:00:00:09"


def memif_realm(socket):
    """A realm that another process reaches through shared memory."""
    return (f"name=bench,attach=memif,interface={socket},address={BOX},ports={PORTS},"
            f"gateway-mac={GENERATOR_MAC}")


def xdp_realm():
    """A realm on the box's end of the veth pair."""
    return f"name=bench,attach=xdp,interface={DEVICES['box']},address={BOX},ports={PORTS}"


class FastPath:
    """A running trunkline-fastpath with one worker on the relay's core."""

    def __init__(self, bench, realm, calls=1000, namespace=None, probe=False, huge=None):
        self.bench = bench
        self.folder = bench.path(f"fastpath-{bench.children.count}")
        os.mkdir(self.folder)
        self.probe_path = os.path.join(self.folder, "probe.json")
        words = [bench.program("trunkline-fastpath"), "--directory", self.folder,
                 "--cores", bench.relay_core, "--flows-per-worker", max(64, 2 * calls),
                 "--realm", realm]
        if probe:
            words += ["--probe", self.probe_path]
        if not (bench.huge_pages if huge is None else huge):
            words.append("--no-huge")
        self.child = bench.children.start("trunkline-fastpath", *words, namespace=namespace,
                                          cores=bench.cores)
        self.child.until(self._is_running, PATIENCE_S, "not running")

    @property
    def pid(self):
        return self.child.pid

    def _is_running(self):
        try:
            with open(os.path.join(self.folder, "fastpath.shm"), "rb") as file:
                state = file.read(STATE_AT + 8)[STATE_AT:]
        except OSError:
            return False
        return state == struct.pack("<II", RUNNING, self.pid)

    def probe(self):
        """What the probe has found since it was last asked: the worker's object."""
        if os.path.exists(self.probe_path):
            os.unlink(self.probe_path)
        os.kill(self.pid, signal.SIGUSR1)
        return self.child.until(self._probed, PATIENCE_S, "no answer of the probe")

    def _probed(self):
        try:
            with open(self.probe_path, encoding="ascii") as file:
                return json.load(file)["workers"][0]
        except (OSError, ValueError):
            return None  # not there yet, or half of it

    def cpu_ns(self):
        return machine.cpu_ns(self.pid)

    def stop(self):
        return self.child.stop()


class Sessions:
    """Calls that trunkline-sessions holds in a fast path until stop(). suite: of B's legs, as
    trunkline-sessions names it; None: they are plain. digits: tones of A become events for B, and
    the reverse."""

    def __init__(self, bench, fastpath, calls, open_budgets=False, suite=None, digits=False):
        self.plan = bench.path("plan")
        self.child = _sessions(bench, fastpath, "hold", calls, "--plan", self.plan,
                               *(["--open-budgets"] if open_budgets else []),
                               *(["--srtp", suite] if suite else []),
                               *(["--digits"] if digits else []))
        self.child.report(PATIENCE_S + calls / 1000)  # comes when all of them stand

    @property
    def pid(self):
        return self.child.pid

    def stop(self):
        return self.child.stop()


def measure_latency(bench, fastpath, calls, seconds, asleep=False):
    """Installs and removes calls one by one; the report of trunkline-sessions."""
    child = _sessions(bench, fastpath, "latency", calls, "--seconds", seconds,
                      *(["--asleep"] if asleep else []))
    if asleep:
        _go_first(child.pid)
    report = child.report(PATIENCE_S + seconds)
    child.end()
    return report


def measure_handshakes(bench, seconds):
    """DTLS-SRTP handshakes; the report of trunkline-sessions."""
    child = bench.children.start("trunkline-sessions", bench.program("trunkline-sessions"),
                                 "handshakes", "--seconds", seconds, cores=[bench.relay_core],
                                 pipes=True)
    report = child.report(PATIENCE_S + seconds)
    child.end()
    return report


def _sessions(bench, fastpath, verb, calls, *more):
    return bench.children.start(
        "trunkline-sessions", bench.program("trunkline-sessions"), verb,
        "--directory", fastpath.folder, "--calls", calls, "--parties", ",".join(PARTIES), *more,
        cores=[bench.generator_core], pipes=True)


def _go_first(pid):
    """Lets a process that sleeps most of the time run as soon as it wakes: what else goes on on its
    core is not what it measures."""
    try:
        os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        pass  # then it is late now and then
