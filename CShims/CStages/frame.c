// SPDX-License-Identifier: Apache-2.0
// The headers of a leg: one function for each form that a leg can have, and the packets that the
// box makes.
#include "frame.h"

static inline __attribute__((always_inline)) void
build(struct tl_packet *packet, const struct frame_way *way, uint64_t payload_sum, int ipv4,
      uint32_t tag_bytes)
{
    frame_build(packet, way, packet->data + packet->payload_offset, packet->payload_length,
                packet->flags, payload_sum, ipv4, tag_bytes);
}

static FRAME_BUILDER(build_ipv4)
{
    build(packet, way, payload_sum, 1, 0);
}

static FRAME_BUILDER(build_ipv6)
{
    build(packet, way, payload_sum, 0, 0);
}

static FRAME_BUILDER(build_ipv4_tagged)
{
    build(packet, way, payload_sum, 1, VLAN_BYTES);
}

static FRAME_BUILDER(build_ipv6_tagged)
{
    build(packet, way, payload_sum, 0, VLAN_BYTES);
}

// A hairpin goes to ourselves: the template's own link address is both ends.
static FRAME_BUILDER(build_hairpin_ipv4)
{
    struct frame_way looped = *way;
    memcpy(&looped.hop_word, way->leg->bytes, MAC_BYTES);
    build(packet, &looped, payload_sum, 1, 0);
}

static FRAME_BUILDER(build_hairpin_ipv6)
{
    struct frame_way looped = *way;
    memcpy(&looped.hop_word, way->leg->bytes, MAC_BYTES);
    build(packet, &looped, payload_sum, 0, 0);
}

const frame_builder tl_frame_builders[8] = {
    [0] = build_ipv4,
    [TL_VARIANT_IPV6] = build_ipv6,
    [TL_VARIANT_VLAN] = build_ipv4_tagged,
    [TL_VARIANT_VLAN | TL_VARIANT_IPV6] = build_ipv6_tagged,
    [TL_VARIANT_HAIRPIN] = build_hairpin_ipv4,
    [TL_VARIANT_HAIRPIN | TL_VARIANT_IPV6] = build_hairpin_ipv6,
    [TL_VARIANT_HAIRPIN | TL_VARIANT_VLAN] = build_hairpin_ipv4, // not made, yet never NULL
    [TL_VARIANT_HAIRPIN | TL_VARIANT_VLAN | TL_VARIANT_IPV6] = build_hairpin_ipv6,
};

_Static_assert(TL_MADE_PACKET_BYTES >=
                   MAC_BYTES + sizeof(((struct tl_leg_template *)0)->bytes) + TL_PACKET_BYTES_MAX,
               "a made packet fits its room");

TL_PACKET_CODE uint8_t *tl_frame_begin(const struct tl_worker *worker, struct tl_packet *packet,
                                       const struct tl_flow_egress *egress, uint8_t origin)
{
    uint8_t *data = packet->data;
    void *buffer = packet->buffer;
    memset(packet, 0, sizeof(*packet));
    packet->data = data;
    packet->buffer = buffer;
    packet->origin = origin;
    packet->payload_offset = frame_leg(worker, egress, egress->way)->frame_bytes;
    return data + packet->payload_offset;
}

TL_PACKET_CODE void tl_frame_finish(const struct tl_worker *worker, struct tl_packet *packet,
                                    const struct tl_flow_egress *egress, uint64_t hop_word,
                                    uint32_t ports_be, uint32_t payload_bytes)
{
    struct frame_way way = {
        .leg = frame_leg(worker, egress, egress->way),
        .egress = egress,
        .hop_word = hop_word,
        .ports_be = ports_be,
    };
    uint64_t sum = checksum_sum(packet->data + packet->payload_offset, payload_bytes);
    packet->payload_length = (uint16_t)payload_bytes;
    packet->target = egress->target;
    packet->edge = TL_EDGE_SEND;
    tl_frame_builders[egress->way & 7](packet, &way, sum);
}
