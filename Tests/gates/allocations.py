# SPDX-License-Identifier: Apache-2.0
"""Compares what operations allocate with what they may.

usage: allocations.py COUNTER [--accept]

COUNTER prints one line an operation: name, allocations, bytes, blocks kept, parted by tabs; of what
stands, as an established call, it counts what that holds. It has to print the same twice, so
nothing here depends on time or on what else the machine does.
"""

import os
import subprocess
import sys
from decimal import Decimal

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "allocations.txt")
ACCEPT = "If that is wanted: Tests/gates/allocations.sh --accept"
# Known beforehand: allocations and bytes.
CALIBRATION = {
    "nothing": (0, 0),
    "ten blocks of 64 bytes": (10, 640),
    "an array of a hundred numbers": (1, 832),
}
# A field more in a structure is no fault; the number of allocations is exact.
BYTES_SLACK = Decimal("1.1")
# Tables that still grow a little are no leak; a block lost in every twentieth run is one.
KEPT_MAX = Decimal("0.05")
HEADER = """\
# Heap allocations of one operation, and the bytes they ask for: averages of 1,000 runs. Of an
# established call: the blocks that it holds after a minute, and their bytes in the heap, its share
# of all tables included. More allocations, or a tenth more bytes, and the gate fails.
# Written by Tests/gates/allocations.sh --accept.
"""


def count(counter, *options):
    """What the counter prints: {operation: (allocations, bytes, kept)}."""
    done = subprocess.run(
        [counter, *options], stdout=subprocess.PIPE, text=True, check=False, timeout=300,
        # Hash tables of equal content are then equal.
        env=dict(os.environ, SWIFT_DETERMINISTIC_HASHING="1"))
    if done.returncode != 0:
        sys.exit(f"{counter} failed: {done.stdout.strip().splitlines()[-1:]}")
    rows = (line.split("\t") for line in done.stdout.splitlines())
    return {name: tuple(Decimal(figure) for figure in figures) for name, *figures in rows}


def thresholds():
    """{operation: (allocations, bytes)}"""
    if not os.path.exists(FILE):
        return {}
    with open(FILE, encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file if line.strip() and not line.startswith("#")]
    rows = (line.rsplit(None, 2) for line in lines)
    return {name.strip(): (Decimal(most), Decimal(size)) for name, most, size in rows}


def accept(measured):
    with open(FILE, "w", encoding="utf-8") as file:
        file.write(HEADER)
        for name, (allocations, size, _) in measured.items():
            if name not in CALIBRATION:
                file.write(f"{name:<36} {allocations:>9} {size:>10}\n")


def faults_of_meter(first, second):
    """Sentences about figures that cannot be trusted."""
    for name, known in CALIBRATION.items():
        if first.get(name, ())[:2] != known:
            yield f"the meter counts {first.get(name)} for {name}, not {known}"
    for name in sorted(set(first) | set(second)):
        if first.get(name) != second.get(name):
            yield f"{name}: {first.get(name)} in one run, {second.get(name)} in the next"


def fault(name, measured, limits):
    """Why an operation fails; None if it does not."""
    if name not in limits:
        return f"{name}: there is no threshold. {ACCEPT}"
    if name not in measured:
        return f"{name}: there is a threshold, but nothing was counted. {ACCEPT}"
    allocations, size, kept = measured[name]
    most, bytes_most = limits[name]
    if abs(kept) >= KEPT_MAX:
        return f"{name}: of each run {kept} blocks are left on the heap."
    if allocations > most:
        return f"{name}: {allocations} allocations, not more than {most} are allowed. {ACCEPT}"
    if size > bytes_most * BYTES_SLACK:
        return f"{name}: {size} bytes, a tenth more than {bytes_most} at most. {ACCEPT}"
    return None


def advice(name, measured, limits):
    """What a good figure should lead to; None for nothing."""
    most, bytes_most = limits[name]
    allocations, size, _ = measured[name]
    if allocations <= most * Decimal("0.95") - 1 or size * BYTES_SLACK < bytes_most:
        return f"{name}: clearly less than the threshold. Keep it: Tests/gates/allocations.sh --accept"
    return None


def table(measured, limits):
    print(f"{'operation':<36} {'allocations':>11} {'threshold':>9} {'bytes':>10} {'threshold':>10}")
    for name, (allocations, size, _) in measured.items():
        if name not in CALIBRATION:
            most, bytes_most = limits.get(name, ("none", "none"))
            print(f"{name:<36} {allocations:>11} {most:>9} {size:>10} {bytes_most:>10}")


def blind_spots(counter, measured):
    """Would the gate notice an allocation more, or a block lost, in each operation?"""
    exact = {name: figures[:2] for name, figures in measured.items()}
    wasteful, leaking = count(counter, "--waste"), count(counter, "--leak")
    for name in measured:
        if name in CALIBRATION:
            noticed = any(name in sentence for sentence in faults_of_meter(wasteful, wasteful))
        else:
            noticed = "not more than" in (fault(name, wasteful, exact) or "")
        if not noticed:
            yield f"{name}: an allocation more is not noticed"
        if "left on the heap" not in (fault(name, leaking, exact) or ""):
            yield f"{name}: a lost block is not noticed"


def main():
    counter, options = sys.argv[1], sys.argv[2:]
    if options not in ([], ["--accept"]):
        sys.exit(__doc__)
    measured = count(counter)
    broken = list(faults_of_meter(measured, count(counter)))
    if options and not broken:
        accept(measured)
    limits = thresholds()
    table(measured, limits)
    names = [name for name in {**measured, **limits} if name not in CALIBRATION]
    faults = [sentence for name in names if (sentence := fault(name, measured, limits))]
    blind = list(blind_spots(counter, measured))
    for sentence in broken + blind + faults:
        print(f"FAILED {sentence}")
    for name in names:
        if not fault(name, measured, limits) and (sentence := advice(name, measured, limits)):
            print(sentence)
    failed = len(faults) + bool(broken) + bool(blind)
    # Besides the operations, the meter and the check of the check are a test each.
    print(f"{len(names) + 2 - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
