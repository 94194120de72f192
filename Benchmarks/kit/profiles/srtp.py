# SPDX-License-Identifier: Apache-2.0
"""Secure calls: the worker's own functions on sealed frames, the SRTP stage alone beside the same on
OpenSSL's EVP, DTLS handshakes beside OpenSSL's own, checks of ICE answered, and what a secure call
takes of memory."""

import statistics

import machine
import speed
from product import FastPath, Sessions, measure_handshakes, memif_realm
from profiles.self_load import self_load
from result import HIGHER, LOWER

TITLE = "SRTP by suite and pairing, DTLS handshakes, STUN answers, memory of a secure call"
SECONDS = (70, 20)
SESSIONS = 10000
SUITES = ("gcm128", "gcm256", "cm80", "cm32", "cm256_80")
BOTH_LEGS = ("gcm128", "cm80")
MEMORY_SIZES = (1000, 9000)
STUN_FLOWS = 10000
ROWS = {f"srtp.ns_per_packet.{suite}": ("ns", LOWER) for suite in SUITES}
ROWS |= {f"srtp.ns_per_packet.srtp_srtp.{suite}": ("ns", LOWER) for suite in BOTH_LEGS}
ROWS |= {f"srtp.ratio_to_openssl.{suite}": ("x", HIGHER) for suite in BOTH_LEGS}
ROWS |= {"dtls.handshakes_per_s": ("/s", HIGHER), "dtls.ratio_to_bare": ("x", HIGHER),
         "stun.answers_per_s": ("/s", HIGHER),
         "call.memory_bytes.total.srtp": ("bytes", LOWER)}


def run(bench):
    _suites(bench)
    _handshakes(bench)
    _stun(bench)
    _memory(bench)


def _suites(bench):
    rounds, seconds = bench.pick(3, 1), 1
    kinds = [(suite, "rtp-srtp") for suite in SUITES] + [(suite, "srtp-srtp")
                                                         for suite in BOTH_LEGS]
    found = {kind: [] for kind in kinds}
    for number in range(rounds):
        for suite, pairing in kinds:
            bench.say(f"round {number + 1} of {rounds}: {suite}, {pairing}")
            found[suite, pairing] += self_load(bench, [bench.relay_core], SESSIONS, seconds,
                                               f",srtp={suite},pairing={pairing}")
    for (suite, pairing), reports in found.items():
        each = [report["ns_per_packet"] for report in reports]
        name = suite if pairing == "rtp-srtp" else f"srtp_srtp.{suite}"
        bench.row(f"srtp.ns_per_packet.{name}", statistics.median(each),
                  conditions=f"self-load, 1 core, {SESSIONS:,} sessions, {pairing}, half of the "
                  f"packets each way, median of {rounds} rounds: "
                  + ", ".join(f"{value:.0f}" for value in each))
    for suite in BOTH_LEGS:
        _ratio(bench, suite, found[suite, "rtp-srtp"])


def _ratio(bench, suite, reports):
    ours, theirs = (statistics.median(report[key] for report in reports)
                    for key in ("stage_ns_per_packet", "stage_openssl_ns_per_packet"))
    bench.row(f"srtp.ratio_to_openssl.{suite}",
              statistics.median(report["ratio_to_openssl"] for report in reports),
              ("OpenSSL ns", theirs),
              f"the SRTP stage alone, packets of 172 bytes in bursts of 32, the keys of {SESSIONS:,} "
              f"sessions: {ours:.0f} ns to seal or to open, by turns with the same on EVP, whose "
              "contexts are kept for each key")


def _handshakes(bench):
    seconds = bench.pick(8, 4)
    bench.say(f"DTLS handshakes for {seconds} s")
    found = measure_handshakes(bench, seconds)
    bench.record("handshakes", {"report": found})
    bench.row("dtls.handshakes_per_s", found["handshakes_per_s"],
              ("bare OpenSSL", found["bare_per_s"]),
              f"server side, mutual ECDSA P-256, one core, {found['handshakes']:,} of them in "
              f"{found['windows']} windows; rtpengine: n/a, its handshakes cannot be told from its "
              "other work")
    bench.row("dtls.ratio_to_bare", found["ratio"],
              conditions=f"the same client, windows by turns; median window {found['ratio_median']}, "
              f"least {found['ratio_min']}")


def _stun(bench):
    rounds = bench.pick(101, 21)
    found = speed.measure(bench, "STUN answers", "CStages", STUN_FLOWS, rounds)
    bench.row("stun.answers_per_s", found["answers_per_s"],
              conditions=f"one core, one check of each of {STUN_FLOWS:,} flows by turns through the "
              f"whole pipeline, no driver, median of {rounds} rounds; a forged one takes "
              f"{found['ns_per_forged']} ns; rtpengine: n/a, it answers through sockets only")


def _memory(bench):
    found = []
    for calls in MEMORY_SIZES:
        bench.say(f"{calls:,} secure calls")
        # Without huge pages: those come by the gigabyte and hide what is used.
        fastpath = FastPath(bench, memif_realm(bench.path("nobody.sock")), calls, huge=False)
        sessions = Sessions(bench, fastpath, calls, suite="cm80")
        found.append((machine.memory_bytes(fastpath.pid), machine.memory_bytes(sessions.pid)))
        sessions.stop()
        fastpath.stop()
    bench.record("memory of secure calls", {"calls": MEMORY_SIZES, "bytes": found})
    calls = MEMORY_SIZES[1] - MEMORY_SIZES[0]
    fast_path, control = ((found[1][i] - found[0][i]) / calls for i in range(2))
    bench.row("call.memory_bytes.total.srtp", fast_path + control,
              conditions=f"one leg plain, one SRTP; resident, {MEMORY_SIZES[0]:,} against "
              f"{MEMORY_SIZES[1]:,} calls, tables sized for them; fast path {fast_path:,.0f}, "
              f"control side {control:,.0f}, without SIP")
