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

/// An address in two words, as they stand in memory: compared without a detour over memory, where
/// wide loads would have to wait for narrow stores.
struct wire_address {
    uint64_t words[2];
};

static inline struct wire_address wire_address_of(const uint8_t address[16])
{
    struct wire_address made;
    memcpy(made.words, address, 16);
    return made;
}

/// An IPv4 address as an IPv4-mapped one.
static inline struct wire_address wire_map_ipv4(const uint8_t address[4])
{
    uint32_t word;
    memcpy(&word, address, 4);
    return (struct wire_address){{0, 0xffff0000u | (uint64_t)word << 32}};
}

static inline int wire_address_equal(struct wire_address a, struct wire_address b)
{
    return ((a.words[0] ^ b.words[0]) | (a.words[1] ^ b.words[1])) == 0;
}

/// A received packet's source address. Its headers were checked to have no options.
static inline struct wire_address wire_source(const struct tl_packet *packet)
{
    const uint8_t *udp = packet->data + packet->payload_offset - UDP_BYTES;
    return packet->flags & TL_PACKET_IPV6 ? wire_address_of(udp - 32) : wire_map_ipv4(udp - 8);
}

/// Sum of an IPv4 header without options, as tl_checksum_sum makes it.
static inline uint64_t wire_sum_ipv4(const uint8_t *ip)
{
    uint32_t words[5];
    memcpy(words, ip, 20);
    return (uint64_t)words[0] + words[1] + words[2] + words[3] + words[4];
}

/// Time in units of an RTP clock. Wraps with the time stamp.
static inline uint32_t wire_clock(uint64_t time_ns, uint32_t rate_hz)
{
    return (uint32_t)(time_ns / 1000 * rate_hz / 1000000);
}

#endif
