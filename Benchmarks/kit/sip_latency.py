# SPDX-License-Identifier: Apache-2.0
"""How long SIP messages stay in the box, from what sip_capture.py noted at its devices."""

import bisect
import collections

# What is passed on from one side to the other. A 100, the ACK of a 2xx and the 200 of a BYE are the
# box's own.
PASSED = ("INVITE", "180/INVITE", "200/INVITE", "BYE")


def read(lines):
    """Notes as (stamp, is outgoing, device, number, kind)."""
    for line in lines:
        stamp, way, device, number, kind = line.split()
        yield int(stamp), way == "out", device, number, kind


def stays(notes):
    """(stays as (arrived, left, kind), messages that were not passed on). Copies of a message
    count once: from the first arrival to the first departure on another device."""
    arrived, found = {}, []
    for stamp, is_out, device, number, kind in sorted(notes):
        if kind not in PASSED:
            continue
        key = (number, kind)
        if not is_out:
            arrived.setdefault(key, (stamp, device))
        elif key in arrived and arrived[key] is not None and arrived[key][1] != device:
            found.append((arrived[key][0], stamp, kind))
            arrived[key] = None
    return found, sum(value is not None for value in arrived.values())


def outside(found, gaps):
    """The stays that no gap (from, to) touches."""
    gaps = sorted(gaps)
    starts = [gap[0] for gap in gaps]
    kept = []
    for stay in found:
        before = bisect.bisect_right(starts, stay[1])  # gaps that began before it left
        if before == 0 or gaps[before - 1][1] < stay[0]:
            kept.append(stay)
    return kept


def percentile(values, percent):
    """The value that so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * percent // 100) - 1))]


def milliseconds(found):
    return [(left - came) / 1e6 for came, left, _ in found]


def by_kind(found):
    """Text: p50 and p99 of each kind in milliseconds."""
    kinds = collections.defaultdict(list)
    for came, left, kind in found:
        kinds[kind].append((left - came) / 1e6)
    return ", ".join(f"{kind} {percentile(kinds[kind], 50):.2f}/{percentile(kinds[kind], 99):.2f}"
                     for kind in PASSED if kinds[kind])
