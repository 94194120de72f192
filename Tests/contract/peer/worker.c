// SPDX-License-Identifier: Apache-2.0
#include "worker.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { CHANNELS_MAX = TL_WORKERS_MAX * TL_SHARDS_MAX };

static struct {
    uint32_t command;
    uint32_t event;
    uint32_t last_sequence;
    int has_last;
    struct tl_event last_answer;
} cursors[CHANNELS_MAX];

void peer_point(struct peer *peer, const char *name)
{
    if (peer->stop_point == NULL || strcmp(peer->stop_point, name) != 0)
        return;
    if (--peer->stop_count == 0)
        kill(getpid(), SIGKILL);
}

void peer_reset(struct peer *peer)
{
    memset(cursors, 0, sizeof(cursors));
    for (uint32_t c = 0; c < CHANNELS_MAX; c++) {
        cursors[c].command = peer->layout.geometry.cursor_start;
        cursors[c].event = peer->layout.geometry.cursor_start;
    }
}

static struct tl_flow_record *record_at(struct peer *peer, uint32_t index)
{
    return tl_section_at(&peer->own, &peer->layout.records, index);
}

static int32_t check_spec(const struct peer *peer, const struct tl_flow_spec *s, uint32_t worker)
{
    const struct tl_geometry *g = &peer->layout.geometry;
    if (s->address_index >= g->address_count)
        return TL_STATUS_BAD_ADDRESS;
    if (s->local_port % 2 != 0 || s->local_port / TL_PORT_BLOCK % g->worker_count != worker)
        return TL_STATUS_BAD_PORT;
    if ((s->flags & ~TL_FLOW_FLAGS_ALL) != 0)
        return TL_STATUS_BAD_FLAGS;
    return TL_STATUS_OK;
}

static int32_t add(struct peer *peer, const struct tl_command *c, uint32_t worker)
{
    struct tl_flow_record *r = record_at(peer, c->flow_index);
    if (peer->refuse != 0)
        return peer->refuse;
    if (r->state == TL_RECORD_LIVE)
        return TL_STATUS_EXISTS;
    int takes_up = r->state == TL_RECORD_LEFT && c->generation == r->generation;
    int is_new = r->generation == 0 || (int32_t)(c->generation - r->generation) > 0;
    if (c->generation == 0 || !(takes_up || is_new))
        return TL_STATUS_BAD_GENERATION;
    int32_t status = check_spec(peer, &c->spec, worker);
    if (status != TL_STATUS_OK)
        return status;
    if (!takes_up || r->key_id != c->spec.key_id) {
        memset(r, 0, sizeof(*r));
        r->egress_index = c->spec.initial_sequence;
    }
    // As if it had sent something: what a restart has to take up.
    r->egress_index += 1000;
    r->key_id = c->spec.key_id;
    r->egress_ssrc = c->spec.ssrc;
    r->local_port = c->spec.local_port;
    r->address_index = c->spec.address_index;
    tl_store_release_u32(&r->generation, c->generation);
    tl_store_release_u32(&r->state, TL_RECORD_LIVE);
    return TL_STATUS_OK;
}

static int32_t change(struct peer *peer, const struct tl_command *c, uint32_t worker)
{
    struct tl_flow_record *r = record_at(peer, c->flow_index);
    if (r->state != TL_RECORD_LIVE)
        return TL_STATUS_NOT_FOUND;
    if (r->generation != c->generation)
        return TL_STATUS_STALE;
    if (c->operation == TL_OP_REMOVE) {
        tl_store_release_u32(&r->state, TL_RECORD_FREE);
        return TL_STATUS_OK;
    }
    if (c->operation == TL_OP_KEYS)
        memcpy(&r->key_id, &c->spec, sizeof(r->key_id)); // a tl_flow_keys begins with it
    if (c->operation == TL_OP_KEYS || c->operation == TL_OP_ICE ||
        c->operation == TL_OP_DTMF || c->operation == TL_OP_DIGITS)
        return TL_STATUS_OK;
    if (c->spec.ssrc != r->egress_ssrc)
        return TL_STATUS_BAD_FLAGS;
    r->tx_packets++;
    return check_spec(peer, &c->spec, worker);
}

static int32_t execute(struct peer *peer, const struct tl_command *c, uint32_t worker)
{
    const struct tl_geometry *g = &peer->layout.geometry;
    if (c->operation == TL_OP_PING)
        return TL_STATUS_OK;
    if (c->flow_index / g->flows_per_worker != worker)
        return TL_STATUS_BAD_INDEX;
    switch (c->operation) {
    case TL_OP_ADD:
        return add(peer, c, worker);
    case TL_OP_MODIFY:
    case TL_OP_REMOVE:
    case TL_OP_KEYS:
    case TL_OP_ICE:
    case TL_OP_DTMF:
    case TL_OP_DIGITS:
        return change(peer, c, worker);
    default:
        return TL_STATUS_BAD_OPERATION;
    }
}

static uint32_t event_room(struct peer *peer, uint32_t channel)
{
    struct tl_channel_control *theirs =
        tl_section_at(&peer->control, &peer->control_layout.channels, channel);
    uint32_t fill;
    uint32_t consumed = tl_load_acquire_u32(&theirs->event_consumer.position);
    uint32_t slots = peer->layout.geometry.event_slots;
    if (tl_ring_fill(cursors[channel].event, consumed, slots, &fill))
        return slots - fill;
    peer->faulted = tl_header_incarnation(peer->control.base) == peer->reset_for;
    return 0;
}

static void put_event(struct peer *peer, uint32_t channel, const struct tl_event *event)
{
    uint32_t slots = peer->layout.geometry.event_slots;
    struct tl_channel_fastpath *mine =
        tl_section_at(&peer->own, &peer->layout.channels, channel);
    uint64_t slot = (uint64_t)channel * slots + cursors[channel].event % slots;
    memcpy(tl_section_at(&peer->own, &peer->layout.events, slot), event, sizeof(*event));
    peer_point(peer, "answer-written");
    tl_store_release_u32(&mine->event_producer.position, ++cursors[channel].event);
    peer_point(peer, "answer-published");
}

static void take_command(struct peer *peer, uint32_t channel, uint32_t worker)
{
    uint32_t slots = peer->layout.geometry.command_slots;
    struct tl_channel_fastpath *mine =
        tl_section_at(&peer->own, &peer->layout.channels, channel);
    struct tl_command command;
    uint64_t slot = (uint64_t)channel * slots + cursors[channel].command % slots;
    tl_command_read(&peer->control, &peer->control_layout, slot, &command);
    peer_point(peer, "command-read");
    struct tl_event answer = {
        .size_bytes = sizeof(answer),
        .kind = TL_EVENT_ANSWER,
        .sequence = command.sequence,
        .flow_index = command.flow_index,
        .generation = command.generation,
    };
    if (cursors[channel].has_last && command.sequence == cursors[channel].last_sequence)
        answer = cursors[channel].last_answer;
    else
        answer.status = execute(peer, &command, worker);
    cursors[channel].has_last = 1;
    cursors[channel].last_sequence = command.sequence;
    cursors[channel].last_answer = answer;
    peer_point(peer, "command-executed");
    put_event(peer, channel, &answer);
    tl_store_release_u32(&mine->command_consumer.position, ++cursors[channel].command);
    peer_point(peer, "command-consumed");
}

void peer_channel(struct peer *peer, uint32_t channel)
{
    uint32_t worker = channel % peer->layout.geometry.worker_count;
    struct tl_channel_control *theirs =
        tl_section_at(&peer->control, &peer->control_layout.channels, channel);
    uint32_t fill;
    uint32_t produced = tl_load_acquire_u32(&theirs->command_producer.position);
    // The cursor is of this incarnation only if that is unchanged after it was loaded.
    if (tl_header_incarnation(peer->control.base) != peer->reset_for)
        return;
    if (!tl_ring_fill(produced, cursors[channel].command, peer->layout.geometry.command_slots,
                      &fill)) {
        peer->faulted = 1;
        return;
    }
    while (!peer->hold && fill-- > 0 && event_room(peer, channel) > 0)
        take_command(peer, channel, worker);
}

unsigned peer_notify(struct peer *peer, uint32_t kind)
{
    const struct tl_geometry *g = &peer->layout.geometry;
    unsigned sent = 0;
    for (uint32_t i = 0; i < peer->layout.records.count; i++) {
        struct tl_flow_record *r = record_at(peer, i);
        uint32_t channel = i / g->flows_per_worker;
        if (r->state != TL_RECORD_LIVE || event_room(peer, channel) == 0)
            continue;
        struct tl_event event = {
            .size_bytes = sizeof(event),
            .kind = kind,
            .flow_index = i,
            .generation = r->generation,
            .value = 1234,
        };
        put_event(peer, channel, &event);
        sent++;
    }
    return sent;
}
