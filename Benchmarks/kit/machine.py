# SPDX-License-Identifier: Apache-2.0
"""This machine: what it is, and what its processes cost."""

import glob
import os
import platform
import subprocess
import threading
import time

HUGE = "/sys/kernel/mm/hugepages/hugepages-2048kB/"
MEGABYTES_A_PAGE = 2


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def _fields(path):
    """{"key": "value"} of the first block of a file of `key : value` lines."""
    pairs = (line.split(":", 1) for line in _read(path).split("\n\n")[0].splitlines()
             if ":" in line)
    return {key.strip(): value.strip() for key, value in pairs}


def _said(*words):
    try:
        run = subprocess.run(words, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return run.stdout.strip() if run.returncode == 0 else ""


def _version(package):
    return _said("dpkg-query", "-W", "-f", "${Version}", package)


def steal_ticks():
    """Ticks that the hypervisor took from all cores since the start."""
    fields = _read("/proc/stat").splitlines()[0].split()
    return int(fields[8]) if len(fields) > 8 else 0


def describe(root, cores):
    """The JSON object `machine`. root: the checkout; cores: those that are used."""
    cpu = _fields("/proc/cpuinfo")
    memory = _fields("/proc/meminfo")
    flags = cpu.get("flags", "").split()
    return {
        "cpu": cpu.get("model name", "unknown"), "cores": os.cpu_count(), "cores_used": cores,
        "cpu_mhz": float(cpu.get("cpu MHz", 0) or 0), "cache": cpu.get("cache size", ""),
        "flags": flags, "virtual": "hypervisor" in flags,
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") or "none",
        "kernel": platform.release(), "command_line_isolation": _isolation(),
        "memory_kb": int(memory.get("MemTotal", "0").split()[0]),
        "huge_pages": int(_read(HUGE + "nr_hugepages") or 0), "numa_nodes": _nodes(),
        "commit": _said("git", "-C", root, "rev-parse", "HEAD"),
        "changed_files": len(_said("git", "-C", root, "status", "--porcelain").splitlines()),
        "dpdk": _version("libdpdk-dev"), "rtpengine": _version("rtpengine-daemon"),
        "debian": _read("/etc/debian_version"),
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "load_before": os.getloadavg()[0],
    }


def _isolation():
    words = _read("/proc/cmdline").split()
    return [word for word in words if word.startswith(("isolcpus", "nohz_full", "rcu_nocbs"))]


def _nodes():
    return max(1, len(glob.glob("/sys/devices/system/node/node[0-9]*")))


def cpu_ns(pid):
    """Exact run time of all threads of a process. Ticks are too coarse on many kernels."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        text = _read(path)
        total += int(text.split()[0]) if text else 0
    return total


def memory_bytes(pid):
    """Resident memory of a process: private, shared files in memory, and huge pages."""
    status = _fields(f"/proc/{pid}/status")
    return sum(int(status.get(key, "0 kB").split()[0]) * 1024
               for key in ("VmRSS", "HugetlbPages"))


class CpuRecord:
    """Notes a process's run time several times a second, while something else goes on."""

    INTERVAL = 0.1

    def __init__(self, pid):
        self.pid = pid
        self.samples = []  # (monotonic ns, run time ns)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()
        self._note()

    def _note(self):
        self.samples.append((time.monotonic_ns(), cpu_ns(self.pid)))

    def _watch(self):
        self._note()
        while not self._ended.wait(self.INTERVAL):
            self._note()

    def share(self, start_ns, end_ns):
        """Run time a second of time between two moments (1.0: one whole core), or None when the
        record holds less than half of that span."""
        inside = [sample for sample in self.samples if start_ns <= sample[0] <= end_ns]
        if len(inside) < 2:
            return None
        elapsed = inside[-1][0] - inside[0][0]
        return (inside[-1][1] - inside[0][1]) / elapsed if elapsed * 2 >= end_ns - start_ns \
            else None


class HugePages:
    """Takes care that enough 2 MB pages are free, and gives back what it had to add. A note in the
    run's folder lets a later run do that for one that was killed."""

    NOTE = "huge-pages"

    def __init__(self, megabytes, folder):
        self.note = os.path.join(folder, self.NOTE)
        self.pages = -(-megabytes // MEGABYTES_A_PAGE)
        self.before = None
        if self.free() < self.pages:
            self._add()
        self.usable = self.free() >= self.pages

    @staticmethod
    def free():
        return int(_read(HUGE + "free_hugepages") or 0)

    @staticmethod
    def _write(pages):
        try:
            with open(HUGE + "nr_hugepages", "w") as file:
                file.write(str(pages))
        except OSError:
            pass

    def _add(self):
        self.before = int(_read(HUGE + "nr_hugepages") or 0)
        wanted = self.before + self.pages - self.free()
        with open(self.note, "w", encoding="ascii") as file:
            file.write(f"{self.before} {wanted}")
        self._write(wanted)

    @classmethod
    def give_back(cls, folder):
        """What the run of this folder added and could not give back, unless somebody has changed
        the number since."""
        words = _read(os.path.join(folder, cls.NOTE)).split()
        if len(words) == 2 and _read(HUGE + "nr_hugepages") == words[1]:
            cls._write(int(words[0]))

    def close(self):
        if self.before is not None:
            self._write(self.before)
