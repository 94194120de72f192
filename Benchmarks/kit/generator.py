# SPDX-License-Identifier: Apache-2.0
"""trunkline-bench: the one generator that everybody is measured with."""

import time

import machine
from children import BenchError
from search import FAILED, HOPELESS, PASSED

STREAM_PPS = 50  # G.711, 20 ms
P99_LIMIT_US = 20_000  # one packet time: what is later than that is heard
TRIES = 3  # of a window
HOPELESS_LOSS, HOPELESS_FACTOR = 0.02, 5  # what no gap of the machine's explains
START_S, DRAIN_S = 20, 15  # at most: to start and connect; to wait for the last packets
TAIL_S = 0.5  # passes at most between the end of a window that was carried and its report


class Load:
    """What one run of the generator found. `relay_cpu_share`: cores that the relay's process took
    meanwhile (1.0: one), None when nobody asked."""

    def __init__(self, report, relay_cpu_share):
        self.report = report
        self.relay_cpu_share = relay_cpu_share

    def __getitem__(self, key):
        return self.report[key]

    @property
    def lossless(self):
        """Every packet came back once, and unspoilt."""
        report = self.report
        return (report["sent"] > 0 and report["lost"] == 0 and report["corrupt"] == 0
                and report["duplicated"] == 0)

    @property
    def carried(self):
        """Lossless, sent in time and back in time: what makes a load count as carried."""
        return (self.lossless and self.report["lateness_us"]["p99"] < P99_LIMIT_US
                and self.report["latency_us"]["p99"] < P99_LIMIT_US)

    @property
    def verdict(self):
        """That of search.py."""
        if self.carried:
            return PASSED
        far_off = (self.report["lost"] > HOPELESS_LOSS * self.report["sent"]
                   or self.report["latency_us"]["p99"] > HOPELESS_FACTOR * P99_LIMIT_US)
        return HOPELESS if far_off else FAILED

    @property
    def relay_cpu_ns(self):
        """CPU time of the relay's process for each packet that came back."""
        if self.relay_cpu_share is None:
            raise BenchError("the relay's run time could not be read during the window")
        if self.report["received_pps"] <= 0:
            raise BenchError("nothing came back")
        return self.relay_cpu_share * 1e9 / self.report["received_pps"]

    def brief(self):
        """A few words for progress."""
        latency = self.report["latency_us"]
        return (f"{self.report['received_pps']:,.0f} pps, {self.report['lost']} lost, "
                f"p99 {latency['p99']:,.0f} us")


def ceiling(loads):
    """The most that the generator showed it could carry in these windows. Where it waits for the
    relay it knows its own speed badly, and says too little rather than too much."""
    return max(load["ceiling_pps"] for load in loads)


class Generator:
    """How to reach one relay: interface, addresses, and who is measured."""

    def __init__(self, bench, interface, relay_mac, own_mac, plan, namespace=None,
                 expect="relay"):
        self.bench, self.namespace = bench, namespace
        self.words = [bench.program("trunkline-bench"), "load", "--plan", plan,
                      "--interface", interface, "--relay-mac", relay_mac, "--own-mac", own_mac,
                      "--expect", expect, "--core", bench.generator_core]
        if not bench.huge_pages:
            self.words.append("--no-huge")

    def run(self, what, *options, seconds, warm_up=1, pid=None):
        """One window. options: further words of the command line; pid: whose CPU time to note; a
        window in which it could not be read is run again. Keeps the whole report for the JSON file
        under `what`."""
        for _ in range(TRIES):
            load = self._window(what, options, seconds, warm_up, pid)
            if pid is None or load.relay_cpu_share is not None:
                break
        return load

    def _window(self, what, options, seconds, warm_up, pid):
        words = self.words + list(options) + ["--seconds", seconds, "--warm-up", warm_up]
        child = self.bench.children.start("generator", *words, namespace=self.namespace,
                                          cores=[self.bench.generator_core], pipes=True)
        patience = START_S + seconds + warm_up + DRAIN_S
        share = None
        try:
            if pid is None:
                report, _ = self._report(child, patience)
            else:
                with machine.CpuRecord(pid) as record:
                    report, end_ns = self._report(child, patience)
                end_ns -= int(TAIL_S * 1e9)
                share = record.share(end_ns - int((seconds - TAIL_S) * 1e9), end_ns)
        finally:
            child.stop()
        self.bench.record(what, {"options": " ".join(map(str, options)), "relay_cpu_share": share,
                                 "report": report})
        return Load(report, share)

    @staticmethod
    def _report(child, patience):
        """(report, when it came)"""
        report = child.report(patience)
        end_ns = time.monotonic_ns()
        child.end()
        return report, end_ns
