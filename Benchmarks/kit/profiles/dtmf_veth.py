# SPDX-License-Identifier: Apache-2.0
"""As veth, with calls in which tones of party A become telephone-events for B, and the reverse:
tones are looked for in all audio that A sends. The audio is what the generator sends: no digits."""

from peers.rtpengine import THREADS
from profiles.veth import (PPS_A_CALL, ProductSide, RtpEngineSide, compare, conditions, void_of)
from result import HIGHER, LOWER, first_reason

TITLE = "highest load of calls whose tones become events, beside rtpengine on the same veth pair"
SECONDS = (200, 60)
BY_NAME = True
ROWS = {
    "dtmf.loss_free_pps.trunkline.veth": ("pps", HIGHER),
    "dtmf.loss_free_pps.rtpengine.veth": ("pps", HIGHER),
    "dtmf.cpu_ns_per_packet.trunkline.veth": ("ns", LOWER),
    "dtmf.cpu_ns_per_packet.rtpengine.veth": ("ns", LOWER),
    "dtmf.cpu_ratio_to_rtpengine.veth": ("x", LOWER),
}


class ConvertingRtpEngine(RtpEngineSide):
    digits = True
    start = 400


class ConvertingProduct(ProductSide):
    digits = True
    start = 2000


def run(bench):
    peer, product = ConvertingRtpEngine(bench), ConvertingProduct(bench)
    compare(bench, peer, product, resolution=bench.pick(0.1, 0.25))
    voids = {side: void_of(side) for side in (product, peer)}
    for side in (product, peer):
        bench.row(f"dtmf.loss_free_pps.{side.name}.veth", side.calls * PPS_A_CALL,
                  conditions=conditions(side), void=voids[side])
        bench.row(f"dtmf.cpu_ns_per_packet.{side.name}.veth",
                  None if voids[side] else side.cpu_ns,
                  conditions="all threads, at its highest load, median of the windows that "
                  "confirmed it; half of the packets are looked into for tones",
                  void=voids[side])
    both = first_reason(*voids.values())
    bench.row("dtmf.cpu_ratio_to_rtpengine.veth",
              None if both else product.cpu_ns / peer.cpu_ns,
              conditions=f"each at its highest load; rtpengine: {THREADS} threads on one core, "
              "telephone-event transcoded", void=both)
