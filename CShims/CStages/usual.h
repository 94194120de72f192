// SPDX-License-Identifier: Apache-2.0
// Is it what nearly all packets are? RTP of the call's codec in its shortest form, over IPv4 with a
// checksum, no longer than any budget allows, at the even port, from the accepted source, in
// sequence. Such a packet needs none of source_check, demux, rtp_check, payload_type: what they
// would find is known. Any other meets them one by one, so that nothing is refused here, and
// nothing changed.
// Cost: 50 instructions for an RTP packet over IPv4 (Tests/gates/instructions.txt).

#ifndef TL_USUAL_H
#define TL_USUAL_H

#include "police.h"
#include "rtp_receive.h"

// Address and port, as source and source_key stand in the flow.
static inline uint64_t usual_source(const struct tl_packet *packet, const uint8_t *rtp)
{
    uint32_t address;
    memcpy(&address, rtp - UDP_BYTES - 8, 4);
    return address | (uint64_t)packet->remote_port << 32;
}

/// `looks`: 0, or TL_TYPE_LOOKS: of a flow in whose audio tones are looked for. Of one of the other
/// kind nothing is usual; nor of one without TL_FLOW_GLANCE, whatever its packets look like.
TL_STAGE_CODE int usual(const struct tl_packet *packet, struct passage *passage, uint32_t looks)
{
    const struct tl_flow_ingress *ingress = &passage->flow->ingress;
    uint64_t source;
    uint16_t expected;
    if (TL_UNLIKELY(packet->flags != 0 ||
                    passage->length - RTP_BYTES > POLICE_BURST_BYTES - RTP_BYTES))
        return 0;
    memcpy(&source, ingress->source + 12, 8);
    memcpy(&expected, &ingress->rtp_first, 2);
    rtp_read(passage);
    return ((passage->first & 0x7fff) | looks << 8) == expected && // but for the marker bit
           usual_source(packet, passage->rtp) == source &&
           rtp_follows(passage, RTP_USUAL | TL_FLOW_GLANCE);
}

#endif
