// SPDX-License-Identifier: Apache-2.0
// Is it an RTP packet (RFC 3550 5.1, 5.3.1)? Leaves header length and padding in the view.
#include "wire.h"

static int is_valid(struct tl_packet *packet)
{
    const uint8_t *rtp = packet->data + packet->payload_offset;
    uint32_t length = packet->payload_length;
    if (length < RTP_BYTES || rtp[0] >> 6 != 2)
        return 0;
    uint32_t header = RTP_BYTES + (rtp[0] & 15u) * 4;
    if (rtp[0] & 0x10) {
        if (header + 4 > length)
            return 0;
        header += 4 + wire_get_16(rtp + header + 2) * 4u;
    }
    if (header > length)
        return 0;
    packet->header_length = (uint16_t)header;
    packet->padding = 0;
    if (rtp[0] & 0x20) {
        packet->padding = rtp[length - 1];
        return packet->padding != 0 && packet->padding <= length - header;
    }
    return 1;
}

TL_STAGE(tl_rtp_check)
{
    for (uint32_t i = 0; i < count; i++) {
        struct tl_packet *packet = &packets[i];
        if (packet->edge != TL_EDGE_NEXT || packet->kind != TL_KIND_RTP)
            continue;
        int learn = packet->flags & TL_PACKET_LEARN;
        if (TL_UNLIKELY(!is_valid(packet)))
            tl_packet_drop(worker, packet,
                           learn ? TL_DROP_INDEX_WRONG_SOURCE : TL_DROP_INDEX_MALFORMED_RTP);
    }
}
