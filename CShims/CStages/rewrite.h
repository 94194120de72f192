// SPDX-License-Identifier: Apache-2.0
// The headers of the peer's leg, and where the packet goes from here.

#ifndef TL_REWRITE_H
#define TL_REWRITE_H

#include "frame.h"
#include "stage.h"

TL_STAGE_CODE void rewrite(const struct tl_worker *worker, struct tl_packet *packet,
                           const struct passage *passage)
{
    const struct tl_flow_egress *egress = &packet->peer->egress;
    struct frame_way way = {
        .leg = frame_leg(worker, egress),
        .egress = egress,
        .hop_word = passage->hop_word,
        .ports_be = egress->ports_be,
    };
    // The RTP header's own twelve bytes were summed as they were written.
    uint64_t sum = passage->payload_sum +
                   checksum_sum(passage->rtp + RTP_BYTES, packet->payload_length - RTP_BYTES);
    uint32_t variant = egress->way & 7;
    if (TL_LIKELY(variant == 0))
        frame_build(packet, &way, sum, 1, 0);
    else
        tl_frame_builders[variant](packet, &way, sum);
    packet->target = egress->target;
    packet->edge = TL_EDGE_SEND;
    if (TL_UNLIKELY(variant & TL_VARIANT_HAIRPIN)) {
        packet->edge = TL_EDGE_LOOP;
        packet->flags |= TL_PACKET_LOOPED;
        packet->hops++;
    }
}

#endif
