// SPDX-License-Identifier: Apache-2.0
// Flows that share a local port: which of them a packet belongs to, who may join them, and that
// the table of their names is always what the flows are. Usage: test_shared [seed]
#include "ice_call.h"

enum { PORT = 20000, GENERATION = 7 };

// Flow `index` with the shared port of ADDRESS_1, its peer at a port of its own.
static struct tl_flow_spec shared_spec(uint32_t index, const char *remote, uint16_t port,
                                       uint32_t flags)
{
    struct tl_flow_spec spec = spec_make(ADDRESS_1, PORT, remote, port);
    spec.peer_index = index + 1;
    spec.peer_generation = GENERATION;
    spec.flags |= TL_FLOW_SHARED | flags;
    return spec;
}

static int32_t add_call(struct world *world, uint32_t index, const char *remote, uint16_t port,
                        uint32_t flags)
{
    struct tl_flow_spec a = shared_spec(index, remote, port, flags);
    struct tl_flow_spec b =
        spec_make(ADDRESS_2, (uint16_t)(PORT + 2 + 2 * index), "198.18.2.2", 30002);
    b.peer_index = index;
    b.peer_generation = GENERATION;
    int32_t status = command(world, TL_OP_ADD, index, GENERATION, &a);
    if (status == TL_STATUS_OK)
        CHECK_EQUAL(command(world, TL_OP_ADD, index + 1, GENERATION, &b), TL_STATUS_OK);
    return status;
}

static int32_t add_ice_call(struct world *world, uint32_t index, const char *ufrag)
{
    CHECK_EQUAL(add_call(world, index, HOST, 9, TL_FLOW_RTCP_MUX | TL_FLOW_ICE), TL_STATUS_OK);
    return program_ice(world, index, ufrag, LOCAL_PASSWORD, REMOTE_UFRAG);
}

// Sends RTP and says which flow took it, or TL_NO_FLOW; `*reason` as in burst_reason.
static uint32_t taken_by(struct world *world, const char *source, uint16_t port, uint32_t *reason)
{
    static uint16_t sequence;
    uint64_t before[FLOWS];
    struct sender sender = {source, port, address_text[ADDRESS_1], PORT, 0, 0};
    for (uint32_t i = 0; i < FLOWS; i++)
        before[i] = world->records[i].rx_packets;
    world->now_ns += 20 * TL_MILLISECOND_NS;
    sequence++;
    send_rtp(world, &sender,
             (struct rtp){.sequence = sequence, .timestamp = 160u * sequence, .ssrc = 77});
    *reason = burst_reason(world);
    check_identity(world);
    for (uint32_t i = 0; i < FLOWS; i++)
        if (world->records[i].rx_packets != before[i])
            return i;
    return TL_NO_FLOW;
}

static uint32_t owner_of(struct world *world, const char *source, uint16_t port)
{
    uint32_t reason;
    uint32_t owner = taken_by(world, source, port, &reason);
    CHECK_EQUAL(reason, owner == TL_NO_FLOW ? STRANGE : FINE);
    return owner;
}

static void test_sources(void)
{
    struct world *world = world_make(1);
    CHECK_EQUAL(add_call(world, 0, HOST, 30000, 0), TL_STATUS_OK);
    CHECK_EQUAL(add_call(world, 2, HOST, 30002, TL_FLOW_RTCP_MUX), TL_STATUS_OK);
    CHECK_EQUAL(add_call(world, 4, OTHER, 30000, 0), TL_STATUS_OK);
    // One SSRC for all: it says nothing.
    CHECK_EQUAL(owner_of(world, HOST, 30000), 0);
    CHECK_EQUAL(owner_of(world, HOST, 30002), 2);
    CHECK_EQUAL(owner_of(world, OTHER, 30000), 4);
    CHECK_EQUAL(owner_of(world, OTHER, 30002), TL_NO_FLOW);
    CHECK_EQUAL(owner_of(world, RELAY, 30000), TL_NO_FLOW);
    for (uint32_t i = 0; i < 6; i += 2) {
        CHECK_EQUAL(world->records[i].rx_packets, 1);
        CHECK_EQUAL(world->records[i + 1].tx_packets, 1);
        CHECK_EQUAL(world->records[i].rx_drops, 0);
    }
    // RTCP at the odd port: from the signalled one, and not where it is muxed.
    const uint8_t report[8] = {0x80, 201, 0, 1, 0, 0, 0, 77};
    struct sender rtcp = {HOST, 30001, address_text[ADDRESS_1], PORT + 1, 0, 0};
    CHECK_EQUAL(send_udp(world, &rtcp, report, sizeof(report)), FINE);
    CHECK_EQUAL(world->records[0].rx_rtcp_packets, 1);
    rtcp.source_port = 30003;
    CHECK_EQUAL(send_udp(world, &rtcp, report, sizeof(report)), STRANGE);
    rtcp = (struct sender){HOST, 30002, address_text[ADDRESS_1], PORT, 0, 0};
    CHECK_EQUAL(send_udp(world, &rtcp, report, sizeof(report)), FINE);
    CHECK_EQUAL(world->records[2].rx_rtcp_packets, 1);
    world_free(world);
}

static void test_joining(void)
{
    struct world *world = world_make(1);
    CHECK_EQUAL(add_call(world, 0, HOST, 30000, 0), TL_STATUS_OK);
    CHECK_EQUAL(add_call(world, 2, OTHER, 30000, 0), TL_STATUS_OK);
    struct tl_flow_spec spec = shared_spec(4, HOST, 30000, 0);
    CHECK_EQUAL(command(world, TL_OP_ADD, 4, GENERATION, &spec), TL_STATUS_SOURCE_IN_USE);
    spec.remote_port = 29998; // free, but not where its RTCP would come from
    spec.remote_rtcp_port = 30001;
    CHECK_EQUAL(command(world, TL_OP_ADD, 4, GENERATION, &spec), TL_STATUS_SOURCE_IN_USE);
    spec.flags |= TL_FLOW_LEARN;
    spec.learn_window_ms = 1000;
    CHECK_EQUAL(command(world, TL_OP_ADD, 4, GENERATION, &spec), TL_STATUS_BAD_FLAGS);
    spec.flags = (spec.flags & ~TL_FLOW_LEARN) | TL_FLOW_ICE | TL_FLOW_SRTP | TL_FLOW_EARLY_LATCH;
    CHECK_EQUAL(command(world, TL_OP_ADD, 4, GENERATION, &spec), TL_STATUS_BAD_FLAGS);
    struct tl_flow_spec own = spec_make(ADDRESS_1, PORT, RELAY, 30000);
    CHECK_EQUAL(command(world, TL_OP_ADD, 4, GENERATION, &own), TL_STATUS_PORT_IN_USE);
    spec = shared_spec(4, RELAY, 30000, 0);
    spec.address_index = ADDRESS_2;
    spec.local_port = PORT + 2; // of flow 1, which does not share it
    CHECK_EQUAL(command(world, TL_OP_ADD, 4, GENERATION, &spec), TL_STATUS_PORT_IN_USE);
    // A party that moves onto another's address: refused, and nothing has changed.
    spec = shared_spec(2, HOST, 30000, 0);
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 2, GENERATION, &spec), TL_STATUS_SOURCE_IN_USE);
    CHECK_EQUAL(owner_of(world, HOST, 30000), 0);
    CHECK_EQUAL(owner_of(world, OTHER, 30000), 2);
    // To a free one; and with a flag that is not its own to give.
    spec = shared_spec(2, RELAY, 30010, 0);
    spec.flags &= ~TL_FLOW_SHARED;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 2, GENERATION, &spec), TL_STATUS_OK);
    CHECK_EQUAL(owner_of(world, RELAY, 30010), 2);
    CHECK_EQUAL(owner_of(world, OTHER, 30000), TL_NO_FLOW);
    // Not known yet: nothing reaches it, and it keeps nobody out.
    spec = shared_spec(2, RELAY, 30010, 0);
    memset(spec.remote_address, 0, 16);
    spec.remote_port = 0;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 2, GENERATION, &spec), TL_STATUS_OK);
    CHECK_EQUAL(owner_of(world, RELAY, 30010), TL_NO_FLOW);
    CHECK_EQUAL(add_call(world, 4, RELAY, 30010, 0), TL_STATUS_OK);
    CHECK_EQUAL(owner_of(world, RELAY, 30010), 4);
    world_free(world);
}

static void test_leaving(void)
{
    struct world *world = world_make(1);
    uint32_t reason;
    uint32_t place = tl_worker_port(world->worker, ADDRESS_1, PORT);
    for (uint32_t i = 0; i < 2 * SHARED_FLOWS; i += 2)
        CHECK_EQUAL(add_call(world, i, HOST, (uint16_t)(30000 + 2 * i), 0), TL_STATUS_OK);
    struct tl_flow_spec spec = shared_spec(40, OTHER, 30000, 0);
    CHECK_EQUAL(command(world, TL_OP_ADD, 40, GENERATION, &spec), TL_STATUS_SHARED_FULL);
    for (uint32_t i = 0; i < 2 * SHARED_FLOWS; i += 2) {
        CHECK_EQUAL(owner_of(world, HOST, (uint16_t)(30000 + 2 * i)), i);
        CHECK_EQUAL(command(world, TL_OP_REMOVE, i, GENERATION, NULL), TL_STATUS_OK);
        CHECK_EQUAL(taken_by(world, HOST, (uint16_t)(30000 + 2 * i), &reason), TL_NO_FLOW);
        CHECK_EQUAL(reason, i + 2 < 2 * SHARED_FLOWS ? STRANGE : TL_DROP_INDEX_NO_FLOW);
    }
    CHECK_EQUAL(world->worker->shared.used, 0);
    CHECK_EQUAL(world->worker->shared.flows, 0);
    CHECK_EQUAL(world->worker->ports[place].slot, TL_NO_FLOW);
    struct tl_flow_spec own = spec_make(ADDRESS_1, PORT, HOST, 30000);
    CHECK_EQUAL(command(world, TL_OP_ADD, 50, GENERATION, &own), TL_STATUS_OK);
    CHECK_EQUAL(taken_by(world, HOST, 30000, &reason), 50);
    CHECK_EQUAL(reason, TL_DROP_INDEX_NO_PEER);
    world_free(world);
}

// Checks name their flow; media then follows the source of the check.
static void test_ice(void)
{
    struct world *world = world_make(1);
    CHECK_EQUAL(add_ice_call(world, 0, "aaaa"), TL_STATUS_OK);
    CHECK_EQUAL(add_ice_call(world, 2, "bbbb"), TL_STATUS_OK);
    CHECK_EQUAL(owner_of(world, OTHER, 4000), TL_NO_FLOW);
    struct ask ask = {.source = OTHER, .port = 4000, .local = "bbbb", .nominates = 1};
    CHECK_EQUAL(send_ask(world, ask), FINE);
    CHECK_EQUAL(owner_of(world, OTHER, 4000), 2);
    ask = (struct ask){.source = OTHER, .port = 4002, .local = "aaaa"};
    CHECK_EQUAL(send_ask(world, ask), FINE);
    CHECK_EQUAL(owner_of(world, OTHER, 4002), 0);
    // From a source that another call has: not answered, and that call's for ever.
    ask = (struct ask){.source = OTHER, .port = 4000, .local = "aaaa", .nominates = 1};
    CHECK_EQUAL(send_ask(world, ask), TL_DROP_INDEX_ICE_PATHS);
    CHECK_EQUAL(owner_of(world, OTHER, 4000), 2);
    // Nobody's fragment, no fragment, no user name, a forger.
    ask.local = "cccc";
    CHECK_EQUAL(send_ask(world, ask), FORGED);
    ask.local = "";
    CHECK_EQUAL(send_ask(world, ask), FORGED);
    ask.local = "aaaa:bbbb"; // which the agent then reads likewise
    ask.port = 4002;
    CHECK_EQUAL(send_ask(world, ask), FINE);
    ask = (struct ask){.source = RELAY, .port = 4000, .local = "aaaa", .forged = 1};
    CHECK_EQUAL(send_ask(world, ask), FORGED);
    CHECK_EQUAL(owner_of(world, RELAY, 4000), TL_NO_FLOW);
    const uint8_t indication[20] = {0, 0x11, 0, 0, 0x21, 0x12, 0xa4, 0x42};
    struct sender from = {OTHER, 4000, address_text[ADDRESS_1], PORT, 0, 0};
    CHECK_EQUAL(send_udp(world, &from, indication, sizeof(indication)), FINE);
    from.source = RELAY;
    CHECK_EQUAL(send_udp(world, &from, indication, sizeof(indication)), STRANGE);
    // With the call its source is free.
    CHECK_EQUAL(command(world, TL_OP_REMOVE, 2, GENERATION, NULL), TL_STATUS_OK);
    CHECK_EQUAL(owner_of(world, OTHER, 4000), TL_NO_FLOW);
    ask = (struct ask){.source = OTHER, .port = 4000, .local = "bbbb"};
    CHECK_EQUAL(send_ask(world, ask), FORGED);
    ask.local = "aaaa";
    CHECK_EQUAL(send_ask(world, ask), FINE);
    CHECK_EQUAL(owner_of(world, OTHER, 4000), 0);
    world_free(world);
}

static void test_ice_restart(void)
{
    struct world *world = world_make(1);
    CHECK_EQUAL(add_ice_call(world, 0, "aaaa"), TL_STATUS_OK);
    CHECK_EQUAL(add_ice_call(world, 2, "bbbb"), TL_STATUS_OK);
    struct ask ask = {.source = OTHER, .port = 4000, .local = "aaaa", .nominates = 1};
    CHECK_EQUAL(send_ask(world, ask), FINE);
    CHECK_EQUAL(program_ice(world, 0, "AAAA", LOCAL_PASSWORD, REMOTE_UFRAG), TL_STATUS_OK);
    CHECK_EQUAL(send_ask(world, ask), FINE); // the former fragment still names it
    CHECK_EQUAL(owner_of(world, OTHER, 4000), 0);
    ask = (struct ask){.source = OTHER, .port = 4002, .local = "AAAA", .nominates = 1};
    CHECK_EQUAL(send_ask(world, ask), FINE);
    CHECK_EQUAL(owner_of(world, OTHER, 4002), 0);
    ask.local = "aaaa";
    CHECK_EQUAL(send_ask(world, ask), FORGED); // it is over
    // Without ICE the signalled party is all that tells it apart.
    struct tl_flow_spec spec = shared_spec(0, RELAY, 5000, TL_FLOW_RTCP_MUX);
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, GENERATION, &spec), TL_STATUS_OK);
    CHECK_EQUAL(owner_of(world, RELAY, 5000), 0);
    CHECK_EQUAL(owner_of(world, OTHER, 4002), TL_NO_FLOW);
    ask.local = "AAAA";
    CHECK_EQUAL(send_ask(world, ask), FORGED);
    world_free(world);
}

// A default candidate that nobody checked gives way to a call that proves it has the address.
static void test_defaults(void)
{
    struct world *world = world_make(1);
    CHECK_EQUAL(add_ice_call(world, 0, "aaaa"), TL_STATUS_OK); // both of HOST, 9
    CHECK_EQUAL(add_ice_call(world, 2, "bbbb"), TL_STATUS_OK);
    CHECK_EQUAL(owner_of(world, HOST, 9), 0);
    struct ask ask = {.source = HOST, .port = 9, .local = "bbbb"};
    CHECK_EQUAL(send_ask(world, ask), FINE);
    CHECK_EQUAL(owner_of(world, HOST, 9), 2);
    ask.local = "aaaa";
    CHECK_EQUAL(send_ask(world, ask), TL_DROP_INDEX_ICE_PATHS);
    // A plain call has what signalling says at once, before any check.
    CHECK_EQUAL(add_call(world, 4, OTHER, 6000, 0), TL_STATUS_OK);
    ask = (struct ask){.source = OTHER, .port = 6000, .local = "aaaa", .nominates = 1};
    CHECK_EQUAL(send_ask(world, ask), TL_DROP_INDEX_ICE_PATHS);
    CHECK_EQUAL(owner_of(world, OTHER, 6000), 4);
    world_free(world);
}

// What signalling names nobody has proved to have: it takes neither an agent's default candidate
// nor the RTCP of its checked party.
static void test_claims(void)
{
    struct world *world = world_make(1);
    CHECK_EQUAL(add_call(world, 0, OTHER, 4000, TL_FLOW_ICE), TL_STATUS_OK);
    CHECK_EQUAL(program_ice(world, 0, "aaaa", LOCAL_PASSWORD, REMOTE_UFRAG), TL_STATUS_OK);
    struct tl_flow_spec plain = shared_spec(2, OTHER, 4000, TL_FLOW_RTCP_MUX);
    CHECK_EQUAL(command(world, TL_OP_ADD, 2, GENERATION, &plain), TL_STATUS_SOURCE_IN_USE);
    struct ask ask = {.source = RELAY, .port = 4100, .local = "aaaa", .nominates = 1};
    CHECK_EQUAL(send_ask(world, ask), FINE);
    ask = (struct ask){.source = RELAY, .port = 4777, .local = "aaaa", .to_port = PORT + 1};
    CHECK_EQUAL(send_ask(world, ask), FINE);
    plain = shared_spec(2, RELAY, 6000, 0);
    plain.remote_rtcp_port = 4777;
    CHECK_EQUAL(command(world, TL_OP_ADD, 2, GENERATION, &plain), TL_STATUS_SOURCE_IN_USE);
    const uint8_t report[8] = {0x80, 201, 0, 1, 0, 0, 0, 77};
    struct sender rtcp = {RELAY, 4777, address_text[ADDRESS_1], PORT + 1, 0, 0};
    CHECK_EQUAL(send_udp(world, &rtcp, report, sizeof(report)), FINE);
    // A change of something else leaves the checked component where it is.
    struct tl_flow_spec spec = world->worker->cold[0].spec;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, GENERATION, &spec), TL_STATUS_OK);
    CHECK_EQUAL(send_udp(world, &rtcp, report, sizeof(report)), FINE);
    CHECK_EQUAL(world->records[0].rx_rtcp_packets, 2);
    world_free(world);
}

// After a restart the checked path of a record is its flow's again, before any new check.
static void test_take_up(void)
{
    struct world *world = world_make(1);
    CHECK_EQUAL(add_ice_call(world, 0, "aaaa"), TL_STATUS_OK);
    CHECK_EQUAL(add_ice_call(world, 2, "bbbb"), TL_STATUS_OK);
    struct ask ask = {.source = OTHER, .port = 4000, .local = "bbbb", .nominates = 1};
    CHECK_EQUAL(send_ask(world, ask), FINE);
    world_restart(world);
    CHECK_EQUAL(add_ice_call(world, 0, "aaaa"), TL_STATUS_OK);
    CHECK_EQUAL(add_ice_call(world, 2, "bbbb"), TL_STATUS_OK);
    CHECK_EQUAL(owner_of(world, OTHER, 4000), 2);
    ask.local = "aaaa";
    CHECK_EQUAL(send_ask(world, ask), TL_DROP_INDEX_ICE_PATHS);
    world_free(world);
}

// Whatever comes, changes and goes: each source leads to the flow whose party it is, and the table
// holds as many names as there are.
static void test_model(void)
{
    struct world *world = world_make(1);
    world->worker->shared.mask = 63; // half full, so that names are pushed on and closed up
    uint32_t party[SHARED_FLOWS] = {0}, generation[SHARED_FLOWS] = {0}; // port of flow 2 i; 0: none
    for (uint32_t round = 0; round < 20000; round++) {
        uint32_t i = random_below(SHARED_FLOWS), wanted = 30000 + 2 * random_below(24), owner;
        for (owner = 0; owner < SHARED_FLOWS && party[owner] != wanted; owner++)
            ;
        struct tl_flow_spec spec = shared_spec(2 * i, HOST, (uint16_t)wanted, 0);
        spec.peer_index = TL_NO_FLOW;
        int32_t expected =
            owner == SHARED_FLOWS || owner == i ? TL_STATUS_OK : TL_STATUS_SOURCE_IN_USE;
        if (party[i] == 0) {
            CHECK_EQUAL(command(world, TL_OP_ADD, 2 * i, generation[i] + 1, &spec), expected);
            generation[i] += expected == TL_STATUS_OK;
        } else if (random_below(3) == 0) {
            CHECK_EQUAL(command(world, TL_OP_REMOVE, 2 * i, generation[i], NULL), TL_STATUS_OK);
            party[i] = 0;
            continue;
        } else {
            CHECK_EQUAL(command(world, TL_OP_MODIFY, 2 * i, generation[i], &spec), expected);
        }
        if (expected == TL_STATUS_OK)
            party[i] = wanted;
        uint32_t place = 2 * tl_worker_port(world->worker, ADDRESS_1, PORT), live = 0;
        for (uint32_t j = 0; j < SHARED_FLOWS; j++) {
            live += party[j] != 0;
            uint8_t address[16];
            parse_address(HOST, address);
            struct tl_port_entry found =
                tl_shared_by_source(world->worker, place, address, (uint16_t)party[j]);
            CHECK_EQUAL(found.slot, party[j] != 0 ? 2 * j : TL_NO_FLOW);
        }
        CHECK_EQUAL(world->worker->shared.used, 2 * live);
    }
    world_free(world);
}

// What random parties say and do to eight flows: each name in the table is a live flow's, can be
// found, and goes with it.
enum { SOME = 8 };

static void check_names(const struct world *world, const uint32_t *live)
{
    const struct tl_shared *shared = &world->worker->shared;
    uint32_t count = 0;
    for (uint32_t i = 0; i <= shared->mask; i++) {
        const struct tl_shared_entry *entry = &shared->entries[i];
        uint32_t slot = entry->slot & ~TL_NAME_IS_WEAK;
        if (entry->name.kind == TL_NAME_NONE)
            continue;
        count++;
        CHECK(slot < 2 * SOME && live[slot / 2]);
        if (entry->name.kind == TL_NAME_SOURCE)
            CHECK_EQUAL(tl_shared_by_source(world->worker, entry->name.place, entry->name.address,
                                            entry->name.port).slot,
                        slot);
    }
    CHECK_EQUAL(shared->used, count);
}

static void random_change(struct world *world, uint32_t i, uint32_t *live, uint32_t *generation)
{
    static const char *const hosts[] = {HOST, OTHER, RELAY};
    struct tl_flow_spec spec =
        shared_spec(2 * i, hosts[random_below(3)], (uint16_t)(30000 + random_below(6)), 0);
    spec.flags |= random_below(2) ? TL_FLOW_ICE : 0;
    spec.flags |= random_below(2) ? TL_FLOW_RTCP_MUX : 0;
    spec.peer_index = TL_NO_FLOW;
    if (random_below(4) == 0)
        spec.remote_rtcp_port = (uint16_t)(30000 + random_below(8));
    if (random_below(6) == 0) {
        memset(spec.remote_address, 0, 16);
        spec.remote_port = spec.remote_rtcp_port = 0;
    }
    if (live[i]) {
        command(world, TL_OP_MODIFY, 2 * i, generation[i], &spec);
    } else if (command(world, TL_OP_ADD, 2 * i, generation[i] + 1, &spec) == TL_STATUS_OK) {
        generation[i]++;
        live[i] = 1;
    }
}

static void test_random(void)
{
    static const char *const hosts[] = {HOST, OTHER, RELAY};
    struct world *world = world_make(1);
    uint32_t live[SOME] = {0}, generation[SOME] = {0};
    char ufrag[8];
    for (uint32_t round = 0; round < 20000; round++) {
        uint32_t i = random_below(SOME), what = random_below(6);
        snprintf(ufrag, sizeof(ufrag), "uf%u%u", i, random_below(3));
        if (what < 2) {
            random_change(world, i, live, generation);
        } else if (what == 2 && live[i] && random_below(3) == 0) {
            CHECK_EQUAL(command(world, TL_OP_REMOVE, 2 * i, generation[i], NULL), TL_STATUS_OK);
            live[i] = 0;
        } else if (what == 3 && live[i] && world->worker->cold[2 * i].spec.flags & TL_FLOW_ICE) {
            program_ice(world, 2 * i, ufrag, LOCAL_PASSWORD, random_below(3) ? REMOTE_UFRAG : NULL);
        } else if (what > 3) {
            uint64_t step = random_below(40) == 0 ? 31 * TL_NANOSECONDS : TL_NANOSECONDS / 20;
            world->now_ns += step;
            struct ask ask = {.source = hosts[random_below(3)], .local = ufrag,
                              .port = (uint16_t)(30000 + random_below(10)),
                              .nominates = (int)random_below(2),
                              .to_port = (uint16_t)(PORT + random_below(2))};
            send_ask(world, ask);
        }
        check_names(world, live);
    }
    for (uint32_t i = 0; i < SOME; i++)
        if (live[i])
            CHECK_EQUAL(command(world, TL_OP_REMOVE, 2 * i, generation[i], NULL), TL_STATUS_OK);
    CHECK_EQUAL(world->worker->shared.used, 0);
    world_free(world);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        test_seed = strtoull(argv[1], NULL, 0);
    test_sources();
    test_joining();
    test_leaving();
    test_ice();
    test_ice_restart();
    test_defaults();
    test_claims();
    test_take_up();
    test_model();
    test_random();
    return tests_passed("shared", 0);
}
