// SPDX-License-Identifier: Apache-2.0
// The headers of the peer's leg, and where the packet goes from here.
#include "frame.h"
#include "wire.h"

TL_STAGE(tl_rewrite)
{
    (void)worker;
    for (uint32_t i = 0; i < count; i++) {
        struct tl_packet *packet = &packets[i];
        if (packet->edge != TL_EDGE_NEXT || packet->kind != TL_KIND_RTP)
            continue;
        const struct tl_flow_egress *egress = &packet->peer->egress;
        uint64_t word = egress->hop != NULL ? tl_next_hop_word(egress->hop) : 0;
        tl_frame_builders[egress->variant & 7](packet, &packet->peer->headers, word);
        packet->target = egress->target;
        packet->edge = TL_EDGE_SEND;
        if (TL_UNLIKELY(egress->variant & TL_VARIANT_HAIRPIN)) {
            packet->edge = TL_EDGE_LOOP;
            packet->flags |= TL_PACKET_LOOPED;
            packet->hops++;
        }
    }
}
