// SPDX-License-Identifier: Apache-2.0
#include "police.h"

// How far a flow may run ahead of its budget: a jitter buffer's worth, yet enough for some packets
// where the budget is tiny.
#define BURST_NS      (250 * TL_MILLISECOND_NS)
#define BURST_PACKETS 16u

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

TL_PACKET_CODE int tl_police_rare(struct tl_worker *worker, struct tl_packet *packet)
{
    struct tl_flow_ingress *ingress = &packet->flow->ingress;
    uint64_t now = worker->now_ns;
    uint64_t packet_ns = ingress->packet_interval_ns;
    uint64_t packets_until = larger(ingress->packets_until_ns, now) + packet_ns;
    uint64_t bytes_until =
        larger(ingress->bytes_until_ns, now) + police_bytes_ns(ingress, packet->payload_length);
    uint64_t burst_ns = police_bytes_ns(ingress, POLICE_BURST_BYTES);
    if (packets_until > now + larger(BURST_NS, BURST_PACKETS * packet_ns))
        return stage_drop(worker, packet, TL_DROP_INDEX_PACKET_BUDGET);
    if (bytes_until > now + larger(BURST_NS, burst_ns))
        return stage_drop(worker, packet, TL_DROP_INDEX_BIT_BUDGET);
    if (!(packet->flags & TL_PACKET_LEARN)) {
        // A candidate for the source spends nothing: it may be anybody, and a flood of such must
        // not starve the party.
        ingress->packets_until_ns = packets_until;
        ingress->bytes_until_ns = bytes_until;
    }
    return 1;
}
