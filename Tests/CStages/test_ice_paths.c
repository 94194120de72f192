// SPDX-License-Identifier: Apache-2.0
// Where media goes, and from where it is taken, after the checks that came.
#include "ice_call.h"
#include "rings.h"

#include "../../CShims/CStages/ice.h"

// Media is taken from every checked path, and sent by that of the highest priority.
static void test_before_nomination(void)
{
    struct world *world = start();
    check_from(world, OTHER, 4000, 100, 0);
    CHECK(goes_to(world, OTHER, 4000));
    CHECK_EQUAL(media_from(world, HOST, 30000), STRANGE); // signalled, but not checked
    check_from(world, RELAY, 5000, 50, 0);
    CHECK(goes_to(world, OTHER, 4000));
    check_from(world, HOST, 30000, 200, 0);
    CHECK(goes_to(world, HOST, 30000));
    CHECK_EQUAL(media_from(world, HOST, 30000), FINE);
    CHECK_EQUAL(media_from(world, OTHER, 4000), FINE);
    CHECK_EQUAL(media_from(world, RELAY, 5000), FINE);
    CHECK_EQUAL(media_from(world, RELAY, 5002), STRANGE);
    CHECK_EQUAL(world->worker->counters.ice_nominations, 0);
    world_free(world);
}

static void test_regular_nomination(void)
{
    struct world *world = start();
    check_from(world, OTHER, 4000, 100, 0);
    check_from(world, RELAY, 5000, 50, 0);
    check_from(world, RELAY, 5000, 50, 1);
    CHECK(goes_to(world, RELAY, 5000));
    CHECK_EQUAL(media_from(world, RELAY, 5000), FINE);
    CHECK_EQUAL(media_from(world, OTHER, 4000), STRANGE);
    check_from(world, OTHER, 4000, 100, 0); // consent for another path moves nothing
    CHECK(goes_to(world, RELAY, 5000));
    check_from(world, OTHER, 4000, 100, 1);
    CHECK(goes_to(world, OTHER, 4000));
    check_from(world, RELAY, 5000, 50, 1); // back again, though its priority is lower
    CHECK(goes_to(world, RELAY, 5000));
    CHECK_EQUAL(media_from(world, OTHER, 4000), STRANGE);
    check_from(world, RELAY, 5000, 50, 1);
    CHECK_EQUAL(world->worker->counters.ice_nominations, 3);
    world_free(world);
}

static void test_aggressive_nomination(void)
{
    struct world *world = start();
    check_from(world, RELAY, 5000, 50, 1);
    CHECK(goes_to(world, RELAY, 5000));
    check_from(world, OTHER, 4000, 100, 1);
    CHECK(goes_to(world, OTHER, 4000));
    check_from(world, RELAY, 5002, 60, 1);
    check_from(world, RELAY, 5000, 50, 1);
    CHECK(goes_to(world, OTHER, 4000));
    CHECK_EQUAL(media_from(world, RELAY, 5000), STRANGE);
    // A NAT gave the party another port: the same candidate, the same priority.
    check_from(world, OTHER, 4711, 100, 1);
    CHECK(goes_to(world, OTHER, 4711));
    // What was silent for 30 s is no obstacle.
    world->now_ns += 31 * TL_NANOSECONDS;
    check_from(world, RELAY, 5000, 50, 1);
    CHECK(goes_to(world, RELAY, 5000));
    world_free(world);
}

// A party behind a NAT that moved: regular nomination, from an address that nobody signalled.
static void test_reflexive_source(void)
{
    struct world *world = start();
    check_from(world, "203.0.113.9", 61000, 100, 0);
    check_from(world, "203.0.113.9", 61000, 100, 1);
    CHECK_EQUAL(media_from(world, "203.0.113.9", 61000), FINE);
    check_from(world, "203.0.113.9", 62222, 100, 0);
    CHECK(goes_to(world, "203.0.113.9", 61000));
    check_from(world, "203.0.113.9", 62222, 100, 1);
    CHECK(goes_to(world, "203.0.113.9", 62222));
    CHECK_EQUAL(media_from(world, "203.0.113.9", 62222), FINE);
    CHECK_EQUAL(media_from(world, "203.0.113.9", 61000), STRANGE);
    world_free(world);
}

static void test_restart(void)
{
    struct world *world = start();
    check_from(world, OTHER, 4000, 100, 0);
    check_from(world, OTHER, 4000, 100, 1);
    CHECK_EQUAL(program_ice(world, 0, "next", "another password, of 22 and more", "newR"),
                TL_STATUS_OK);
    struct ask former = {.source = OTHER, .port = 4000, .priority = 100};
    struct ask present = {.source = RELAY, .port = 5000, .priority = 10, .local = "next",
                          .password = "another password, of 22 and more", .remote = "newR"};
    struct frame frame;
    CHECK(goes_to(world, OTHER, 4000));
    CHECK_EQUAL(send_ask(world, former), FINE);
    CHECK_EQUAL(answer_type(world, &former, &frame), 0x0101);
    CHECK_EQUAL(send_ask(world, present), FINE);
    CHECK_EQUAL(answer_type(world, &present, &frame), 0x0101);
    CHECK(goes_to(world, OTHER, 4000)); // only a nomination ends it
    CHECK_EQUAL(media_from(world, OTHER, 4000), FINE);
    CHECK_EQUAL(media_from(world, RELAY, 5000), STRANGE);
    present.source = OTHER; // the same path, under both
    present.port = 4000;
    CHECK_EQUAL(send_ask(world, present), FINE);
    CHECK_EQUAL(send_ask(world, former), FINE);
    CHECK(goes_to(world, OTHER, 4000));
    present.source = RELAY;
    present.port = 5000;
    present.nominates = 1;
    CHECK_EQUAL(send_ask(world, present), FINE);
    CHECK(goes_to(world, RELAY, 5000));
    CHECK_EQUAL(media_from(world, RELAY, 5000), FINE);
    CHECK_EQUAL(media_from(world, OTHER, 4000), STRANGE);
    CHECK_EQUAL(send_ask(world, former), FORGED); // those credentials are gone
    // Signalling repeats what it said: nothing happens.
    CHECK_EQUAL(program_ice(world, 0, "next", "another password, of 22 and more", "newR"),
                TL_STATUS_OK);
    CHECK(goes_to(world, RELAY, 5000));
    world_free(world);
}

// Two branches of a fork answer checks before signalling says whose call it is.
static void test_forks(void)
{
    struct world *world = start_with(0, NULL);
    struct ask one = {.source = OTHER, .port = 4000, .priority = 100, .remote = "one"};
    struct ask two = {.source = RELAY, .port = 5000, .priority = 200, .remote = "two"};
    CHECK_EQUAL(send_ask(world, one), FINE);
    CHECK_EQUAL(send_ask(world, two), FINE);
    CHECK(goes_to(world, RELAY, 5000));
    CHECK_EQUAL(media_from(world, OTHER, 4000), FINE);
    CHECK_EQUAL(program_ice(world, 0, LOCAL_UFRAG, LOCAL_PASSWORD, "one"), TL_STATUS_OK);
    CHECK(goes_to(world, OTHER, 4000));
    CHECK_EQUAL(media_from(world, RELAY, 5000), STRANGE);
    two.nominates = 1; // remembered
    CHECK_EQUAL(send_ask(world, two), FINE);
    CHECK(goes_to(world, OTHER, 4000));
    CHECK_EQUAL(program_ice(world, 0, LOCAL_UFRAG, LOCAL_PASSWORD, "two"), TL_STATUS_OK);
    CHECK(goes_to(world, RELAY, 5000));
    CHECK_EQUAL(media_from(world, OTHER, 4000), STRANGE);
    // A third one, of which no check came: where signalling says.
    CHECK_EQUAL(program_ice(world, 0, LOCAL_UFRAG, LOCAL_PASSWORD, "three"), TL_STATUS_OK);
    CHECK(goes_to(world, HOST, 30000));
    CHECK_EQUAL(world->records[0].source_learned, 0);
    CHECK_EQUAL(media_from(world, RELAY, 5000), STRANGE);
    CHECK_EQUAL(media_from(world, HOST, 30000), FINE);
    CHECK_EQUAL(program_ice(world, 0, LOCAL_UFRAG, LOCAL_PASSWORD, "one"), TL_STATUS_OK);
    CHECK(goes_to(world, OTHER, 4000));
    world_free(world);
}

static int latch(struct world *world, const char *source, uint16_t port)
{
    uint8_t address[16];
    parse_address(source, address);
    return tl_ice_latch_source(world->worker, 0, address, port);
}

static void test_early_latch(void)
{
    struct world *world = start_with(TL_FLOW_SRTP, REMOTE_UFRAG);
    CHECK(!latch(world, OTHER, 4000)); // the trunk does not say so
    world_free(world);
    world = start_with(TL_FLOW_SRTP | TL_FLOW_EARLY_LATCH, REMOTE_UFRAG);
    CHECK(!latch(world, "198.18.2.1", 20002)); // our own address
    CHECK(latch(world, OTHER, 4000));
    CHECK(!latch(world, RELAY, 5000)); // only the first
    uint8_t address[16];
    parse_address(OTHER, address);
    CHECK_EQUAL(world->records[0].source_port, 4000);
    CHECK(memcmp(world->records[0].source_address, address, 16) == 0);
    check_from(world, RELAY, 5000, 1, 0); // a checked path is better to send by
    CHECK_EQUAL(world->records[0].source_port, 5000);
    CHECK(tl_ice_accepts(world->worker, 0, address, 4000));
    check_from(world, RELAY, 5000, 1, 1);
    CHECK(!tl_ice_accepts(world->worker, 0, address, 4000));
    CHECK(!latch(world, "198.18.1.9", 9));
    world_free(world);
}

// The two halves of an early latch around SRTP's verdict: a stranger goes on as a candidate, and is
// taken when it authenticates.
static void test_latch_packets(void)
{
    struct world *world = start_with(TL_FLOW_SRTP | TL_FLOW_EARLY_LATCH, REMOTE_UFRAG);
    const struct sender from = {OTHER, 4000, "198.18.1.1", 20000, 0, 0};
    const struct sender late = {RELAY, 5000, "198.18.1.1", 20000, 0, 0};
    burst_begin(world);
    for (uint32_t i = 0; i < 3; i++) {
        const struct sender *sender = i < 2 ? &from : &late;
        struct tl_packet *packet = add_rtp(world, sender, (struct rtp){.sequence = 1, .ssrc = 77});
        packet->flow = &world->worker->flows[0];
        packet->payload_offset = 14 + 20 + 8;
        packet->remote_port = sender->source_port;
        CHECK(tl_ice_source(world->worker, packet));
        CHECK(packet->flags & TL_PACKET_LEARN);
    }
    CHECK(tl_ice_latch(world->worker, &world->packets[0]));
    CHECK(!(world->packets[0].flags & TL_PACKET_LEARN));
    CHECK(tl_ice_latch(world->worker, &world->packets[1])); // of the same burst
    CHECK(!tl_ice_latch(world->worker, &world->packets[2]));
    CHECK_EQUAL(world->records[0].source_port, 4000);
    world->packets[2].flags = 0;
    CHECK(!tl_ice_source(world->worker, &world->packets[2])); // nobody else is a candidate now
    CHECK_EQUAL(world->packets[2].reason, STRANGE);
    world_free(world);
}

static void test_table_full(void)
{
    struct world *world = start();
    for (uint16_t i = 0; i < TL_ICE_PATHS_MAX; i++)
        check_from(world, OTHER, (uint16_t)(4000 + i), 100, i == 3);
    struct ask more = {.source = RELAY, .port = 5000, .priority = 100, .nominates = 1};
    CHECK_EQUAL(send_ask(world, more), TL_DROP_INDEX_ICE_PATHS);
    CHECK(goes_to(world, OTHER, 4003));
    uint32_t used = world->worker->hops.used;
    world->now_ns += 30 * TL_NANOSECONDS;
    for (uint16_t i = 1; i < TL_ICE_PATHS_MAX; i++)
        if (i != 3)
            check_from(world, OTHER, (uint16_t)(4000 + i), 100, 0);
    world->now_ns += TL_NANOSECONDS;
    CHECK_EQUAL(send_ask(world, more), FINE); // in the place of 4000: 4003 has media
    CHECK(goes_to(world, RELAY, 5000));
    CHECK_EQUAL(world->worker->hops.used, used + 1);
    struct ask again = {.source = OTHER, .port = 4000};
    CHECK_EQUAL(send_ask(world, again), FINE); // in the place of 4003, which has none any more
    CHECK_EQUAL(command(world, TL_OP_REMOVE, 0, 7, NULL), TL_STATUS_OK);
    CHECK_EQUAL(world->worker->hops.used, 1); // the other leg's: nothing was kept
    world_free(world);
}

static void ask_from_ports(struct world *world, struct ask ask, uint16_t port, uint32_t reason)
{
    for (uint16_t i = 0; i < TL_ICE_PATHS_MAX; i++) {
        ask.port = (uint16_t)(port + i);
        CHECK_EQUAL(send_ask(world, ask), reason);
    }
}

// A branch of a fork that does not get the call fills the table, and goes on checking: checked
// without and with a nomination, and in the wrong role.
static void test_table_full_of_others(void)
{
    for (uint32_t kind = 0; kind < 3; kind++) {
        struct world *world = start_with(0, NULL);
        struct ask lost = {.source = OTHER, .priority = 100, .remote = "lost",
                           .nominates = kind == 1, .controlled = kind == 2};
        struct ask won = {.source = RELAY, .port = 5000, .priority = 200, .nominates = 1};
        ask_from_ports(world, lost, 4000, FINE);
        CHECK_EQUAL(program_ice(world, 0, LOCAL_UFRAG, LOCAL_PASSWORD, REMOTE_UFRAG),
                    TL_STATUS_OK);
        world->now_ns += TL_NANOSECONDS;
        lost.port = 4000; // in the wrong role that is nothing new of a path
        CHECK_EQUAL(send_ask(world, lost), FINE);
        CHECK_EQUAL(send_ask(world, won), FINE); // in the place of the oldest
        CHECK(goes_to(world, RELAY, 5000));
        lost.port = kind == 2 ? 4000 : 4001;
        CHECK_EQUAL(send_ask(world, lost), TL_DROP_INDEX_ICE_PATHS);
        // The party's own paths, stale but for the nominated one: none for the other branch.
        struct ask more = {.source = HOST, .priority = 1};
        for (more.port = 6000; more.port < 6000 + TL_ICE_PATHS_MAX - 1; more.port++)
            CHECK_EQUAL(send_ask(world, more), FINE);
        world->now_ns += TL_ICE_STALE_NS + TL_NANOSECONDS;
        ask_from_ports(world, lost, 4000, TL_DROP_INDEX_ICE_PATHS);
        more.port = 7000;
        CHECK_EQUAL(send_ask(world, more), FINE);
        CHECK_EQUAL(send_ask(world, won), FINE);
        CHECK(goes_to(world, RELAY, 5000));
        CHECK_EQUAL(command(world, TL_OP_REMOVE, 0, 7, NULL), TL_STATUS_OK);
        CHECK_EQUAL(world->worker->hops.used, 1); // the other leg's: nothing was kept
        world_free(world);
    }
}

// Before signalling says whose call it is, a branch with many candidates leaves places to others.
static void test_table_is_shared(void)
{
    struct world *world = start_with(0, NULL);
    struct ask many = {.source = OTHER, .priority = 300, .remote = "many", .nominates = 1};
    struct ask few = {.source = RELAY, .priority = 200, .remote = "few"};
    struct ask third = {.source = HOST, .priority = 100, .remote = "third"};
    ask_from_ports(world, many, 4000, FINE);
    CHECK(goes_to(world, OTHER, 4007)); // has media, and keeps its place
    for (few.port = 5000; few.port < 5004; few.port++) {
        world->now_ns += 50 * TL_MILLISECOND_NS;
        CHECK_EQUAL(send_ask(world, few), FINE); // half of the places
    }
    CHECK_EQUAL(send_ask(world, few), TL_DROP_INDEX_ICE_PATHS);
    many.port = 4000;
    CHECK_EQUAL(send_ask(world, many), TL_DROP_INDEX_ICE_PATHS);
    third.port = 6000;
    CHECK_EQUAL(send_ask(world, third), FINE);
    third.port = 6001;
    CHECK_EQUAL(send_ask(world, third), FINE);
    CHECK_EQUAL(send_ask(world, few), TL_DROP_INDEX_ICE_PATHS);
    CHECK(goes_to(world, OTHER, 4007));
    CHECK_EQUAL(program_ice(world, 0, LOCAL_UFRAG, LOCAL_PASSWORD, "few"), TL_STATUS_OK);
    CHECK_EQUAL(media_from(world, RELAY, 5003), FINE);
    CHECK_EQUAL(program_ice(world, 0, LOCAL_UFRAG, LOCAL_PASSWORD, "third"), TL_STATUS_OK);
    CHECK_EQUAL(media_from(world, HOST, 6000), FINE);
    CHECK_EQUAL(media_from(world, OTHER, 4007), STRANGE);
    CHECK_EQUAL(command(world, TL_OP_REMOVE, 0, 7, NULL), TL_STATUS_OK);
    CHECK_EQUAL(world->worker->hops.used, 1); // the other leg's: nothing was kept
    world_free(world);
}

static void test_fast_path_restarts(void)
{
    struct world *world = start();
    check_from(world, OTHER, 4000, 100, 0);
    check_from(world, OTHER, 4000, 100, 1);
    struct tl_flow_spec spec = world->worker->cold[0].spec;
    struct tl_flow_spec peer = world->worker->cold[1].spec;
    world_restart(world);
    CHECK_EQUAL(command(world, TL_OP_ADD, 1, 7, &peer), TL_STATUS_OK);
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, 7, &spec), TL_STATUS_OK);
    CHECK(goes_to(world, OTHER, 4000));
    CHECK_EQUAL(media_from(world, OTHER, 4000), FINE);
    CHECK_EQUAL(media_from(world, HOST, 30000), STRANGE);
    CHECK_EQUAL(program_ice(world, 0, LOCAL_UFRAG, LOCAL_PASSWORD, REMOTE_UFRAG), TL_STATUS_OK);
    CHECK(goes_to(world, OTHER, 4000));
    check_from(world, RELAY, 5000, 1, 0); // is not nominated
    CHECK(goes_to(world, OTHER, 4000));
    check_from(world, OTHER, 4000, 100, 0);
    check_from(world, RELAY, 5000, 1, 1);
    CHECK(goes_to(world, RELAY, 5000));
    world_free(world);
}

// Signalling changes the default candidate, and nothing of the remote party's user fragment.
static void test_modify(void)
{
    struct world *world = start();
    struct tl_flow_spec spec = world->worker->cold[0].spec;
    parse_address("198.18.1.77", spec.remote_address);
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &spec), TL_STATUS_OK);
    CHECK(goes_to(world, "198.18.1.77", 30000)); // nothing checked yet
    check_from(world, OTHER, 4000, 100, 1);
    parse_address("198.18.1.88", spec.remote_address);
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &spec), TL_STATUS_OK);
    CHECK(goes_to(world, OTHER, 4000));
    spec.flags &= ~TL_FLOW_ICE;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &spec), TL_STATUS_OK);
    CHECK(goes_to(world, "198.18.1.88", 30000));
    spec.flags |= TL_FLOW_ICE | TL_FLOW_LEARN;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &spec), TL_STATUS_BAD_FLAGS);
    world_free(world);
}

static uint32_t ports(uint16_t local, uint16_t remote)
{
    return __builtin_bswap16(local) | (uint32_t)__builtin_bswap16(remote) << 16;
}

// Checks come as soon as the offer is out; only the answer says that RTCP is on RTP's port.
static void test_mux_after_a_path(void)
{
    struct world *world = start();
    struct tl_flow_spec spec = world->worker->cold[0].spec;
    spec.flags &= ~TL_FLOW_RTCP_MUX;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &spec), TL_STATUS_OK);
    check_from(world, OTHER, 4000, 100, 1);
    CHECK_EQUAL(tl_flow_rtcp_ports(world->worker, 0), ports(20001, 4001));
    spec.flags |= TL_FLOW_RTCP_MUX;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &spec), TL_STATUS_OK);
    CHECK(goes_to(world, OTHER, 4000));
    CHECK_EQUAL(tl_flow_rtcp_ports(world->worker, 0), ports(20000, 4000));
    world_free(world);
}

static void test_events(void)
{
    static struct rings rings;
    struct world *world = start();
    struct tl_event event;
    memset(&rings, 0, sizeof(rings));
    rings_attach(&rings, world->worker, 0);
    check_from(world, OTHER, 4000, 100, 0);
    check_from(world, OTHER, 4000, 100, 0);
    CHECK_EQUAL(rings_poll(world), TL_FAULT_NONE);
    CHECK(rings_event(&rings, &event));
    CHECK_EQUAL(event.kind, TL_EVENT_PATH_SELECTED);
    CHECK_EQUAL(event.port, 4000);
    CHECK_EQUAL(event.value, 0);
    CHECK(!rings_event(&rings, &event));
    check_from(world, OTHER, 4000, 100, 1);
    check_from(world, RELAY, 5000, 200, 1); // the last state is told, once
    CHECK_EQUAL(rings_poll(world), TL_FAULT_NONE);
    CHECK(rings_event(&rings, &event));
    uint8_t address[16];
    parse_address(RELAY, address);
    CHECK(memcmp(event.address, address, 16) == 0);
    CHECK_EQUAL(event.port, 5000);
    CHECK_EQUAL(event.value, 1);
    CHECK_EQUAL(event.flow_index, 0);
    CHECK_EQUAL(event.generation, 7);
    CHECK(!rings_event(&rings, &event));
    world_free(world);
}

int main(void)
{
    test_before_nomination();
    test_regular_nomination();
    test_aggressive_nomination();
    test_reflexive_source();
    test_restart();
    test_forks();
    test_early_latch();
    test_latch_packets();
    test_table_full();
    test_table_full_of_others();
    test_table_is_shared();
    test_fast_path_restarts();
    test_modify();
    test_mux_after_a_path();
    test_events();
    return tests_passed("ice_paths", 0);
}
