// SPDX-License-Identifier: Apache-2.0
// Commands: every status, nothing half-applied, answers by sequence.
#include "rings.h"

// Applying `spec` at index 0 is refused with `status`, for add and modify, and changes nothing.
static void refused(struct world *world, struct tl_flow_spec spec, int32_t status)
{
    static struct tl_flow_record records[WORKERS * FLOWS];
    static struct tl_flow flow;
    memcpy(records, world->records, sizeof(records));
    flow = world->worker->flows[0];
    uint32_t used = world->worker->hops.used;
    uint32_t live = world->worker->live;
    CHECK_EQUAL(command(world, TL_OP_ADD, 1, 9, &spec), status);
    CHECK(memcmp(records, world->records, sizeof(records)) == 0);
    CHECK_EQUAL(world->worker->live, live);
    if (status == TL_STATUS_BAD_ADDRESS || status == TL_STATUS_BAD_PORT ||
        status == TL_STATUS_PORT_IN_USE)
        return; // a modify does not look at these
    if (spec.peer_index == 1)
        spec.peer_index = 0;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &spec), status);
    CHECK(memcmp(records, world->records, sizeof(records)) == 0);
    CHECK(memcmp(&flow, &world->worker->flows[0], sizeof(flow)) == 0);
    CHECK_EQUAL(world->worker->hops.used, used);
}

static struct tl_flow_spec good(void)
{
    return spec_make(ADDRESS_1, 20010, "198.18.1.7", 5000);
}

#define REFUSED(world, status, field, value)                                                       \
    do {                                                                                           \
        struct tl_flow_spec spec_ = good();                                                        \
        spec_.field = (value);                                                                     \
        refused(world, spec_, TL_STATUS_##status);                                                 \
    } while (0)

static void test_specification(struct world *world)
{
    REFUSED(world, BAD_FLAGS, flags, TL_FLOW_FLAGS_ALL + 1);
    REFUSED(world, BAD_FLAGS, flags, 0x80000000u);
    REFUSED(world, BAD_ADDRESS, address_index, ADDRESS_COUNT);
    REFUSED(world, BAD_ADDRESS, address_index, 0xffff);
    REFUSED(world, BAD_PORT, local_port, 20011);
    REFUSED(world, BAD_PORT, local_port, 19998);
    REFUSED(world, BAD_PORT, local_port, 30000);
    REFUSED(world, PORT_IN_USE, local_port, 20000);
    REFUSED(world, BAD_PEER, peer_index, FLOWS);
    REFUSED(world, BAD_PEER, peer_index, 1);
    REFUSED(world, BAD_REMOTE, remote_port, 0);
    REFUSED(world, BAD_BUDGET, clock_rate_hz, 7999);
    REFUSED(world, BAD_BUDGET, clock_rate_hz, 192001);
    REFUSED(world, BAD_BUDGET, packets_per_second, 0);
    REFUSED(world, BAD_BUDGET, packets_per_second, 1000001);
    REFUSED(world, BAD_BUDGET, bits_per_second, 0);
    REFUSED(world, BAD_BUDGET, bits_per_second, 1000000001);
    REFUSED(world, BAD_BUDGET, media_timeout_ms, 999);
    REFUSED(world, BAD_BUDGET, media_timeout_ms, 3600001);
    REFUSED(world, BAD_BUDGET, dscp, 64);
    REFUSED(world, BAD_BUDGET, flags, TL_FLOW_LEARN); // with a window of zero
    REFUSED(world, BAD_BUDGET, flags, TL_FLOW_RTCP);
    REFUSED(world, BAD_PAYLOAD_MAP, payload_types[2].ingress, 128);
    REFUSED(world, BAD_PAYLOAD_MAP, payload_types[0].egress, 128);
    REFUSED(world, BAD_PAYLOAD_MAP, payload_types[1].ingress, 0); // named twice
}

static void test_remotes(struct world *world)
{
    static const char *const bad[] = {"0.0.0.0",   "127.0.0.1", "224.0.0.1",   "255.255.255.255",
                                      "::1",       "ff02::1",   "2001:db8::9", "240.0.0.1"};
    for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct tl_flow_spec spec = good();
        parse_address(bad[i], spec.remote_address);
        refused(world, spec, TL_STATUS_BAD_REMOTE);
    }
    struct tl_flow_spec spec = good();
    memset(spec.remote_address, 0, 16);
    refused(world, spec, TL_STATUS_BAD_REMOTE); // unknown, with a port
    parse_address("198.18.2.1", spec.remote_address);
    refused(world, spec, TL_STATUS_BAD_REMOTE); // ourselves, at no media port
}

static void test_flows(struct world *world)
{
    struct tl_flow_spec spec = good();
    CHECK_EQUAL(command(world, 99, 0, 7, NULL), TL_STATUS_BAD_OPERATION);
    CHECK_EQUAL(command(world, TL_OP_PING, 0, 0, NULL), TL_STATUS_OK);
    CHECK_EQUAL(command(world, TL_OP_ADD, FLOWS, 1, &spec), TL_STATUS_BAD_INDEX);
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0xffffffffu, 1, &spec), TL_STATUS_BAD_INDEX);
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, 8, &spec), TL_STATUS_EXISTS);
    CHECK_EQUAL(command(world, TL_OP_ADD, 1, 0, &spec), TL_STATUS_BAD_GENERATION);
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 8, &spec), TL_STATUS_STALE);
    CHECK_EQUAL(command(world, TL_OP_REMOVE, 0, 8, NULL), TL_STATUS_STALE);
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 1, 7, &spec), TL_STATUS_NOT_FOUND);
    CHECK_EQUAL(command(world, TL_OP_REMOVE, 1, 7, NULL), TL_STATUS_NOT_FOUND);
    CHECK_EQUAL(command(world, TL_OP_ADD, 1, 7, &spec), TL_STATUS_OK);
    CHECK_EQUAL(world->worker->counters.flows, 2);
    CHECK_EQUAL(world->records[1].state, TL_RECORD_LIVE);
    CHECK_EQUAL(command(world, TL_OP_REMOVE, 1, 7, NULL), TL_STATUS_OK);
    CHECK_EQUAL(world->records[1].state, TL_RECORD_FREE);
    CHECK_EQUAL(world->records[1].generation, 7);
    CHECK_EQUAL(command(world, TL_OP_ADD, 1, 7, &spec), TL_STATUS_BAD_GENERATION);
    CHECK_EQUAL(command(world, TL_OP_ADD, 1, 6, &spec), TL_STATUS_BAD_GENERATION);
    CHECK_EQUAL(command(world, TL_OP_ADD, 1, 7 + 0x80000000u, &spec), TL_STATUS_BAD_GENERATION);
    CHECK_EQUAL(command(world, TL_OP_ADD, 1, 8, &spec), TL_STATUS_OK);
    CHECK_EQUAL(command(world, TL_OP_REMOVE, 1, 8, NULL), TL_STATUS_OK);
}

// Generations wrap, and outlive the process that saw them.
static void test_generations(void)
{
    struct world *world = world_make(1);
    struct tl_flow_spec spec = good();
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, UINT32_MAX, &spec), TL_STATUS_OK); // the first is free
    world_restart(world);
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, UINT32_MAX - 1, &spec), TL_STATUS_BAD_GENERATION);
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, UINT32_MAX, &spec), TL_STATUS_OK); // taken up
    CHECK_EQUAL(command(world, TL_OP_REMOVE, 0, UINT32_MAX, NULL), TL_STATUS_OK);
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, UINT32_MAX, &spec), TL_STATUS_BAD_GENERATION);
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, 1, &spec), TL_STATUS_OK);
    CHECK_EQUAL(command(world, TL_OP_REMOVE, 0, 1, NULL), TL_STATUS_OK);
    world_restart(world);
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, UINT32_MAX, &spec), TL_STATUS_BAD_GENERATION);
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, 2, &spec), TL_STATUS_OK);
    world_restart(world); // left, and replaced by a later one
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, 3, &spec), TL_STATUS_OK);
    CHECK_EQUAL(world->records[0].generation, 3);
    world_free(world);
}

static void test_next_hops_full(struct world *world)
{
    struct tl_flow_spec spec = good();
    uint32_t index = 2;
    int32_t status;
    do { // a party each; sixteen entries, one of them taken by flow 0
        spec.local_port = (uint16_t)(20100 + 2 * index);
        spec.remote_address[15] = (uint8_t)(100 + index);
        status = command(world, TL_OP_ADD, index++, 3, &spec);
    } while (status == TL_STATUS_OK);
    CHECK_EQUAL(status, TL_STATUS_NO_NEXT_HOP);
    CHECK_EQUAL(world->worker->hops.used, 16);
    CHECK_EQUAL(world->worker->live, 16);
    refused(world, spec, TL_STATUS_NO_NEXT_HOP);
    for (uint32_t i = 2; i < 17; i++)
        CHECK_EQUAL(command(world, TL_OP_REMOVE, i, 3, NULL), TL_STATUS_OK);
    CHECK_EQUAL(world->worker->hops.used, 1);
}

static void test_list(struct world *world)
{
    struct tl_command message = {.size_bytes = sizeof(message), .operation = TL_OP_LIST};
    struct tl_event answer;
    static const struct {
        uint32_t index, value;
        int32_t status;
        uint32_t listed;
    } cases[] = {{0, 0, TL_STATUS_BAD_COUNT, 0},       {0, TL_LIST_MAX + 1, TL_STATUS_BAD_COUNT, 0},
                 {FLOWS, 1, TL_STATUS_BAD_INDEX, 0},   {0, TL_LIST_MAX, TL_STATUS_OK, 1},
                 {FLOWS - 1, 64, TL_STATUS_OK, 0},     {1, 5, TL_STATUS_OK, 0}};
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        message.flow_index = cases[i].index;
        message.value = cases[i].value;
        tl_command_apply(world->worker, 0, &message, world->now_ns, &answer);
        CHECK_EQUAL(answer.status, cases[i].status);
        CHECK_EQUAL(answer.value, cases[i].listed);
    }
}

static void test_worker_of_port(void)
{
    struct world *world = world_make(2);
    struct tl_flow_spec spec = good(); // block 39 is worker 1's
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, 7, &spec), TL_STATUS_BAD_PORT);
    CHECK_EQUAL(command(world, TL_OP_ADD, FLOWS, 7, &spec), TL_STATUS_OK);
    world_free(world);
}

int main(void)
{
    struct world *world = world_make(1);
    struct tl_flow_spec spec = spec_make(ADDRESS_1, 20000, "198.18.1.2", 30000);
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, 7, &spec), TL_STATUS_OK);
    test_specification(world);
    test_remotes(world);
    test_flows(world);
    test_next_hops_full(world);
    test_list(world);
    world_free(world);
    test_worker_of_port();
    test_generations();
    return tests_passed("command", 0);
}
