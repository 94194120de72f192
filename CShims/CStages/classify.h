// SPDX-License-Identifier: Apache-2.0
// Ethernet, one VLAN tag, IP, UDP: is it media, in the right realm, for this worker? What nearly
// all frames are (IPv4 without options, UDP, to one of our addresses) is checked here in a few wide
// compares. A frame that fails any of them is read again by tl_classify_rare, which knows why.
// Cost: 106 instructions for an RTP packet over IPv4 (Tests/gates/instructions.txt).

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

// Version 4, no options, no fragment; that UDP follows is in the second word.
static inline int classify_shape(uint64_t first, uint64_t second)
{
    return (((first & 0xff3f0000000000ffu) ^ 0x45) |
            ((second & 0xff00) ^ (uint64_t)IPPROTO_UDP << 8)) == 0;
}

static inline int classify_sum(uint64_t first, uint64_t second, uint32_t destination)
{
    uint64_t sum = first + second;
    sum += sum < first; // the carry comes round
    sum += destination;
    sum += sum < destination;
    return sum % 0xffff == 0; // a one's complement sum is the remainder by 65535
}

// Reads what stands `at` the end of Ethernet header and tag; the frame holds all of it. 1: goes on,
// with everything noted in the view. 0: not the usual packet, nothing noted.
static inline int classify_ipv4(const struct tl_worker *worker, struct tl_packet *packet,
                                uint32_t at, uint32_t arrival)
{
    const uint8_t *ip = packet->data + at;
    uint64_t first = classify_load(ip), second = classify_load(ip + 8);
    uint32_t destination;
    memcpy(&destination, ip + 16, 4);
    uint32_t total = wire_get_16(ip + 2);
    uint32_t udp_length = wire_get_16(ip + IPV4_BYTES + 4);
    uint32_t port = wire_get_16(ip + IPV4_BYTES + 2);
    if (!classify_shape(first, second) || total + at > packet->length || udp_length < UDP_BYTES ||
        udp_length + IPV4_BYTES > total || !tl_ipv4_is_unicast(ip[12]) ||
        !classify_sum(first, second, destination))
        return 0;
    const struct tl_address_ipv4 *address = tl_address_find_ipv4(&worker->addresses, destination);
    uint32_t block = worker->block_place[port / TL_PORT_BLOCK];
    if (address->arrival != arrival || port - address->port_first > address->port_span ||
        block == TL_NOT_OURS)
        return 0;
    if (TL_UNLIKELY(wire_get_16(ip + IPV4_BYTES + 6) == 0))
        packet->flags |= TL_PACKET_ZERO_CHECKSUM;
    packet->payload_offset = (uint16_t)(at + IPV4_BYTES + UDP_BYTES);
    packet->payload_length = (uint16_t)(udp_length - UDP_BYTES);
    packet->local_port = (uint16_t)port;
    packet->remote_port = wire_get_16(ip + IPV4_BYTES);
    packet->place = address->ports + block + port % TL_PORT_BLOCK / 2;
    return 1;
}

static inline int classify_usual(const struct tl_worker *worker, struct tl_packet *packet)
{
    uint32_t arrival;
    uint32_t type;
    if (TL_UNLIKELY(packet->flags != 0 || // a hairpin's, or in segments
                    packet->length < ETHERNET_BYTES + VLAN_BYTES + IPV4_BYTES + UDP_BYTES))
        return 0;
    memcpy(&arrival, &packet->rx_port, 4);
    memcpy(&type, packet->data + 12, 4);
    uint32_t at = ETHERNET_BYTES;
    if (TL_UNLIKELY((uint16_t)type != __builtin_bswap16(ETHERTYPE_IPV4))) {
        if ((uint16_t)type != __builtin_bswap16(ETHERTYPE_VLAN) || packet->vlan != 0 ||
            wire_get_16(packet->data + 16) != ETHERTYPE_IPV4)
            return 0;
        arrival |= (__builtin_bswap32(type) & 0xfffu) << 16;
        at += VLAN_BYTES;
    }
    return classify_ipv4(worker, packet, at, arrival);
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
