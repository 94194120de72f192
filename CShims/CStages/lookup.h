// SPDX-License-Identifier: Apache-2.0
// Local port to flow and peer: asks for the lines that relaying a packet touches, all at once.
// Cost: 48 instructions for an RTP packet over IPv4 (Tests/gates/instructions.txt).

#ifndef TL_LOOKUP_H
#define TL_LOOKUP_H

#include "stage.h"

enum { LOOKUP_RECORD_IN = 64, LOOKUP_RECORD_OUT = 128 };
_Static_assert(offsetof(struct tl_flow_record, ingress_index) == LOOKUP_RECORD_IN, "line");
_Static_assert(offsetof(struct tl_flow_record, egress_index) == LOOKUP_RECORD_OUT, "line");

TL_STAGE_CODE int lookup(struct tl_worker *worker, struct tl_packet *packet,
                         struct found *restrict found)
{
    struct tl_port_entry entry = worker->ports[packet->place];
    if (TL_UNLIKELY(entry.slot == TL_NO_FLOW))
        return stage_drop(worker, packet, TL_DROP_INDEX_NO_FLOW);
    uint32_t peer = entry.peer;
    if (TL_UNLIKELY(packet->local_port % 2 != 0)) {
        packet->flags |= TL_PACKET_RTCP_PORT;
        peer = TL_NO_FLOW;
    }
    int alone = peer == TL_NO_FLOW;
    peer = alone ? entry.slot : peer; // something to fetch
    found->packet = packet;
    found->slot = entry.slot;
    found->flow = &worker->flows[entry.slot];
    found->peer = &worker->flows[peer];
    found->record = tl_worker_record(worker, entry.slot);
    found->out = tl_worker_record(worker, peer);
    packet->flow = found->flow;
    packet->peer = alone ? NULL : found->peer;
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
