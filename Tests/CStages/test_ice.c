// SPDX-License-Identifier: Apache-2.0
// Which checks the ICE-lite agent answers, and with what; what it is told; what a forger gets.
#include "ice_call.h"

#define MALFORMED TL_DROP_INDEX_STUN_MALFORMED

static void test_answers(void)
{
    struct world *world = start();
    struct ask ask = {.source = OTHER, .port = 4000, .priority = 100};
    struct frame frame;
    CHECK_EQUAL(send_ask(world, ask), FINE);
    CHECK_EQUAL(answer_type(world, &ask, &frame), 0x0101);
    CHECK_EQUAL(frame.payload_length, 64);
    CHECK_EQUAL(frame.destination_mac[4], 2);
    CHECK_EQUAL(frame.dscp, 46);
    CHECK_EQUAL(get_32(frame.payload + 20), 0x00200008);
    CHECK_EQUAL(get_32(frame.payload + 24), 0x00010000 | (4000 ^ 0x2112));
    CHECK_EQUAL(get_32(frame.payload + 28), 0xc6120103 ^ 0x2112a442);
    CHECK_EQUAL(world->worker->counters.stun_answered, 1);
    CHECK_EQUAL(world->worker->counters.consumed, 1);
    CHECK_EQUAL(world->worker->counters.generated, 1);
    CHECK_EQUAL(world->records[0].rx_drops, 0);
    CHECK_EQUAL(world->records[0].tx_packets, 0);
    // An attribute that must be understood, a peer in the wrong role: an error, and no path.
    struct ask unknown = {.source = RELAY, .port = 4000, .unknown = 0x7f01, .nominates = 1};
    CHECK_EQUAL(send_ask(world, unknown), FINE);
    CHECK_EQUAL(answer_type(world, &unknown, &frame), 0x0111);
    CHECK_EQUAL(get_32(frame.payload + 24), 4 << 8 | 20);
    CHECK_EQUAL(get_32(frame.payload + 48), 0x000a0002);
    CHECK_EQUAL(get_16(frame.payload + 52), 0x7f01);
    struct ask controlled = {.source = RELAY, .port = 4000, .controlled = 1, .nominates = 1};
    CHECK_EQUAL(send_ask(world, controlled), FINE);
    CHECK_EQUAL(answer_type(world, &controlled, &frame), 0x0111);
    CHECK_EQUAL(get_32(frame.payload + 24), 4 << 8 | 87);
    CHECK_EQUAL(media_from(world, RELAY, 4000), STRANGE);
    CHECK(goes_to(world, OTHER, 4000));
    // A full transmit queue: made here and dropped.
    burst_begin(world);
    add_ask(world, &ask);
    tl_pipeline_run(world->worker, world->packets, 1, world->now_ns);
    tl_packet_drop(world->worker, &world->packets[0], TL_DROP_INDEX_TX_FULL);
    check_identity(world);
    CHECK_EQUAL(world->worker->counters.own_dropped, 1);
    world_free(world);
}

static void test_refusals(void)
{
    struct world *world = start();
    const struct sender from = {OTHER, 4000, "198.18.1.1", 20000, 0, 0};
    uint8_t bytes[512];
    struct ask ask = {.source = OTHER, .port = 4000};
    ask.forged = 1;
    CHECK_EQUAL(send_ask(world, ask), FORGED);
    ask = (struct ask){.source = OTHER, .port = 4000, .local = "nope"};
    CHECK_EQUAL(send_ask(world, ask), FORGED);
    ask.local = "gwU12"; // longer than ours
    CHECK_EQUAL(send_ask(world, ask), FORGED);
    ask = (struct ask){.source = OTHER, .port = 4000};
    uint32_t length = stun_request(world->worker->hmac, &ask, bytes);
    bytes[length - 1] ^= 1;
    CHECK_EQUAL(send_udp(world, &from, bytes, length), MALFORMED);
    CHECK_EQUAL(send_udp(world, &from, bytes, length - 4), MALFORMED);
    CHECK_EQUAL(send_udp(world, &from, bytes, 1), MALFORMED);
    // Without attributes; an answer that nobody asked for; an indication of a stranger.
    static const uint32_t bare[][2] = {{0x0001, FORGED}, {0x0101, MALFORMED}, {0x0111, MALFORMED},
                                       {0x0003, MALFORMED}, {0x0011, STRANGE}};
    for (uint32_t i = 0; i < sizeof(bare) / sizeof(bare[0]); i++) {
        memset(bytes, 7, 20);
        put_32(bytes, bare[i][0] << 16);
        put_32(bytes + 4, 0x2112a442);
        CHECK_EQUAL(send_udp(world, &from, bytes, 20), bare[i][1]);
    }
    put_32(bytes, 0x00110000);
    CHECK_EQUAL(send_udp(world, &party_a, bytes, 20), FINE); // keeps a mapping alive
    CHECK_EQUAL(world->packets[0].edge, TL_EDGE_FREE);
    CHECK_EQUAL(world->worker->counters.consumed, 1);
    // From one of our own addresses, whether media goes there or not.
    struct ask looped = {.source = "198.18.2.1", .port = 20002};
    CHECK_EQUAL(send_ask(world, looped), STRANGE);
    looped.port = 99;
    CHECK_EQUAL(send_ask(world, looped), STRANGE);
    looped = (struct ask){.source = OTHER, .port = 0};
    CHECK_EQUAL(send_ask(world, looped), STRANGE);
    // The odd port, of which nobody was told; a flow that does not speak ICE.
    looped = (struct ask){.source = OTHER, .port = 4000, .to_port = 20001};
    CHECK_EQUAL(send_ask(world, looped), TL_DROP_INDEX_NO_FLOW);
    CHECK_EQUAL(world->worker->ices[0].path_count, 0);
    CHECK_EQUAL(world->worker->counters.stun_answered, 0);
    CHECK(goes_to(world, HOST, 30000));
    CHECK_EQUAL(media_from(world, HOST, 30000), FINE); // as without ICE: two lite parties
    struct tl_flow_spec spec = world->worker->cold[0].spec;
    spec.flags &= ~TL_FLOW_ICE;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &spec), TL_STATUS_OK);
    ask = (struct ask){.source = HOST, .port = 30000};
    CHECK_EQUAL(send_ask(world, ask), TL_DROP_INDEX_STUN);
    spec.flags |= TL_FLOW_ICE; // its credentials went with the flag
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &spec), TL_STATUS_OK);
    CHECK_EQUAL(send_ask(world, ask), FORGED);
    world_free(world);
}

static void test_ipv6(void)
{
    struct world *world = world_make(1);
    struct tl_flow_spec spec = spec_make(ADDRESS_1_V6, 20000, "2001:db8:1::2", 30000);
    struct frame frame;
    spec.flags |= TL_FLOW_ICE | TL_FLOW_RTCP_MUX;
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, 7, &spec), TL_STATUS_OK);
    CHECK_EQUAL(program_ice(world, 0, LOCAL_UFRAG, LOCAL_PASSWORD, REMOTE_UFRAG), TL_STATUS_OK);
    struct ask ask = {.source = "2001:db8:9::7", .port = 4000, .priority = 1, .nominates = 1,
                      .to = address_text[ADDRESS_1_V6]};
    CHECK_EQUAL(send_ask(world, ask), FINE);
    CHECK_EQUAL(answer_type(world, &ask, &frame), 0x0101);
    CHECK_EQUAL(frame.payload_length, 76);
    CHECK_EQUAL(get_32(frame.payload + 20), 0x00200014);
    CHECK_EQUAL(get_16(frame.payload + 24), 2);
    CHECK_EQUAL(get_32(frame.payload + 28), 0x20010db8 ^ 0x2112a442);
    CHECK_EQUAL(get_32(frame.payload + 40), 7 ^ get_32(frame.payload + 16));
    CHECK(memcmp(world->records[0].source_address, frame.destination, 16) == 0);
    CHECK_EQUAL(world->records[0].source_learned, 1);
    world_free(world);
}

// A VLAN that the driver took off the request is put into the answer, in front of it.
static void test_tagged(void)
{
    struct world *world = start();
    struct tl_flow_spec spec = world->worker->cold[1].spec;
    struct frame frame;
    spec.flags |= TL_FLOW_ICE;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 1, 7, &spec), TL_STATUS_OK);
    CHECK_EQUAL(program_ice(world, 1, LOCAL_UFRAG, LOCAL_PASSWORD, NULL), TL_STATUS_OK);
    struct ask ask = {.source = "198.18.2.7", .port = 4000, .to = "198.18.2.1", .to_port = 20002,
                      .rx_port = 1, .remote = "a"};
    burst_begin(world);
    add_ask(world, &ask);
    world->packets[0].vlan = 100;
    burst_run(world);
    CHECK_EQUAL(answer_type(world, &ask, &frame), 0x0101);
    CHECK_EQUAL(frame.vlan, 100);
    CHECK_EQUAL(world->packets[0].target, 1);
    world_free(world);
}

// The first answer waits for the next hop, which the path keeps.
static void test_next_hop(void)
{
    struct world *world = world_make(1);
    struct tl_flow_spec spec = spec_make(ADDRESS_3, 20000, "198.18.3.2", 30000);
    struct tl_next_hop_view view;
    spec.flags |= TL_FLOW_ICE;
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, 7, &spec), TL_STATUS_OK);
    CHECK_EQUAL(program_ice(world, 0, LOCAL_UFRAG, LOCAL_PASSWORD, REMOTE_UFRAG), TL_STATUS_OK);
    struct ask ask = {.source = "198.18.3.9", .port = 4000, .to = address_text[ADDRESS_3],
                      .rx_port = 2};
    CHECK_EQUAL(send_ask(world, ask), TL_DROP_INDEX_NO_NEXT_HOP);
    static const uint8_t mac[6] = {2, 7, 7, 7, 7, 7};
    for (uint32_t i = 0; i < world->worker->hops.count; i++)
        if (tl_next_hop_read(&world->worker->hops, i, &view))
            CHECK(tl_next_hop_resolve(&world->worker->hops, i, &view, mac));
    CHECK_EQUAL(send_ask(world, ask), FINE);
    struct frame frame;
    CHECK_EQUAL(answer_type(world, &ask, &frame), 0x0101);
    CHECK(memcmp(frame.destination_mac, mac, 6) == 0);
    // RTCP has a port of its own here: the other component's check says where it is.
    struct ask rtcp = {.source = "198.18.3.9", .port = 4321, .to = address_text[ADDRESS_3],
                       .to_port = 20001, .rx_port = 2};
    CHECK_EQUAL(send_ask(world, rtcp), FINE);
    CHECK_EQUAL(answer_type(world, &rtcp, &frame), 0x0101);
    CHECK_EQUAL(world->records[0].source_port, 4000);
    const struct sender report = {"198.18.3.9", 4321, "198.18.3.1", 20001, 2, 0};
    static const uint8_t empty[8] = {0x80, 201, 0, 1, 0, 0, 0, 9};
    CHECK_EQUAL(send_udp(world, &report, empty, sizeof(empty)), FINE);
    CHECK_EQUAL(world->records[0].rx_rtcp_packets, 1);
    world_free(world);
}

// Forged checks from everywhere, the accepted source included: they cost nothing of any budget.
static void test_flood(void)
{
    struct world *world = start();
    struct tl_flow_spec spec = world->worker->cold[0].spec;
    spec.packets_per_second = 50;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &spec), TL_STATUS_OK);
    check_from(world, OTHER, 4000, 100, 0);
    check_from(world, OTHER, 4000, 100, 1);
    for (uint32_t i = 0; i < 20000; i++) {
        struct ask ask = {.source = i % 2 ? OTHER : RELAY, .forged = 1, .nominates = 1,
                          .port = (uint16_t)(i % 4 < 2 ? 4000 : 1 + i), .priority = UINT32_MAX};
        CHECK_EQUAL(send_ask(world, ask), FORGED);
        if (i % 1000 == 0)
            CHECK_EQUAL(media_from(world, OTHER, 4000), FINE);
    }
    CHECK(goes_to(world, OTHER, 4000));
    CHECK_EQUAL(drops(world, FORGED), 20000);
    CHECK_EQUAL(world->worker->ices[0].path_count, 1);
    check_from(world, OTHER, 4000, 100, 0);
    CHECK_EQUAL(world->worker->counters.stun_answered, 3);
    world_free(world);
}

static void test_budget(void)
{
    struct world *world = start();
    struct ask ask = {.source = OTHER, .port = 4000};
    uint32_t answered = 0;
    for (uint32_t i = 0; i < 200; i++) // at once
        answered += send_ask(world, ask) == FINE;
    CHECK_EQUAL(answered, 100);
    CHECK_EQUAL(drops(world, TL_DROP_INDEX_STUN_BUDGET), 100);
    for (uint32_t i = 0; i < 100; i++) { // twice as many as it may
        world->now_ns += TL_NANOSECONDS / 100;
        answered += send_ask(world, ask) == FINE;
    }
    CHECK_EQUAL(answered, 150);
    world_free(world);
}

// Another branch of a fork has the password, and a budget of its own.
static void test_budget_of_others(void)
{
    struct world *world = start();
    struct ask party = {.source = HOST, .port = 30000, .priority = 200, .nominates = 1};
    struct ask other = {.source = OTHER, .port = 4000, .priority = 1, .remote = "lost"};
    uint32_t answered = 0;
    for (uint32_t i = 0; i < 200; i++) // at once
        answered += send_ask(world, other) == FINE;
    CHECK_EQUAL(answered, 100);
    CHECK_EQUAL(send_ask(world, party), FINE);
    for (uint32_t i = 0; i < 2000; i++) { // 200 a second, for 10 s
        world->now_ns += TL_NANOSECONDS / 200;
        answered += send_ask(world, other) == FINE;
        if (i % 500 == 499)
            CHECK_EQUAL(send_ask(world, party), FINE);
    }
    CHECK_EQUAL(answered, 600);
    CHECK_EQUAL(drops(world, TL_DROP_INDEX_STUN_BUDGET), 1600);
    world->now_ns += 60 * TL_NANOSECONDS; // silence saves nothing up
    answered = 0;
    for (uint32_t i = 0; i < 200; i++)
        answered += send_ask(world, other) == FINE;
    CHECK_EQUAL(answered, 100);
    world_free(world);
}

static void test_commands(void)
{
    struct world *world = world_make(1);
    char text[66];
    for (uint32_t i = 0; i < 6; i++) {
        struct tl_flow_spec spec = spec_make(ADDRESS_1, (uint16_t)(20000 + 2 * i), HOST, 30000);
        CHECK_EQUAL(command(world, TL_OP_ADD, i, 7, &spec), TL_STATUS_OK);
    }
    memset(text, 'x', sizeof(text));
    text[65] = 0;
    CHECK_EQUAL(program_ice(world, 0, "abc", LOCAL_PASSWORD, NULL), TL_STATUS_BAD_ICE);
    CHECK_EQUAL(program_ice(world, 0, "a:cd", LOCAL_PASSWORD, NULL), TL_STATUS_BAD_ICE);
    CHECK_EQUAL(program_ice(world, 0, "abcd", "123456789012345678901", NULL), TL_STATUS_BAD_ICE);
    CHECK_EQUAL(program_ice(world, 9, "abcd", LOCAL_PASSWORD, NULL), TL_STATUS_NOT_FOUND);
    struct tl_flow_spec none = {0};
    CHECK_EQUAL(command(world, TL_OP_ICE, 0, 8, &none), TL_STATUS_STALE);
    CHECK_EQUAL(command(world, TL_OP_ICE, 0, 7, &none), TL_STATUS_BAD_ICE);
    struct tl_command brief = {.size_bytes = 231, .operation = TL_OP_ICE, .generation = 7};
    struct tl_event answer;
    tl_command_apply(world->worker, 0, &brief, world->now_ns, &answer);
    CHECK_EQUAL(answer.status, TL_STATUS_BAD_SIZE);
    CHECK_EQUAL(world->worker->ice_used, 0);
    // Twice as often as there are agents: what is given back is used again.
    for (uint32_t turn = 0; turn < 2; turn++) {
        for (uint32_t i = 0; i < ICE_FLOWS; i++)
            CHECK_EQUAL(program_ice(world, i, "abcd", LOCAL_PASSWORD, text + 1), TL_STATUS_OK);
        CHECK_EQUAL(program_ice(world, ICE_FLOWS, "abcd", LOCAL_PASSWORD, NULL),
                    TL_STATUS_NO_CONTEXT);
        CHECK_EQUAL(program_ice(world, 0, "abcd", LOCAL_PASSWORD, NULL), TL_STATUS_OK);
        for (uint32_t i = 0; i < ICE_FLOWS; i++) {
            struct tl_flow_spec spec = world->worker->cold[i].spec;
            CHECK_EQUAL(command(world, TL_OP_REMOVE, i, 7 + turn, NULL), TL_STATUS_OK);
            CHECK_EQUAL(command(world, TL_OP_ADD, i, 8 + turn, &spec), TL_STATUS_OK);
        }
    }
    CHECK_EQUAL(world->worker->ice_used, ICE_FLOWS);
    static const uint8_t zero[sizeof(struct tl_ice_credentials)];
    for (uint32_t i = 0; i < ICE_FLOWS; i++) // nothing of a password stays
        CHECK(memcmp(&world->worker->ices[i].present, zero, sizeof(zero)) == 0);
    world_free(world);
}

// Cases for a Teams client, each with a fresh flow ($STUN_CASES, made by stun_cases.py).
static uint32_t run_cases(void)
{
    static char name[64], local[80], password[80], remote[80], address[64], request[2048],
        expect[16], reference[2048];
    const char *path = getenv("STUN_CASES");
    FILE *file = path != NULL ? fopen(path, "r") : NULL;
    uint32_t run = 0;
    unsigned port;
    while (file != NULL &&
           fscanf(file, "%63s %79s %79s %79s %63s %u %2047s %15s %2047s", name, local, password,
                  remote, address, &port, request, expect, reference) == 9) {
        uint8_t bytes[1024];
        struct world *world = start();
        CHECK_EQUAL(program_ice(world, 0, local, password, remote), TL_STATUS_OK);
        struct sender from = {address, (uint16_t)port, "198.18.1.1", 20000, 0, 0};
        uint32_t reason = send_udp(world, &from, bytes, hex(request, bytes, sizeof(bytes)));
        printf("case %s: %s\n", name, reason == FINE ? "answered" : tl_drop_name(reason));
        if (strcmp(expect, "silence") == 0) {
            CHECK_EQUAL(world->packets[0].edge, TL_EDGE_FREE);
            CHECK(goes_to(world, HOST, 30000));
        } else {
            struct ask ask = {.source = address, .port = (uint16_t)port, .password = password};
            struct frame frame;
            uint32_t type = answer_type(world, &ask, &frame);
            CHECK_EQUAL(type, strcmp(expect, "success") == 0 ? 0x0101 : 0x0111);
            CHECK(type == 0x0101 || get_32(frame.payload + 24) == (4 << 8 | 20));
            if (type == 0x0101) {
                CHECK_EQUAL(hex(reference, bytes, sizeof(bytes)), frame.payload_length);
                CHECK(memcmp(bytes, frame.payload, frame.payload_length) == 0);
            }
            CHECK_EQUAL(media_from(world, address, (uint16_t)port),
                        type == 0x0101 ? FINE : STRANGE);
            CHECK_EQUAL(world->worker->counters.ice_nominations,
                        strcmp(name, "check-nominated") == 0);
        }
        world_free(world);
        run++;
    }
    if (file != NULL)
        fclose(file);
    return run;
}

int main(void)
{
    test_answers();
    test_refusals();
    test_ipv6();
    test_tagged();
    test_next_hop();
    test_flood();
    test_budget();
    test_budget_of_others();
    test_commands();
    return tests_passed("ice", run_cases() == 0);
}
