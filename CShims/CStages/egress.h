// SPDX-License-Identifier: Apache-2.0
// The stream that leaves by the peer's leg is ours: one SSRC, one sequence, one time line for the
// flow's life. An ingress stream is mapped onto it by two offsets, so that its gaps and its order
// stay. Another ingress stream (new SSRC, another peer, after a hold) gets new offsets: the
// sequence continues by one, the time stamp by the time that passed.
//
// The next packet index is in the record before the packet can leave. A process that takes the
// record up continues behind it, so that no index is ever used twice for different content.
// Cost: 74 instructions for an RTP packet over IPv4 (Tests/gates/instructions.txt).

#ifndef TL_EGRESS_H
#define TL_EGRESS_H

#include "checksum.h"
#include "stage.h"

#define EGRESS_WAY_MASK                                                                            \
    (TL_WAY_LIVE | TL_WAY_SEND | TL_WAY_DIGITS | TL_VARIANT_HAIRPIN | TL_VARIANT_NOWHERE)

// May the packet leave, and by which link address?
static inline int egress_may_leave(struct tl_worker *worker, struct tl_packet *packet,
                                   struct passage *passage)
{
    passage->hop_word = 0;
    if (TL_LIKELY(passage->peer != NULL)) {
        const struct tl_flow_egress *egress = &passage->peer->egress;
        passage->way = egress->way;
        if (TL_LIKELY((passage->way & EGRESS_WAY_MASK) == (TL_WAY_LIVE | TL_WAY_SEND) &&
                      egress->generation == passage->flow->ingress.peer_generation)) {
            passage->hop_word = tl_next_hop_word(&worker->hops, egress->hop);
            if (TL_LIKELY(tl_next_hop_resolved(passage->hop_word)))
                return 1;
        }
    }
    return tl_egress_obstacle(worker, packet);
}

TL_STAGE_CODE int egress(struct tl_worker *worker, struct tl_packet *packet,
                         struct passage *passage)
{
    if (!egress_may_leave(worker, packet, passage))
        return 0;
    const struct tl_flow_egress *out = &passage->peer->egress;
    struct tl_flow_record *record = passage->out;
    if (TL_UNLIKELY(out->source_stream != passage->stream || out->source_slot != passage->slot) &&
        !tl_egress_map(worker, packet, passage->timestamp))
        return 0;
    uint32_t low = passage->place + out->index_offset;
    uint64_t next = record->egress_index;
    int32_t ahead = (int32_t)(low - (uint32_t)next);
    uint64_t index = next + (uint64_t)(int64_t)ahead;
    uint32_t timestamp = passage->timestamp + out->timestamp_offset;
    if (TL_LIKELY(ahead >= 0)) {
        tl_store_release_u64(&record->egress_index, index + 1);
        record->egress_timestamp = timestamp;
        record->egress_time_ns = passage->now_ns;
    } else if ((int64_t)(index - out->first_index) < 0) { // from before the mapping's first
        return stage_drop(worker, packet, TL_DROP_INDEX_RTP_SEQUENCE);
    }
    // Its first byte and the marker bit stay.
    uint32_t first = (passage->first & 0x80ff) | (uint32_t)passage->payload_type << 8 |
                     (uint32_t)__builtin_bswap16((uint16_t)low) << 16;
    uint32_t timestamp_be = __builtin_bswap32(timestamp), ssrc_be = out->ssrc_be;
    memcpy(passage->rtp, &first, 4);
    memcpy(passage->rtp + 4, &timestamp_be, 4);
    memcpy(passage->rtp + 8, &ssrc_be, 4);
    passage->payload_sum = (uint64_t)first + timestamp_be + ssrc_be;
    return 1;
}

#endif
