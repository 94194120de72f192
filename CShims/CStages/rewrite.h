// SPDX-License-Identifier: Apache-2.0
// The headers of the peer's leg, and where the packet goes from here.
// Cost: 125 instructions for an RTP packet over IPv4 (Tests/gates/instructions.txt).

#ifndef TL_REWRITE_H
#define TL_REWRITE_H

#include "frame.h"
#include "secure.h"

// Edge, target and what else of the view stands with them, in one piece.
static inline void rewrite_decide(struct tl_packet *packet, uint32_t edge, uint32_t target)
{
    uint32_t word = edge | target << 8 | (uint32_t)TL_DROP_REASON_COUNT << 16 |
                    (uint32_t)TL_KIND_RTP << 24;
    memcpy(&packet->edge, &word, 4);
}

_Static_assert(offsetof(struct tl_packet, target) == offsetof(struct tl_packet, edge) + 1 &&
                   offsetof(struct tl_packet, reason) == offsetof(struct tl_packet, edge) + 2 &&
                   offsetof(struct tl_packet, kind) == offsetof(struct tl_packet, edge) + 3,
               "written in one piece");

// The packet counts as sent by its leg from here on; tl_packet_drop takes that back.
static inline void rewrite_count(struct tl_worker *worker, const struct passage *passage)
{
    struct tl_flow_record *record = passage->out;
    record->tx_packets++;
    record->tx_bytes += passage->length;
    if (TL_UNLIKELY(passage->overhead != 0))
        worker->cold[tl_worker_slot(worker, passage->peer)].tx_overhead += passage->overhead;
}

// Any variant; `sum` is that of the UDP payload.
static inline __attribute__((always_inline)) void
rewrite_frame(struct tl_worker *worker, struct tl_packet *packet, const struct passage *passage,
              uint64_t sum)
{
    const struct tl_flow_egress *egress = &passage->peer->egress;
    uint32_t variant = passage->way & 7;
    struct frame_way way = {
        .leg = frame_leg(worker, egress, passage->way),
        .egress = egress,
        .hop_word = passage->hop_word,
        .ports_be = egress->ports_be,
    };
    rewrite_count(worker, passage);
    rewrite_decide(packet, TL_EDGE_SEND, egress->target);
    if (TL_LIKELY(variant == 0)) {
        frame_build(packet, &way, passage->rtp, passage->length, passage->flags, sum, 1, 0);
        return;
    }
    struct frame_way rare = way; // its address is taken
    tl_frame_builders[variant](packet, &rare, sum);
    if (variant & TL_VARIANT_HAIRPIN) {
        packet->edge = TL_EDGE_LOOP;
        packet->flags |= TL_PACKET_LOOPED;
        packet->hops++;
    }
}

TL_STAGE_CODE void rewrite(struct tl_worker *worker, struct tl_packet *packet,
                           const struct passage *passage)
{
    if (TL_UNLIKELY(passage->way & TL_WAY_SECURE)) {
        tl_secure_park_out(worker, packet);
        return;
    }
    // The RTP header's own twelve bytes were summed as they were written.
    uint64_t sum = passage->payload_sum +
                   checksum_sum(passage->rtp + RTP_BYTES, passage->length - RTP_BYTES);
    rewrite_frame(worker, packet, passage, sum);
}

#endif
