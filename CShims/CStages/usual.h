// SPDX-License-Identifier: Apache-2.0
// Is it what nearly all packets are? RTP of the call's codec in its shortest form, over IPv4 with a
// checksum, at the even port, from the accepted source, in sequence. Such a packet needs none of
// source_check, demux, rtp_check, payload_type: what they would find is known. Any other meets them
// one by one, so that nothing is refused here, and nothing changed.
// Cost: 39 instructions for an RTP packet over IPv4 (Tests/gates/instructions.txt).

#ifndef TL_USUAL_H
#define TL_USUAL_H

#include "rtp_receive.h"

// Address and port, as source and source_key stand in the flow.
static inline uint64_t usual_source(const struct tl_packet *packet, const uint8_t *rtp)
{
    uint32_t address;
    memcpy(&address, rtp - UDP_BYTES - 8, 4);
    return address | (uint64_t)packet->remote_port << 32;
}

TL_STAGE_CODE int usual(struct tl_packet *packet, struct passage *passage)
{
    const struct tl_flow_ingress *ingress = &passage->flow->ingress;
    uint64_t source;
    uint16_t first, expected;
    if (TL_UNLIKELY(packet->flags != 0 || passage->length < RTP_BYTES))
        return 0;
    memcpy(&source, ingress->source + 12, 8);
    memcpy(&expected, &ingress->rtp_first, 2);
    memcpy(&first, passage->rtp, 2);
    if (TL_UNLIKELY(usual_source(packet, passage->rtp) != source ||
                    (first & 0x7fff) != expected || // but for the marker bit
                    !rtp_follows(passage)))
        return 0;
    packet->kind = TL_KIND_RTP;
    packet->overhead = 0;
    return 1;
}

#endif
