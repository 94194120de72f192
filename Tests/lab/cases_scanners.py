# SPDX-License-Identifier: Apache-2.0
"""Debian's sipvicious and sipsak at the box: they find nothing and disturb nothing."""

import concurrent.futures
import contextlib
import re
import shutil
import subprocess

from floods import HELD, RATE, Bystanders, edge_drops
from harness import Skipped, box, case, wait_until

STRANGER = "198.18.1.66"
SECONDS = 8  # of new calls beside the scans


@contextlib.contextmanager
def scanned_box(unknown):
    for program in ("svmap", "svwar", "svcrack", "sipsak"):
        if not shutil.which(program):
            raise Skipped(f"{program} is not installed (Debian: sipvicious, sipsak)")
    with box(start=False, discard=False) as lab:
        with open(lab.config, "a") as file:
            file.write(f"limits: {{ unknown-sources: {unknown} }}\n")
        lab.inside("carrier", "ip", "addr", "add", f"{STRANGER}/24", "dev", "to-box")
        lab.start()
        yield lab


def scan(lab, *words, seconds):
    """What a scanner says, colours and logo aside. Those that would go on are ended."""
    result = lab.inside("carrier", "timeout", "-s", "INT", "-k", "2", str(seconds), *words,
                        check=False, cwd=lab.folder, env={
                            "HOME": lab.folder, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                            "TERM": "dumb"},
                        stdin=subprocess.DEVNULL, errors="replace")
    text = re.sub(r"\x1b\[[0-9;]*m", "", result.stdout + result.stderr)
    print(f"  {' '.join(words)}: {result.returncode}: " + " | ".join(
        line.strip() for line in text.splitlines() if line.strip())[-300:])
    return result.returncode, text


def as_stranger(lab):
    """Programs that do not choose an address have the stranger's."""
    lab.inside("carrier", "ip", "route", "replace", f"{lab.address('carrier', 'box')}/32",
               "dev", "to-box", "src", STRANGER)


def all_scans(lab):
    """[(name, code, text)] of a round of everything, all at once: most of it is waiting."""
    there = lab.address("carrier", "box")
    uri = f"sip:100@{there}"
    rounds = {
        "svmap": ("svmap", "-p5060", there),
        "svmap INVITE": ("svmap", "-p5060", "-mINVITE", there),
        "svwar REGISTER": ("svwar", "-e100-140", "-mREGISTER", there),
        "svwar INVITE": ("svwar", "-e100-120", "-mINVITE", "--force", there),
        "svcrack": ("svcrack", "-u100", "-r1000-1040", there),
        "sipsak": ("sipsak", "-v", "-s", uri),
        "sipsak TCP": ("sipsak", "-v", "-E", "tcp", "-s", uri),
        "sipsak usrloc": ("sipsak", "-U", "-C", f"sip:evil@{STRANGER}", "-s", uri),
        "sipsak trash": ("sipsak", "-R", "-t", "40", "-s", uri),
    }
    with concurrent.futures.ThreadPoolExecutor(len(rounds)) as threads:
        done = {name: threads.submit(scan, lab, *words, seconds=SECONDS)
                for name, words in rounds.items()}
        return [(name, *result.result()) for name, result in done.items()]


def expect_nothing_found(said):
    for name, _, text in said:
        if name.startswith("svmap") or name == "svcrack":
            assert "found nothing" in text or "no results" in text.lower() or (
                "+--" not in text and "|" not in text), (name, text)
        if name.startswith("svwar"):
            assert "reqauth" not in text and "noauth" not in text, (name, text)
            assert not re.search(r"^\|\s*1\d\d\s*\|", text, re.M), (name, text)
        assert "The password" not in text, (name, text)


def scans(unknown, stranger):
    with scanned_box(unknown) as lab:
        calls = Bystanders(lab, SECONDS)
        before = edge_drops(lab)
        if stranger:
            as_stranger(lab)
        calls.call()
        said = all_scans(lab)
        calls.account("scans")
        after = edge_drops(lab)
        moved = {name: after[name] - before[name] for name in after}
        calls.expect_unharmed()
        # Our own calls, and not one more.
        expected = HELD + 1 + RATE * SECONDS
        admitted = wait_until("the calls are counted", 5, lambda: lab.ask("status")["calls"][
            "admitted"])
        assert admitted == expected, (admitted, expected)
        return said, moved


@case()
def scans_from_nowhere_get_no_answer():
    said, moved = scans("drop", stranger=True)
    expect_nothing_found(said)
    for name, code, text in said:
        if name.startswith("sipsak"):
            assert code != 0 and "SIP/2.0 " not in text.split("request:")[-1], (name, code, text)
    assert moved["edge.unknown_source"] > 0, moved


@case()
def scans_from_nowhere_that_would_be_answered():
    """Strangers get 403 here, but who says that it is a scanner gets nothing."""
    said, moved = scans("refuse", stranger=True)
    expect_nothing_found(said)
    assert moved["edge.scanner"] > 0, moved


@case()
def scans_from_a_trunk_find_no_number():
    """The carrier's own address: OPTIONS are answered, and nothing tells one number from another.
    """
    said, _ = scans("drop", stranger=False)
    for name, _, text in said:
        if name.startswith("svwar"):
            assert not re.search(r"^\|\s*1\d\d\s*\|", text, re.M), (name, text)
        assert "The password" not in text, (name, text)
