# SPDX-License-Identifier: Apache-2.0
"""A running trunkline-fastpath with a folder of its own, and tl_poke as its control plane."""

import os
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARIES = os.environ.get("TRUNKLINE_BIN", os.path.join(ROOT, ".build/debug"))
POKE = os.path.join(ROOT, ".build/contract/tl_poke")
RUNNING = 2
PATIENCE = 15  # seconds for what takes milliseconds


def wait(what, condition):
    """Until the condition gives something; `what` says, when asked, what did not happen."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.002)
    raise TimeoutError(what())


def cores():
    """Cores of a fast path and of something beside it; the same one where there is one only."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1]


def memif_pair(ports):
    """--realm values: two links between processes, to a next hop that no kernel knows."""
    return [f"name={name},attach=memif,interface={{folder}}/{name}.sock,address=192.0.2.{host},"
            f"ports={ports},gateway-mac=02:00:00:00:00:09" for name, host in (("a", 1), ("b", 2))]


class WithControl(unittest.TestCase):
    """A fast path, `box`, and a control plane beside it, `control`: both end with the test."""
    box = control = None

    def kill_control(self):
        self.control.kill()
        self.control.communicate()

    def tearDown(self):
        if self.control is not None:
            self.kill_control()
        self.assertEqual(self.box.stop(), 0)


class FastPath:
    """realms: --realm values, with {folder} in them. prefix: a command that ends by running it.
    owner: the user whose folder and control plane it is, when that is not ours. options: more of
    the command line."""

    def __init__(self, realms, prefix=(), owner=None, options=()):
        self.folder = tempfile.mkdtemp(prefix="trunkline-contract-", dir="/dev/shm")
        if owner is not None:
            os.chown(self.folder, owner, owner)
        self.words = [*prefix, os.path.join(BINARIES, "trunkline-fastpath"), "--directory",
                      self.folder, "--no-huge", "--cores", str(cores()[0]),
                      "--flows-per-worker", "64", "--packet-slots", "4", *options]
        for realm in realms:
            self.words += ["--realm", realm.format(folder=self.folder)]
        self.owner = owner
        self.process = None
        self.children = []
        try:
            self.start()
        except (AssertionError, TimeoutError):
            shutil.rmtree(self.folder)
            raise

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self):
        with open(self.path("log"), "ab") as log:
            self.process = subprocess.Popen(self.words, stdout=log, stderr=log)
        try:
            wait(lambda: "it did not start: " + self.log(), self.is_running)
        except (AssertionError, TimeoutError):
            if self.is_alive():
                self.process.kill()
                self.process.wait()
            raise

    def is_running(self):
        if self.process.poll() is not None:
            raise AssertionError(f"ended with {self.process.returncode}: {self.log()}")
        try:
            with open(self.path("fastpath.shm"), "rb") as file:
                header = file.read(96)
        except FileNotFoundError:
            return False
        return header[88:] == struct.pack("<II", RUNNING, self.process.pid)

    def is_alive(self):
        return self.process.poll() is None

    def log(self):
        with open(self.path("log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def peer_incarnation(self):
        with open(self.path("fastpath.shm"), "rb") as file:
            return struct.unpack("<Q", file.read(80)[72:])[0]

    def poke(self, *verbs):
        """Runs tl_poke with these verbs; its output. AssertionError when it failed."""
        run = subprocess.run([POKE, self.folder, *map(str, verbs)], capture_output=True,
                             timeout=60, check=False, user=self.owner, group=self.owner)
        said = run.stdout.decode() + run.stderr.decode()
        if run.returncode != 0:
            raise AssertionError(f"tl_poke {verbs}: {said}{self.log()}")
        return said

    def received(self):
        words = self.poke("counters").split()
        return int(words[words.index("received") + 1]) if "received" in words else 0

    def hold(self):
        """A control plane that is attached and stays."""
        before = self.peer_incarnation()
        holder = subprocess.Popen([POKE, self.folder, "ping", "hold"], stdout=subprocess.PIPE)
        self.children.append(holder)
        line = b""
        while not line.startswith(b"operation"):
            line = holder.stdout.readline()
            if not line:
                raise AssertionError(f"tl_poke hold ended, peer was {before}: {self.log()}")
        return holder

    def kill(self, child):
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()
        self.children.remove(child)

    def stop(self):
        """Stops everything that was started; the exit code of the fast path."""
        for child in list(self.children):
            self.kill(child)
        if self.is_alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        shutil.rmtree(self.folder)
        return code
