# SPDX-License-Identifier: Apache-2.0
"""SIPp as both parties of every call, on the generator's core, and what it did."""

import dataclasses
import os
import statistics
import time

import machine
from children import BenchError

HERE = os.path.dirname(os.path.abspath(__file__))
QUIET_PORT = 16000  # media that nobody sends
SATURATED = 0.85  # of a core: above it the parties may be what was measured
RATE_REACHED = 0.95
START_S = 30
SOME_FAILED = 1  # SIPp's exit code when a call failed: counted, no crash


@dataclasses.dataclass
class Transport:
    """How parties speak. `proxy`: they go through a forwarder on their own side."""

    name: str
    word: str  # SIPp's
    port: int  # where they are reached, as the box sees it
    own_port: int  # where SIPp is
    target: tuple = None  # (address, port) of the caller's forwarder; None: the box itself


UDP = Transport("UDP", "u1", 5060, 5060)


@dataclasses.dataclass
class Load:
    """Calls that were offered in one run, and what the parties say of them."""

    calls: int
    rate: float
    hold_s: float
    successful: int = 0
    failed: int = 0
    repeated: int = 0  # requests and responses that were sent again
    peak: int = 0
    seconds: float = 0
    offered: float = 0  # calls a second that really came: the median of the seconds
    sipp_share: float = 0  # of a core, while calls were offered
    forwarder_share: float = 0
    said: str = ""
    cpu_ns: dict = dataclasses.field(default_factory=dict)

    def cpu_us(self, who):
        """CPU microseconds a call."""
        return self.cpu_ns[who] / 1000 / max(1, self.successful)


def fault(load):
    """(why the parties cannot vouch for this load, what the box did wrong in it), None for none."""
    void = None
    for who, share in (("SIPp", load.sipp_share), ("the TLS forwarder", load.forwarder_share)):
        if share > SATURATED:
            void = void or f"{who} took {100 * share:.0f} % of its core: the generator's limit"
    lost = load.calls - load.successful
    wrong = None
    if lost:
        wrong = f"{lost:,} of {load.calls:,} calls did not complete at {load.rate:,.0f} a second"
    elif load.offered < RATE_REACHED * load.rate:
        void = void or f"only {load.offered:,.0f} calls a second came, not {load.rate:,.0f}"
    return void, wrong


def figures(text):
    """{"created", "successful", "failed", "current", "repeated"} of a statistics file's text."""
    lines = text.splitlines()
    row = dict(zip(lines[0].split(";"), lines[-1].split(";"))) if len(lines) > 1 else {}
    names = {"created": "TotalCallCreated", "successful": "SuccessfulCall(C)",
             "failed": "FailedCall(C)", "current": "CurrentCall",
             "repeated": "Retransmissions(C)"}
    try:
        return {name: int(row[key]) for name, key in names.items()}
    except (KeyError, ValueError):
        return dict.fromkeys(names, 0)


def offered(text):
    """Median of the calls that were created in each second in which any were."""
    lines = [line.split(";") for line in text.splitlines()]
    try:
        column = lines[0].index("CallRate(P)")
        rates = [float(line[column]) for line in lines[1:] if len(line) > column]
    except (IndexError, ValueError):
        return 0
    rates = [rate for rate in rates if rate > 0]
    return statistics.median(rates) if rates else 0


class Party:
    """A running SIPp."""

    def __init__(self, bench, lab, side, scenario, transport, *more):
        self.folder = bench.path(f"sipp-{bench.children.count}")
        os.mkdir(self.folder)
        self.statistics = os.path.join(self.folder, "statistics.csv")
        self.errors_path = os.path.join(self.folder, "errors.log")
        own = lab.address(side)
        self.child = bench.children.start(
            "sipp", "sipp", "-sf", os.path.join(HERE, "scenarios", scenario), "-nostdin",
            "-i", own, "-mi", own, "-p", transport.own_port, "-t", transport.word,
            "-mp", QUIET_PORT, "-buff_size", 4 << 20, "-max_recv_loops", 1000,
            "-trace_stat", "-stf", self.statistics, "-fd", 1,
            "-trace_err", "-error_file", self.errors_path,
            "-key", "contact", f"{own}:{transport.port}", "-key", "name", transport.name,
            "-aa", *more, namespace=lab.namespace(side), cores=[bench.generator_core],
            harmless=(SOME_FAILED,))

    def figures(self):
        return figures(self.statistics_text())

    def statistics_text(self):
        try:
            with open(self.statistics, encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def errors(self):
        try:
            with open(self.errors_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def stop(self):
        self.child.stop()


class Calls:
    """Calls from the carrier to the service at a steady rate: start(), and finish() or stop()."""

    def __init__(self, bench, lab, transport=UDP):
        self.bench, self.lab, self.transport = bench, lab, transport
        self.answerer = Party(bench, lab, "service", "sip-answer.xml", transport)
        self.caller = None
        self.forwarders = []

    def start(self, rate, calls, hold_s):
        address, port = self.transport.target or (self.lab.address("carrier", "box"), 5060)
        self.load = Load(calls, rate, hold_s)
        self.caller = Party(
            self.bench, self.lab, "carrier", "sip-call.xml", self.transport,
            "-m", calls, "-r", rate, "-l", calls, "-d", int(hold_s * 1000),
            "-key", "prefix", "+1", f"{address}:{port}")
        self.began = time.monotonic()
        return self.load

    def watch(self, seconds):
        """Lets calls be offered for so long; notes what the parties' processes take meanwhile."""
        sipp = [self.caller.child.pid, self.answerer.child.pid]
        before = [sum(map(machine.cpu_ns, pids)) for pids in (sipp, self.forwarders)]
        start = time.monotonic()
        while self.caller.child.alive() and time.monotonic() < start + seconds:
            time.sleep(0.5)
            self.load.peak = max(self.load.peak, self.caller.figures()["current"])
        elapsed_ns = (time.monotonic() - start) * 1e9
        shares = [(sum(map(machine.cpu_ns, pids)) - old) / elapsed_ns
                  for pids, old in zip((sipp, self.forwarders), before)]
        self.load.sipp_share, self.load.forwarder_share = shares

    def finish(self):
        """Waits until all calls are over, and ends the parties."""
        end = time.monotonic() + self.load.hold_s + self.load.calls / self.load.rate + START_S
        while self.caller.child.alive():
            if time.monotonic() > end:
                break
            time.sleep(0.2)
            self.load.peak = max(self.load.peak, self.caller.figures()["current"])
        self.load.seconds = time.monotonic() - self.began
        self.stop()
        found = self.caller.figures()
        if found["created"] == 0:
            raise BenchError(f"sipp placed no call: {self.caller.errors()[:300]}")
        self.load.successful, self.load.failed = found["successful"], found["failed"]
        self.load.repeated = found["repeated"] + self.answerer.figures()["repeated"]
        self.load.offered = offered(self.caller.statistics_text())
        self.load.said = self.caller.errors()[:500]
        return self.load

    def stop(self):
        for party in (self.caller, self.answerer):
            if party is not None:
                party.stop()
