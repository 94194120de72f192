// SPDX-License-Identifier: Apache-2.0
// Local port to flow and peer: asks for the lines that relaying a packet touches, all at once.

#ifndef TL_LOOKUP_H
#define TL_LOOKUP_H

#include "stage.h"

enum { LOOKUP_RECORD_IN = 64, LOOKUP_RECORD_OUT = 128 };
_Static_assert(offsetof(struct tl_flow_record, ingress_index) == LOOKUP_RECORD_IN, "line");
_Static_assert(offsetof(struct tl_flow_record, egress_index) == LOOKUP_RECORD_OUT, "line");

static inline void lookup_prefetch(const struct tl_worker *worker, uint32_t slot, uint32_t line)
{
    TL_PREFETCH((const uint8_t *)tl_worker_record(worker, slot) + line);
}

TL_STAGE_CODE int lookup(struct tl_worker *worker, struct tl_packet *packet)
{
    struct tl_port_entry entry = worker->ports[packet->place];
    if (TL_UNLIKELY(entry.slot == TL_NO_FLOW))
        return stage_drop(worker, packet, TL_DROP_INDEX_NO_FLOW);
    packet->flow = &worker->flows[entry.slot];
    TL_PREFETCH(&packet->flow->ingress);
    lookup_prefetch(worker, entry.slot, LOOKUP_RECORD_IN);
    if (TL_LIKELY(entry.peer != TL_NO_FLOW && packet->local_port % 2 == 0)) {
        packet->peer = &worker->flows[entry.peer];
        TL_PREFETCH(&packet->peer->egress);
        lookup_prefetch(worker, entry.peer, LOOKUP_RECORD_OUT);
    }
    return 1;
}

#endif
