// SPDX-License-Identifier: Apache-2.0
// One turn of a channel: what waits goes out, what came is applied and answered.
#include "CTables.h"

static void event_put(struct tl_channel *channel, const struct tl_event *event)
{
    uint32_t slot = channel->event_position & (channel->views.event_slots - 1);
    memcpy(channel->views.events + (uint64_t)slot * channel->views.event_stride, event,
           sizeof(*event));
    channel->event_position++;
}

static struct tl_event event_of_flow(const struct tl_worker *worker, uint32_t slot, uint32_t kind,
                                     uint64_t now_ns)
{
    struct tl_event event = {0};
    event.size_bytes = sizeof(event);
    event.kind = kind;
    event.flow_index = worker->first_flow + slot;
    event.generation = worker->flows[slot].egress.generation;
    event.time_ns = now_ns;
    return event;
}

static void put_timeout(struct tl_worker *worker, struct tl_channel *channel, uint32_t slot,
                        uint64_t now_ns)
{
    struct tl_event event = event_of_flow(worker, slot, TL_EVENT_MEDIA_TIMEOUT, now_ns);
    uint64_t last = tl_flow_heard(worker, slot);
    uint64_t silence_ms = now_ns > last ? (now_ns - last) / TL_MILLISECOND_NS : 0;
    event.value = silence_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)silence_ms;
    event_put(channel, &event);
}

static void put_learned(struct tl_worker *worker, struct tl_channel *channel, uint32_t slot,
                        uint64_t now_ns)
{
    struct tl_event event = event_of_flow(worker, slot, TL_EVENT_SOURCE_LEARNED, now_ns);
    const struct tl_flow_record *record = tl_worker_record(worker, slot);
    memcpy(event.address, record->source_address, 16);
    event.port = record->source_port;
    event_put(channel, &event);
}

static void put_path(struct tl_worker *worker, struct tl_channel *channel, uint32_t slot,
                     uint64_t now_ns)
{
    struct tl_event event = event_of_flow(worker, slot, TL_EVENT_PATH_SELECTED, now_ns);
    const struct tl_flow_record *record = tl_worker_record(worker, slot);
    const struct tl_ice *ice = tl_ice_of(worker, slot);
    memcpy(event.address, record->source_address, 16);
    event.port = record->source_port;
    event.value = ice != NULL && ice->nominated;
    event_put(channel, &event);
}

static void put_digit(struct tl_worker *worker, struct tl_channel *channel, uint32_t slot,
                      uint64_t now_ns)
{
    struct tl_event event = event_of_flow(worker, slot, TL_EVENT_DIGIT, now_ns);
    struct tl_digit digit = tl_dtmf_tell(tl_dtmf_of(worker, slot));
    memcpy(event.address, &digit, sizeof(digit));
    event_put(channel, &event);
}

TL_PACKET_CODE void tl_channel_notify(struct tl_worker *worker, uint32_t slot, uint32_t what)
{
    struct tl_flow_cold *cold = &worker->cold[slot];
    struct tl_channel *channel = &worker->channels[cold->shard];
    cold->pending |= what;
    if (cold->pending_linked)
        return;
    cold->pending_linked = 1;
    cold->pending_next = TL_NO_FLOW;
    if (channel->pending_tail == TL_NO_FLOW)
        channel->pending_head = slot;
    else
        worker->cold[channel->pending_tail].pending_next = slot;
    channel->pending_tail = slot;
}

static void pending_pop(struct tl_worker *worker, struct tl_channel *channel)
{
    struct tl_flow_cold *cold = &worker->cold[channel->pending_head];
    cold->pending_linked = 0;
    channel->pending_head = cold->pending_next;
    if (channel->pending_head == TL_NO_FLOW)
        channel->pending_tail = TL_NO_FLOW;
}

static void defer(struct tl_worker *worker, struct tl_flow_cold *cold)
{
    if (!(cold->pending & TL_PENDING_LATE))
        worker->counters.events_deferred++;
    cold->pending |= TL_PENDING_LATE;
}

// Those of a flow that each say one thing, together. 0: there is no room for them.
static int states_send(struct tl_worker *worker, struct tl_channel *channel, uint32_t slot,
                       uint32_t *room, uint64_t now_ns)
{
    struct tl_flow_cold *cold = &worker->cold[slot];
    uint32_t needed = (cold->pending & TL_PENDING_TIMEOUT ? 1u : 0u) +
                      (cold->pending & TL_PENDING_LEARNED ? 1u : 0u) +
                      (cold->pending & TL_PENDING_PATH ? 1u : 0u);
    if (needed > *room)
        return 0;
    if (cold->pending & TL_PENDING_LEARNED)
        put_learned(worker, channel, slot, now_ns);
    if (cold->pending & TL_PENDING_PATH)
        put_path(worker, channel, slot, now_ns);
    if (cold->pending & TL_PENDING_TIMEOUT)
        put_timeout(worker, channel, slot, now_ns);
    cold->pending &= ~(TL_PENDING_TIMEOUT | TL_PENDING_LEARNED | TL_PENDING_PATH);
    *room -= needed;
    return 1;
}

// A flow's digits, as many as there is room for. 0: some are left.
static int digits_send(struct tl_worker *worker, struct tl_channel *channel, uint32_t slot,
                       uint32_t *room, uint64_t now_ns)
{
    const struct tl_dtmf *dtmf = tl_dtmf_of(worker, slot);
    for (; dtmf->told_count != 0 && *room != 0; (*room)--)
        put_digit(worker, channel, slot, now_ns);
    return dtmf->told_count == 0;
}

// Sends notifications that wait, at most `budget` flows of them. Returns the room that is left.
static uint32_t pending_send(struct tl_worker *worker, struct tl_channel *channel, uint32_t room,
                             uint32_t budget, uint64_t now_ns)
{
    while (channel->pending_head != TL_NO_FLOW && budget-- > 0) {
        uint32_t slot = channel->pending_head;
        struct tl_flow_cold *cold = &worker->cold[slot];
        if (channel != &worker->channels[cold->shard]) { // another shard has the slot by now
            pending_pop(worker, channel);
            if (cold->pending != 0)
                tl_channel_notify(worker, slot, 0);
            continue;
        }
        if (!states_send(worker, channel, slot, &room, now_ns) ||
            (cold->pending & TL_PENDING_DIGIT &&
             !digits_send(worker, channel, slot, &room, now_ns))) {
            defer(worker, cold);
            break;
        }
        cold->pending = 0;
        pending_pop(worker, channel);
    }
    return room;
}

// One private copy: whatever the peer writes from now on changes nothing. What the writer did not
// know of, or this version does not know of, is zero.
static void command_copy(const struct tl_channel *channel, struct tl_command *command)
{
    const struct tl_channel_views *views = &channel->views;
    uint32_t slot = channel->command_position & (views->command_slots - 1);
    memset(command, 0, sizeof(*command));
    memcpy(command, views->commands + (uint64_t)slot * views->command_stride,
           views->command_size_bytes);
    if (command->size_bytes > views->command_size_bytes)
        command->size_bytes = views->command_size_bytes;
    uint32_t size = command->size_bytes;
    if (size >= offsetof(struct tl_command, spec)) // the head is needed to say what is wrong
        memset((uint8_t *)command + size, 0, sizeof(*command) - size);
}

static void put_list(struct tl_worker *worker, struct tl_channel *channel,
                     const struct tl_command *command, uint64_t now_ns)
{
    uint32_t first = command->flow_index - worker->first_flow;
    for (uint32_t i = first; i < worker->flow_count && i - first < command->value; i++) {
        if (!(worker->flows[i].ingress.flags & TL_FLOW_LIVE))
            continue;
        struct tl_event event = event_of_flow(worker, i, TL_EVENT_LISTED, now_ns);
        event.sequence = command->sequence;
        event_put(channel, &event);
    }
}

static void answer_stale(struct tl_worker *worker, const struct tl_command *command,
                         uint64_t now_ns, struct tl_event *answer)
{
    struct tl_command nothing = {0};
    nothing.sequence = command->sequence;
    nothing.flow_index = command->flow_index;
    nothing.generation = command->generation;
    tl_command_apply(worker, 0, &nothing, now_ns, answer);
    answer->status = TL_STATUS_STALE_SEQUENCE;
}

// A repeated sequence gets its answer again; nothing else happens.
static int answer_again(struct tl_worker *worker, struct tl_channel *channel,
                        const struct tl_command *command, uint64_t now_ns)
{
    if (!channel->answered || (int32_t)(command->sequence - channel->newest_sequence) > 0)
        return 0;
    struct tl_event answer = channel->answers[command->sequence % TL_ANSWERS_KEPT];
    if (answer.kind != TL_EVENT_ANSWER || answer.sequence != command->sequence)
        answer_stale(worker, command, now_ns, &answer);
    event_put(channel, &answer);
    return 1;
}

// Events that a command can cause at most.
static uint32_t events_needed(const struct tl_worker *worker, const struct tl_channel *channel,
                              const struct tl_command *command)
{
    if (command->operation != TL_OP_LIST || command->value > TL_LIST_MAX ||
        command->value >= channel->views.event_slots ||
        command->flow_index - worker->first_flow >= worker->flow_count)
        return 1; // not a list, or one that will be refused
    return command->value + 1;
}

static void command_answer(struct tl_worker *worker, uint32_t shard,
                           const struct tl_command *command, uint64_t now_ns)
{
    struct tl_channel *channel = &worker->channels[shard];
    if (answer_again(worker, channel, command, now_ns))
        return;
    struct tl_event answer;
    tl_command_apply(worker, shard, command, now_ns, &answer);
    if (command->operation == TL_OP_LIST && answer.status == TL_STATUS_OK)
        put_list(worker, channel, command, now_ns);
    channel->answers[command->sequence % TL_ANSWERS_KEPT] = answer;
    channel->newest_sequence = command->sequence;
    channel->answered = 1;
    event_put(channel, &answer);
}

static void commands_take(struct tl_worker *worker, uint32_t shard, uint64_t now_ns,
                          uint32_t waiting, uint32_t budget, uint32_t room, uint32_t *answered)
{
    struct tl_channel *channel = &worker->channels[shard];
    for (; waiting > 0 && budget > 0; waiting--, budget--) {
        struct tl_command command;
        command_copy(channel, &command);
        uint32_t before = channel->event_position;
        int fits = events_needed(worker, channel, &command) <= room;
        if (fits)
            command_answer(worker, shard, &command, now_ns);
        if (command.operation == TL_OP_KEYS || command.operation == TL_OP_ICE)
            tl_srtp_wipe(&command, sizeof(command)); // secrets do not stay on the stack
        if (!fits)
            break;
        room -= channel->event_position - before;
        channel->command_position++;
        (*answered)++;
    }
}

// What can be told from the peer's cursors: room in the event ring, commands that wait.
static enum tl_fault cursors_check(const struct tl_channel *channel, uint32_t *room,
                                   uint32_t *waiting)
{
    const struct tl_channel_control *peer = channel->views.peer;
    uint32_t events = channel->event_position - tl_load_acquire_u32(&peer->event_consumer.position);
    if (events > channel->views.event_slots)
        return TL_FAULT_EVENT_CURSOR;
    uint32_t packets =
        channel->packet_position - tl_load_acquire_u32(&peer->packet_consumer.position);
    if (packets > channel->views.packet_slots)
        return TL_FAULT_PACKET_CURSOR;
    // Pairs with the control plane's store-release behind its slots.
    *waiting = tl_load_acquire_u32(&peer->command_producer.position) - channel->command_position;
    if (*waiting > channel->views.command_slots)
        return TL_FAULT_COMMAND_CURSOR;
    *room = channel->views.event_slots - events;
    return TL_FAULT_NONE;
}

TL_PACKET_CODE enum tl_fault tl_channel_poll(struct tl_worker *worker, uint32_t shard,
                                             uint64_t now_ns, uint32_t budget,
                                             uint32_t *answered)
{
    struct tl_channel *channel = &worker->channels[shard];
    worker->now_ns = now_ns;
    if (!channel->attached)
        return TL_FAULT_NONE;
    uint32_t room, waiting;
    enum tl_fault fault = cursors_check(channel, &room, &waiting);
    if (fault != TL_FAULT_NONE)
        return fault;
    if (waiting == 0 && channel->pending_head == TL_NO_FLOW)
        return TL_FAULT_NONE;
    if (!tl_channel_matched(&channel->views))
        return TL_FAULT_NONE; // the peer just restarted: housekeeping will see it
    uint32_t events_before = channel->event_position;
    uint32_t commands_before = channel->command_position;
    room = pending_send(worker, channel, room, budget, now_ns);
    commands_take(worker, shard, now_ns, waiting, budget, room, answered);
    struct tl_channel_fastpath *own = channel->views.own;
    if (channel->event_position != events_before)
        tl_store_release_u32(&own->event_producer.position, channel->event_position);
    if (channel->command_position != commands_before)
        tl_store_release_u32(&own->command_consumer.position, channel->command_position);
    return TL_FAULT_NONE;
}
