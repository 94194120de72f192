// SPDX-License-Identifier: Apache-2.0
// Token buckets for packets and bits, kept as the time up to which the budget is used (the generic
// cell rate algorithm): no refill, two adds. What is dropped costs nothing.
// Cost: 35 instructions for an RTP packet over IPv4 (Tests/gates/instructions.txt).

#ifndef TL_POLICE_H
#define TL_POLICE_H

#include "stage.h"

// How far a flow may run ahead of its budget: a jitter buffer's worth, yet enough for some packets
// where the budget is tiny.
#define POLICE_BURST_NS      (250 * TL_MILLISECOND_NS)
#define POLICE_BURST_PACKETS 16u
#define POLICE_BURST_BYTES   3000u

static inline uint64_t police_larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static inline uint64_t police_bytes_ns(const struct tl_flow_ingress *ingress, uint32_t bytes)
{
    return (uint64_t)ingress->byte_interval * (2 * bytes) >> ingress->byte_shift;
}

TL_STAGE_CODE int police(struct tl_worker *worker, struct tl_packet *packet,
                         const struct passage *passage)
{
    struct tl_flow_ingress *ingress = &passage->flow->ingress;
    uint64_t now = passage->now_ns;
    uint64_t packet_ns = ingress->packet_interval_ns;
    uint64_t bytes_ns = police_bytes_ns(ingress, passage->length);
    uint64_t before = police_larger(ingress->packets_until_ns, ingress->bytes_until_ns);
    uint64_t packets_until = now + packet_ns, bytes_until = now + bytes_ns;
    // A flow that is not ahead may send one packet, however small its budget, up to the size that
    // every budget has room for.
    if (TL_UNLIKELY(before > now || passage->length > POLICE_BURST_BYTES)) {
        packets_until = police_larger(ingress->packets_until_ns, now) + packet_ns;
        bytes_until = police_larger(ingress->bytes_until_ns, now) + bytes_ns;
        uint64_t burst_ns = police_bytes_ns(ingress, POLICE_BURST_BYTES);
        if (packets_until > now + police_larger(POLICE_BURST_NS, POLICE_BURST_PACKETS * packet_ns))
            return stage_drop(worker, packet, TL_DROP_INDEX_PACKET_BUDGET);
        if (bytes_until > now + police_larger(POLICE_BURST_NS, burst_ns))
            return stage_drop(worker, packet, TL_DROP_INDEX_BIT_BUDGET);
    }
    if (TL_LIKELY(!(passage->flags & TL_PACKET_LEARN))) {
        // A candidate for the source spends nothing: it may be anybody, and a flood of such must
        // not starve the party.
        ingress->packets_until_ns = packets_until;
        ingress->bytes_until_ns = bytes_until;
    }
    return 1;
}

#endif
