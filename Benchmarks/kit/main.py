# SPDX-License-Identifier: Apache-2.0
"""Runs profiles and prints what they found. Benchmarks/run prepares everything and calls this."""

import argparse
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
from bench import Bench  # noqa: E402
from children import BenchError  # noqa: E402
from lab import LabError, binaries  # noqa: E402
from result import Result, Row, not_measured  # noqa: E402

EXIT_MISSED, EXIT_BROKEN, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 64, 130


def read_arguments(words):
    parser = argparse.ArgumentParser(
        prog="Benchmarks/run", description="Measures this product beside its peers in one run.",
        epilog="Exit: 0 measured (targets met or missed), 1 --gate and a target was not shown, "
        "2 a profile could not be measured, 64 wrong arguments.")
    parser.add_argument("--quick", action="store_true",
                        help="shorter windows and fewer of them: three minutes instead of fifteen")
    parser.add_argument("--json", metavar="FILE", help="write everything that was measured")
    parser.add_argument("--gate", action="store_true",
                        help="exit with 1 when a target is missed, or its row failed or is void")
    parser.add_argument("--allow-void", action="store_true",
                        help="--gate forgives what the machine or the generator made void")
    parser.add_argument("--list", action="store_true", help="the profiles and their rows")
    parser.add_argument("--check-arguments", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("profile", nargs="*", metavar="PROFILE",
                        help=f"of {', '.join(profiles.NAMES)} (all)")
    options = parser.parse_args(words)
    unknown = [name for name in options.profile if name not in profiles.NAMES]
    if unknown:
        parser.error(f"there is no profile {unknown[0]}; --list shows them")
    if options.json and not os.path.isdir(os.path.dirname(os.path.abspath(options.json))):
        parser.error(f"--json {options.json}: there is no such folder")
    return options


def show_list():
    for name in profiles.NAMES:
        profile = profiles.load(name)
        full, quick = profile.SECONDS
        print(f"{name}: {profile.TITLE} (about {full} s, quick {quick} s)")
        for row, (unit, better) in profile.ROWS.items():
            bound, _ = targets.judge(Row(row, 0, unit, better))
            print(f"    {row} [{unit}, {better} is better]"
                  f"{'   target ' + bound if bound else ''}")


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
        bench.end_profile()
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
    if os.geteuid() != 0:
        raise BenchError("network namespaces and huge pages need root: run it with sudo")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # three descriptors a call
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_INTERRUPTED))


def show(result, options):
    print(table.render(result.rows, targets.judge))
    box = result.machine
    print(f"{box['cpu']}, {box['cores']} cores{' (virtual)' if box['virtual'] else ''}, "
          f"Linux {box['kernel']}, DPDK {box['dpdk']}, rtpengine {box['rtpengine']}, "
          f"commit {box['commit'][:12]}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            file.write(result.to_json(targets.judge))


def measure(options):
    """All profiles that are asked for; the exit code."""
    prepare()
    cores = pick_cores()
    result = Result(machine.describe(ROOT, cores))
    result.machine["quick"] = options.quick
    steal = machine.steal_ticks()
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
            for name in profiles.with_needs(options.profile or profiles.NAMES):
                bench.say(f"--- {name}: {profiles.load(name).TITLE}")
                if run_profile(bench, name) is not None:
                    code = EXIT_BROKEN
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the end takes a second
            bench.close()
    except (KeyboardInterrupt, SystemExit):
        print("interrupted; everything that was started is ended", file=sys.stderr)
        code = EXIT_INTERRUPTED
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    result.machine["stolen_ticks"] = machine.steal_ticks() - steal
    if result.rows:
        show(result, options)
    if code == 0 and options.gate:
        faults = targets.gate(result.rows, options.allow_void)
        for fault in faults:
            print(f"gate: {fault}", file=sys.stderr)
        return EXIT_MISSED if faults else code
    return code


def main(words):
    options = read_arguments(words)
    if options.check_arguments:
        return 0
    if options.list:
        show_list()
        return 0
    try:
        return measure(options)
    except (BenchError, LabError) as error:
        print(f"Benchmarks/run: {error}", file=sys.stderr)
        return EXIT_BROKEN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
