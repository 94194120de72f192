// SPDX-License-Identifier: Apache-2.0
// Random sequences of commands, through a ring whose cursors wrap, against a model of a few lines.
// Usage: test_model [seed]
#include "rings.h"

enum { INDEXES = 12, PORTS = 8 };

struct model {
    uint32_t live, generation, port, last;
} model[INDEXES];

static uint32_t port_owner(uint32_t port)
{
    for (uint32_t i = 0; i < INDEXES; i++)
        if (model[i].live && model[i].port == port)
            return i;
    return TL_NO_FLOW;
}

static int32_t expect(uint32_t operation, uint32_t index, uint32_t generation, uint32_t port)
{
    struct model *flow = &model[index];
    if (operation == TL_OP_ADD) {
        if (flow->live)
            return TL_STATUS_EXISTS;
        if (generation == 0 || (flow->last != 0 && generation - flow->last - 1 >= INT32_MAX))
            return TL_STATUS_BAD_GENERATION;
        if (port_owner(port) != TL_NO_FLOW)
            return TL_STATUS_PORT_IN_USE;
        *flow = (struct model){1, generation, port, generation};
        return TL_STATUS_OK;
    }
    if (!flow->live)
        return TL_STATUS_NOT_FOUND;
    if (flow->generation != generation)
        return TL_STATUS_STALE;
    if (operation == TL_OP_REMOVE)
        flow->live = 0;
    return TL_STATUS_OK;
}

// The live one, one about the last, or one far ahead or behind: they wrap many times.
static uint32_t some_generation(uint32_t index)
{
    static const uint32_t steps[] = {0, 1, UINT32_MAX, INT32_MAX, 1u << 30, 1u << 31};
    return random_below(2) ? model[index].generation : model[index].last + steps[random_below(6)];
}

static void check_world(const struct world *world)
{
    const struct tl_worker *worker = world->worker;
    uint32_t live = 0;
    for (uint32_t i = 0; i < INDEXES; i++) {
        live += model[i].live;
        CHECK_EQUAL(world->records[i].state, model[i].live);
        CHECK_EQUAL((worker->flows[i].ingress.flags & TL_FLOW_LIVE) != 0, model[i].live);
        if (model[i].live)
            CHECK_EQUAL(world->records[i].generation, model[i].generation);
    }
    for (uint32_t port = 0; port < PORTS; port++) {
        uint32_t place = tl_worker_port(worker, ADDRESS_1, (uint16_t)(20000 + 2 * port));
        CHECK_EQUAL(worker->ports[place].slot, port_owner(port));
    }
    CHECK_EQUAL(worker->live, live);
    uint32_t users = 0;
    for (uint32_t i = 0; i < worker->hops.count; i++)
        users += (worker->hops.words[i] >> TL_HOP_STATE_SHIFT & 3u) != TL_HOP_FREE
                     ? worker->hops.entries[i].users
                     : 0;
    CHECK_EQUAL(users, live);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        test_seed = strtoull(argv[1], NULL, 0);
    static struct rings rings;
    struct world *world = world_make(1);
    rings_attach(&rings, world->worker, UINT32_MAX - 1000);
    rings.sequence = UINT32_MAX - 500;
    for (uint32_t round = 0; round < 30000; round++) {
        static const uint32_t operations[] = {TL_OP_ADD, TL_OP_ADD, TL_OP_MODIFY, TL_OP_REMOVE};
        uint32_t operation = operations[random_below(4)];
        uint32_t index = random_below(INDEXES), port = random_below(PORTS);
        uint32_t generation = some_generation(index);
        struct tl_command *slot = rings_next(&rings);
        slot->operation = operation;
        slot->flow_index = index;
        slot->generation = generation;
        slot->spec = spec_make(ADDRESS_1, (uint16_t)(20000 + 2 * port), "198.18.1.2", 30000);
        slot->spec.remote_address[15] = (uint8_t)(2 + random_below(4));
        slot->spec.media_timeout_ms = 1000;
        rings_push(&rings);
        if (random_below(8) == 0) { // the writer repeats itself
            uint32_t at = rings.control.command_producer.position;
            rings.commands[at % COMMAND_SLOTS] = rings.commands[(at - 1) % COMMAND_SLOTS];
            rings_push(&rings);
        }
        CHECK_EQUAL(rings_poll(world), TL_FAULT_NONE);
        int32_t status = expect(operation, index, generation, port);
        struct tl_event event;
        while (rings_event(&rings, &event)) {
            CHECK_EQUAL(event.kind, TL_EVENT_ANSWER);
            CHECK_EQUAL(event.sequence, rings.sequence);
            CHECK_EQUAL(event.status, status);
        }
        check_world(world);
    }
    world_free(world);
    return tests_passed("model", 0);
}
