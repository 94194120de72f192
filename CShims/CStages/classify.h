// SPDX-License-Identifier: Apache-2.0
// Ethernet, one VLAN tag, IP, UDP: is it media, in the right realm, for this worker? What nearly
// all frames are (IPv4 without options, UDP, to one of our addresses) is checked here in a few wide
// compares. A frame that fails any of them is read again by tl_classify_rare, which knows why.
// Cost: 93 instructions for an RTP packet over IPv4 (Tests/gates/instructions.txt).

#ifndef TL_CLASSIFY_H
#define TL_CLASSIFY_H

#include "checksum.h"
#include "stage.h"

#include <netinet/in.h>

static inline uint64_t classify_load(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, 8);
    return word;
}

// What stands from the Ethernet type on: IPv4, version 4, no options, no fragment, UDP.
static inline int classify_shape(const uint8_t *type)
{
    const __m128i mask = _mm_setr_epi8(-1, -1, -1, 0, 0, 0, 0, 0, 0x3f, -1, 0, -1, 0, 0, 0, 0);
    const __m128i shape = _mm_setr_epi8(8, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, 0, IPPROTO_UDP, 0, 0, 0,
                                        0);
    // Not a plain load: bytes that are needed for themselves would be picked out of it.
    __m128i found = _mm_lddqu_si128((const __m128i_u *)(const void *)type);
    return _mm_testz_si128(_mm_xor_si128(found, shape), mask);
}

static inline int classify_sum(const uint8_t *ip, uint32_t destination)
{
    uint64_t first = classify_load(ip);
    uint64_t sum = first + classify_load(ip + 8);
    sum += sum < first; // the carry comes round
    sum += destination;
    sum += sum < destination;
    return sum % 0xffff == 0; // a one's complement sum is the remainder by 65535
}

// The frame holds all headers, which stand `at` the end of the Ethernet header and tag. 1: goes on,
// with everything noted in the view. 0: not the usual packet, nothing noted.
static inline __attribute__((always_inline)) int
classify_ipv4(const struct tl_worker *worker, struct tl_packet *packet, uint32_t at,
              uint32_t arrival)
{
    const uint8_t *ip = packet->data + at;
    uint32_t destination;
    memcpy(&destination, ip + 16, 4);
    uint32_t total = wire_get_16(ip + 2);
    uint32_t udp_length = wire_get_16(ip + IPV4_BYTES + 4);
    uint32_t ports;
    memcpy(&ports, ip + IPV4_BYTES, 4);
    uint32_t port = __builtin_bswap32(ports) & 0xffff;
    uint32_t room = packet->length - at - (IPV4_BYTES + UDP_BYTES);
    if (TL_UNLIKELY(!classify_shape(ip - 2) || total - (IPV4_BYTES + UDP_BYTES) > room ||
                    udp_length + IPV4_BYTES != total ||
                    !tl_ipv4_is_unicast(ip[12]) || !classify_sum(ip, destination)))
        return 0;
    const struct tl_address_ipv4 *address = tl_address_find_ipv4(&worker->addresses, destination);
    uint32_t block = worker->block_place[port / TL_PORT_BLOCK];
    if (TL_UNLIKELY(address->arrival != arrival ||
                    port - address->port_first > address->port_span || block == TL_NOT_OURS))
        return 0;
    if (TL_UNLIKELY(wire_get_16(ip + IPV4_BYTES + 6) == 0))
        packet->flags |= TL_PACKET_ZERO_CHECKSUM;
    packet->payload_offset = (uint16_t)(at + IPV4_BYTES + UDP_BYTES);
    packet->payload_length = (uint16_t)(udp_length - UDP_BYTES);
    packet->local_port = (uint16_t)port;
    packet->remote_port = __builtin_bswap16((uint16_t)ports);
    packet->place = address->ports + block + port % TL_PORT_BLOCK / 2;
    return 1;
}

static inline int classify_usual(const struct tl_worker *worker, struct tl_packet *packet)
{
    uint32_t arrival;
    uint16_t type;
    if (TL_UNLIKELY(packet->flags != 0 || // a hairpin's, or in segments
                    packet->length < ETHERNET_BYTES + VLAN_BYTES + IPV4_BYTES + UDP_BYTES))
        return 0;
    memcpy(&arrival, &packet->rx_port, 4);
    memcpy(&type, packet->data + 12, 2);
    if (TL_UNLIKELY(type == __builtin_bswap16(ETHERTYPE_VLAN)))
        return tl_classify_tagged(worker, packet, arrival);
    return classify_ipv4(worker, packet, ETHERNET_BYTES, arrival);
}

_Static_assert(offsetof(struct tl_packet, vlan) == offsetof(struct tl_packet, rx_port) + 2,
               "arrival is read in one piece");

TL_STAGE_CODE int classify(struct tl_worker *worker, struct tl_packet *packet)
{
    if (TL_UNLIKELY(!classify_usual(worker, packet)) &&
        !tl_classify_rare(worker, packet))
        return 0;
    TL_PREFETCH(&worker->ports[packet->place]);
    return 1;
}

#endif
