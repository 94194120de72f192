#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fuzzing for hours, with a ledger of what was run.

  campaign.py run [--minutes M] [NAME ...]   M minutes of a core for each, by turns, in slices
  campaign.py coverage [NAME ...]            regions of the source that the inputs found so far reach
  campaign.py cost [NAME ...]                instructions an octet of inputs of up to 64 KB
  campaign.py                                the ledger

Inputs are kept in .build/fuzz/NAME from one campaign to the next. Executions and core time are
added up in Tests/Fuzz/ledger.json, which is committed. `quiet` is the core time since the last new
edge; it begins anew when the sources of a target change, and so do edges.
A failing input ends the campaign of its target and is counted as an open finding: it is in
.build/fuzz; with its fix it goes to Tests/Fuzz/corpus.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
OUT = os.environ.get("BUILD_DIR") or os.path.join(ROOT, ".build", "fuzz")
LEDGER = os.path.join(HERE, "ledger.json")
NAMES = "sip uri multipart sdp rules dns rtp stun command event digits srtp".split()
SLICE_S = 300
STUCK_S = 300  # of wall time, beside other work; what is merely slow is found by `cost`
LONGEST = 65536
INTERRUPTED = 72  # how libFuzzer ends on SIGINT
COST_MAX = 2000  # instructions an octet
COST_INPUTS = 24
# What a target is there to test, of the sources that it is built of.
SUBJECT = {
    "sip": "Sources/SIPMessage", "sdp": "Sources/SDP", "rules": "Sources/Manipulation",
    "uri": "Sources/SIPMessage/(URI|SIPURI|TelURI|Host|Parameter|NameAddr|Cursor)[.+]",
    "multipart": "Sources/SIPMessage/(MultipartBody|MediaType)[.]",
    "dns": "Sources/SIPLocation", "rtp": "CShims/CStages", "stun": "CShims/CStages/.*(ice|stun)",
    "command": "CShims/CTables", "event": "CShims/CDTMF/event",
    "digits": "CShims/(CDTMF|CStages/dtmf|CTables/dtmf)", "srtp": "CShims/CSRTP",
}


def load():
    try:
        with open(LEDGER, encoding="ascii") as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def save(ledger):
    with open(LEDGER + ".new", "w", encoding="ascii") as file:
        json.dump(ledger, file, indent=1, sort_keys=True)
        file.write("\n")
    os.replace(LEDGER + ".new", LEDGER)


def build(name, kind):
    """The program; ends everything where it does not build."""
    script = 'root=$1 here=$2 out=$3 shims=$1/CShims; . "$here/build.sh"; build "$4" "$5"'
    made = subprocess.run(["bash", "-c", script, "build", ROOT, HERE, OUT, name, kind])
    if made.returncode != 0:
        sys.exit(f"campaign: {name}_{kind} does not build")
    return os.path.join(OUT, f"{name}_{kind}")


def digest(name):
    with open(os.path.join(OUT, f"{name}.fuzz.sources"), encoding="ascii") as file:
        return file.read().split()[0]


def folders(name):
    found = os.path.join(OUT, name)
    os.makedirs(found, exist_ok=True)
    return [found, os.path.join(HERE, "corpus", name)]


def words(name):
    path = os.path.join(HERE, f"{name}.dict")
    return [f"-dict={path}"] if os.path.exists(path) else []


# A campaign ------------------------------------------------------------------------------------


def one_slice(name, seconds, longest, ledger):
    """Runs libFuzzer for so long and notes what it did. The core time it took, in seconds, and
    whether it found no fault."""
    entry = ledger.setdefault(name, {"executions": 0, "core_s": 0.0, "findings": 0})
    if entry.get("sources") != digest(name):
        entry.update(sources=digest(name), edges=0, quiet_s=0.0)
    environment = dict(os.environ, SWIFT_BACKTRACE="enable=no")
    child = subprocess.Popen(
        [os.path.join(OUT, f"{name}_fuzz"), f"-max_len={longest}", f"-timeout={STUCK_S}",
         f"-max_total_time={seconds}", "-print_final_stats=1",
         f"-artifact_prefix={OUT}/{name}-", *words(name), *folders(name)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
        env=environment)
    executions, grew_at = 0, None
    tail = []
    for line in child.stderr:
        if found := re.match(r"#\d+\s+\w+\s+cov: (\d+)", line):
            if int(found[1]) > entry["edges"]:
                entry["edges"], grew_at = int(found[1]), cpu_s(child.pid)
        elif found := re.match(r"stat::number_of_executed_units:\s*(\d+)", line):
            executions = int(found[1])
        else:
            tail = tail[-39:] + [line]
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    took = usage.ru_utime + usage.ru_stime
    entry["executions"] += executions
    entry["core_s"] = round(entry["core_s"] + took, 1)
    entry["quiet_s"] = round(
        entry["quiet_s"] + took if grew_at is None else max(0.0, took - grew_at), 1)
    good = child.returncode in (0, INTERRUPTED)
    if not good:
        entry["findings"] += 1
        print("".join(tail), file=sys.stderr)
    return took, good


def cpu_s(pid):
    """CPU time of a process that still runs."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(names, minutes):
    ledger = load()
    for name in names:
        build(name, "fuzz")
    left = {name: minutes * 60 for name in names}
    turn = 0
    while any(left.values()):
        for name in [name for name in names if left[name] > 0]:
            # Every third slice goes to what is larger than most messages.
            took, good = one_slice(name, max(1, int(min(SLICE_S, left[name]))),
                                   LONGEST if turn % 3 == 2 else 4096, ledger)
            left[name] = max(0, left[name] - took) if good else 0
            save(ledger)
            entry = ledger[name]
            print(f"{name}: {entry['executions']:,} executions, {entry['core_s'] / 3600:.2f} core-h,"
                  f" {entry['edges']:,} edges, quiet {entry['quiet_s'] / 60:.0f} min"
                  + ("" if good else ", A FINDING"), flush=True)
        turn += 1
    return not any(ledger[name]["findings"] for name in names)


# Coverage --------------------------------------------------------------------------------------


def coverage(names):
    ledger = load()
    for name in names:
        program = build(name, "coverage")
        raw, profile = os.path.join(OUT, f"{name}.profraw"), os.path.join(OUT, f"{name}.profdata")
        subprocess.run([program, "-runs=0", f"-max_len={LONGEST}", *folders(name)], check=True,
                       capture_output=True, env=dict(os.environ, LLVM_PROFILE_FILE=raw))
        subprocess.run([tool("llvm-profdata"), "merge", "-o", profile, raw], check=True)
        report = json.loads(subprocess.run(
            [tool("llvm-cov"), "export", "-summary-only", f"-instr-profile={profile}", program],
            check=True, capture_output=True, text=True).stdout)
        subject = re.compile(SUBJECT[name])
        counts = [(file["filename"], file["summary"]["regions"])
                  for file in report["data"][0]["files"] if subject.search(file["filename"])]
        count = sum(one["count"] for _, one in counts)
        covered = sum(one["covered"] for _, one in counts)
        for path, one in sorted(counts, key=lambda item: item[1]["covered"] - item[1]["count"]):
            if one["covered"] < one["count"]:
                print(f"  {os.path.relpath(path, ROOT):50} {one['covered']:5} of {one['count']:5}")
        print(f"{name}: {covered:,} of {count:,} regions, {100 * covered / max(1, count):.1f} %")
        ledger.setdefault(name, {"executions": 0, "core_s": 0.0, "findings": 0}).update(
            regions=count, regions_covered=covered)
        save(ledger)
    return True


def tool(name):
    """A tool of the toolchain that built the program."""
    return os.path.join(os.path.dirname(os.path.realpath(shutil.which("swift"))), name)


# Cost ------------------------------------------------------------------------------------------


def enlarged(path):
    """The input, and the input with its longest line or all of it repeated up to 64 KB."""
    with open(path, "rb") as file:
        data = file.read(LONGEST)
    yield data
    if not data:
        return
    yield (data * (LONGEST // len(data) + 1))[:LONGEST]
    lines = data.split(b"\n")
    longest = max(range(len(lines)), key=lambda number: len(lines[number]))
    fill = (LONGEST - len(data)) // (len(lines[longest]) + 1)
    if fill > 0:
        yield b"\n".join(lines[:longest] + [lines[longest]] * (fill + 1) + lines[longest + 1:])
        middle = len(lines[longest]) // 2
        wide = lines[longest][:middle] + lines[longest][middle:middle + 1] * (
            LONGEST - len(data)) + lines[longest][middle:]
        yield b"\n".join(lines[:longest] + [wide] + lines[longest + 1:])


def cost(names, most=COST_INPUTS):
    """The dearest of the kept inputs and of the largest found, each also made 64 KB long."""
    ledger, good = load(), True
    for name in names:
        program = build(name, "cost")
        found, kept = folders(name)
        paths = [os.path.join(kept, one) for one in sorted(os.listdir(kept))]
        paths += sorted((os.path.join(found, one) for one in os.listdir(found)),
                        key=os.path.getsize, reverse=True)[:most]
        worst = 0.0
        with tempfile.TemporaryDirectory() as folder:
            inputs = []
            for path in paths:
                for data in enlarged(path):
                    if len(data) >= 512:  # below it what every input costs counts for more
                        inputs.append((os.path.join(folder, str(len(inputs))), len(data)))
                        with open(inputs[-1][0], "wb") as file:
                            file.write(data)
            for path, size in inputs:
                each = instructions(program, path, folder) / size
                if each > worst:
                    worst = each
                    shutil.copy(path, os.path.join(OUT, f"{name}-dearest"))
        good = good and worst <= COST_MAX
        print(f"{name}: at most {worst:,.0f} instructions an octet of {len(inputs)} inputs "
              f"(bound {COST_MAX:,})", flush=True)
        ledger.setdefault(name, {"executions": 0, "core_s": 0.0, "findings": 0})[
            "instructions_an_octet"] = round(worst)
        save(ledger)
    return good


def instructions(program, path, folder):
    file = os.path.join(folder, "callgrind")
    made = subprocess.run(
        ["valgrind", "--tool=callgrind", "--toggle-collect=measured_run",
         f"--callgrind-out-file={file}", program, path], capture_output=True, text=True)
    if made.returncode != 0:
        sys.exit(f"campaign: {program} {path}: {made.stderr[-1000:]}")
    with open(file, encoding="utf-8", errors="replace") as lines:
        return next(int(line.split()[1]) for line in lines
                    if line.startswith(("summary:", "totals:")))


def show(ledger):
    head = ("target", "executions", "core-h", "edges", "quiet min", "regions", "instr/octet",
            "findings")
    rows = [head]
    for name in NAMES:
        one = ledger.get(name)
        if one:
            regions = one.get("regions")
            rows.append((
                name, f"{one['executions']:,}", f"{one['core_s'] / 3600:.2f}",
                f"{one.get('edges', 0):,}", f"{one.get('quiet_s', 0) / 60:.0f}",
                f"{100 * one['regions_covered'] / regions:.1f} %" if regions else "-",
                str(one.get("instructions_an_octet", "-")), str(one["findings"])))
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    for row in rows:
        print("  ".join(text.ljust(width) if column == 0 else text.rjust(width)
                        for column, (text, width) in enumerate(zip(row, widths))))
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", nargs="?", choices=("run", "coverage", "cost", "show"),
                        default="show")
    parser.add_argument("names", nargs="*", metavar="NAME", help=" ".join(NAMES))
    parser.add_argument("--minutes", type=int, default=120)
    options = parser.parse_intermixed_args()
    names = options.names or NAMES
    if unknown := set(names) - set(NAMES):
        parser.error(f"no target {', '.join(sorted(unknown))}; write {' '.join(NAMES)}")
    if options.minutes < 1:
        parser.error("--minutes: at least 1")
    good = {"run": lambda: run(names, options.minutes), "coverage": lambda: coverage(names),
            "cost": lambda: cost(names), "show": lambda: show(load())}[options.verb]()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
