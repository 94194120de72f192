// SPDX-License-Identifier: Apache-2.0
// The headers of a leg, put before a payload: one function for each form that a leg can have. The
// template holds everything but lengths, checksums and the destination's link address.
#include "frame.h"

#include "wire.h"

#define MAC_BYTES 6u

// `ipv4` and `tag_bytes` are constants in each caller.
static inline __attribute__((always_inline)) void
build(struct tl_packet *packet, const struct tl_flow_headers *headers, const uint8_t *mac,
      int ipv4, uint32_t tag_bytes)
{
    uint32_t ip_bytes = ipv4 ? IPV4_BYTES : IPV6_BYTES;
    uint32_t frame_bytes = ETHERNET_BYTES + tag_bytes + ip_bytes + UDP_BYTES;
    uint8_t *payload = packet->data + packet->payload_offset;
    uint8_t *frame = payload - frame_bytes;
    uint8_t *udp = payload - UDP_BYTES;
    uint8_t *ip = udp - ip_bytes;
    uint32_t udp_length = packet->payload_length + UDP_BYTES;
    // Sums are taken of the template, not of what was just stored: the loads need not wait.
    const uint8_t *ip_template = headers->bytes + (ETHERNET_BYTES + tag_bytes - MAC_BYTES);
    memcpy(frame, mac, MAC_BYTES);
    memcpy(frame + MAC_BYTES, headers->bytes, frame_bytes - MAC_BYTES);
    wire_put_16(udp + 4, udp_length);
    if (ipv4) {
        uint16_t total_be = __builtin_bswap16((uint16_t)(IPV4_BYTES + udp_length));
        uint16_t checksum = tl_checksum_finish(wire_sum_ipv4(ip_template) + total_be);
        memcpy(ip + 2, &total_be, 2);
        memcpy(ip + 10, &checksum, 2);
    } else {
        wire_put_16(ip + 4, udp_length);
    }
    if (!(ipv4 && packet->flags & TL_PACKET_ZERO_CHECKSUM)) {
        uint32_t ports;
        memcpy(&ports, ip_template + ip_bytes, 4);
        uint64_t sum = headers->pseudo_sum + (uint64_t)ports +
                       2ull * __builtin_bswap16((uint16_t)udp_length); // pseudo and own header's
        sum += tl_checksum_sum(payload, packet->payload_length);
        uint16_t checksum = tl_checksum_finish(sum);
        checksum = checksum != 0 ? checksum : 0xffff; // zero would mean "none" (RFC 768)
        memcpy(udp + 6, &checksum, 2);
    }
    packet->data = frame;
    packet->payload_offset = (uint16_t)frame_bytes;
    packet->length = (uint16_t)(frame_bytes + packet->payload_length);
}

#define BUILDER(name, ipv4, tag_bytes)                                                             \
    static TL_PACKET_CODE void name(struct tl_packet *packet,                                      \
                                    const struct tl_flow_headers *headers, uint64_t hop_word)      \
    {                                                                                              \
        build(packet, headers, (const uint8_t *)&hop_word, ipv4, tag_bytes);                       \
    }

BUILDER(build_ipv4, 1, 0)
BUILDER(build_ipv6, 0, 0)
BUILDER(build_ipv4_tagged, 1, VLAN_BYTES)
BUILDER(build_ipv6_tagged, 0, VLAN_BYTES)

// A hairpin goes to ourselves: the template's own link address is both ends.
static TL_PACKET_CODE void build_hairpin_ipv4(struct tl_packet *packet,
                                              const struct tl_flow_headers *headers, uint64_t word)
{
    (void)word;
    build(packet, headers, headers->bytes, 1, 0);
}

static TL_PACKET_CODE void build_hairpin_ipv6(struct tl_packet *packet,
                                              const struct tl_flow_headers *headers, uint64_t word)
{
    (void)word;
    build(packet, headers, headers->bytes, 0, 0);
}

const tl_frame_builder tl_frame_builders[8] = {
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
                   MAC_BYTES + sizeof(((struct tl_flow_headers *)0)->bytes) + TL_PACKET_BYTES_MAX,
               "a made packet fits its room");

TL_PACKET_CODE uint8_t *tl_frame_begin(struct tl_packet *packet, uint32_t template_bytes,
                                       uint8_t origin)
{
    uint8_t *data = packet->data;
    void *buffer = packet->buffer;
    memset(packet, 0, sizeof(*packet));
    packet->data = data;
    packet->buffer = buffer;
    packet->origin = origin;
    packet->payload_offset = (uint16_t)(MAC_BYTES + template_bytes);
    return data + packet->payload_offset;
}

TL_PACKET_CODE void tl_frame_finish(struct tl_packet *packet, const struct tl_frame_way *way,
                                    uint32_t payload_bytes)
{
    struct tl_flow_headers headers = *way->headers;
    uint8_t *ports = headers.bytes + way->template_bytes - UDP_BYTES;
    wire_put_16(ports, way->local_port);
    wire_put_16(ports + 2, way->remote_port);
    packet->payload_length = (uint16_t)payload_bytes;
    packet->target = way->target;
    packet->edge = TL_EDGE_SEND;
    tl_frame_builders[way->variant & 7](packet, &headers, way->hop_word);
}
