// SPDX-License-Identifier: Apache-2.0
// What shares a port: told apart by the first byte (RFC 7983), RTP and RTCP by the second
// (RFC 5761) or by the port. Only RTP goes on.
// Cost: 14 instructions for an RTP packet over IPv6, none for a usual one
// (Tests/gates/instructions.txt).

#ifndef TL_DEMUX_H
#define TL_DEMUX_H

#include "stage.h"

TL_STAGE_CODE int demux(struct tl_worker *worker, struct tl_packet *packet,
                        const struct passage *passage)
{
    const uint8_t *payload = passage->rtp;
    // The first byte of RTP and RTCP; RTCP's second is 192 to 223.
    if (TL_UNLIKELY(passage->length < RTP_BYTES || payload[0] >> 6 != 2 ||
                    payload[1] >> 5 == 6 || passage->flags & TL_PACKET_RTCP_PORT))
        return tl_demux_rare(worker, packet);
    packet->kind = TL_KIND_RTP;
    return 1;
}

#endif
