// SPDX-License-Identifier: Apache-2.0
#include "CTables.h"

static uint32_t address_hash(uint64_t high, uint64_t low)
{
    uint64_t mixed = (high * 0x9e3779b97f4a7c15ull) ^ low;
    mixed *= 0xd6e8feb86659fd93ull;
    return (uint32_t)(mixed >> 32) % TL_ADDRESS_SLOTS;
}

static void ipv4_add(struct tl_address_table *table, uint32_t index, const struct tl_realm *realm,
                     uint32_t ports)
{
    struct tl_address_ipv4 entry = {
        .ports = ports,
        .port_first = realm->port_first,
        .port_span = (uint16_t)(realm->port_last - realm->port_first),
        .arrival = realm->port | (uint32_t)realm->vlan << 16,
    };
    memcpy(&entry.address_be, table->addresses[index].address + 12, 4);
    uint32_t place = tl_address_ipv4_hash(entry.address_be);
    while (table->ipv4[place].arrival != TL_NO_ARRIVAL)
        place = (place + 1) % TL_ADDRESS_SLOTS;
    table->ipv4[place] = entry;
}

void tl_address_table_init(struct tl_address_table *table, const struct tl_address *addresses,
                           uint32_t count, const struct tl_realm *realms, uint32_t ports_stride)
{
    memset(table->slots, 0xff, sizeof(table->slots));
    memset(table->ipv4, 0, sizeof(table->ipv4));
    for (uint32_t i = 0; i < TL_ADDRESS_SLOTS; i++)
        table->ipv4[i].arrival = TL_NO_ARRIVAL;
    table->count = count;
    memcpy(table->addresses, addresses, count * sizeof(addresses[0]));
    for (uint32_t i = 0; i < count; i++) {
        uint64_t words[2];
        memcpy(words, addresses[i].address, 16);
        uint32_t place = address_hash(words[0], words[1]);
        while (table->slots[place] != TL_NO_ADDRESS)
            place = (place + 1) % TL_ADDRESS_SLOTS;
        table->slots[place] = (uint16_t)i;
        if (tl_address_is_ipv4(addresses[i].address))
            ipv4_add(table, i, &realms[addresses[i].realm_index], i * ports_stride);
    }
}

TL_PACKET_CODE uint32_t tl_address_find(const struct tl_address_table *table,
                                        const uint8_t address[16])
{
    uint64_t words[2], found[2];
    memcpy(words, address, 16);
    uint32_t place = address_hash(words[0], words[1]);
    while (table->slots[place] != TL_NO_ADDRESS) {
        uint32_t index = table->slots[place];
        memcpy(found, table->addresses[index].address, 16);
        if (found[0] == words[0] && found[1] == words[1])
            return index;
        place = (place + 1) % TL_ADDRESS_SLOTS;
    }
    return TL_NO_ADDRESS;
}
