// SPDX-License-Identifier: Apache-2.0
// Any frame, whatever it is: what it is called when it cannot go on.
#include "classify.h"

#define EXTENSIONS_MAX 4 // IPv6 extension headers that are walked to find out what to count

// What the headers say. Offsets are from the frame's beginning.
struct headers {
    uint32_t udp;         // offset
    uint32_t end;         // of the IP packet
    uint32_t vlan;        // tag or 0
    uint32_t flaw;        // a drop reason if it turns out to be media, or NO_FLAW
    struct wire_address destination;
};

#define NO_FLAW   0xffu
#define NOT_MEDIA 0 // results of the functions below
#define BROKEN    1 // malformed, whatever it was for
#define UDP_FOUND 2

static int read_ipv4(const struct tl_packet *packet, uint32_t at, struct headers *found)
{
    const uint8_t *ip = packet->data + at;
    uint32_t left = packet->length - at;
    if (left < IPV4_BYTES || ip[0] >> 4 != 4)
        return BROKEN;
    uint32_t header = (ip[0] & 15u) * 4;
    uint32_t total = wire_get_16(ip + 2);
    if (header < IPV4_BYTES || total < header || total > left)
        return BROKEN;
    uint64_t sum = wire_sum_ipv4(ip);
    if (TL_UNLIKELY(header > IPV4_BYTES))
        sum += tl_checksum_sum(ip + IPV4_BYTES, header - IPV4_BYTES);
    if (tl_checksum_finish(sum) != 0)
        return BROKEN;
    if (ip[9] != IPPROTO_UDP)
        return NOT_MEDIA;
    if (header > IPV4_BYTES || !tl_ipv4_is_unicast(ip[12]))
        found->flaw = TL_DROP_INDEX_MALFORMED_IP;
    uint32_t fragment = wire_get_16(ip + 6) & 0x3fffu;
    if (fragment != 0)
        found->flaw = TL_DROP_INDEX_FRAGMENT;
    found->destination = wire_map_ipv4(ip + 16);
    found->udp = (fragment & 0x1fffu) == 0 ? at + header : 0; // later fragments show no port
    found->end = at + total;
    return UDP_FOUND;
}

static int is_extension(uint8_t next)
{
    return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS;
}

static int read_ipv6(const struct tl_packet *packet, uint32_t at, struct headers *found)
{
    const uint8_t *ip = packet->data + at;
    uint32_t left = packet->length - at;
    if (left < IPV6_BYTES || ip[0] >> 4 != 6)
        return BROKEN;
    found->end = at + IPV6_BYTES + wire_get_16(ip + 4);
    if (found->end > packet->length)
        return BROKEN;
    found->destination = wire_address_of(ip + 24);
    // An IPv4 address in IPv6 clothes (RFC 4291 2.5.5.2) names an IPv4 node inside a host and in
    // our tables, and never stands on a wire.
    if (tl_address_is_ipv4(ip + 8) || tl_address_is_ipv4(ip + 24) || !tl_ipv6_is_unicast(ip + 8))
        found->flaw = TL_DROP_INDEX_MALFORMED_IP;
    uint8_t next = ip[6];
    uint32_t udp = at + IPV6_BYTES;
    for (int i = 0; i < EXTENSIONS_MAX && is_extension(next); i++) {
        found->flaw = TL_DROP_INDEX_MALFORMED_IP;
        if (found->end - udp < 8)
            return BROKEN;
        next = packet->data[udp];
        udp += (packet->data[udp + 1] + 1u) * 8;
        if (udp > found->end)
            return BROKEN;
    }
    found->udp = udp;
    if (next == IPPROTO_FRAGMENT) {
        if (found->end - udp < 8)
            return BROKEN;
        found->flaw = TL_DROP_INDEX_FRAGMENT;
        next = packet->data[udp];
        found->udp = (wire_get_16(packet->data + udp + 2) & 0xfff8u) == 0 ? udp + 8 : 0;
    }
    return next == IPPROTO_UDP ? UDP_FOUND : NOT_MEDIA;
}

static int read_headers(struct tl_packet *packet, struct headers *found)
{
    if (packet->length < ETHERNET_BYTES)
        return NOT_MEDIA;
    uint32_t at = ETHERNET_BYTES;
    uint32_t type = wire_get_16(packet->data + 12);
    found->vlan = packet->vlan;
    found->flaw = NO_FLAW;
    if (type == ETHERTYPE_VLAN && packet->vlan == 0) {
        if (packet->length < ETHERNET_BYTES + VLAN_BYTES)
            return NOT_MEDIA;
        found->vlan = wire_get_16(packet->data + 14) & 0xfffu;
        type = wire_get_16(packet->data + 16);
        at += VLAN_BYTES;
    }
    if (type == ETHERTYPE_IPV4)
        return read_ipv4(packet, at, found);
    if (type != ETHERTYPE_IPV6)
        return NOT_MEDIA;
    packet->flags |= TL_PACKET_IPV6;
    return read_ipv6(packet, at, found);
}

static void not_media(struct tl_worker *worker, struct tl_packet *packet)
{
    if (worker->port_twin[packet->rx_port & 0xff] && !(packet->flags & TL_PACKET_LOOPED))
        packet->edge = TL_EDGE_TWIN;
    else
        tl_packet_drop(worker, packet, TL_DROP_INDEX_NOT_MEDIA);
}

// A drop reason, or NO_FLAW with the payload's place in the packet.
static uint32_t read_udp(struct tl_packet *packet, const struct headers *found)
{
    const uint8_t *udp = packet->data + found->udp;
    uint32_t length = wire_get_16(udp + 4);
    if (length < UDP_BYTES || length > found->end - found->udp)
        return TL_DROP_INDEX_MALFORMED_UDP;
    if (wire_get_16(udp + 6) == 0) {
        if (packet->flags & TL_PACKET_IPV6) // RFC 8200 8.1
            return TL_DROP_INDEX_MALFORMED_UDP;
        packet->flags |= TL_PACKET_ZERO_CHECKSUM;
    }
    packet->remote_port = wire_get_16(udp);
    packet->payload_offset = (uint16_t)(found->udp + UDP_BYTES);
    packet->payload_length = (uint16_t)(length - UDP_BYTES);
    return NO_FLAW;
}

static int is_media_port(const struct tl_realm *realm, uint16_t port)
{
    return port >= realm->port_first && port <= realm->port_last;
}

// The packet is UDP for this one of our addresses.
static void judge(struct tl_worker *worker, struct tl_packet *packet, const struct headers *found,
                  uint32_t address)
{
    uint32_t realm_index = worker->addresses.addresses[address].realm_index;
    const struct tl_realm *realm = &worker->realms[realm_index];
    if (found->udp == 0 && worker->port_twin[packet->rx_port & 0xff]) {
        packet->edge = TL_EDGE_TWIN; // whose fragment it is, the kernel finds out
        return;
    }
    if (found->udp == 0) {
        tl_packet_drop(worker, packet, TL_DROP_INDEX_FRAGMENT);
        return;
    }
    if (found->end - found->udp < UDP_BYTES) {
        tl_packet_drop(worker, packet, TL_DROP_INDEX_MALFORMED_UDP);
        return;
    }
    packet->local_port = wire_get_16(packet->data + found->udp + 2);
    if (!is_media_port(realm, packet->local_port)) {
        not_media(worker, packet);
        return;
    }
    uint32_t flaw = found->flaw;
    if (flaw == NO_FLAW)
        flaw = read_udp(packet, found);
    if (flaw == NO_FLAW && !(packet->flags & TL_PACKET_LOOPED) &&
        (realm->port != packet->rx_port || realm->vlan != found->vlan))
        flaw = TL_DROP_INDEX_WRONG_REALM;
    if (flaw != NO_FLAW) {
        tl_packet_drop(worker, packet, flaw);
        return;
    }
    packet->target = (uint8_t)tl_worker_of_port(worker, packet->local_port);
    if (packet->target != worker->index)
        packet->edge = TL_EDGE_HAND_OVER;
    else
        packet->place = tl_worker_port(worker, address, packet->local_port);
}

TL_PACKET_CODE int tl_classify_rare(struct tl_worker *worker, struct tl_packet *packet)
{
    struct headers found;
    if (packet->flags & TL_PACKET_SEGMENTED) // what it says of itself cannot fit
        return stage_drop(worker, packet, TL_DROP_INDEX_SEGMENTED);
    int result = read_headers(packet, &found);
    if (result == BROKEN)
        return stage_drop(worker, packet, TL_DROP_INDEX_MALFORMED_IP);
    uint32_t address = TL_NO_ADDRESS;
    if (result == UDP_FOUND)
        address = tl_address_find(&worker->addresses, (const uint8_t *)found.destination.words);
    if (address == TL_NO_ADDRESS)
        not_media(worker, packet);
    else
        judge(worker, packet, &found, address);
    return packet->edge == TL_EDGE_NEXT;
}

TL_PACKET_CODE int tl_classify_tagged(const struct tl_worker *worker, struct tl_packet *packet,
                                      uint32_t arrival)
{
    if (packet->vlan != 0)
        return 0;
    arrival |= (wire_get_16(packet->data + 14) & 0xfffu) << 16;
    return classify_ipv4(worker, packet, ETHERNET_BYTES + VLAN_BYTES, arrival);
}
