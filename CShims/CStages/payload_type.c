// SPDX-License-Identifier: Apache-2.0
#include "payload_type.h"

TL_PACKET_CODE int tl_payload_type_rare(struct tl_worker *worker, struct tl_packet *packet,
                                        struct passage *passage)
{
    const struct tl_flow_cold *cold = &worker->cold[passage->slot];
    const struct tl_payload_type *types = cold->spec.payload_types;
    uint8_t type = passage->rtp[1] & 0x7f;
    for (uint32_t i = 0; i < TL_PAYLOAD_TYPES_MAX; i++) {
        if (types[i].ingress == TL_NO_PAYLOAD_TYPE)
            break;
        if (types[i].ingress == type) {
            passage->payload_type = types[i].egress;
            return 1;
        }
    }
    return stage_refuse(worker, packet, TL_DROP_INDEX_PAYLOAD_TYPE);
}
