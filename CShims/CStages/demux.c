// SPDX-License-Identifier: Apache-2.0
// What shares a port: told apart by the first byte (RFC 7983), RTP and RTCP by the second
// (RFC 5761) or by the port.
#include "wire.h"

static uint8_t kind_of(const struct tl_packet *packet)
{
    if (packet->payload_length == 0)
        return TL_KIND_NONE;
    const uint8_t *payload = packet->data + packet->payload_offset;
    if (payload[0] < 4)
        return TL_KIND_STUN;
    if (payload[0] >= 20 && payload[0] < 64)
        return TL_KIND_DTLS;
    if (payload[0] < 128 || payload[0] >= 192)
        return TL_KIND_NONE;
    if (packet->flags & TL_PACKET_RTCP_PORT)
        return TL_KIND_RTCP;
    int mux = (packet->flow->admission.flags & TL_FLOW_RTCP_MUX) != 0;
    if (mux && packet->payload_length >= 2 && payload[1] >= 192 && payload[1] < 224)
        return TL_KIND_RTCP;
    return TL_KIND_RTP;
}

static void refuse(struct tl_worker *worker, struct tl_packet *packet)
{
    uint32_t reason = TL_DROP_INDEX_MALFORMED_RTP;
    if (packet->flags & TL_PACKET_LEARN)
        reason = TL_DROP_INDEX_WRONG_SOURCE;
    else if (packet->kind == TL_KIND_STUN)
        reason = TL_DROP_INDEX_STUN;
    else if (packet->kind == TL_KIND_DTLS)
        reason = TL_DROP_INDEX_DTLS;
    else if (packet->flags & TL_PACKET_RTCP_PORT)
        reason = TL_DROP_INDEX_MALFORMED_RTCP;
    tl_packet_drop(worker, packet, reason);
}

TL_STAGE(tl_demux)
{
    worker->kinds_in_burst = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct tl_packet *packet = &packets[i];
        if (packet->edge != TL_EDGE_NEXT)
            continue;
        packet->kind = kind_of(packet);
        worker->kinds_in_burst |= 1u << packet->kind;
        if (TL_LIKELY(packet->kind == TL_KIND_RTP))
            continue;
        int delivers = packet->kind == TL_KIND_DTLS &&
                       packet->flow->admission.flags & TL_FLOW_DELIVER;
        int wanted = packet->kind == TL_KIND_RTCP || delivers;
        if (!wanted || packet->flags & TL_PACKET_LEARN)
            refuse(worker, packet);
    }
}
