# SPDX-License-Identifier: Apache-2.0
"""Processes that this run starts, and ends whatever happens."""

import json
import os
import select
import shutil
import signal
import subprocess
import time


class BenchError(Exception):
    """Something that kept a figure from being measured, as a sentence."""


ENDED_AS_ASKED = (0, -signal.SIGTERM, 128 + signal.SIGTERM)
AS_IT_ENDED = "after its windows"
MEMIF_FAULT = "DPDK's memif driver is known to fail so when its peer leaves"


def crash_of(name, words, code, asked, harmless=()):
    """What to report of a process that ended with `code` (negative: the signal), or None. asked:
    it was told to end, or its windows were over. harmless: codes that are its way to say something."""
    if code == 0 or code in harmless or (asked and code in ENDED_AS_ASKED):
        return None
    try:
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    except ValueError:
        how = f"signal {-code}"
    over_memif = any("memif" in word for word in words)
    return {"process": name, "how": how, "when": AS_IT_ENDED if asked else "at work",
            "note": MEMIF_FAULT if code == -signal.SIGSEGV and over_memif else ""}


class Child:
    """One running process. What it says goes to a file; with `pipes` its standard output is read
    with line(), and its standard input stays open until it is stopped. harmless: exit codes that
    are no crash."""

    def __init__(self, name, words, log_path, namespace=None, cores=None, pipes=False,
                 open_input=False, harmless=()):
        self.name, self.log_path, self.harmless = name, log_path, harmless
        before = ["setpriv", "--pdeathsig", "KILL"]  # it must not outlive a killed benchmark
        if namespace:
            before += ["ip", "netns", "exec", namespace]
        if cores is not None:
            before += ["taskset", "-c", ",".join(map(str, cores))]
        self.words = before + [str(word) for word in words]
        with open(log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.words,
                stdin=subprocess.PIPE if pipes or open_input else subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipes else log, stderr=log, start_new_session=True)
        self._rest = b""
        self._asked = self._killed = self._over = False
        _favour(self.process.pid)

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process.poll() is None

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()

    def fail(self, what):
        """A BenchError with the last that the process said."""
        return BenchError(f"{self.name}: {what}: {self.log()[-600:]}".rstrip(": "))

    def line(self, seconds):
        """The next line of its standard output, or BenchError."""
        end = time.monotonic() + seconds
        descriptor = self.process.stdout.fileno()
        while b"\n" not in self._rest:
            left = end - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                raise self.fail(f"said nothing for {seconds:.0f} s")
            data = os.read(descriptor, 65536)
            if not data:
                self.process.wait()
                raise self.fail(f"ended with {self.process.returncode}")
            self._rest += data
        line, self._rest = self._rest.split(b"\n", 1)
        return line.decode(errors="replace")

    def report(self, seconds):
        """The next line of its standard output, which is JSON, as a value; or BenchError."""
        line = self.line(seconds)
        try:
            return json.loads(line)
        except ValueError:
            raise self.fail(f"said {line[:200]!r} instead of a report") from None

    def until(self, condition, seconds, what):
        """Waits until condition() gives something, and gives that."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            if not self.alive():
                raise self.fail(f"ended with {self.process.returncode}")
            time.sleep(0.01)
        raise self.fail(f"{what}: not within {seconds:.0f} s")

    def over(self):
        """Says that all it was measured in has ended well: a crash from now on, or one that came
        unseen since, spoilt nothing."""
        self._over = True

    def close_input(self):
        if self.process.stdin and not self.process.stdin.closed:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass

    def end(self, seconds=10):
        """Waits for it to end by itself after its last line; its exit code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise self.fail(f"did not end within {seconds} s of its last word") from None
        finally:
            self.stop()

    def stop(self, seconds=5):
        """Ends it, gently first; its exit code (negative: the signal)."""
        self.close_input()
        if self.alive() and not self._asked:
            self._asked = True
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._killed = True
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        return self.process.returncode

    def crash(self):
        """What to report when it ended as nobody asked it to, or None."""
        code = self.process.poll()
        if code is None or (self._killed and code == -signal.SIGKILL):
            return None
        found = crash_of(self.name, self.words, code, self._asked or self._over,
                         self.harmless)
        return found and {**found, "pid": self.pid, "said": self.log()[-200:]}


def _favour(pid):
    # Everyone who is measured gets the same: first among equals on its core. Not all kernels
    # group by session; without it the figures are only noisier.
    try:
        with open(f"/proc/{pid}/autogroup", "w") as file:
            file.write("-20")
    except OSError:
        pass


class Children:
    """All processes of a run, and the folder of their logs and sockets."""

    def __init__(self, folder):
        self.folder = folder
        self.list = []
        self.count = 0  # of all that were ever started: their files have names of their own

    def start(self, name, *words, **options):
        self.count += 1
        path = os.path.join(self.folder, f"{self.count}-{name}.log")
        child = Child(name, words, path, **options)
        self.list.append(child)
        return child

    def stop(self):
        """Ends all that run, the youngest first. What to report of those that crashed."""
        found = []
        for child in reversed(self.list):
            child.stop()
            found.append(child.crash())
        self.list.clear()
        return [crash for crash in reversed(found) if crash]

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
