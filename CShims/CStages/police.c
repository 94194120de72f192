// SPDX-License-Identifier: Apache-2.0
// Token buckets for packets and bits, kept as the time up to which the budget is used (the generic
// cell rate algorithm): no refill, two adds. What is dropped costs nothing.
#include "wire.h"

// How far a flow may run ahead of its budget: a jitter buffer's worth, yet enough for some packets
// where the budget is tiny.
#define BURST_NS      (250 * TL_MILLISECOND_NS)
#define BURST_PACKETS 16u
#define BURST_BYTES   3000u

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

TL_STAGE(tl_police)
{
    uint64_t now = worker->now_ns;
    for (uint32_t i = 0; i < count; i++) {
        struct tl_packet *packet = &packets[i];
        if (packet->edge != TL_EDGE_NEXT)
            continue;
        struct tl_flow_admission *admission = &packet->flow->admission;
        uint64_t packet_ns = admission->packet_interval_ns;
        uint64_t bytes_ns = (uint64_t)(admission->byte_interval_ns * packet->payload_length);
        uint64_t burst_ns = (uint64_t)(admission->byte_interval_ns * BURST_BYTES);
        uint64_t packets_until = larger(admission->packets_until_ns, now) + packet_ns;
        uint64_t bytes_until = larger(admission->bytes_until_ns, now) + bytes_ns;
        if (packets_until > now + larger(BURST_NS, BURST_PACKETS * packet_ns)) {
            tl_packet_drop(worker, packet, TL_DROP_INDEX_PACKET_BUDGET);
        } else if (bytes_until > now + larger(BURST_NS, burst_ns)) {
            tl_packet_drop(worker, packet, TL_DROP_INDEX_BIT_BUDGET);
        } else if (TL_LIKELY(!(packet->flags & TL_PACKET_LEARN))) {
            // A candidate for the source spends nothing: it may be anybody, and a flood of such
            // must not starve the party.
            admission->packets_until_ns = packets_until;
            admission->bytes_until_ns = bytes_until;
        }
    }
}
