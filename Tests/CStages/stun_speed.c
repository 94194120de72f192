// SPDX-License-Identifier: Apache-2.0
// How fast checks are answered: one worker, one check of each of N flows (default 10,000) in
// turn, in bursts of 32, through the whole pipeline. Frames are made outside the time; a relay's
// driver is not in it. Usage: stun_speed [N [ROUNDS]]. Prints one line of JSON.
#include "stun_frames.h"

enum { FRAME_ROOM = 512, BURST_PACKETS = 32 };

static struct world *world;
static struct tl_worker *worker;
static uint32_t flows, rounds;
static uint8_t (*asks)[FRAME_ROOM];
static uint8_t (*frames)[FRAME_ROOM];
static uint32_t lengths[1 << 15];

static void worker_make(void)
{
    static struct tl_worker_page page;
    const char *problem;
    struct tl_worker_config config = {
        .worker_count = 1, .shard_count = 1, .flows_per_worker = flows, .next_hops = 65536,
        .ice_flows = flows, .realm_count = 3, .address_count = ADDRESS_COUNT,
        .record_stride = sizeof(struct tl_flow_record), .realms = world->realms,
        .addresses = world->addresses, .page = &page, .seed = 1};
    config.records = aligned_alloc(64, (uint64_t)flows * sizeof(struct tl_flow_record));
    memset(config.records, 0, (uint64_t)flows * sizeof(struct tl_flow_record));
    config.srtp_records = calloc(flows, sizeof(struct tl_srtp_record));
    config.drop_records = calloc(flows + 1, sizeof(struct tl_drop_record));
    config.no_flow_drops = &config.drop_records[flows];
    worker = tl_worker_init(aligned_alloc(64, tl_worker_size(&config)), &config, world->now_ns,
                            &problem);
    world->worker = world->workers[0] = worker;
}

static void flow_make(uint32_t i, int forged)
{
    char source[16];
    uint16_t port = (uint16_t)(20000 + 2 * i);
    snprintf(source, sizeof(source), "10.0.%u.%u", i / 250, 1 + i % 250);
    struct tl_flow_spec spec = spec_make(ADDRESS_1, port, source, 4000);
    spec.flags |= TL_FLOW_ICE | TL_FLOW_RTCP_MUX;
    if (worker->flows[i].egress.generation == 0) {
        struct tl_command message = {.size_bytes = sizeof(message), .operation = TL_OP_ADD,
                                     .flow_index = i, .generation = 7, .spec = spec};
        struct tl_event answer;
        tl_command_apply(worker, 0, &message, world->now_ns, &answer);
        CHECK_EQUAL(answer.status, TL_STATUS_OK);
        CHECK_EQUAL(program_ice(world, i, LOCAL_UFRAG, LOCAL_PASSWORD, REMOTE_UFRAG),
                    TL_STATUS_OK);
    }
    struct ask ask = {.source = source, .port = 4000, .priority = 1, .nominates = 1,
                      .forged = forged, .to_port = port};
    burst_begin(world);
    add_ask(world, &ask);
    lengths[i] = world->packets[0].length;
    CHECK(lengths[i] + TL_HEADROOM_BYTES <= FRAME_ROOM);
    memcpy(asks[i] + TL_HEADROOM_BYTES, world->packets[0].data, lengths[i]);
}

// Nanoseconds for each check of one round. 50 a second and flow are answered: time goes on.
static double round_run(uint32_t edge)
{
    static struct tl_packet views[1 << 15];
    uint32_t bursts = flows / BURST_PACKETS;
    memcpy(frames, asks, (uint64_t)flows * FRAME_ROOM);
    for (uint32_t i = 0; i < flows; i++)
        views[i] = (struct tl_packet){.data = frames[i] + TL_HEADROOM_BYTES,
                                      .length = (uint16_t)lengths[i]};
    uint64_t begin = clock_ns();
    for (uint32_t burst = 0; burst < bursts; burst++) {
        struct tl_packet *packets = &views[burst * BURST_PACKETS];
        tl_pipeline_run(worker, packets, BURST_PACKETS, world->now_ns);
        if (packets[0].edge == TL_EDGE_SEND)
            tl_packets_sent(worker, packets, BURST_PACKETS);
    }
    uint64_t passed = clock_ns() - begin;
    world->now_ns += 20 * TL_MILLISECOND_NS;
    for (uint32_t i = 0; i < bursts * BURST_PACKETS; i++)
        CHECK_EQUAL(views[i].edge, edge);
    return (double)passed / (bursts * BURST_PACKETS);
}

// The median round's.
static double measure(int forged)
{
    double *each = calloc(rounds, sizeof(*each));
    for (uint32_t i = 0; i < flows; i++)
        flow_make(i, forged);
    for (uint32_t i = 0; i < rounds; i++) {
        double here = round_run(forged ? TL_EDGE_FREE : TL_EDGE_SEND);
        uint32_t at = i;
        for (; at > 0 && each[at - 1] > here; at--)
            each[at] = each[at - 1];
        each[at] = here;
    }
    double median = each[rounds / 2];
    free(each);
    return median;
}

int main(int argc, char **argv)
{
    flows = argc > 1 ? (uint32_t)atoi(argv[1]) : 10000;
    rounds = argc > 2 ? (uint32_t)atoi(argv[2]) : 101;
    if (flows < BURST_PACKETS || flows > 15000 || rounds == 0) {
        fprintf(stderr, "stun_speed [FLOWS, 32 to 15000 [ROUNDS]]\n");
        return 2;
    }
    // A port pair each, from 20000 on.
    world = world_make(1);
    for (uint32_t i = 0; i < 3; i++)
        world->realms[i].port_last = 59999;
    asks = aligned_alloc(64, (uint64_t)flows * FRAME_ROOM);
    frames = aligned_alloc(64, (uint64_t)flows * FRAME_ROOM);
    worker_make();
    double answered = measure(0), forged = measure(1);
    printf("{\"flows\":%u,\"rounds\":%u,\"answers_per_s\":%.0f,\"ns_per_answer\":%.0f,"
           "\"ns_per_forged\":%.0f}\n",
           flows, rounds, 1e9 / answered, answered, forged);
    return 0;
}
