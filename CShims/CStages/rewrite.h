// SPDX-License-Identifier: Apache-2.0
// The headers of the peer's leg, and where the packet goes from here.
// Cost: 114 instructions for an RTP packet over IPv4 (Tests/gates/instructions.txt).

#ifndef TL_REWRITE_H
#define TL_REWRITE_H

#include "frame.h"
#include "secure.h"

#define REWRITE_VARIANTS (TL_VARIANT_IPV6 | TL_VARIANT_VLAN | TL_VARIANT_HAIRPIN)

static inline struct frame_way rewrite_way(const struct tl_worker *worker,
                                           const struct tl_flow_egress *egress,
                                           const struct passage *passage)
{
    return (struct frame_way){
        .leg = frame_leg(worker, egress),
        .egress = egress,
        .hop_word = passage->hop_word,
        .ports_be = egress->ports_be,
    };
}

// Any variant; `sum` is that of the UDP payload.
static inline __attribute__((always_inline)) void
rewrite_frame(const struct tl_worker *worker, struct tl_packet *packet,
              const struct passage *passage, uint64_t sum)
{
    const struct tl_flow_egress *egress = &passage->peer->egress;
    uint32_t variant = egress->way & REWRITE_VARIANTS;
    packet->target = egress->target;
    packet->edge = TL_EDGE_SEND;
    if (TL_LIKELY(variant == 0)) {
        struct frame_way way = rewrite_way(worker, egress, passage);
        frame_build(packet, &way, passage->rtp, passage->length, passage->flags, sum, 1, 0);
        return;
    }
    struct frame_way way = rewrite_way(worker, egress, passage);
    tl_frame_builders[variant](packet, &way, sum);
    if (variant & TL_VARIANT_HAIRPIN) {
        packet->edge = TL_EDGE_LOOP;
        packet->flags |= TL_PACKET_LOOPED;
        packet->hops++;
    }
}

TL_STAGE_CODE void rewrite(struct tl_worker *worker, struct tl_packet *packet,
                           const struct passage *passage)
{
    if (TL_UNLIKELY(passage->peer->egress.way & TL_WAY_SECURE)) {
        tl_secure_park_out(worker, packet);
        return;
    }
    // The RTP header's own twelve bytes were summed as they were written.
    uint64_t sum = passage->payload_sum +
                   checksum_sum(passage->rtp + RTP_BYTES, passage->length - RTP_BYTES);
    rewrite_frame(worker, packet, passage, sum);
}

#endif
