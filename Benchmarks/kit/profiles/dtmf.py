# SPDX-License-Identifier: Apache-2.0
"""What digits cost on the worker: telephone-events beside a plain relay, and tones in the audio of
all flows. It runs only by its name: the whole table has no time left."""

import statistics

import speed
from profiles.self_load import self_load
from result import HIGHER, LOWER

TITLE = "flows whose digits are found: telephone-events beside a plain relay, tones in all audio"
SECONDS = (60, 30)
BY_NAME = True
SESSIONS = 10000
STREAMS = 90000  # flows in which tones are looked for
PACKETS_PER_S = 50  # of a stream, 20 ms each
ROWS = {"dtmf.event_ns_per_packet": ("ns", LOWER),
        "dtmf.inband_streams_per_core": ("streams", HIGHER),
        "dtmf.ratio_to_spandsp": ("x", HIGHER)}


def run(bench):
    rounds, seconds = bench.pick(5, 2), bench.pick(2, 1)
    extra, tones, relays = [], [], []
    for number in range(rounds):
        bench.say(f"round {number + 1} of {rounds}")
        events, = self_load(bench, [bench.relay_core], SESSIONS, seconds, ",digits=events")
        looked, = self_load(bench, [bench.relay_core], STREAMS // 2, seconds, ",digits=tones")
        extra.append(events["ns_per_packet"] - events["plain_ns_per_packet"])
        tones.append(looked["ns_per_packet"])
        relays.append(looked["plain_ns_per_packet"])
    bench.row("dtmf.event_ns_per_packet", statistics.median(extra),
              conditions=f"self-load, 1 core, {SESSIONS:,} sessions, one packet in 512 an event; "
              f"more than a plain relay of the same packets, by turns; median of {rounds} rounds")
    bench.row("dtmf.inband_streams_per_core", 1e9 / PACKETS_PER_S / statistics.median(tones),
              conditions=f"self-load, 1 core, {STREAMS:,} streams of G.711 in random order, relay "
              f"of the audio included ({statistics.median(relays):.0f} of "
              f"{statistics.median(tones):.0f} ns a packet), median of {rounds} rounds")
    spandsp = speed.measure(bench, "detectors alone", "CDTMF", STREAMS, rounds)
    bench.row("dtmf.ratio_to_spandsp", spandsp["spandsp_ns_per_packet"] / statistics.median(tones),
              conditions=f"of the row above, relay included, to spandsp alone on the same audio: "
              f"{spandsp['spandsp_ns_per_packet']:.0f} ns a packet with {spandsp['flows']:,} "
              f"detectors in random order; our detector alone, by turns with it: "
              f"{spandsp['ratio']:.2f} times as fast")
