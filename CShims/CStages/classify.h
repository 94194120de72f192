// SPDX-License-Identifier: Apache-2.0
// Ethernet, one VLAN tag, IP, UDP: is it media, in the right realm, for this worker? What nearly
// all frames are (IPv4 without options, UDP, to one of our addresses) is checked here in a few wide
// compares. A frame that fails any of them is read again by tl_classify_rare, which knows why.

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
    return (first & 0xff3f0000000000ffu) == 0x45 && (second >> 8 & 0xff) == IPPROTO_UDP;
}

// Unicast that can stand in a source field.
static inline int classify_source(uint64_t second)
{
    uint32_t net = (uint32_t)(second >> 32) & 0xff;
    return net - 1 < 223 && net != 127;
}

static inline int classify_sum(uint64_t first, uint64_t second, uint32_t destination)
{
    uint64_t sum = (first & 0xffffffffu) + (first >> 32) + (second & 0xffffffffu) +
                   (second >> 32) + destination;
    return checksum_finish(sum) == 0;
}

// 1: goes on, with everything noted in the view. 0: not the usual frame, nothing noted.
static inline int classify_usual(const struct tl_worker *worker, struct tl_packet *packet)
{
    const uint8_t *ip = packet->data + ETHERNET_BYTES;
    uint32_t left = packet->length - ETHERNET_BYTES;
    uint32_t vlan = packet->vlan;
    if (packet->length < ETHERNET_BYTES + VLAN_BYTES + IPV4_BYTES + UDP_BYTES)
        return 0;
    uint32_t type = wire_get_16(ip - 2);
    if (type == ETHERTYPE_VLAN && vlan == 0) {
        vlan = wire_get_16(ip) & 0xfffu;
        type = wire_get_16(ip + 2);
        ip += VLAN_BYTES;
        left -= VLAN_BYTES;
    }
    uint64_t first = classify_load(ip), second = classify_load(ip + 8);
    uint64_t udp = classify_load(ip + IPV4_BYTES);
    uint32_t destination;
    memcpy(&destination, ip + 16, 4);
    uint32_t total = __builtin_bswap16((uint16_t)(first >> 16));
    uint32_t udp_length = __builtin_bswap16((uint16_t)(udp >> 32));
    if (type != ETHERTYPE_IPV4 || !classify_shape(first, second) || total > left ||
        udp_length < UDP_BYTES || udp_length + IPV4_BYTES > total ||
        !classify_source(second) || !classify_sum(first, second, destination))
        return 0;
    const struct tl_address_ipv4 *address = tl_address_find_ipv4(&worker->addresses, destination);
    uint16_t port = __builtin_bswap16((uint16_t)(udp >> 16));
    if (address->index == TL_NO_IPV4 || port < address->port_first || port > address->port_last ||
        worker->blocks[port / TL_PORT_BLOCK].worker != worker->index)
        return 0;
    if ((address->port != packet->rx_port || address->vlan != vlan) &&
        !(packet->flags & TL_PACKET_LOOPED))
        return 0;
    packet->flags |= udp >> 48 == 0 ? TL_PACKET_ZERO_CHECKSUM : 0;
    packet->payload_offset = (uint16_t)(ip + IPV4_BYTES + UDP_BYTES - packet->data);
    packet->payload_length = (uint16_t)(udp_length - UDP_BYTES);
    packet->local_port = port;
    packet->remote_port = __builtin_bswap16((uint16_t)udp);
    packet->address_index = address->index;
    packet->place = address->ports + tl_port_place(worker, port);
    return 1;
}

TL_STAGE_CODE int classify(struct tl_worker *worker, struct tl_packet *packet)
{
    if (TL_UNLIKELY(packet->flags & TL_PACKET_SEGMENTED || !classify_usual(worker, packet)) &&
        !tl_classify_rare(worker, packet))
        return 0;
    TL_PREFETCH(&worker->ports[packet->place]);
    return 1;
}

#endif
