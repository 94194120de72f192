// SPDX-License-Identifier: Apache-2.0
// Token buckets for packets and bits, kept as the time up to which the budget is used (the generic
// cell rate algorithm): no refill, two adds. What is dropped costs nothing.
// Cost: 23 instructions for an RTP packet over IPv4 (Tests/gates/instructions.txt).

#ifndef TL_POLICE_H
#define TL_POLICE_H

#include "stage.h"

#define POLICE_BURST_BYTES 3000u // that every budget has room for

static inline uint64_t police_bytes_ns(const struct tl_flow_ingress *ingress, uint32_t bytes)
{
    return (uint64_t)ingress->byte_interval * (2 * bytes) >> ingress->byte_shift;
}

TL_STAGE_CODE int police(struct tl_worker *worker, struct tl_packet *packet,
                         const struct passage *passage)
{
    struct tl_flow_ingress *ingress = &passage->flow->ingress;
    uint64_t now = passage->now_ns;
    // A flow that is not ahead may send one packet, however small its budget.
    if (TL_UNLIKELY(ingress->packets_until_ns > now || ingress->bytes_until_ns > now ||
                    passage->length > POLICE_BURST_BYTES || passage->flags & TL_PACKET_LEARN))
        return tl_police_rare(worker, packet);
    ingress->packets_until_ns = now + ingress->packet_interval_ns;
    ingress->bytes_until_ns = now + police_bytes_ns(ingress, passage->length);
    return 1;
}

#endif
