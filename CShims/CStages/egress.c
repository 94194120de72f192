// SPDX-License-Identifier: Apache-2.0
// The stream that leaves by the peer's leg is ours: one SSRC, one sequence, one time line for the
// flow's life. An ingress stream is mapped onto it by two offsets, so that its gaps and its order
// stay. Another ingress stream (new SSRC, another peer, after a hold) gets new offsets: the
// sequence continues by one, the time stamp by the time that passed.
//
// The next packet index is in the record before the packet can leave. A process that takes the
// record up continues behind it, so that no index is ever used twice for different content.
#include "wire.h"

static void map_stream(const struct tl_worker *worker, const struct tl_packet *packet,
                       const struct tl_flow_record *record)
{
    struct tl_flow_egress *egress = &packet->peer->egress;
    uint32_t timestamp = record->egress_timestamp;
    if (record->egress_time_ns != 0) {
        uint64_t passed_ns = worker->now_ns - record->egress_time_ns;
        uint32_t passed = wire_clock(passed_ns, egress->clock_rate_hz);
        timestamp += passed != 0 ? passed : 1; // two packets of two streams differ
    }
    const uint8_t *rtp = packet->data + packet->payload_offset;
    egress->source_slot = packet->flow->admission.slot;
    egress->source_stream = packet->stream;
    egress->first_index = record->egress_index;
    egress->index_offset = (uint32_t)record->egress_index - packet->place;
    egress->timestamp_offset = timestamp - wire_get_32(rtp + 4);
}

// Why the packet may not leave by its peer, or TL_DROP_REASON_COUNT.
static uint32_t obstacle(struct tl_packet *packet)
{
    if (packet->peer == NULL ||
        packet->peer->egress.generation != packet->flow->admission.peer_generation ||
        !(packet->peer->egress.flags & TL_FLOW_LIVE)) {
        packet->peer = NULL;
        return TL_DROP_INDEX_NO_PEER;
    }
    struct tl_flow_egress *egress = &packet->peer->egress;
    if (!(egress->flags & TL_FLOW_SEND)) {
        egress->source_slot = TL_NO_FLOW; // what is held back is no loss: map again afterwards
        return TL_DROP_INDEX_NOT_SENDING;
    }
    if (egress->variant & TL_VARIANT_HAIRPIN)
        return packet->hops < TL_HAIRPIN_HOPS_MAX ? TL_DROP_REASON_COUNT
                                                  : TL_DROP_INDEX_HAIRPIN_LOOP;
    if (egress->hop == NULL || !tl_next_hop_resolved(tl_next_hop_word(egress->hop)))
        return TL_DROP_INDEX_NO_NEXT_HOP;
    return TL_DROP_REASON_COUNT;
}

// Writes the RTP header of our stream. 0: the packet is from before the mapping's first.
static int write_rtp(struct tl_worker *worker, struct tl_packet *packet)
{
    struct tl_flow_egress *egress = &packet->peer->egress;
    struct tl_flow_record *record = tl_worker_record(worker, packet->peer->admission.slot);
    uint8_t *rtp = packet->data + packet->payload_offset;
    if (TL_UNLIKELY(egress->source_stream != packet->stream ||
                    egress->source_slot != packet->flow->admission.slot))
        map_stream(worker, packet, record);
    uint32_t low = packet->place + egress->index_offset;
    int32_t ahead = (int32_t)(low - (uint32_t)record->egress_index);
    uint64_t index = record->egress_index + (uint64_t)(int64_t)ahead;
    if (TL_UNLIKELY((int64_t)(index - egress->first_index) < 0))
        return 0;
    uint32_t timestamp = wire_get_32(rtp + 4) + egress->timestamp_offset;
    rtp[1] = (uint8_t)((rtp[1] & 0x80) | packet->payload_type);
    wire_put_16(rtp + 2, (uint32_t)index);
    wire_put_32(rtp + 4, timestamp);
    memcpy(rtp + 8, &egress->ssrc_be, 4);
    if (TL_LIKELY(ahead >= 0)) {
        tl_store_release_u64(&record->egress_index, index + 1);
        record->egress_timestamp = timestamp;
        record->egress_time_ns = worker->now_ns;
    }
    return 1;
}

TL_STAGE(tl_egress)
{
    for (uint32_t i = 0; i < count; i++) {
        struct tl_packet *packet = &packets[i];
        if (packet->edge != TL_EDGE_NEXT || packet->kind != TL_KIND_RTP)
            continue;
        uint32_t reason = obstacle(packet);
        if (TL_UNLIKELY(reason != TL_DROP_REASON_COUNT))
            tl_packet_drop(worker, packet, reason);
        else if (TL_UNLIKELY(!write_rtp(worker, packet)))
            tl_packet_drop(worker, packet, TL_DROP_INDEX_RTP_SEQUENCE);
    }
}
