// SPDX-License-Identifier: Apache-2.0
// A flow takes packets from the address and port that signalling named, and from nowhere else.
// While a learn window is open, another source goes on as a candidate: valid RTP makes it the
// flow's source (rtp_receive), anything else is dropped as wrong_source.

#ifndef TL_SOURCE_CHECK_H
#define TL_SOURCE_CHECK_H

#include "stage.h"

static inline int source_may_learn(const struct tl_worker *worker, const struct tl_packet *packet)
{
    const struct tl_flow *flow = packet->flow;
    return flow->ingress.flags & TL_FLOW_LEARN_OPEN && packet->remote_port != 0 &&
           !(packet->flags & (TL_PACKET_RTCP_PORT | TL_PACKET_LOOPED)) &&
           worker->now_ns < worker->cold[tl_worker_slot(worker, flow)].learn_until_ns;
}

TL_STAGE_CODE int source_check(struct tl_worker *worker, struct tl_packet *packet)
{
    const struct tl_flow_ingress *ingress = &packet->flow->ingress;
    uint32_t expected = ingress->source_key;
    if (TL_UNLIKELY(packet->local_port % 2 != 0)) {
        packet->flags |= TL_PACKET_RTCP_PORT;
        if (ingress->flags & TL_FLOW_RTCP_MUX) { // nobody was told of this port
            packet->flow = NULL;
            return stage_drop(worker, packet, TL_DROP_INDEX_NO_FLOW);
        }
        expected = worker->cold[tl_worker_slot(worker, packet->flow)].rtcp_source_key;
    }
    _Static_assert(TL_SOURCE_LOOPED == TL_PACKET_LOOPED << 16, "the mark is moved, not tested");
    uint32_t key = packet->remote_port | (packet->flags & TL_PACKET_LOOPED) << 16;
    if (TL_LIKELY(key == expected && wire_address_equal(wire_source(packet),
                                                        wire_address_of(ingress->source))))
        return 1;
    if (!source_may_learn(worker, packet))
        return stage_drop(worker, packet, TL_DROP_INDEX_WRONG_SOURCE);
    packet->flags |= TL_PACKET_LEARN;
    return 1;
}

#endif
