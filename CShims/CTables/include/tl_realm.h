// SPDX-License-Identifier: Apache-2.0
// Realms and local addresses: fixed when the process starts, read-only afterwards.

#ifndef TL_REALM_H
#define TL_REALM_H

#include "tl_base.h"

#include "CFlowABI.h"

#define TL_REALM_TWIN       (1u << 0) // what is not media goes to the kernel's twin (TL_EDGE_TWIN)
#define TL_REALM_STATIC_MAC (1u << 1) // everything is sent to gateway_mac; nothing is resolved

struct tl_realm {
    uint16_t port_first;    // media ports, inclusive, even
    uint16_t port_last;     // odd
    uint16_t vlan;          // 0 = untagged
    uint8_t port;           // the process's number of the interface: packets' rx_port and target
    uint8_t flags;          // TL_REALM_*
    uint8_t mac[6];         // own link address
    uint8_t gateway_mac[6]; // with TL_REALM_STATIC_MAC
};

struct tl_address {
    uint8_t address[16]; // IPv4 as IPv4-mapped
    uint16_t realm_index;
    uint8_t reserved[6];
};

#define TL_ADDRESS_SLOTS (4u * TL_ADDRESSES_MAX) // open addressing, at most a quarter full
#define TL_NO_ADDRESS    0xffffu

/// What a packet to an IPv4 address of ours is checked against, in one piece.
struct tl_address_ipv4 {
    uint32_t address_be;
    uint32_t ports;      // where its ports begin in the worker's table of ports
    uint16_t port_first; // of the realm
    uint16_t port_span;  // last less first
    uint32_t arrival;    // interface | VLAN << 16; TL_NO_ARRIVAL: the slot is empty
};

_Static_assert(sizeof(struct tl_address_ipv4) == 16, "four of them a line");

#define TL_NO_ARRIVAL 0xffffffffu // no packet has it: VLANs have 12 bits

/// Finds local addresses by destination address.
struct tl_address_table {
    uint16_t slots[TL_ADDRESS_SLOTS]; // address index or TL_NO_ADDRESS
    struct tl_address_ipv4 ipv4[TL_ADDRESS_SLOTS]; // likewise, by the 32 bits of an IPv4 address
    struct tl_address addresses[TL_ADDRESSES_MAX];
    uint32_t count;
};

/// `ports_stride`: entries of one address in the worker's table of ports.
void tl_address_table_init(struct tl_address_table *table, const struct tl_address *addresses,
                           uint32_t count, const struct tl_realm *realms, uint32_t ports_stride);

/// Index of a local address (16 bytes, IPv4-mapped), or TL_NO_ADDRESS.
TL_PACKET_CODE uint32_t tl_address_find(const struct tl_address_table *table,
                                        const uint8_t address[16]);

static inline uint32_t tl_address_ipv4_hash(uint32_t address_be)
{
    return (address_be * 0x9e3779b1u) >> 24;
}

_Static_assert(TL_ADDRESS_SLOTS == 256, "the hash has eight bits");

/// Likewise for IPv4. The result's arrival is TL_NO_ARRIVAL when the address is not ours.
static inline const struct tl_address_ipv4 *
tl_address_find_ipv4(const struct tl_address_table *table, uint32_t address_be)
{
    uint32_t place = tl_address_ipv4_hash(address_be);
    const struct tl_address_ipv4 *entry = &table->ipv4[place];
    while (TL_UNLIKELY(entry->address_be != address_be) && entry->arrival != TL_NO_ARRIVAL)
        entry = &table->ipv4[place = (place + 1) % TL_ADDRESS_SLOTS];
    return entry;
}

static inline int tl_address_is_ipv4(const uint8_t address[16])
{
    const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(address, prefix, sizeof(prefix)) == 0;
}

static inline int tl_address_is_unknown(const uint8_t address[16])
{
    const uint8_t unspecified[16] = {0};
    return memcmp(address, unspecified, sizeof(unspecified)) == 0;
}

/// Unicast that can stand on a wire, by the first byte of an IPv4 address: not "this network",
/// loopback, multicast or reserved.
static inline int tl_ipv4_is_unicast(uint8_t first)
{
    return (uint8_t)(first - 1) < 223 && first != 127;
}

/// Likewise for an IPv6 address that is no IPv4-mapped one: not multicast, unspecified, loopback.
static inline int tl_ipv6_is_unicast(const uint8_t address[16])
{
    uint64_t words[2]; // as they stand in memory
    memcpy(words, address, 16);
    return address[0] != 0xff && (words[0] != 0 || (words[1] & ~(1ull << 56)) != 0);
}

#endif
