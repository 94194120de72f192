# SPDX-License-Identifier: Apache-2.0
"""The profiles, in the order in which all of them run. One file each: TITLE, SECONDS (full, quick),
ROWS ({name: (unit, better)} of what it makes), run(bench); NEEDS where it uses others' rows;
ONLY_FULL where a quick run of everything leaves it out, BY_NAME where any does: it takes long."""

import importlib

NAMES = ("self_load", "workers", "memif", "veth", "bypass", "residence", "flows", "memory",
         "idle", "junk", "srtp", "srtp_veth", "dtmf", "dtmf_veth", "tenancy", "tenancy_start", "sip")


def load(name):
    return importlib.import_module(f"profiles.{name}")


def all_of(quick):
    """What a run measures that names no profile."""
    return [name for name in NAMES if not getattr(load(name), "BY_NAME", False)
            and not (quick and getattr(load(name), "ONLY_FULL", False))]


def with_needs(names):
    """The named profiles in the order in which they are named, each after those that it needs."""
    order = []
    for name in names:
        needs = with_needs(getattr(load(name), "NEEDS", ()))
        order += [other for other in (*needs, name) if other not in order]
    return order
