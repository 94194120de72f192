# SPDX-License-Identifier: Apache-2.0
"""Compares instructions a packet with what was accepted. See instructions.sh."""

import collections
import os
import re
import subprocess
import sys

CASES = """rtp_ipv4 rtp_ipv6 rtp_vlan rtcp no_flow command_add srtp_seal srtp_open dtmf_audio dtmf_event
    dtmf_tone""".split()
HEADROOM = 1.03  # compilers of the same major version differ by about one percent
LEAST = 3        # instructions: below that a percentage is noise
IGNORED = 0.5    # instructions a packet: a function that runs for few of them


def count(program, case, file):
    """Instructions a packet by function, of what the functions called measured_* run. Of the
    program's own functions: what libipsec-mb takes depends on the processor."""
    made = subprocess.run(
        ["valgrind", "--tool=callgrind", "--toggle-collect=measured_*", "--compress-strings=no",
         "--compress-pos=no", f"--callgrind-out-file={file}", program, case],
        capture_output=True, text=True)
    if made.returncode != 0:
        sys.exit(f"instructions: {case} did not run: {made.stderr[-2000:]}{made.stdout}")
    packets = int(made.stdout.split()[-1])
    costs, function, called, own = collections.Counter(), None, False, True
    for line in open(file, encoding="utf-8"):
        if line.startswith("ob="):
            own = ".so" not in line
        elif line.startswith("fn="):
            function = re.sub(r"'\d+$", "", line[3:].strip()).split("/")[-1]
        elif line.startswith("calls="):
            called = True  # the next line is what the callee cost, which stands there too
        elif re.match(r"\d+ \d+", line) and function:
            if not called and own:
                costs[function] += int(line.split()[1])
            called = False
    return {name: cost / packets for name, cost in costs.items() if cost / packets >= IGNORED}


def measure(apart, whole, file):
    """{(case, stage): instructions}: each function of the build that keeps stages apart, and
    `total` of the build that is shipped, in which they are one function."""
    table = {}
    for case in CASES:
        for name, cost in count(apart, case, file).items():
            table[case, name] = cost
        table[case, "total"] = sum(count(whole, case, file).values())
    return table


def read(path):
    accepted = {}
    if os.path.exists(path):
        for line in open(path, encoding="utf-8"):
            if line.strip() and not line.startswith("#"):
                case, stage, cost = line.split()
                accepted[case, stage] = float(cost)
    return accepted


def write(path, table):
    with open(path, "w", encoding="utf-8") as file:
        file.write("# SPDX-License-Identifier: Apache-2.0\n"
                   "# Instructions a packet (or command) that were accepted.\n"
                   "# Written by Tests/gates/instructions.sh --accept\n")
        for (case, stage), cost in sorted(table.items()):
            file.write(f"{case} {stage} {cost:.1f}\n")


def judge(table, accepted):
    """Prints the table; returns the faults as sentences."""
    faults = []
    for case, stage in sorted(set(table) | set(accepted)):
        now, then = table.get((case, stage)), accepted.get((case, stage))
        print(f"{case:12} {stage:24} {now or 0:8.1f} {'accepted':>10} {then or 0:8.1f}")
        if now is not None and then is None:
            faults.append(f"{case}: {stage} is new ({now:.1f} instructions)")
        elif now is None:
            faults.append(f"{case}: {stage} is gone")
        elif now > max(then * HEADROOM, then + LEAST):
            faults.append(f"{case}: {stage} grew from {then:.1f} to {now:.1f} instructions")
    return faults


def main():
    apart, whole, work, thresholds = sys.argv[1:5]
    table = measure(apart, whole, os.path.join(work, "callgrind.out"))
    if "--accept" in sys.argv[5:]:
        write(thresholds, table)
    faults = judge(table, read(thresholds))
    for fault in faults:
        print(f"instructions: {fault}; if that is meant: Tests/gates/instructions.sh --accept")
    print(f"{len(table) - len(faults)} passed, {len(faults)} failed, 0 skipped")
    return 1 if faults else 0


sys.exit(main())
