// SPDX-License-Identifier: Apache-2.0
// Media time-outs: told once, told again to whoever cannot know, and what counts as life.
#include "frames.h"
#include "rings.h"

static struct rings rings;

static struct world *start(void)
{
    struct world *world = world_make(1);
    memset(&rings, 0, sizeof(rings));
    rings_attach(&rings, world->worker, 0);
    return world;
}

static struct tl_flow_spec timed(void)
{
    struct tl_flow_spec spec = spec_make(ADDRESS_1, 20000, "198.18.1.2", 30000);
    spec.media_timeout_ms = 1000;
    return spec;
}

static void pass(struct world *world, uint64_t milliseconds)
{
    struct tl_packet view = {.data = world->buffers[0]};
    world->now_ns += milliseconds * TL_MILLISECOND_NS;
    CHECK_EQUAL(tl_worker_tick(world->worker, world->now_ns, 100000, &view, 1), 0);
}

// Time-outs that the control plane gets to read now; `silence_ms` of the last.
static uint32_t told(struct world *world, uint32_t *silence_ms)
{
    struct tl_event event;
    uint32_t count = 0;
    CHECK_EQUAL(rings_poll(world), TL_FAULT_NONE);
    while (rings_event(&rings, &event)) {
        CHECK_EQUAL(event.kind, TL_EVENT_MEDIA_TIMEOUT);
        *silence_ms = event.value;
        count++;
    }
    return count;
}

// The fast path was killed after it had noted the time-out and before anyone read of it.
static void test_fast_path_restarts(void)
{
    struct world *world = start();
    struct tl_flow_spec spec = timed();
    uint32_t silence_ms = 0;
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, 7, &spec), TL_STATUS_OK);
    pass(world, 2000);
    CHECK_EQUAL(world->records[0].media_timed_out, 1);
    world_restart(world);
    memset(&rings, 0, sizeof(rings));
    rings_attach(&rings, world->worker, 0);
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, 7, &spec), TL_STATUS_OK);
    CHECK_EQUAL(world->records[0].media_timed_out, 0);
    pass(world, 900);
    CHECK_EQUAL(told(world, &silence_ms), 0);
    pass(world, 200);
    CHECK_EQUAL(told(world, &silence_ms), 1);
    CHECK_EQUAL(silence_ms, 1100);
    world_free(world);
}

// The control plane was killed with the event in its ring. The next one modifies what it finds.
static void test_control_plane_restarts(void)
{
    struct world *world = start();
    struct tl_flow_spec spec = timed();
    uint32_t silence_ms = 0;
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, 7, &spec), TL_STATUS_OK);
    pass(world, 1100);
    CHECK_EQUAL(rings_poll(world), TL_FAULT_NONE);
    tl_channel_detach(&world->worker->channels[0]);
    rings_attach(&rings, world->worker, 0);
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &spec), TL_STATUS_OK);
    CHECK_EQUAL(told(world, &silence_ms), 0);
    pass(world, 1100);
    CHECK_EQUAL(told(world, &silence_ms), 1);
    // The same control plane knows it by now, whatever it changes.
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &spec), TL_STATUS_OK);
    pass(world, 5000);
    CHECK_EQUAL(told(world, &silence_ms), 0);
    world_free(world);
}

static void test_rtcp_is_life(void)
{
    static const uint8_t report[8] = {0x80, 201, 0, 1, 0, 0, 0, 1};
    const struct sender party = {"198.18.1.2", 30001, "198.18.1.1", 20001, 0, 0};
    struct sender stranger = party;
    stranger.source = "198.18.1.3";
    struct world *world = start();
    struct tl_flow_spec spec = timed();
    uint32_t silence_ms = 0;
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, 7, &spec), TL_STATUS_OK);
    for (uint32_t i = 0; i < 5; i++) {
        pass(world, 900);
        CHECK_EQUAL(send_udp(world, &party, report, 8), TL_DROP_REASON_COUNT);
    }
    CHECK_EQUAL(told(world, &silence_ms), 0);
    pass(world, 900);
    CHECK_EQUAL(send_udp(world, &stranger, report, 8), TL_DROP_INDEX_WRONG_SOURCE);
    pass(world, 200);
    CHECK_EQUAL(told(world, &silence_ms), 1);
    CHECK_EQUAL(silence_ms, 1100);
    CHECK_EQUAL(send_udp(world, &party, report, 8), TL_DROP_REASON_COUNT); // it returns
    CHECK_EQUAL(world->records[0].media_timed_out, 0);
    pass(world, 2200); // its timer looks again after a whole time-out
    CHECK_EQUAL(told(world, &silence_ms), 1);
    world_free(world);
}

int main(void)
{
    test_fast_path_restarts();
    test_control_plane_restarts();
    test_rtcp_is_life();
    return tests_passed("silence", 0);
}
