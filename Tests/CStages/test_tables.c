// SPDX-License-Identifier: Apache-2.0
// Addresses, next hops, timers, counters, checksum: each against something simpler.
#include "frames.h"

static void test_checksum(void)
{
    uint8_t bytes[300];
    for (uint32_t length = 0; length < sizeof(bytes); length++) {
        for (uint32_t i = 0; i < length; i++)
            bytes[i] = (uint8_t)random_below(256);
        uint16_t checksum = tl_checksum_finish(tl_checksum_sum(bytes, length));
        CHECK_EQUAL(__builtin_bswap16(checksum), (uint16_t)~slow_sum(bytes, length, 0));
    }
    memset(bytes, 0xff, sizeof(bytes));
    CHECK_EQUAL(tl_checksum_finish(tl_checksum_sum(bytes, 300)), 0);
}

static void test_addresses(void)
{
    static struct tl_address_table table;
    struct tl_address addresses[TL_ADDRESSES_MAX] = {0};
    for (uint32_t i = 0; i < TL_ADDRESSES_MAX; i++) {
        parse_address("198.18.0.0", addresses[i].address);
        addresses[i].address[15] = (uint8_t)i;
    }
    const struct tl_realm realm = {.port_first = 20000, .port_last = 20001, .vlan = 7, .port = 3};
    tl_address_table_init(&table, addresses, TL_ADDRESSES_MAX, &realm, 100);
    for (uint32_t i = 0; i < 256; i++) {
        addresses[0].address[15] = (uint8_t)i;
        int known = i < TL_ADDRESSES_MAX;
        CHECK_EQUAL(tl_address_find(&table, addresses[0].address), known ? i : TL_NO_ADDRESS);
        uint32_t word;
        memcpy(&word, addresses[0].address + 12, 4);
        const struct tl_address_ipv4 *found = tl_address_find_ipv4(&table, word);
        CHECK_EQUAL(found->arrival, known ? 7 << 16 | 3 : TL_NO_ARRIVAL);
        CHECK(!known || (found->ports == 100 * i && found->port_first == 20000 &&
                         found->port_span == 1));
    }
    CHECK_EQUAL(tl_address_find_ipv4(&table, 0)->arrival, TL_NO_ARRIVAL); // as an empty slot's
}

// Random taking and releasing against a count for each address.
static void test_next_hops(void)
{
    enum { COUNT = 16, ADDRESSES = 24 };
    struct tl_next_hop entries[COUNT];
    uint64_t words[COUNT];
    uint32_t heads[COUNT], users[ADDRESSES] = {0}, index_of[ADDRESSES] = {0}, used = 0;
    struct tl_next_hops hops;
    struct tl_realm realm = {0};
    tl_next_hops_init(&hops, words, entries, heads, COUNT);
    for (uint32_t round = 0; round < 100000; round++) {
        uint32_t which = random_below(ADDRESSES);
        uint8_t address[16] = {[15] = (uint8_t)(which / 2)};
        if (random_below(2) == 0 && users[which] > 0) {
            tl_next_hop_release(&hops, index_of[which]);
            used -= --users[which] == 0;
        } else {
            uint32_t index = tl_next_hop_take(&hops, &realm, which % 2, address);
            CHECK_EQUAL(index == TL_NO_HOP, users[which] == 0 && used == COUNT);
            if (index == TL_NO_HOP)
                continue;
            CHECK(users[which] == 0 || index == index_of[which]);
            used += users[which]++ == 0;
            index_of[which] = index;
        }
        CHECK_EQUAL(hops.used, used);
        struct tl_next_hop_view view;
        if (users[which] > 0) {
            CHECK(tl_next_hop_read(&hops, index_of[which], &view));
            CHECK(memcmp(view.address, address, 16) == 0);
            CHECK_EQUAL(view.realm_index, which % 2);
        }
    }
}

// Neighbours in one network, which differ in their last bytes, are spread over the table.
static void test_next_hop_spread(void)
{
    enum { SPREAD = 4096 };
    static struct tl_next_hop entries[SPREAD];
    static uint64_t words[SPREAD];
    static uint32_t heads[SPREAD];
    struct tl_realm realm = {.flags = TL_REALM_STATIC_MAC};
    struct tl_next_hops hops;
    uint8_t address[16];
    tl_next_hops_init(&hops, words, entries, heads, SPREAD);
    for (uint32_t i = 0; i < SPREAD; i++) {
        parse_address("10.1.0.0", address);
        put_16(address + 14, i);
        CHECK(tl_next_hop_take(&hops, &realm, 0, address) != TL_NO_HOP);
    }
    for (uint32_t i = 0; i < SPREAD; i++) {
        uint32_t length = 0;
        for (uint32_t at = heads[i]; at != TL_NO_HOP; at = entries[at].next)
            length++;
        CHECK(length <= 16);
    }
}

// A result for an earlier use of an entry does not reach the next one.
static void test_late_result(void)
{
    struct tl_next_hop entries[2];
    uint64_t words[2];
    uint32_t heads[2];
    struct tl_next_hops hops;
    struct tl_realm realm = {0};
    struct tl_next_hop_view view;
    const uint8_t one[16] = {1}, two[16] = {2}, mac[6] = {2, 3, 4, 5, 6, 7};
    tl_next_hops_init(&hops, words, entries, heads, 2);
    uint32_t index = tl_next_hop_take(&hops, &realm, 0, one);
    CHECK(tl_next_hop_read(&hops, index, &view));
    tl_next_hop_release(&hops, index);
    CHECK(!tl_next_hop_resolve(&hops, index, &view, mac));
    CHECK_EQUAL(tl_next_hop_take(&hops, &realm, 0, two), index);
    CHECK(!tl_next_hop_resolve(&hops, index, &view, mac));
    CHECK(tl_next_hop_read(&hops, index, &view));
    CHECK_EQUAL(view.state, TL_HOP_WANTED);
    CHECK(tl_next_hop_resolve(&hops, index, &view, mac));
    CHECK(tl_next_hop_read(&hops, index, &view));
    CHECK_EQUAL(view.state, TL_HOP_RESOLVED);
    CHECK(memcmp(view.mac, mac, 6) == 0);
}

// Random arming, moving and cancelling: every timer fires once, never early, not late by more
// than a tick, however the budget cuts the turns.
static void test_timers(void)
{
    enum { SLOTS = 40 };
    static struct tl_timers timers;
    static struct tl_flow_cold cold[SLOTS];
    uint64_t now = 1ull << 40, due[SLOTS] = {0};
    tl_timers_init(&timers, now);
    for (uint32_t round = 0; round < 20000; round++) {
        uint32_t slot = random_below(SLOTS);
        if (random_below(4) == 0) {
            tl_timer_cancel(&timers, cold, slot);
            due[slot] = 0;
        } else if (due[slot] == 0) {
            due[slot] = now + random_below(20000) * TL_MILLISECOND_NS;
            tl_timer_arm(&timers, cold, slot, due[slot], now);
        }
        now += random_below(round % 50 == 0 ? 60000 : 100) * TL_MILLISECOND_NS;
        uint32_t budget;
        do {
            budget = 1 + random_below(300);
            while ((slot = tl_timer_next(&timers, cold, now, &budget)) != TL_NO_FLOW) {
                CHECK(due[slot] != 0 && due[slot] <= now);
                due[slot] = 0;
            }
        } while (budget == 0);
        uint32_t armed = 0;
        for (uint32_t i = 0; i < SLOTS; i++) {
            armed += due[i] != 0;
            CHECK(due[i] == 0 || due[i] + TL_TIMER_TICK_NS > now);
        }
        CHECK_EQUAL(timers.armed, armed);
    }
}

static void test_restore(void)
{
    struct tl_worker_page page = {.version = 7, .received = 10, .handed_in = 2, .forwarded = 8,
                                  .generated = 3, .sent = 99, .flows = 5};
    page.drops[TL_DROP_INDEX_NO_FLOW] = 1;
    struct tl_counters counters;
    tl_counters_restore(&counters, &page);
    CHECK_EQUAL(counters.drops[TL_DROP_INDEX_UNKNOWN_AT_RESTART], 3);
    CHECK_EQUAL(counters.sent, 11);
    CHECK_EQUAL(counters.flows, 0);
    CHECK_EQUAL(page.version, 8);
    CHECK_EQUAL(tl_counters_imbalance(&counters), 0);
    page.forwarded = 20;
    tl_counters_restore(&counters, &page);
    CHECK_EQUAL(tl_counters_imbalance(&counters), 0);
}

static void test_configuration(void)
{
    struct tl_realm realm = {.port_first = 20000, .port_last = 29999};
    struct tl_address address = {.realm_index = 0};
    struct tl_worker_page page = {0};
    struct tl_flow_record record = {0};
    const struct tl_worker_config good = {
        .worker_count = 1, .shard_count = 1, .flows_per_worker = 1, .next_hops = 2,
        .realm_count = 1, .address_count = 1, .record_stride = sizeof(record), .realms = &realm,
        .addresses = &address, .records = (uint8_t *)&record, .page = &page};
    CHECK(tl_worker_size(&good) > 0);
    struct tl_worker_config bad = good;
    bad.worker_count = 0;
    CHECK_EQUAL(tl_worker_size(&bad), 0);
    bad = good;
    bad.next_hops = 3;
    CHECK_EQUAL(tl_worker_size(&bad), 0);
    bad = good;
    bad.flows_per_worker = TL_FLOWS_PER_WORKER_MAX + 1;
    CHECK_EQUAL(tl_worker_size(&bad), 0);
    bad = good;
    bad.record_stride = 64;
    const char *problem;
    CHECK(tl_worker_init(NULL, &bad, 0, &problem) == NULL && problem != NULL);
    realm.port_first = 20001;
    CHECK_EQUAL(tl_worker_size(&good), 0);
    realm.port_first = 20000;
    address.realm_index = 1;
    CHECK_EQUAL(tl_worker_size(&good), 0);
}

int main(void)
{
    test_checksum();
    test_addresses();
    test_next_hops();
    test_next_hop_spread();
    test_late_result();
    test_timers();
    test_restore();
    test_configuration();
    return tests_passed("tables", 0);
}
