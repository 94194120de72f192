# SPDX-License-Identifier: Apache-2.0
"""What leaving the kernel is worth: two different roads, compared on purpose."""

from result import LOWER

TITLE = "CPU time a packet through memif against rtpengine's on sockets"
SECONDS = (0, 0)
NEEDS = ("memif", "veth")
NAME = "relay.cpu_ratio_to_rtpengine.bypass"
ROWS = {NAME: ("x", LOWER)}


def run(bench):
    ours, theirs = "relay.cpu_ns_per_packet.memif", "relay.cpu_ns_per_packet.rtpengine.veth"
    void = bench.void(ours, theirs)
    if void:
        bench.row(NAME, None, void=void)
        return
    bench.row(NAME, bench.value(ours) / bench.value(theirs),
              ("rtpengine ns", bench.value(theirs)),
              "what leaving the kernel is worth: memif against sockets in user space")
