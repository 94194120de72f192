// SPDX-License-Identifier: Apache-2.0
// Puts a leg's headers before a UDP payload. Internal to CStages.
//
// Of the headers the local address's template holds what all its flows share, the flow's egress
// line what is the flow's own, the next hop's word the link address; lengths and checksums are
// computed. What is stored in small pieces is not read again here: a wide load would have to wait
// for the stores.

#ifndef TL_FRAME_H
#define TL_FRAME_H

#include "checksum.h"
#include "wire.h"

#define MAC_BYTES 6u

/// Where a packet goes.
struct frame_way {
    const struct tl_leg_template *leg;
    const struct tl_flow_egress *egress;
    uint64_t hop_word;
    uint32_t ports_be; // egress->ports_be, or those of RTCP
};

/// A builder's parameters. `payload_sum`: one's complement sum of the UDP payload as it will leave.
#define FRAME_BUILDER(name)                                                                        \
    TL_PACKET_CODE void name(struct tl_packet *packet, const struct frame_way *way,                \
                             uint64_t payload_sum)

/// Writes Ethernet to UDP headers so that they end where the packet's payload begins, and moves
/// `data` and `length` accordingly.
typedef void (*frame_builder)(struct tl_packet *packet, const struct frame_way *way,
                              uint64_t payload_sum) TL_PACKET_CODE;

/// By TL_VARIANT_* bits; all but TL_VARIANT_NOWHERE.
extern const frame_builder tl_frame_builders[8];

static inline void frame_put_ipv4(uint8_t *ip, const struct frame_way *way, uint32_t udp_length)
{
    const struct tl_flow_egress *egress = way->egress;
    uint32_t total_be = __builtin_bswap16((uint16_t)(IPV4_BYTES + udp_length));
    uint32_t sum = egress->ip_sum + total_be;
    uint16_t checksum = (uint16_t)~(sum + (sum >> 16));
    uint32_t first = 0x45u | (uint32_t)egress->traffic_class << 8 | total_be << 16;
    memcpy(ip, &first, 4);
    memcpy(ip + 10, &checksum, 2);
    memcpy(ip + 16, egress->remote + 12, 4);
}

static inline void frame_put_ipv6(uint8_t *ip, const struct frame_way *way, uint32_t udp_length)
{
    uint32_t class = way->egress->traffic_class;
    ip[0] = (uint8_t)(0x60 | class >> 4);
    ip[1] = (uint8_t)(class << 4);
    wire_put_16(ip + 4, udp_length);
    memcpy(ip + 24, way->egress->remote, 16);
}

// `ipv4` and `tag_bytes` are constants in each caller.
static inline __attribute__((always_inline)) void
frame_build(struct tl_packet *packet, const struct frame_way *way, uint8_t *payload,
            uint32_t length, uint32_t flags, uint64_t payload_sum, int ipv4, uint32_t tag_bytes)
{
    uint32_t ip_bytes = ipv4 ? IPV4_BYTES : IPV6_BYTES;
    uint32_t frame_bytes = ETHERNET_BYTES + tag_bytes + ip_bytes + UDP_BYTES;
    uint32_t shared_bytes = frame_bytes - MAC_BYTES - (ipv4 ? 4 : 16) - UDP_BYTES;
    uint8_t *udp = payload - UDP_BYTES;
    uint8_t *ip = udp - ip_bytes;
    uint8_t *frame = ip - tag_bytes - ETHERNET_BYTES;
    uint32_t udp_length = length + UDP_BYTES;
    uint32_t length_be = __builtin_bswap16((uint16_t)udp_length);
    memcpy(frame, &way->hop_word, 8); // two bytes too many, overwritten next
    memcpy(frame + MAC_BYTES, way->leg->bytes, shared_bytes);
    if (ipv4)
        frame_put_ipv4(ip, way, udp_length);
    else
        frame_put_ipv6(ip, way, udp_length);
    uint32_t checksum = 0;
    if (TL_LIKELY(!(ipv4 && flags & TL_PACKET_ZERO_CHECKSUM))) {
        // The length stands in the pseudo header and in our own.
        // A one's complement sum is the remainder by 65535. Complemented, that is never zero,
        // which would mean "none" (RFC 768).
        checksum = 0xffff - (uint32_t)((payload_sum + way->egress->udp_sum + way->ports_be +
                                        2 * length_be) % 0xffff);
    }
    uint32_t tail = length_be | checksum << 16;
    memcpy(udp, &way->ports_be, 4);
    memcpy(udp + 4, &tail, 4);
    packet->data = frame;
    packet->payload_offset = (uint16_t)frame_bytes;
    packet->length = (uint16_t)(frame_bytes + length);
}

/// Turns an empty view into a packet of this flow's leg, whose payload the caller then writes at
/// the returned place. tl_frame_finish completes it.
TL_PACKET_CODE uint8_t *tl_frame_begin(const struct tl_worker *worker, struct tl_packet *packet,
                                       const struct tl_flow_egress *egress, uint8_t origin);

/// Completes a packet that the box made: headers, ports, edge.
TL_PACKET_CODE void tl_frame_finish(const struct tl_worker *worker, struct tl_packet *packet,
                                    const struct tl_flow_egress *egress, uint64_t hop_word,
                                    uint32_t ports_be, uint32_t payload_bytes);

/// The template of what leaves by this egress, whose way is `way`.
static inline const struct tl_leg_template *frame_leg(const struct tl_worker *worker,
                                                      const struct tl_flow_egress *egress,
                                                      uint32_t way)
{
    uint32_t looped = (way & TL_VARIANT_HAIRPIN) != 0;
    return &worker->templates[egress->address_index][looped];
}

#endif
