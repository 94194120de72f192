// SPDX-License-Identifier: Apache-2.0
// A flow takes packets from the address and port that signalling named, and from nowhere else.
// While a learn window is open, another source goes on as a candidate: valid RTP makes it the
// flow's source (rtp_receive), anything else is dropped as wrong_source. A flow that speaks ICE
// takes checks from everywhere, and media from where its agent says. A flow whose party is not
// named yet takes DTLS records from everywhere: a hello may overtake the answer that names the
// party.
// Cost: 43 instructions for an RTP packet over IPv6, none for a usual one
// (Tests/gates/instructions.txt).

#ifndef TL_SOURCE_CHECK_H
#define TL_SOURCE_CHECK_H

#include "ice.h"
#include "stage.h"

static inline int source_may_learn(const struct tl_worker *worker, const struct tl_packet *packet)
{
    const struct tl_flow *flow = packet->flow;
    return flow->ingress.flags & TL_FLOW_LEARN_OPEN && packet->remote_port != 0 &&
           !(packet->flags & (TL_PACKET_RTCP_PORT | TL_PACKET_LOOPED)) &&
           worker->now_ns < worker->cold[tl_worker_slot(worker, flow)].learn_until_ns;
}

static inline uint32_t source_key_of(const struct tl_packet *packet)
{
    uint32_t key = packet->remote_port;
    if (TL_UNLIKELY(packet->flags & (TL_PACKET_LOOPED | TL_PACKET_IPV6))) {
        key |= packet->flags & TL_PACKET_LOOPED ? TL_SOURCE_LOOPED : 0;
        key |= packet->flags & TL_PACKET_IPV6 ? TL_SOURCE_IPV6 : 0;
    }
    return key;
}

// The families are equal: that is in the key.
static inline int source_address_is(const struct passage *passage, const uint8_t address[16])
{
    const uint8_t *udp = passage->rtp - UDP_BYTES;
    uint32_t found, wanted;
    memcpy(&found, udp - 8, 4); // of IPv4 the address, of IPv6 a part of the destination
    memcpy(&wanted, address + 12, 4);
    return TL_LIKELY(!(passage->flags & TL_PACKET_IPV6))
               ? found == wanted
               : wire_address_equal(wire_address_of(udp - 32), wire_address_of(address));
}

static inline int source_is_accepted(const struct tl_packet *packet,
                                     const struct passage *passage, uint32_t key)
{
    return source_key_of(packet) == key &&
           source_address_is(passage, passage->flow->ingress.source);
}

// The control plane compares the source with the party's once it knows it.
static inline int source_is_early_dtls(const struct passage *passage)
{
    const struct tl_flow_ingress *ingress = &passage->flow->ingress;
    return ingress->source_key == TL_NO_SOURCE && ingress->flags & TL_FLOW_DELIVER &&
           !(passage->flags & TL_PACKET_RTCP_PORT) && passage->length > 0 &&
           passage->rtp[0] >= 20 && passage->rtp[0] < 64;
}

TL_STAGE_CODE int source_check(struct tl_worker *worker, struct tl_packet *packet,
                               struct passage *passage)
{
    const struct tl_flow_ingress *ingress = &passage->flow->ingress;
    uint32_t expected = ingress->source_key;
    if (passage->flags & TL_PACKET_RTCP_PORT) {
        if (ingress->flags & TL_FLOW_RTCP_MUX) { // nobody was told of this port
            packet->flow = NULL;
            return stage_drop(worker, packet, TL_DROP_INDEX_NO_FLOW);
        }
        expected = worker->cold[passage->slot].rtcp_source_key;
    }
    int speaks_ice = (ingress->flags & TL_FLOW_ICE) != 0;
    if (TL_UNLIKELY(speaks_ice) && passage->length > 0 && passage->rtp[0] < 4) {
        tl_ice_stun(worker, packet); // from wherever it comes, and without spending the budget
        return 0;
    }
    if (TL_LIKELY(source_is_accepted(packet, passage, expected)))
        return 1;
    if (speaks_ice) {
        int goes_on = tl_ice_source(worker, packet);
        passage->flags = packet->flags;
        return goes_on;
    }
    if (source_is_early_dtls(passage))
        return 1;
    if (!source_may_learn(worker, packet))
        return stage_drop(worker, packet, TL_DROP_INDEX_WRONG_SOURCE);
    packet->flags |= TL_PACKET_LEARN;
    passage->flags |= TL_PACKET_LEARN;
    return 1;
}

#endif
