// SPDX-License-Identifier: Apache-2.0
// A flow takes packets from the address and port that signalling named, and from nowhere else.
// While a learn window is open, another source goes on as a candidate: valid RTP makes it the
// flow's source (tl_rtp_receive), anything else is dropped as wrong_source.
#include "wire.h"

static int may_learn(const struct tl_worker *worker, const struct tl_packet *packet)
{
    const struct tl_flow_admission *admission = &packet->flow->admission;
    return admission->flags & TL_FLOW_LEARN_OPEN && packet->remote_port != 0 &&
           !(packet->flags & (TL_PACKET_RTCP_PORT | TL_PACKET_LOOPED)) &&
           worker->now_ns < worker->cold[admission->slot].learn_until_ns;
}

TL_STAGE(tl_source_check)
{
    for (uint32_t i = 0; i < count; i++) {
        struct tl_packet *packet = &packets[i];
        if (packet->edge != TL_EDGE_NEXT)
            continue;
        const struct tl_flow_admission *admission = &packet->flow->admission;
        struct wire_address source = wire_source(packet);
        uint32_t key = packet->remote_port |
                       (packet->flags & TL_PACKET_LOOPED ? TL_SOURCE_LOOPED : 0);
        uint32_t expected = packet->flags & TL_PACKET_RTCP_PORT ? admission->rtcp_source_key
                                                                : admission->source_key;
        if (TL_LIKELY(key == expected &&
                      wire_address_equal(source, wire_address_of(admission->source))))
            continue;
        if (may_learn(worker, packet))
            packet->flags |= TL_PACKET_LEARN;
        else
            tl_packet_drop(worker, packet, TL_DROP_INDEX_WRONG_SOURCE);
    }
}
