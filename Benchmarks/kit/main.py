# SPDX-License-Identifier: Apache-2.0
"""Runs profiles and prints what they found. Benchmarks/run prepares everything and calls this."""

import argparse
import collections
import os
import resource
import shutil
import signal
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(ROOT, "appliance/lab")]

import machine  # noqa: E402
import profiles  # noqa: E402
import table  # noqa: E402
import targets  # noqa: E402
import wire  # noqa: E402
from bench import Bench, tell  # noqa: E402
from children import AS_IT_ENDED, BenchError  # noqa: E402
from lab import LabError, binaries  # noqa: E402
from result import PRODUCT, Result, Row, not_measured  # noqa: E402

EXIT_MISSED, EXIT_BROKEN, EXIT_USAGE, EXIT_ROOT, EXIT_INTERRUPTED = 1, 2, 64, 77, 130
EXITS = ("Exit: 0 measured (targets met or missed), 1 --gate and a target was not met, 2 a profile "
         "could not be measured or a process crashed, 64 wrong arguments, 70 something could not "
         "be installed or built, 77 not root, 130 interrupted (Ctrl-C, TERM, HUP).")
WORDS = {
    "memif": "a link between two processes through shared memory",
    "testpmd, macswap": "DPDK's own test program, and its forwarding that only swaps a frame's two "
                        "link addresses",
    "veth": "a pair of virtual network devices of the kernel's; what one sends, the other receives",
    "AF_XDP": "the kernel's way to hand frames of a device to a process past its network stack",
    "rtpengine": "a media relay of this product's kind, here in user space",
    "Kamailio": "a SIP proxy; with rtpengine it does this product's job",
    "SIPp": "a generator of SIP calls, here both parties of each",
    "bypass": "leaving out the kernel's network stack",
    "bare memory loop, limit": "a loop that reads and writes what any relay must, and nothing else",
    "self-load": "the worker's own functions on frames made in the process, without a driver",
    "residence": "how long a packet stays in the worker",
    "load20, load50, load80": "that share, in percent, of the highest rate through the same link",
    "gap": "a time in which the machine took the core away",
    "asleep": "the state of a worker that had nothing to do for a while",
    "hot": "what packets touch: the fast path's share of a call's memory",
    "p50, p99": "the value that 50 (99) percent of the samples do not exceed",
    "Mpps, pps": "(million) packets a second; x: a ratio; ns, us: 10^-9 and 10^-6 s",
    "failed": "the product did wrong, or could not be measured because of it; counts as missed",
    "void": "measured under conditions that allow no verdict, or not measured",
}
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Parser(argparse.ArgumentParser):
    """argparse, with the exit code that all our programs have for wrong arguments."""

    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


def cannot_write(path):
    """Why a file cannot be written, or None. What is there stays as it is."""
    existed = os.path.lexists(path)
    try:
        with open(path, "ab"):
            pass
        if not existed:
            os.unlink(path)
    except OSError as error:
        return error.strerror
    return None


def epilog():
    """What stands below the options."""
    width = max(map(len, profiles.NAMES))
    lines = [f"  {name.ljust(width)}  {profiles.load(name).TITLE}" for name in profiles.NAMES]
    return "\n".join(["profiles:", *lines, "", "examples:", "  sudo Benchmarks/run --quick",
                      "  sudo Benchmarks/run --json veth.json veth", "", *table.wrapped(EXITS)])


def read_arguments(words):
    parser = Parser(
        prog="Benchmarks/run", description="Measures this product beside its peers in one run.",
        epilog=epilog(), formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true",
                        help="shorter windows and fewer of them: 3 minutes instead of 15")
    parser.add_argument("--json", metavar="FILE", help="write everything that was measured")
    parser.add_argument("--gate", action="store_true",
                        help="exit with 1 when a target is missed, or its row failed or is void")
    parser.add_argument("--allow-void", action="store_true",
                        help="with --gate: forgives what the machine or the generator made void")
    parser.add_argument("--list", action="store_true", help="profiles, rows, units, targets and words")
    parser.add_argument("--check-arguments", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("profile", nargs="*", metavar="PROFILE",
                        help="one or more of those below (default: all)")
    options = parser.parse_args(words)
    unknown = [name for name in options.profile if name not in profiles.NAMES]
    if unknown:
        parser.error(f"there is no profile {unknown[0]}; there are {', '.join(profiles.NAMES)}")
    if options.allow_void and not options.gate:
        parser.error("--allow-void does nothing without --gate")
    why = cannot_write(options.json) if options.json is not None else None
    if why:
        parser.error(f"--json {options.json}: {why}")
    return options


def show_list():
    for name in profiles.NAMES:
        profile = profiles.load(name)
        full, quick = profile.SECONDS
        needs = [other for other in profiles.with_needs([name]) if other != name]
        after = f", after {' and '.join(needs)}" if needs else ""
        named = ", only by its name" if getattr(profile, "BY_NAME", False) else ""
        print(f"{name}: {profile.TITLE} (about {full} s, quick {quick} s{after}{named})")
        for row, (unit, better) in profile.ROWS.items():
            bound, _ = targets.judge(Row(row, 0, unit, better))
            print(f"    {row} [{unit}, {better} is better]"
                  f"{'   target ' + bound if bound else ''}")
    full, quick = (sum(profiles.load(name).SECONDS[kind] for name in profiles.all_of(kind))
                   for kind in (0, 1))
    print(f"all of them: about {full} s, quick {quick} s\n\nWords:")
    for word, meaning in WORDS.items():
        print("\n".join(table.wrapped(f"{word}: {meaning}", "    ")))


def run_profile(bench, name):
    """Runs one profile. What it could not measure becomes rows that say why; the error, or None."""
    bench.profile, start, error = name, time.monotonic(), None
    profile = profiles.load(name)
    try:
        profile.run(bench)
    except (BenchError, LabError, OSError, KeyError, ValueError, ZeroDivisionError) as problem:
        error = f"{type(problem).__name__}: {problem}" if not isinstance(problem, BenchError) \
            else str(problem)
        bench.say(f"not measured: {error}")
    finally:
        crash = bench.end_profile()
    error = error or crash
    for row in profile.ROWS:
        if bench.result.find(row) is None:
            why = error or "the profile made no such row"
            bench.row(row, None, void=not_measured(why))
            error = why
    bench.result.profiles[name] = {"seconds": round(time.monotonic() - start, 1), "error": error}
    bench.profile = None
    return error


def pick_cores():
    """Cores in the order of their use: the relay's, the generator's, the rest."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise BenchError("a relay and a generator need a core each: this machine has one")
    os.sched_setaffinity(0, cores[1:])  # leave the relay's alone
    return cores


def prepare():
    """Whatever must be so before the first process starts."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # three descriptors a call
    for number in ENDS:
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup means it
            signal.signal(number, _interrupted)


def _interrupted(number, _):
    if number == signal.SIGHUP:  # the terminal is gone; what writes to it must not fail for that
        null = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            if os.isatty(stream):
                os.dup2(null, stream)
    raise KeyboardInterrupt


def show(result, options):
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            file.write(result.to_json(targets.judge))
    print(table.render(result.rows, targets.judge))
    for line in footer(result.machine):
        print("\n".join(table.wrapped(line)))
    for line in crash_lines(result.crashes):
        print("\n".join(table.wrapped(line)))
    print(table.tally(result.rows, targets.judge), flush=True)


def crash_lines(crashes):
    """A line for each kind of crash."""
    kinds = collections.Counter((crash["profile"], crash["process"], crash["how"], crash["when"],
                                 crash["note"]) for crash in crashes)
    for (profile, process, how, when, note), times in kinds.items():
        front = "FAILED" if when != AS_IT_ENDED or process in PRODUCT else "note:"
        yield (f"{front} {profile}: {process} crashed {times} times ({how}, {when})"
               f"{'; ' + note if note else ''}")


def footer(box):
    """Lines about the run: machine, kind of run, what else took time."""
    changed = f" with {box['changed_files']} changed files" if box["changed_files"] else ""
    yield (f"{box['cpu']}, {box['cores']} cores{' (virtual)' if box['virtual'] else ''}, "
           f"Linux {box['kernel']}, DPDK {box['dpdk']}, rtpengine {box['rtpengine']}, "
           f"commit {box['commit'][:12]}{changed}")
    yield (f"{'quick' if box['quick'] else 'full'} run of {box['seconds']:.0f} s; huge pages "
           f"{'used' if box['huge_pages_used'] else 'NOT used, which is slower'}; the hypervisor "
           f"stole {box['stolen_seconds']:.2f} s of {box['cores']} cores; other load before it: "
           f"{box['load_before']:.2f} processes on average of the last minute")


def measure(options):
    """All profiles that are asked for; the exit code."""
    prepare()
    cores = pick_cores()
    result = Result(machine.describe(ROOT, cores))
    result.machine["quick"] = options.quick
    result.machine["huge_pages_used"] = False
    steal, start = machine.steal_ticks(), time.monotonic()
    base = "/dev/shm" if os.path.isdir("/dev/shm") else tempfile.gettempdir()
    wire.sweep(base)
    folder = tempfile.mkdtemp(prefix=f"{wire.PREFIX}-{os.getpid()}-", dir=base)
    code = 0
    try:
        bench = Bench(result, folder, binaries(), cores, options.quick)
        try:
            result.machine["huge_pages_used"] = bench.huge_pages
            if not bench.huge_pages:
                bench.say("no huge pages to be had: measuring without, which is slower")
            for name in profiles.with_needs(options.profile or profiles.all_of(options.quick)):
                bench.say(f"--- {name}: {profiles.load(name).TITLE}")
                if run_profile(bench, name) is not None:
                    code = EXIT_BROKEN
        finally:
            for number in ENDS:
                signal.signal(number, signal.SIG_IGN)  # the end takes a second
            bench.close()
    except KeyboardInterrupt:
        tell("interrupted; everything that was started is ended")
        code = EXIT_INTERRUPTED
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    result.machine["stolen_seconds"] = (machine.steal_ticks() - steal) / os.sysconf("SC_CLK_TCK")
    result.machine["seconds"] = round(time.monotonic() - start, 1)
    if result.rows:
        show(result, options)
    if code == 0 and options.gate:
        faults = targets.gate(result.rows, options.allow_void)
        for fault in faults:
            tell(f"gate: {fault}")
        return EXIT_MISSED if faults else code
    return code


def main(words):
    options = read_arguments(words)
    if options.check_arguments:
        return 0
    if options.list:
        show_list()
        return 0
    if os.geteuid() != 0:
        tell("Benchmarks/run: network namespaces and huge pages need root: run it with sudo")
        return EXIT_ROOT
    try:
        return measure(options)
    except (BenchError, LabError) as error:
        tell(f"Benchmarks/run: {error}")
        return EXIT_BROKEN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
