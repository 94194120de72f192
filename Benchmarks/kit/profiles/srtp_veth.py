# SPDX-License-Identifier: Apache-2.0
"""As veth, with calls whose party B speaks SRTP (AES_CM_128_HMAC_SHA1_80): the same frames, the
same keys' suite, the same generator, which seals and opens for all parties of both relays."""

from peers.rtpengine import SUITE, THREADS
from profiles.veth import (LOWEST, PPS_A_CALL, ProductSide, RtpEngineSide, compare, conditions,
                           void_of)
from result import HIGHER, LOWER, first_reason
from search import highest

TITLE = "highest load of RTP to SRTP calls, beside rtpengine on the same veth pair"
SECONDS = (130, 55)
ONLY_FULL = True
ROWS = {
    "srtp.loss_free_pps.trunkline.veth": ("pps", HIGHER),
    "srtp.loss_free_pps.rtpengine.veth": ("pps", HIGHER),
    "srtp.cpu_ns_per_packet.trunkline.veth": ("ns", LOWER),
    "srtp.cpu_ns_per_packet.rtpengine.veth": ("ns", LOWER),
    "srtp.cpu_ratio_to_rtpengine.veth": ("x", LOWER),
}
SHORT = ((2, 1), (2, 1))  # the rest of a full run takes long enough


class SecureRtpEngine(RtpEngineSide):
    suite = "cm80"
    most, start = 1500, 500
    times = SHORT


class SecureProduct(ProductSide):
    suite = "cm80"
    most, start = 8000, 2000
    times = SHORT

    def search(self, resolution):
        """Each run of the generator has SSRCs of its own, and a key takes only so many of them in
        its life (one more is dropped as srtp_ssrc): so every window has fresh calls."""
        self.found = highest(self.again, self.start, LOWEST, self.most, resolution,
                             twice=not self.bench.quick)


def run(bench):
    peer, product = SecureRtpEngine(bench), SecureProduct(bench)
    compare(bench, peer, product, resolution=bench.pick(0.1, 0.25))
    voids = {side: void_of(side) for side in (product, peer)}
    for side in (product, peer):
        bench.row(f"srtp.loss_free_pps.{side.name}.veth", side.calls * PPS_A_CALL,
                  conditions=f"{SUITE}; {conditions(side)}", void=voids[side])
        bench.row(f"srtp.cpu_ns_per_packet.{side.name}.veth",
                  None if voids[side] else side.cpu_ns,
                  conditions="all threads, at its highest load, median of the windows that "
                  "confirmed it; half of the packets are sealed and half are opened",
                  void=voids[side])
    both = first_reason(*voids.values())
    bench.row("srtp.cpu_ratio_to_rtpengine.veth",
              None if both else product.cpu_ns / peer.cpu_ns,
              conditions=f"each at its highest load; rtpengine: {THREADS} threads on one core, keys "
              "by SDES", void=both)
