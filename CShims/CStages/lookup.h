// SPDX-License-Identifier: Apache-2.0
// Local port to flow and peer: asks for the lines that relaying a packet touches, all at once.
// Where flows share the port its source decides (lookup.c).
// Cost: 49 instructions for an RTP packet over IPv4 (Tests/gates/instructions.txt).

#ifndef TL_LOOKUP_H
#define TL_LOOKUP_H

#include "stage.h"

enum { LOOKUP_EGRESS = 64, LOOKUP_RECORD_IN = 64, LOOKUP_RECORD_OUT = 128 };
_Static_assert(offsetof(struct tl_flow, egress) == LOOKUP_EGRESS, "line");
_Static_assert(offsetof(struct tl_flow_record, ingress_index) == LOOKUP_RECORD_IN, "line");
_Static_assert(offsetof(struct tl_flow_record, egress_index) == LOOKUP_RECORD_OUT, "line");

TL_STAGE_CODE int lookup(struct tl_worker *worker, struct tl_packet *packet,
                         struct found *restrict found)
{
    struct tl_port_entry entry = worker->ports[packet->place];
    if (TL_UNLIKELY(entry.slot >= TL_SHARED_PORT)) {
        if (entry.slot == TL_NO_FLOW)
            return stage_drop(worker, packet, TL_DROP_INDEX_NO_FLOW);
        entry = tl_lookup_shared(worker, packet);
        if (entry.slot == TL_NO_FLOW)
            return 0;
    }
    uint32_t odd = packet->local_port % 2;
    uint32_t peer = entry.peer;
    int alone = peer == TL_NO_FLOW || odd;
    if (TL_UNLIKELY(alone)) {
        packet->flags |= odd ? TL_PACKET_RTCP_PORT : 0;
        peer = entry.slot; // something to fetch
    }
    struct tl_flow *flow = &worker->flows[entry.slot], *other = &worker->flows[peer];
    struct tl_flow_record *record = tl_worker_record(worker, entry.slot);
    struct tl_flow_record *out = tl_worker_record(worker, peer);
    *found = (struct found){packet, record, out, entry.slot};
    packet->flow = flow;
    packet->peer = TL_UNLIKELY(alone) ? NULL : other;
    TL_PREFETCH(&flow->ingress);
    TL_PREFETCH((const uint8_t *)record + LOOKUP_RECORD_IN);
    TL_PREFETCH(&other->egress);
    TL_PREFETCH((const uint8_t *)out + LOOKUP_RECORD_OUT);
    return 1;
}

/// Shortly before they are needed: the same lines from the second-level cache into the first.
static inline void lookup_fetch(const struct found *found)
{
    __builtin_prefetch(found->packet->flow); // its ingress line
    __builtin_prefetch((const uint8_t *)found->record + LOOKUP_RECORD_IN);
    // Without a peer that is no address; to ask for it does no harm.
    __builtin_prefetch((const void *)((uintptr_t)found->packet->peer + LOOKUP_EGRESS));
    __builtin_prefetch((const uint8_t *)found->out + LOOKUP_RECORD_OUT);
}

#endif
