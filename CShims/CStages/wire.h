// SPDX-License-Identifier: Apache-2.0
// Reading and writing what stands on the wire. Internal to CStages.

#ifndef TL_WIRE_H
#define TL_WIRE_H

#include "CStages.h"

#define ETHERNET_BYTES 14u
#define VLAN_BYTES     4u
#define IPV4_BYTES     20u
#define IPV6_BYTES     40u
#define UDP_BYTES      8u
#define RTP_BYTES      12u

#define ETHERTYPE_VLAN 0x8100u
#define ETHERTYPE_IPV4 0x0800u
#define ETHERTYPE_IPV6 0x86ddu

static inline uint16_t wire_get_16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t wire_get_32(const uint8_t *at)
{
    uint32_t word;
    memcpy(&word, at, 4);
    return __builtin_bswap32(word);
}

static inline void wire_put_16(uint8_t *at, uint32_t value)
{
    uint16_t word = __builtin_bswap16((uint16_t)value);
    memcpy(at, &word, 2);
}

static inline void wire_put_32(uint8_t *at, uint32_t value)
{
    uint32_t word = __builtin_bswap32(value);
    memcpy(at, &word, 4);
}

/// An IPv4 address as an IPv4-mapped one.
static inline void wire_map_ipv4(uint8_t mapped[16], const uint8_t address[4])
{
    memset(mapped, 0, 10);
    mapped[10] = 0xff;
    mapped[11] = 0xff;
    memcpy(mapped + 12, address, 4);
}

/// A received packet's source address. Its headers were checked to have no options.
static inline void wire_source(const struct tl_packet *packet, uint8_t source[16])
{
    const uint8_t *udp = packet->data + packet->payload_offset - UDP_BYTES;
    if (packet->flags & TL_PACKET_IPV6)
        memcpy(source, udp - 32, 16);
    else
        wire_map_ipv4(source, udp - 8);
}

/// Time in units of an RTP clock. Wraps with the time stamp.
static inline uint32_t wire_clock(uint64_t time_ns, uint32_t rate_hz)
{
    return (uint32_t)(time_ns / 1000 * rate_hz / 1000000);
}

#endif
