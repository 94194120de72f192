// SPDX-License-Identifier: Apache-2.0
// Local port to flow and peer: asks for the lines that relaying a packet touches, all at once.
// Cost: 50 instructions for an RTP packet over IPv4 (Tests/gates/instructions.txt).

#ifndef TL_LOOKUP_H
#define TL_LOOKUP_H

#include "stage.h"

enum { LOOKUP_RECORD_IN = 64, LOOKUP_RECORD_OUT = 128 };
_Static_assert(offsetof(struct tl_flow_record, ingress_index) == LOOKUP_RECORD_IN, "line");
_Static_assert(offsetof(struct tl_flow_record, egress_index) == LOOKUP_RECORD_OUT, "line");

TL_STAGE_CODE int lookup(struct tl_worker *worker, struct tl_packet *packet, struct found *found)
{
    struct tl_port_entry entry = worker->ports[packet->place];
    if (TL_UNLIKELY(entry.slot == TL_NO_FLOW))
        return stage_drop(worker, packet, TL_DROP_INDEX_NO_FLOW);
    struct tl_flow *flow = &worker->flows[entry.slot];
    struct tl_flow_record *record = tl_worker_record(worker, entry.slot);
    TL_PREFETCH(&flow->ingress);
    TL_PREFETCH((const uint8_t *)record + LOOKUP_RECORD_IN);
    packet->flow = flow;
    *found = (struct found){packet, flow, flow, record, record, entry.slot};
    if (TL_UNLIKELY(packet->local_port % 2 != 0)) {
        packet->flags |= TL_PACKET_RTCP_PORT;
    } else if (TL_LIKELY(entry.peer != TL_NO_FLOW)) {
        struct tl_flow *peer = &worker->flows[entry.peer];
        struct tl_flow_record *out = tl_worker_record(worker, entry.peer);
        TL_PREFETCH(&peer->egress);
        TL_PREFETCH((const uint8_t *)out + LOOKUP_RECORD_OUT);
        packet->peer = peer;
        found->peer = peer;
        found->out = out;
    }
    return 1;
}

/// Shortly before they are needed: the same lines from the second-level cache into the first.
static inline void lookup_fetch(const struct found *found)
{
    __builtin_prefetch(&found->flow->ingress);
    __builtin_prefetch((const uint8_t *)found->record + LOOKUP_RECORD_IN);
    __builtin_prefetch(&found->peer->egress);
    __builtin_prefetch((const uint8_t *)found->out + LOOKUP_RECORD_OUT);
}

#endif
