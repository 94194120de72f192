# SPDX-License-Identifier: Apache-2.0
"""The profiles, in the order in which they run. One file each: TITLE, SECONDS (full, quick),
ROWS ({name: (unit, better)} of what it makes), NEEDS (profiles whose rows it uses) and run(bench)."""

import importlib

NAMES = ("self_load", "workers", "memif", "veth", "bypass", "residence", "flows", "memory",
         "idle", "junk")


def load(name):
    return importlib.import_module(f"profiles.{name}")


def with_needs(names):
    """The named profiles and those that they stand on, in running order."""
    wanted = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting += load(name).NEEDS
    return [name for name in NAMES if name in wanted]
