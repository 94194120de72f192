// SPDX-License-Identifier: Apache-2.0
#include "payload_type.h"

#include "dtmf.h"

static int find(const struct tl_worker *worker, struct passage *passage, uint8_t type)
{
    const struct tl_payload_type *types = worker->cold[passage->slot].spec.payload_types;
    for (uint32_t i = 0; i < TL_PAYLOAD_TYPES_MAX; i++) {
        if (types[i].ingress == TL_NO_PAYLOAD_TYPE)
            break;
        if (types[i].ingress == type) {
            passage->payload_type = types[i].egress;
            return 1;
        }
    }
    return 0;
}

TL_PACKET_CODE int tl_payload_type_rare(struct tl_worker *worker, struct tl_packet *packet,
                                        struct passage *passage)
{
    uint8_t type = passage->rtp[1] & 0x7f;
    uint8_t first = passage->flow->ingress.type_in;
    if (first == (type | TL_TYPE_LOOKS) && first != TL_NO_PAYLOAD_TYPE)
        return tl_dtmf_receive_audio(worker, packet, passage);
    int known = find(worker, passage, type);
    if (worker->dtmf_places[passage->slot] != TL_NO_DTMF)
        return tl_dtmf_receive(worker, packet, passage, known);
    return known ? 1 : stage_refuse(worker, packet, TL_DROP_INDEX_PAYLOAD_TYPE);
}
