# SPDX-License-Identifier: Apache-2.0
"""What the product is built to reach: the only place where a bar stands."""

from result import THEIRS

AT_MOST, AT_LEAST = "at most", "at least"
MET, MISSED, FAILED, VOID, NONE = "met", "missed", "failed", "void", ""

TARGETS = {
    "relay.ratio_to_limit.1000_sessions": (AT_MOST, 3),
    "relay.ratio_to_limit.100000_sessions": (AT_MOST, 2),
    "relay.extra_ns_1000_to_100000": (AT_MOST, 60),
    "relay.ratio_to_testpmd.memif": (AT_LEAST, 0.75),
    "relay.loss_free_ratio_to_rtpengine.veth": (AT_LEAST, 4),
    "relay.cpu_ratio_to_rtpengine.veth": (AT_MOST, 0.25),
    "relay.cpu_ratio_to_rtpengine.bypass": (AT_MOST, 0.0125),  # 1/80
    "relay.residence_us.p50.load80": (AT_MOST, 5),
    "relay.residence_us.p99.load80": (AT_MOST, 20),
    "flow.install_us.p99": (AT_MOST, 50),
    "flow.install_asleep_us.p99": (AT_MOST, 300),
    "flow.install_cpu_us_per_call": (AT_MOST, 10),
    "call.memory_bytes.hot": (AT_MOST, 2048),
    "call.memory_bytes.total": (AT_MOST, 6144),
    "idle.core_percent": (AT_MOST, 4),
    "idle.first_packet_ms": (AT_MOST, 1.5),
    "srtp.ns_per_packet.gcm128": (AT_MOST, 160),
    "srtp.ns_per_packet.cm80": (AT_MOST, 250),
    "srtp.ratio_to_openssl.gcm128": (AT_LEAST, 2.5),
    "srtp.ratio_to_openssl.cm80": (AT_LEAST, 2.2),
    "srtp.cpu_ratio_to_rtpengine.veth": (AT_MOST, 0.25),
    "stun.answers_per_s": (AT_LEAST, 1000000),
    "dtls.ratio_to_bare": (AT_LEAST, 0.8),
    "call.memory_bytes.total.srtp": (AT_MOST, 8192),
    "dtmf.event_ns_per_packet": (AT_MOST, 10),
    "dtmf.inband_streams_per_core": (AT_LEAST, 90000),
    "dtmf.ratio_to_spandsp": (AT_LEAST, 4),
    "sip.calls_per_s.udp": (AT_LEAST, 2000),
    "sip.calls_per_s.tls": (AT_LEAST, 1200),
    "sip.cpu_ratio_to_kamailio_rtpengine": (AT_MOST, 0.5),
    "sip.added_ms.p50": (AT_MOST, 0.5),
    "sip.added_ms.p99": (AT_MOST, 2),
    "sip.memory_bytes_per_call": (AT_MOST, 8192),
    "tenancy.lookup_ns": (AT_MOST, 600),
    "tenancy.lookup_allocations": (AT_MOST, 0),
    "tenancy.bytes_per_number": (AT_MOST, 64),
    "tenancy.change_visible_us": (AT_MOST, 1000),
    "tenancy.growth_us": (AT_MOST, 1000),
    "tenancy.start_s": (AT_MOST, 10),
}


def judge(row, targets=None):
    """(bound as text, verdict) of a row; ("", "") where the product has no target. A void row is
    neither met nor missed; a failed one is the product's fault, whatever the figure was."""
    bound = (TARGETS if targets is None else targets).get(row.name)
    if bound is None:
        return "", (FAILED if row.failed else VOID) if row.void else NONE
    side, limit = bound
    text = f"{'<=' if side == AT_MOST else '>='} {limit:g}"
    if row.void:
        return text, FAILED if row.failed else VOID
    reached = row.value <= limit if side == AT_MOST else row.value >= limit
    return text, MET if reached else MISSED


def gate(rows, allow_void=False, targets=None):
    """What keeps `--gate` from passing, as sentences: target rows that missed or failed, and void
    ones, since a bar that nobody looked at is not reached. allow_void forgives those that the
    machine or the generator made void, never those that are the product's or the peer's."""
    faults = []
    for row in rows:
        bound, verdict = judge(row, targets)
        if not bound or verdict == MET:
            continue
        if verdict == VOID and allow_void and not row.void.startswith(THEIRS):
            continue
        faults.append(f"{row.name} {verdict} ({bound}): {row.void or f'{row.value:g} {row.unit}'}")
    return faults
