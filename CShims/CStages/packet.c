// SPDX-License-Identifier: Apache-2.0
// What became of a packet, counted once: for the worker and for its flows. The leg by which RTP
// leaves counts it as it is rewritten, its line being in hand; what then does not leave is taken
// back. So a leg's figures run ahead of the transmit queue by no more than the burst in hand.
// Cost: 8 instructions for an RTP packet that was sent (Tests/gates/instructions.txt).
#include "wire.h"

// A packet of one of our streams that was on its way does not leave after all.
static void take_back(struct tl_worker *worker, const struct tl_packet *packet)
{
    uint32_t slot = tl_worker_slot(worker, packet->peer);
    struct tl_flow_record *record = tl_worker_record(worker, slot);
    record->tx_packets--;
    record->tx_bytes -= packet->payload_length;
    worker->cold[slot].tx_overhead -= packet->overhead;
}

TL_PACKET_CODE void tl_packet_drop(struct tl_worker *worker, struct tl_packet *packet,
                                   uint32_t reason)
{
    if (packet->edge != TL_EDGE_NEXT && packet->flags & TL_PACKET_ACCEPTED)
        take_back(worker, packet);
    packet->edge = TL_EDGE_FREE;
    packet->reason = (uint8_t)reason;
    worker->counters.drops[reason]++;
    if (packet->origin >= TL_ORIGIN_GENERATED)
        worker->counters.own_dropped++;
    if (packet->flow != NULL)
        tl_worker_record(worker, tl_worker_slot(worker, packet->flow))->rx_drops++;
    if (packet->peer != NULL && packet->flags & TL_PACKET_ACCEPTED)
        tl_worker_record(worker, tl_worker_slot(worker, packet->peer))->tx_drops++;
    tl_drop_note(worker, packet->flow != NULL ? packet->flow : packet->peer, reason);
}

// What the box made or was given to send. Relayed packets were counted by `rewrite`.
static void count_own(struct tl_worker *worker, const struct tl_packet *packet)
{
    struct tl_counters *counters = &worker->counters;
    if (packet->origin == TL_ORIGIN_GENERATED)
        counters->generated++;
    else
        counters->injected++;
    if (packet->peer != NULL && packet->kind == TL_KIND_RTCP)
        tl_worker_record(worker, tl_worker_slot(worker, packet->peer))->tx_rtcp_packets++;
}

TL_PACKET_CODE void tl_packets_sent(struct tl_worker *worker, struct tl_packet *packets,
                                    uint32_t count)
{
    struct tl_counters *counters = &worker->counters;
    uint64_t bytes = 0;
    uint32_t own = 0;
    // Two fields a line: to gather them into wide registers takes longer than to add them.
#pragma clang loop vectorize(disable)
    for (uint32_t i = 0; i < count; i++) {
        bytes += packets[i].length;
        if (TL_UNLIKELY(packets[i].origin >= TL_ORIGIN_GENERATED)) {
            count_own(worker, &packets[i]);
            own++;
        }
    }
    counters->sent += count;
    counters->sent_bytes += bytes;
    counters->forwarded += count - own;
}

TL_PACKET_CODE void tl_packet_done(struct tl_worker *worker, struct tl_packet *packet)
{
    struct tl_counters *counters = &worker->counters;
    switch (packet->edge) {
    case TL_EDGE_SEND:
        tl_packets_sent(worker, packet, 1);
        break;
    case TL_EDGE_LOOP:
        // Our own was not in hand before: it comes in by this count.
        counters->own_dropped += packet->origin >= TL_ORIGIN_GENERATED;
        counters->handed_out++;
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
