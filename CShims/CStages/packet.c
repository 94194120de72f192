// SPDX-License-Identifier: Apache-2.0
// What became of a packet, counted once: for the worker and for its flows.
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
        tl_worker_record(worker, packet->flow->admission.slot)->rx_drops++;
    if (packet->peer != NULL && packet->flags & TL_PACKET_ACCEPTED)
        tl_worker_record(worker, packet->peer->admission.slot)->tx_drops++;
}

// A packet of one of our streams left.
static void count_leg(struct tl_worker *worker, const struct tl_packet *packet)
{
    struct tl_flow_record *record = tl_worker_record(worker, packet->peer->admission.slot);
    if (packet->kind == TL_KIND_RTCP) {
        record->tx_rtcp_packets++;
    } else if (packet->kind == TL_KIND_RTP) {
        record->tx_packets++;
        record->tx_bytes += packet->payload_length;
        packet->peer->egress.sender_octets +=
            (uint32_t)packet->payload_length - packet->header_length - packet->padding;
    }
}

static void count_sent(struct tl_counters *counters, const struct tl_packet *packet)
{
    counters->sent++;
    counters->sent_bytes += packet->length;
    if (packet->origin == TL_ORIGIN_GENERATED)
        counters->generated++;
    else if (packet->origin == TL_ORIGIN_INJECTED)
        counters->injected++;
    else
        counters->forwarded++;
}

TL_PACKET_CODE void tl_packet_done(struct tl_worker *worker, struct tl_packet *packet)
{
    struct tl_counters *counters = &worker->counters;
    switch (packet->edge) {
    case TL_EDGE_SEND:
        count_sent(counters, packet);
        if (packet->peer != NULL)
            count_leg(worker, packet);
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
