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
    uint32_t peer = entry.peer;
    packet->flow = &worker->flows[entry.slot];
    if (TL_UNLIKELY(packet->local_port % 2 != 0)) {
        packet->flags |= TL_PACKET_RTCP_PORT;
        peer = TL_NO_FLOW;
    }
    if (TL_LIKELY(peer != TL_NO_FLOW))
        packet->peer = &worker->flows[peer];
    else
        peer = entry.slot; // something to fetch
    *found = (struct found){
        .packet = packet,
        .flow = packet->flow,
        .peer = &worker->flows[peer],
        .record = tl_worker_record(worker, entry.slot),
        .out = tl_worker_record(worker, peer),
        .slot = entry.slot,
    };
    TL_PREFETCH(&found->flow->ingress);
    TL_PREFETCH((const uint8_t *)found->record + LOOKUP_RECORD_IN);
    TL_PREFETCH(&found->peer->egress);
    TL_PREFETCH((const uint8_t *)found->out + LOOKUP_RECORD_OUT);
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
