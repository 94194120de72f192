// SPDX-License-Identifier: Apache-2.0
// The rings: wrap-around, repetition, sizes, back-pressure, lying cursors, whole packets.
#include "frames.h"
#include "rings.h"

static struct rings rings;

static struct world *start(uint32_t position)
{
    struct world *world = world_make(1);
    memset(&rings, 0, sizeof(rings));
    rings_attach(&rings, world->worker, position);
    return world;
}

static void push_ping(uint32_t sequence, uint32_t size_bytes)
{
    struct tl_command *slot = rings_next(&rings);
    slot->operation = TL_OP_PING;
    slot->sequence = sequence;
    slot->size_bytes = size_bytes;
    rings_push(&rings);
}

static int32_t status_of(struct world *world)
{
    struct tl_event event;
    CHECK_EQUAL(rings_poll(world), TL_FAULT_NONE);
    CHECK(rings_event(&rings, &event));
    CHECK_EQUAL(event.kind, TL_EVENT_ANSWER);
    return event.status;
}

static void test_wrap(void)
{
    struct world *world = start(UINT32_MAX - 5);
    rings.sequence = UINT32_MAX - 20;
    for (uint32_t round = 0; round < 100; round++) {
        uint32_t batch = 1 + round % COMMAND_SLOTS;
        for (uint32_t i = 0; i < batch; i++)
            push_ping(rings.sequence + 1, sizeof(struct tl_command));
        CHECK_EQUAL(rings_poll(world), TL_FAULT_NONE);
        struct tl_event event;
        for (uint32_t i = 0; i < batch; i++) {
            CHECK(rings_event(&rings, &event));
            CHECK_EQUAL(event.sequence, rings.sequence - batch + 1 + i);
            CHECK_EQUAL(event.status, TL_STATUS_OK);
        }
        CHECK(!rings_event(&rings, &event));
    }
    world_free(world);
}

static void test_repetition(void)
{
    const uint32_t first = UINT32_MAX - 2; // cursors start there, and again after a detachment
    struct world *world = start(first);
    struct tl_flow_spec spec = spec_make(ADDRESS_1, 20000, "198.18.1.2", 30000);
    for (uint32_t i = 0; i < 3; i++) { // the same add three times: one flow, three answers
        struct tl_command *slot = rings_next(&rings);
        slot->operation = TL_OP_ADD;
        slot->sequence = 5;
        slot->generation = 1;
        slot->spec = spec;
        rings_push(&rings);
        CHECK_EQUAL(status_of(world), TL_STATUS_OK);
    }
    CHECK_EQUAL(world->worker->live, 1);
    CHECK_EQUAL(world->worker->counters.commands, 1);
    for (uint32_t i = 6; i < 6 + TL_ANSWERS_KEPT; i++) {
        push_ping(i, sizeof(struct tl_command));
        CHECK_EQUAL(status_of(world), TL_STATUS_OK);
    }
    push_ping(6, sizeof(struct tl_command));
    CHECK_EQUAL(status_of(world), TL_STATUS_OK);
    push_ping(5, sizeof(struct tl_command));
    CHECK_EQUAL(status_of(world), TL_STATUS_STALE_SEQUENCE);
    tl_channel_detach(&world->worker->channels[0]); // a new life of the channel
    CHECK_EQUAL(rings.fastpath.command_consumer.position, first);
    CHECK_EQUAL(rings.fastpath.event_producer.position, first);
    CHECK_EQUAL(rings.fastpath.packet_producer.position, first);
    CHECK_EQUAL(rings.fastpath.inject_consumer.position, first);
    rings_attach(&rings, world->worker, first);
    push_ping(5, sizeof(struct tl_command));
    CHECK_EQUAL(status_of(world), TL_STATUS_OK);
    world_free(world);
}

static void test_sizes(void)
{
    struct world *world = start(0);
    for (uint32_t size = 0; size < 32; size++) {
        push_ping(rings.sequence + 1, size);
        CHECK_EQUAL(status_of(world), TL_STATUS_BAD_SIZE);
    }
    push_ping(rings.sequence + 1, 32);
    CHECK_EQUAL(status_of(world), TL_STATUS_OK);
    push_ping(rings.sequence + 1, UINT32_MAX); // a later version's: longer than we know
    CHECK_EQUAL(status_of(world), TL_STATUS_OK);
    for (uint32_t size = 32; size <= 160; size += 32) {
        struct tl_command *slot = rings_next(&rings);
        slot->operation = TL_OP_ADD;
        slot->size_bytes = size;
        slot->generation = 1;
        slot->spec = spec_make(ADDRESS_1, 20000, "198.18.1.2", 30000);
        rings_push(&rings);
        CHECK_EQUAL(status_of(world), size < 160 ? TL_STATUS_BAD_SIZE : TL_STATUS_OK);
    }
    // A peer whose commands are shorter than ours: its stride is its own.
    struct tl_channel_views views = rings_views(&rings);
    views.command_size_bytes = 64;
    tl_channel_attach(&world->worker->channels[0], &views);
    rings_attach(&rings, world->worker, 0);
    world->worker->channels[0].views.command_size_bytes = 64;
    struct tl_command *slot = rings_next(&rings);
    slot->operation = TL_OP_ADD;
    slot->flow_index = 1;
    slot->generation = 1;
    rings_push(&rings);
    CHECK_EQUAL(status_of(world), TL_STATUS_BAD_SIZE);
    world_free(world);
}

static void test_full_events(void)
{
    struct world *world = start(0);
    for (uint32_t i = 0; i < COMMAND_SLOTS; i++)
        push_ping(rings.sequence + 1, 256);
    CHECK_EQUAL(rings_poll(world), TL_FAULT_NONE);
    for (uint32_t i = 0; i < COMMAND_SLOTS; i++)
        push_ping(rings.sequence + 1, 256);
    CHECK_EQUAL(rings_poll(world), TL_FAULT_NONE); // no room: none is taken
    CHECK_EQUAL(rings.fastpath.command_consumer.position, COMMAND_SLOTS);
    struct tl_event event;
    CHECK(rings_event(&rings, &event));
    CHECK_EQUAL(rings_poll(world), TL_FAULT_NONE);
    CHECK_EQUAL(rings.fastpath.command_consumer.position, COMMAND_SLOTS + 1);
    world_free(world);
}

// Time-outs of many flows through a small ring: each is sent once, none is lost.
static void test_notifications(void)
{
    struct world *world = start(UINT32_MAX - 2);
    struct tl_flow_spec spec = spec_make(ADDRESS_1, 20000, "198.18.1.2", 30000);
    spec.media_timeout_ms = 1000;
    for (uint32_t i = 0; i < 30; i++) {
        spec.local_port = (uint16_t)(20000 + 2 * i);
        CHECK_EQUAL(command(world, TL_OP_ADD, i, 1, &spec), TL_STATUS_OK);
    }
    struct tl_packet view = {.data = world->buffers[0]};
    world->now_ns += 1010 * TL_MILLISECOND_NS;
    CHECK_EQUAL(tl_worker_tick(world->worker, world->now_ns, 100000, &view, 1), 0);
    CHECK_EQUAL(world->worker->counters.media_timeouts, 30);
    CHECK_EQUAL(command(world, TL_OP_REMOVE, 29, 1, NULL), TL_STATUS_OK); // it needs none
    struct tl_event event;
    uint64_t seen = 0;
    while (rings_poll(world) == TL_FAULT_NONE && rings_event(&rings, &event)) {
        CHECK_EQUAL(event.kind, TL_EVENT_MEDIA_TIMEOUT);
        CHECK_EQUAL(event.value, 1010);
        CHECK(!(seen & 1ull << event.flow_index));
        seen |= 1ull << event.flow_index;
    }
    CHECK_EQUAL(seen, (1ull << 29) - 1);
    CHECK(world->worker->counters.events_deferred > 0);
    CHECK_EQUAL(world->worker->channels[0].pending_tail, TL_NO_FLOW);
    // The slot of a removed flow, taken by another shard: the notification goes there.
    CHECK_EQUAL(world->records[0].media_timed_out, 1);
    tl_channel_notify(world->worker, 3, TL_PENDING_TIMEOUT);
    world->worker->cold[3].shard = 1;
    CHECK_EQUAL(rings_poll(world), TL_FAULT_NONE);
    CHECK(!rings_event(&rings, &event));
    CHECK_EQUAL(world->worker->channels[1].pending_head, 3);
    world_free(world);
}

static void test_list(void)
{
    struct world *world = start(UINT32_MAX);
    struct tl_flow_spec spec = spec_make(ADDRESS_1, 20000, "198.18.1.2", 30000);
    for (uint32_t i = 0; i < 4; i++) {
        spec.local_port = (uint16_t)(20000 + 2 * i);
        CHECK_EQUAL(command(world, TL_OP_ADD, 2 * i, 10 + i, &spec), TL_STATUS_OK);
    }
    struct tl_command *slot = rings_next(&rings);
    slot->operation = TL_OP_LIST;
    slot->flow_index = 1;
    slot->value = 7; // one more would not fit the ring with its answer
    rings_push(&rings);
    CHECK_EQUAL(rings_poll(world), TL_FAULT_NONE);
    struct tl_event event;
    for (uint32_t i = 1; i < 4; i++) {
        CHECK(rings_event(&rings, &event));
        CHECK_EQUAL(event.kind, TL_EVENT_LISTED);
        CHECK_EQUAL(event.flow_index, 2 * i);
        CHECK_EQUAL(event.generation, 10 + i);
        CHECK_EQUAL(event.sequence, rings.sequence);
    }
    CHECK(rings_event(&rings, &event));
    CHECK_EQUAL(event.kind, TL_EVENT_ANSWER);
    CHECK_EQUAL(event.value, 3);
    slot = rings_next(&rings);
    slot->operation = TL_OP_LIST;
    slot->value = 8;
    rings_push(&rings);
    CHECK_EQUAL(status_of(world), TL_STATUS_BAD_COUNT);
    world_free(world);
}

static void test_lies(void)
{
    struct world *world = start(100);
    enum tl_fault fault;
    rings.control.command_producer.position = 100 + COMMAND_SLOTS + 1;
    CHECK_EQUAL(rings_poll(world), TL_FAULT_COMMAND_CURSOR);
    rings.control.command_producer.position = 99;
    CHECK_EQUAL(rings_poll(world), TL_FAULT_COMMAND_CURSOR);
    rings.control.command_producer.position = 100;
    rings.control.event_consumer.position = 101;
    CHECK_EQUAL(rings_poll(world), TL_FAULT_EVENT_CURSOR);
    rings.control.event_consumer.position = 100;
    rings.control.packet_consumer.position = 101;
    CHECK_EQUAL(rings_poll(world), TL_FAULT_PACKET_CURSOR);
    rings.control.packet_consumer.position = 100;
    rings.control.inject_producer.position = 100 + PACKET_SLOTS + 1;
    CHECK_EQUAL(tl_channel_inject(world->worker, 0, world->packets, 1, &fault), 0);
    CHECK_EQUAL(fault, TL_FAULT_INJECT_CURSOR);
    CHECK_EQUAL(rings_poll(world), TL_FAULT_NONE);
    CHECK(strcmp(tl_fault_name(TL_FAULT_EVENT_CURSOR), "event_cursor") == 0);
    CHECK(strcmp(tl_fault_name((enum tl_fault)99), "unknown") == 0);
    world_free(world);
}

// A peer that restarts stores its incarnation before it resets its cursors: what a cursor offers
// then is of a life that the rings were not reset for, and is not taken.
static void test_restarted_peer(void)
{
    struct world *world = start(0);
    enum tl_fault fault;
    call_make(world, ADDRESS_2, "198.18.2.2", 0);
    rings.fastpath_header.incarnation = rings.control_header.peer_incarnation = 11;
    rings.control_header.incarnation = rings.fastpath_header.peer_incarnation = 22;
    push_ping(1, 256);
    rings.injects[0] = (struct tl_packet_slot){.size_bytes = 64, .flow_index = 1, .generation = 7,
                                               .payload_bytes = 100};
    rings.control.inject_producer.position = 1;
    tl_channel_notify(world->worker, 0, TL_PENDING_TIMEOUT);
    world->packets[0] = (struct tl_packet){.data = world->buffers[0]};
    for (uint32_t life = 0; life < 2; life++) {
        rings.control_header.incarnation = life == 0 ? 33 : 22;
        rings.control_header.peer_incarnation = life == 0 ? 11 : 0; // it resets its own ends
        CHECK_EQUAL(rings_poll(world), TL_FAULT_NONE);
        CHECK_EQUAL(tl_channel_inject(world->worker, 0, world->packets, 1, &fault), 0);
        CHECK_EQUAL(rings.fastpath.command_consumer.position, 0);
        CHECK_EQUAL(rings.fastpath.event_producer.position, 0);
        CHECK_EQUAL(rings.fastpath.inject_consumer.position, 0);
    }
    rings.control_header.peer_incarnation = 11;
    CHECK_EQUAL(rings_poll(world), TL_FAULT_NONE);
    CHECK_EQUAL(tl_channel_inject(world->worker, 0, world->packets, 1, &fault), 1);
    CHECK_EQUAL(rings.fastpath.command_consumer.position, 1);
    CHECK_EQUAL(rings.fastpath.event_producer.position, 2);
    world_free(world);
}

static void test_deliver(void)
{
    struct world *world = start(UINT32_MAX - 1);
    call_make(world, ADDRESS_2, "198.18.2.2", TL_FLOW_DELIVER);
    const uint8_t record[20] = {22, 0xfe, 0xfd};
    for (uint32_t i = 0; i < PACKET_SLOTS; i++)
        CHECK_EQUAL(send_udp(world, &party_a, record, sizeof(record)), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(world->worker->counters.delivered, PACKET_SLOTS);
    CHECK_EQUAL(send_udp(world, &party_a, record, 20), TL_DROP_INDEX_CONTROL_RING_FULL);
    const struct tl_packet_slot *slot = &rings.packets[(UINT32_MAX - 1) % PACKET_SLOTS];
    CHECK_EQUAL(slot->size_bytes, 64);
    CHECK_EQUAL(slot->generation, 7);
    CHECK_EQUAL(slot->payload_bytes, 20);
    CHECK_EQUAL(slot->port, 30000);
    CHECK(memcmp(slot->payload, record, 20) == 0);
    tl_channel_detach(&world->worker->channels[0]);
    CHECK_EQUAL(send_udp(world, &party_a, record, 20), TL_DROP_INDEX_CONTROL_AWAY);
    world_free(world);
}

static void push_inject(uint32_t index, uint32_t generation, uint32_t bytes, uint32_t head)
{
    uint32_t at = rings.control.inject_producer.position++;
    struct tl_packet_slot *slot = &rings.injects[at % PACKET_SLOTS];
    *slot = (struct tl_packet_slot){.size_bytes = head, .flow_index = index,
                                    .generation = generation, .payload_bytes = bytes};
    memset(slot->payload, 0x16, sizeof(slot->payload));
}

static uint32_t inject(struct world *world)
{
    enum tl_fault fault;
    for (uint32_t i = 0; i < 4; i++)
        world->packets[i] = (struct tl_packet){.data = world->buffers[i]};
    uint32_t made = tl_channel_inject(world->worker, 0, world->packets, 4, &fault);
    CHECK_EQUAL(fault, TL_FAULT_NONE);
    for (uint32_t i = 0; i < made; i++)
        tl_packet_done(world->worker, &world->packets[i]);
    check_identity(world);
    return made;
}

static void test_inject(void)
{
    struct world *world = start(UINT32_MAX - 1);
    call_make(world, ADDRESS_2, "198.18.2.2", 0);
    push_inject(1, 7, 100, 64);
    push_inject(1, 7, TL_PACKET_BYTES_MAX, 64);
    CHECK_EQUAL(inject(world), 2);
    struct frame frame = read_frame(world->packets[0].data, world->packets[0].length);
    CHECK_EQUAL(frame.payload_length, 100);
    CHECK_EQUAL(frame.destination_port, 30002);
    CHECK_EQUAL(frame.vlan, 100);
    CHECK_EQUAL(world->worker->counters.injected, 2);
    push_inject(1, 8, 100, 64);       // another generation
    push_inject(FLOWS, 7, 100, 64);   // no flow of this worker
    push_inject(1, 7, 0, 64);         // nothing
    push_inject(1, 7, UINT32_MAX, 64);
    CHECK_EQUAL(inject(world), 0);
    push_inject(1, 7, 100, 63);
    push_inject(1, 7, TL_PACKET_BYTES_MAX, 65); // would end behind the slot
    push_inject(1, 7, 100, UINT32_MAX);
    CHECK_EQUAL(inject(world), 0);
    CHECK_EQUAL(drops(world, TL_DROP_INDEX_INJECT_REFUSED), 7);
    CHECK_EQUAL(world->worker->counters.own_dropped, 7);
    world_free(world);
}

// The largest packet with the longest headers (IPv6, VLAN tag), into no more than its room: the
// sanitizer watches both ends.
static void test_inject_room(void)
{
    struct world *world = start(0);
    struct tl_flow_spec spec = spec_make(ADDRESS_2_V6, 20000, "2001:db8:2::2", 30000);
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, 7, &spec), TL_STATUS_OK);
    push_inject(0, 7, TL_PACKET_BYTES_MAX, 64);
    uint8_t *room = malloc(TL_MADE_PACKET_BYTES);
    struct tl_packet view = {.data = room};
    enum tl_fault fault;
    CHECK_EQUAL(tl_channel_inject(world->worker, 0, &view, 1, &fault), 1);
    CHECK(view.data == room);
    CHECK_EQUAL(view.length, 14 + 4 + 40 + 8 + TL_PACKET_BYTES_MAX);
    CHECK_EQUAL(read_frame(view.data, view.length).payload_length, TL_PACKET_BYTES_MAX);
    free(room);
    world_free(world);
}

int main(void)
{
    test_wrap();
    test_repetition();
    test_sizes();
    test_full_events();
    test_notifications();
    test_list();
    test_lies();
    test_restarted_peer();
    test_deliver();
    test_inject();
    test_inject_room();
    return tests_passed("channel", 0);
}
