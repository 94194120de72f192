// SPDX-License-Identifier: Apache-2.0
// Only negotiated payload types pass, as what the peer's leg calls them. The list is short and its
// first entry is the call's codec.
#include "wire.h"

static int map(struct tl_packet *packet)
{
    const struct tl_flow_ingress *ingress = &packet->flow->ingress;
    uint8_t type = packet->data[packet->payload_offset + 1] & 0x7f;
    for (uint32_t i = 0; i < TL_PAYLOAD_TYPES_MAX; i++) {
        if (ingress->types_in[i] == type) {
            packet->payload_type = ingress->types_out[i];
            return 1;
        }
        if (ingress->types_in[i] == TL_NO_PAYLOAD_TYPE)
            return 0;
    }
    return 0;
}

TL_STAGE(tl_payload_type)
{
    for (uint32_t i = 0; i < count; i++) {
        struct tl_packet *packet = &packets[i];
        if (packet->edge != TL_EDGE_NEXT || packet->kind != TL_KIND_RTP)
            continue;
        int learn = packet->flags & TL_PACKET_LEARN;
        if (TL_UNLIKELY(!map(packet)))
            tl_packet_drop(worker, packet,
                           learn ? TL_DROP_INDEX_WRONG_SOURCE : TL_DROP_INDEX_PAYLOAD_TYPE);
        else if (TL_UNLIKELY(!(packet->flow->admission.flags & TL_FLOW_RECEIVE)))
            tl_packet_drop(worker, packet, TL_DROP_INDEX_NOT_RECEIVING);
    }
}
