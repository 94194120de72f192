// SPDX-License-Identifier: Apache-2.0
// Random packets, commands and ticks on two workers: the accounting identity holds after every
// burst, no packet is left without an edge, what leaves has right checksums, and no packet index
// of an egress stream is used twice. Usage: test_property [seed]
#include "frames.h"

enum { ROUNDS = 20000, CALLS = 6 };

static uint8_t seen[CALLS * 2][1 << 20]; // packet indexes that left, by flow

static void add_call(struct world *world, uint32_t call)
{
    static uint32_t generation = 1;
    static const char *const parties[] = {"198.18.1.2", "198.18.2.2", "2001:db8:2::2"};
    static const uint32_t addresses[] = {ADDRESS_1, ADDRESS_2, ADDRESS_2_V6};
    generation++;
    for (uint32_t leg = 0; leg < 2; leg++) {
        uint32_t which = random_below(3);
        uint32_t index = FLOWS + call * 2 + leg; // worker 1 has block 39
        uint16_t port = (uint16_t)(20000 + call * 4 + leg * 2);
        struct tl_flow_spec spec = spec_make(addresses[which], port, parties[which], 30000);
        spec.peer_index = FLOWS + call * 2 + (1 - leg);
        spec.peer_generation = generation;
        spec.flags |= random_below(32) & TL_FLOW_FLAGS_ALL;
        spec.learn_window_ms = 500;
        spec.rtcp_interval_ms = 500;
        spec.media_timeout_ms = 1000;
        spec.initial_sequence = 65000;
        if (command(world, TL_OP_ADD, index, generation, &spec) == TL_STATUS_OK)
            memset(seen[call * 2 + leg], 0, sizeof(seen[0]));
    }
}

static void remove_call(struct world *world, uint32_t call)
{
    for (uint32_t leg = 0; leg < 2; leg++) {
        uint32_t index = FLOWS + call * 2 + leg;
        command(world, TL_OP_REMOVE, index, world->records[index].generation, NULL);
    }
}

static void add_packet(struct world *world)
{
    static const struct sender senders[] = {{"198.18.1.2", 30000, "198.18.1.1", 0, 0, 0},
                                            {"198.18.2.2", 30000, "198.18.2.1", 0, 1, 100},
                                            {"2001:db8:2::2", 30000, "2001:db8:2::1", 0, 1, 100}};
    struct sender sender = senders[random_below(3)];
    sender.destination_port = (uint16_t)(20000 + random_below(CALLS * 4 + 2));
    if (sender.destination_port % 2)
        sender.source_port = 30001;
    if (random_below(20) == 0)
        sender.source_port++;
    struct rtp rtp = {.type = random_below(10) ? 0 : 101, .ssrc = random_below(20) ? 1 : 2};
    rtp.sequence = (uint16_t)(world->now_ns / (10 * TL_MILLISECOND_NS) + random_below(3));
    rtp.timestamp = (uint32_t)(world->now_ns / 125000);
    struct tl_packet *packet = add_rtp(world, &sender, rtp);
    packet->origin = (uint8_t)random_below(2);
    packet->flags = random_below(50) ? 0 : TL_PACKET_LOOPED;
    for (uint32_t i = random_below(8) ? 0 : random_below(4); i > 0; i--)
        packet->data[random_below(packet->length)] = (uint8_t)random_below(256);
    if (random_below(20) == 0)
        packet->length = (uint16_t)random_below(packet->length);
}

static void check_sent(const struct world *world, const struct tl_packet *packet)
{
    if (packet->edge != TL_EDGE_SEND)
        return;
    struct frame frame = read_frame(packet->data, packet->length);
    if (packet->kind != TL_KIND_RTP)
        return;
    uint32_t slot = tl_worker_slot(world->worker, packet->peer);
    uint64_t next = world->records[FLOWS + slot].egress_index;
    uint64_t index = (next & ~0xffffull) | get_16(frame.payload + 2);
    if (index >= next)
        index -= 65536;
    CHECK(index < 1 << 20);
    // A duplicate may leave again as what it is; nothing else may use its index.
    uint32_t mark = 1 + (packet->place * 31 + packet->stream * 7919u) % 254;
    CHECK(seen[slot][index] == 0 || seen[slot][index] == mark);
    seen[slot][index] = (uint8_t)mark;
}

static void run(struct world *world)
{
    tl_pipeline_run(world->worker, world->packets, world->count, world->now_ns);
    for (uint32_t i = 0; i < world->count; i++) {
        struct tl_packet *packet = &world->packets[i];
        CHECK(packet->edge != TL_EDGE_NEXT);
        if (packet->edge == TL_EDGE_FREE || random_below(10))
            tl_packet_done(world->worker, packet);
        else
            tl_packet_drop(world->worker, packet, TL_DROP_INDEX_TX_FULL);
        check_sent(world, packet);
    }
    check_identity(world);
}

static void tick(struct world *world)
{
    for (uint32_t i = 0; i < BURST; i++)
        world->packets[i] = (struct tl_packet){.data = world->buffers[i]};
    uint32_t made = tl_worker_tick(world->worker, world->now_ns, 1 + random_below(100),
                                   world->packets, 1 + random_below(BURST));
    for (uint32_t i = 0; i < made; i++) {
        struct tl_packet *packet = &world->packets[i];
        struct frame frame = read_frame(packet->data, packet->length);
        CHECK(frame.payload_length >= 36);
        tl_packet_done(world->worker, packet);
    }
    check_identity(world);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        test_seed = strtoull(argv[1], NULL, 0);
    struct world *world = world_make(2);
    world->worker = world->workers[1];
    for (uint32_t round = 0; round < ROUNDS; round++) {
        world->now_ns += random_below(10) * TL_MILLISECOND_NS;
        uint32_t call = random_below(CALLS);
        if (random_below(100) == 0)
            remove_call(world, call);
        if (random_below(20) == 0)
            add_call(world, call);
        burst_begin(world);
        for (uint32_t i = random_below(BURST + 1); i > 0; i--)
            add_packet(world);
        run(world);
        tick(world);
    }
    CHECK(world->worker->counters.forwarded > ROUNDS / 10);
    CHECK(world->worker->counters.generated > 100);
    world_free(world);
    return tests_passed("property", 0);
}
