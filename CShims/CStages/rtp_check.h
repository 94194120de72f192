// SPDX-License-Identifier: Apache-2.0
// Is it an RTP packet (RFC 3550 5.1, 5.3.1)? Leaves in the view how much of it is neither fixed
// header nor payload.
// Cost: 16 instructions for an RTP packet over IPv6, none for a usual one
// (Tests/gates/instructions.txt).

#ifndef TL_RTP_CHECK_H
#define TL_RTP_CHECK_H

#include "stage.h"

// Contributing sources, an extension, padding. 0: not as long as it says.
static inline int rtp_check_parts(struct passage *passage)
{
    const uint8_t *rtp = passage->rtp;
    uint32_t length = passage->length;
    uint32_t header = RTP_BYTES + (rtp[0] & 15u) * 4;
    uint32_t padding = 0;
    if (rtp[0] & 0x10) {
        if (header + 4 > length)
            return 0;
        header += 4 + wire_get_16(rtp + header + 2) * 4u;
    }
    if (header > length)
        return 0;
    if (rtp[0] & 0x20) {
        padding = rtp[length - 1];
        if (padding == 0 || padding > length - header)
            return 0;
    }
    passage->overhead = header - RTP_BYTES + padding;
    return 1;
}

TL_STAGE_CODE int rtp_check(struct tl_worker *worker, struct tl_packet *packet,
                            struct passage *passage)
{
    if (TL_UNLIKELY(passage->length < RTP_BYTES) ||
        (TL_UNLIKELY(passage->rtp[0] != 0x80) && !rtp_check_parts(passage)))
        return stage_refuse(worker, packet, TL_DROP_INDEX_MALFORMED_RTP);
    packet->overhead = (uint16_t)passage->overhead;
    return 1;
}

#endif
