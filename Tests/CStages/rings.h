// SPDX-License-Identifier: Apache-2.0
// A pair of files in plain memory, and the control plane's end of one channel.

#ifndef RINGS_H
#define RINGS_H

#include "harness.h"

enum { COMMAND_SLOTS = 8, EVENT_SLOTS = 8, PACKET_SLOTS = 4 };

struct rings {
    struct tl_file_header fastpath_header;
    struct tl_file_header control_header;
    struct tl_channel_fastpath fastpath;
    struct tl_channel_control control;
    struct tl_event events[EVENT_SLOTS];
    struct tl_packet_slot packets[PACKET_SLOTS];
    struct tl_command commands[COMMAND_SLOTS];
    struct tl_packet_slot injects[PACKET_SLOTS];
    uint32_t sequence; // of the last command
};

static inline struct tl_channel_views rings_views(struct rings *rings)
{
    return (struct tl_channel_views){
        .own_header = &rings->fastpath_header, .peer_header = &rings->control_header,
        .own = &rings->fastpath, .peer = &rings->control, .events = (uint8_t *)rings->events,
        .packets = (uint8_t *)rings->packets, .commands = (const uint8_t *)rings->commands,
        .injects = (const uint8_t *)rings->injects, .event_stride = sizeof(struct tl_event),
        .packet_stride = sizeof(struct tl_packet_slot),
        .command_stride = sizeof(struct tl_command),
        .inject_stride = sizeof(struct tl_packet_slot),
        .command_size_bytes = sizeof(struct tl_command), .command_slots = COMMAND_SLOTS,
        .event_slots = EVENT_SLOTS, .packet_slots = PACKET_SLOTS};
}

/// Attaches shard 0 with all cursors at `start`.
static inline void rings_attach(struct rings *rings, struct tl_worker *worker, uint32_t start)
{
    struct tl_channel_views views = rings_views(rings);
    views.cursor_start = start;
    tl_channel_attach(&worker->channels[0], &views);
    rings->fastpath.command_consumer.position = rings->fastpath.event_producer.position = start;
    rings->fastpath.packet_producer.position = rings->fastpath.inject_consumer.position = start;
    rings->control.command_producer.position = rings->control.event_consumer.position = start;
    rings->control.packet_consumer.position = rings->control.inject_producer.position = start;
}

static inline struct tl_command *rings_next(struct rings *rings)
{
    uint32_t at = rings->control.command_producer.position;
    CHECK(at - rings->fastpath.command_consumer.position < COMMAND_SLOTS);
    struct tl_command *slot = &rings->commands[at % COMMAND_SLOTS];
    memset(slot, 0, sizeof(*slot));
    slot->size_bytes = sizeof(*slot);
    slot->sequence = ++rings->sequence;
    return slot;
}

static inline void rings_push(struct rings *rings)
{
    tl_store_release_u32(&rings->control.command_producer.position,
                         rings->control.command_producer.position + 1);
}

/// Takes one event. 0 when there is none.
static inline int rings_event(struct rings *rings, struct tl_event *event)
{
    uint32_t at = rings->control.event_consumer.position;
    if (at == tl_load_acquire_u32(&rings->fastpath.event_producer.position))
        return 0;
    *event = rings->events[at % EVENT_SLOTS];
    rings->control.event_consumer.position = at + 1;
    return 1;
}

static inline enum tl_fault rings_poll(struct world *world)
{
    uint32_t answered = 0;
    return tl_channel_poll(world->worker, 0, world->now_ns, 64, &answered);
}

#endif
