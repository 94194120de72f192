// SPDX-License-Identifier: Apache-2.0
#include "demux.h"

#include "secure.h"

#define DTLS_INTERVAL_NS (20 * TL_MILLISECOND_NS)

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
    int mux = (packet->flow->ingress.flags & TL_FLOW_RTCP_MUX) != 0;
    if (mux && packet->payload_length >= 2 && payload[1] >= 192 && payload[1] < 224)
        return TL_KIND_RTCP;
    return TL_KIND_RTP;
}

static uint32_t refusal(const struct tl_packet *packet)
{
    if (packet->kind == TL_KIND_STUN)
        return TL_DROP_INDEX_STUN;
    if (packet->kind == TL_KIND_DTLS)
        return TL_DROP_INDEX_DTLS;
    return packet->flags & TL_PACKET_RTCP_PORT ? TL_DROP_INDEX_MALFORMED_RTCP
                                               : TL_DROP_INDEX_MALFORMED_RTP;
}

// A handshake is some ten records, and as many again when they are lost: fifty at once, then fifty
// a second.
static int dtls_may(struct tl_worker *worker, struct tl_packet *packet)
{
    struct tl_flow_cold *cold = &worker->cold[tl_worker_slot(worker, packet->flow)];
    uint64_t now = worker->now_ns;
    uint64_t until = (cold->dtls_until_ns > now ? cold->dtls_until_ns : now) + DTLS_INTERVAL_NS;
    if (until > now + TL_NANOSECONDS)
        return stage_drop(worker, packet, TL_DROP_INDEX_DTLS_BUDGET);
    cold->dtls_until_ns = until;
    return 1;
}

TL_PACKET_CODE int tl_demux_rare(struct tl_worker *worker, struct tl_packet *packet)
{
    packet->kind = kind_of(packet);
    if (packet->kind == TL_KIND_RTP)
        return 1;
    int candidate = packet->flags & TL_PACKET_LEARN;
    uint32_t flags = packet->flow->ingress.flags;
    if (packet->kind == TL_KIND_RTCP && !candidate) {
        // Sealed RTCP meets the budget when it is opened, as RTP does.
        if (!(flags & TL_FLOW_SRTP) ||
            (tl_secure_open_rtcp(worker, packet) && tl_police_rare(worker, packet)))
            tl_rtcp_receive(worker, packet);
    } else if (packet->kind == TL_KIND_DTLS && !candidate && flags & TL_FLOW_DELIVER &&
               !(packet->flags & TL_PACKET_RTCP_PORT)) { // one association: that of RTP's port
        if (dtls_may(worker, packet))
            tl_deliver(worker, packet);
    } else {
        stage_refuse(worker, packet, refusal(packet));
    }
    return 0;
}
