# SPDX-License-Identifier: Apache-2.0
"""As veth, with calls in which tones of party A become telephone-events for B, and the reverse:
tones are looked for in all audio that A sends. The audio is what the generator sends: no digits.

rtpengine decodes such audio and codes it anew, which spoils the generator's marks in it: what comes
back cannot be judged. So it has a load that it carries with ease, and its CPU time alone is taken."""

import statistics

from peers.rtpengine import THREADS
from profiles.veth import STREAM_PPS, ProductSide, RtpEngineSide
from result import HIGHER, LOWER

TITLE = "calls whose tones become events: highest load, and CPU time beside rtpengine's"
SECONDS = (120, 40)
BY_NAME = True
ROWS = {
    "dtmf.loss_free_pps.trunkline.veth": ("pps", HIGHER),
    "dtmf.cpu_ns_per_packet.trunkline.veth": ("ns", LOWER),
    "dtmf.cpu_ns_per_packet.rtpengine.veth": ("ns", LOWER),
    "dtmf.cpu_ratio_to_rtpengine.veth": ("x", LOWER),
}
PEER_CALLS = 100
COME_BACK = 0.98  # of what was sent, or the peer's load was no easy one


class ConvertingRtpEngine(RtpEngineSide):
    digits = True
    most = PEER_CALLS


class ConvertingProduct(ProductSide):
    digits = True
    start = 1500


def run(bench):
    rounds = bench.pick(5, 2)
    peer, product = ConvertingRtpEngine(bench), ConvertingProduct(bench)
    bench.say(f"product holds {product.most:,} calls")
    product.search(bench.pick(0.1, 0.25))
    ours, theirs = [], []
    while product.found.load and len(ours) < rounds:
        bench.say(f"round {len(ours) + 1} of {rounds}")
        theirs.append(peer.again(PEER_CALLS)[1])
        ours.append(product.again(product.found.load)[1])
    _rows(bench, product.found.load, ours, theirs)


def _rows(bench, calls, ours, theirs):
    void = None if calls else "not even the lowest load was carried"
    if any(load["received_pps"] < COME_BACK * 2 * STREAM_PPS * PEER_CALLS for load in theirs):
        void = f"rtpengine did not carry {PEER_CALLS} calls"
    elif calls and 2 * sum(load.carried for load in ours) < len(ours):
        void = f"{calls:,} calls were not carried again in most rounds"
    bench.row("dtmf.loss_free_pps.trunkline.veth", calls * 2 * STREAM_PPS,
              conditions=f"{calls:,} calls, one core; half of the packets are looked into for "
              f"tones; carried again in {sum(load.carried for load in ours)} of {len(ours)} rounds",
              void=void)
    mine, peer = [None if void else statistics.median(load.relay_cpu_ns for load in loads)
                  for loads in (ours, theirs)]
    bench.row("dtmf.cpu_ns_per_packet.trunkline.veth", mine,
              conditions=f"all threads, {calls:,} calls, median of {len(ours)} rounds", void=void)
    bench.row("dtmf.cpu_ns_per_packet.rtpengine.veth", peer,
              conditions=f"all of {THREADS} threads on one core, {PEER_CALLS} calls with "
              f"telephone-event transcoded, median of {len(theirs)} rounds", void=void)
    bench.row("dtmf.cpu_ratio_to_rtpengine.veth", None if void else mine / peer,
              conditions="of the two rows above, by turns: ours where bursts are full, rtpengine's "
              "where it is about two thirds busy", void=void)
