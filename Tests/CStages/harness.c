// SPDX-License-Identifier: Apache-2.0
#include "harness.h"

#include <arpa/inet.h>

const char *const address_text[ADDRESS_COUNT] = {"198.18.1.1", "2001:db8:1::1", "198.18.2.1",
                                                 "2001:db8:2::1", "198.18.3.1"};

void parse_address(const char *text, uint8_t address[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    memcpy(address, mapped, sizeof(mapped));
    if (inet_pton(AF_INET, text, address + 12) != 1 && inet_pton(AF_INET6, text, address) != 1)
        check_failed(__FILE__, __LINE__, text);
}

static void realms_make(struct world *world)
{
    for (uint8_t i = 0; i < 3; i++)
        world->realms[i] = (struct tl_realm){
            .port_first = 20000, .port_last = 29999, .vlan = i == 1 ? 100 : 0, .port = i,
            .flags = i == 2 ? TL_REALM_TWIN : TL_REALM_STATIC_MAC,
            .mac = {2, 0, 0, 0, 1, i}, .gateway_mac = {2, 0, 0, 0, 2, i}};
    static const uint16_t realm_of[ADDRESS_COUNT] = {0, 0, 1, 1, 2};
    for (uint32_t i = 0; i < ADDRESS_COUNT; i++) {
        parse_address(address_text[i], world->addresses[i].address);
        world->addresses[i].realm_index = realm_of[i];
    }
}

static void workers_make(struct world *world)
{
    for (uint32_t i = 0; i < world->worker_count; i++) {
        struct tl_worker_config config = {
            .index = i, .worker_count = world->worker_count, .shard_count = 2,
            .flows_per_worker = FLOWS, .next_hops = 16, .ice_flows = ICE_FLOWS, .realm_count = 3,
            .address_count = ADDRESS_COUNT, .record_stride = sizeof(struct tl_flow_record),
            .realms = world->realms, .addresses = world->addresses,
            .records = (uint8_t *)&world->records[i * FLOWS], .page = &world->pages[i],
            .srtp_records = &world->srtp_records[i * FLOWS],
            .drop_records = &world->drop_records[i * FLOWS],
            .no_flow_drops = &world->drop_records[world->worker_count * FLOWS + i],
            .seed = 42 + i, .realtime_offset_ns = 1700000000ull * TL_NANOSECONDS,
            .srtp = world->srtp[i], .secure_flows = SECURE_FLOWS,
            .shared_flows = SHARED_FLOWS, .dtmf_flows = DTMF_FLOWS};
        const char *problem = NULL;
        void *memory = aligned_alloc(64, tl_worker_size(&config));
        world->workers[i] = tl_worker_init(memory, &config, world->now_ns, &problem);
        CHECK(problem == NULL);
    }
    world->worker = world->workers[0];
}

struct world *world_make(uint32_t workers)
{
    struct world *world = calloc(1, sizeof(*world));
    world->worker_count = workers;
    world->now_ns = 1000 * TL_NANOSECONDS;
    realms_make(world);
    for (uint32_t i = 0; i < workers; i++) {
        void *memory = aligned_alloc(64, (tl_srtp_engine_size(TL_SRTP_IPSEC_MB) + 63) & ~63ul);
        world->srtp[i] = tl_srtp_engine_init(memory, TL_SRTP_IPSEC_MB);
        CHECK(world->srtp[i] != NULL);
    }
    workers_make(world);
    return world;
}

void world_free(struct world *world)
{
    for (uint32_t i = 0; i < world->worker_count; i++)
        free(world->workers[i]);
    for (uint32_t i = 0; i < world->worker_count; i++) {
        tl_srtp_engine_close(world->srtp[i]);
        free(world->srtp[i]);
    }
    free(world);
}

void world_restart(struct world *world)
{
    for (uint32_t i = 0; i < world->worker_count; i++)
        free(world->workers[i]);
    workers_make(world);
}

struct tl_flow_spec spec_make(uint32_t address_index, uint16_t local_port, const char *remote,
                              uint16_t remote_port)
{
    struct tl_flow_spec spec = {
        .peer_index = TL_NO_FLOW, .remote_port = remote_port,
        .address_index = (uint16_t)address_index, .local_port = local_port,
        .flags = TL_FLOW_RECEIVE | TL_FLOW_SEND, .ssrc = 0xabc00000u + local_port,
        .initial_timestamp = 0xfffffff0u, .initial_sequence = 65530, .dscp = 46,
        .clock_rate_hz = 8000, .packets_per_second = 1000000, .bits_per_second = 1000000000};
    if (remote != NULL)
        parse_address(remote, spec.remote_address);
    memset(spec.payload_types, TL_NO_PAYLOAD_TYPE, sizeof(spec.payload_types));
    spec.payload_types[0] = (struct tl_payload_type){0, 0};
    spec.payload_types[1] = (struct tl_payload_type){101, 96};
    return spec;
}

int32_t command(struct world *world, uint32_t operation, uint32_t index, uint32_t generation,
                const struct tl_flow_spec *spec)
{
    struct tl_command message = {.size_bytes = sizeof(message), .operation = operation,
                                 .flow_index = index, .generation = generation};
    if (spec != NULL)
        message.spec = *spec;
    struct tl_event answer;
    struct tl_worker *worker = world->workers[index / FLOWS % world->worker_count];
    tl_command_apply(worker, 0, &message, world->now_ns, &answer);
    return answer.status;
}

void call_make(struct world *world, uint32_t address, const char *remote, uint32_t flags)
{
    struct tl_flow_spec a = spec_make(ADDRESS_1, 20000, "198.18.1.2", 30000);
    struct tl_flow_spec b = spec_make(address, 20002, remote, 30002);
    a.peer_index = 1;
    b.peer_index = 0;
    a.peer_generation = b.peer_generation = 7;
    a.flags |= flags;
    b.flags |= flags;
    a.learn_window_ms = b.learn_window_ms = 1000;
    a.rtcp_interval_ms = b.rtcp_interval_ms = 5000;
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, 7, &a), TL_STATUS_OK);
    CHECK_EQUAL(command(world, TL_OP_ADD, 1, 7, &b), TL_STATUS_OK);
}

void burst_begin(struct world *world)
{
    world->count = 0;
}

struct tl_packet *burst_add(struct world *world)
{
    uint32_t i = world->count++;
    CHECK(i < BURST);
    world->packets[i] = TL_PACKET_VIEW(.data = world->buffers[i] + TL_HEADROOM_BYTES,
                                       .buffer = world->buffers[i]);
    return &world->packets[i];
}

void burst_run(struct world *world)
{
    tl_pipeline_run(world->worker, world->packets, world->count, world->now_ns);
    for (uint32_t i = 0; i < world->count; i++) {
        CHECK(world->packets[i].edge != TL_EDGE_NEXT);
        tl_packet_done(world->worker, &world->packets[i]);
    }
    check_identity(world);
}

uint32_t burst_reason(const struct world *world)
{
    CHECK_EQUAL(world->count, 1);
    return world->packets[0].reason;
}

uint64_t drops(const struct world *world, uint32_t reason)
{
    return world->worker->counters.drops[reason];
}

void check_identity(struct world *world)
{
    struct tl_worker_page *page = world->worker->page;
    tl_counters_publish(&world->worker->counters, page, world->now_ns);
    CHECK_EQUAL(page->version % 2, 0);
    uint64_t sum = page->forwarded + page->consumed + page->delivered + page->handed_out;
    for (uint32_t i = 0; i < TL_DROPS_MAX; i++)
        sum += page->drops[i];
    CHECK_EQUAL(page->received + page->handed_in + page->own_dropped, sum);
    CHECK_EQUAL(page->sent, page->forwarded + page->generated + page->injected);
}
