// SPDX-License-Identifier: Apache-2.0
// What became of a packet, counted once: for the worker and for its flows.
// Cost: 28 instructions for an RTP packet that was sent (Tests/gates/instructions.txt).
#include "wire.h"

TL_PACKET_CODE void tl_packet_drop(struct tl_worker *worker, struct tl_packet *packet,
                                   uint32_t reason)
{
    packet->edge = TL_EDGE_FREE;
    packet->reason = (uint8_t)reason;
    worker->counters.drops[reason]++;
    if (packet->origin >= TL_ORIGIN_GENERATED)
        worker->counters.own_dropped++;
    if (packet->flow != NULL)
        tl_worker_record(worker, tl_worker_slot(worker, packet->flow))->rx_drops++;
    if (packet->peer != NULL && packet->flags & TL_PACKET_ACCEPTED)
        tl_worker_record(worker, tl_worker_slot(worker, packet->peer))->tx_drops++;
}

// A packet of one of our streams left.
static inline void count_leg(struct tl_worker *worker, const struct tl_packet *packet)
{
    uint32_t slot = tl_worker_slot(worker, packet->peer);
    struct tl_flow_record *record = tl_worker_record(worker, slot);
    if (TL_LIKELY(packet->kind == TL_KIND_RTP)) {
        record->tx_packets++;
        record->tx_bytes += packet->payload_length;
        if (TL_UNLIKELY(packet->overhead != 0))
            worker->cold[slot].tx_overhead += packet->overhead;
    } else if (packet->kind == TL_KIND_RTCP) {
        record->tx_rtcp_packets++;
    }
}

TL_PACKET_CODE void tl_packets_sent(struct tl_worker *worker, struct tl_packet *packets,
                                    uint32_t count)
{
    struct tl_counters *counters = &worker->counters;
    uint64_t bytes = 0;
    uint32_t forwarded = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct tl_packet *packet = &packets[i];
        bytes += packet->length;
        if (TL_LIKELY(packet->origin < TL_ORIGIN_GENERATED))
            forwarded++;
        else if (packet->origin == TL_ORIGIN_GENERATED)
            counters->generated++;
        else
            counters->injected++;
        if (TL_LIKELY(packet->peer != NULL))
            count_leg(worker, packet);
    }
    counters->sent += count;
    counters->sent_bytes += bytes;
    counters->forwarded += forwarded;
}

TL_PACKET_CODE void tl_packet_done(struct tl_worker *worker, struct tl_packet *packet)
{
    struct tl_counters *counters = &worker->counters;
    switch (packet->edge) {
    case TL_EDGE_SEND:
        tl_packets_sent(worker, packet, 1);
        break;
    case TL_EDGE_LOOP:
        counters->handed_out++;
        count_leg(worker, packet);
        break;
    case TL_EDGE_HAND_OVER:
        counters->handed_out++;
        break;
    case TL_EDGE_TWIN:
        counters->delivered++;
        break;
    default:
        break;
    }
}
