// SPDX-License-Identifier: Apache-2.0
#include "CTables.h"

// What version one of each operation needs. Later versions may be longer, never shorter.
#define BARE_BYTES offsetof(struct tl_command, spec)
#define SPEC_BYTES (offsetof(struct tl_command, spec) + 128)
#define ICE_BYTES  (offsetof(struct tl_command, spec) + 200)
#define DTMF_BYTES (offsetof(struct tl_command, spec) + 72)
#define DIGITS_BYTES (offsetof(struct tl_command, spec) + 40)

static int32_t slot_find(const struct tl_worker *worker, const struct tl_command *command,
                         uint32_t *slot)
{
    *slot = command->flow_index - worker->first_flow; // wraps to something too large
    return *slot < worker->flow_count ? TL_STATUS_OK : TL_STATUS_BAD_INDEX;
}

static int is_live(const struct tl_worker *worker, uint32_t slot)
{
    return (worker->flows[slot].ingress.flags & TL_FLOW_LIVE) != 0;
}

static int32_t live_find(const struct tl_worker *worker, const struct tl_command *command,
                         uint32_t *slot)
{
    int32_t status = slot_find(worker, command, slot);
    if (status != TL_STATUS_OK)
        return status;
    if (!is_live(worker, *slot))
        return TL_STATUS_NOT_FOUND;
    if (worker->flows[*slot].egress.generation != command->generation)
        return TL_STATUS_STALE;
    return TL_STATUS_OK;
}

// Likewise, of a command with something in place of the specification, down to `bytes`.
static int32_t body_find(const struct tl_worker *worker, const struct tl_command *command,
                         uint64_t bytes, uint32_t *slot)
{
    if (command->size_bytes < bytes)
        return TL_STATUS_BAD_SIZE;
    return live_find(worker, command, slot);
}

// After all that were used at this index (wrapping), or the one of a flow that is taken up.
static int generation_is_good(struct tl_worker *worker, uint32_t slot, uint32_t generation)
{
    uint32_t last = worker->cold[slot].last_generation;
    if (generation == 0)
        return 0;
    if (generation == last)
        return tl_worker_record(worker, slot)->state == TL_RECORD_LEFT;
    return last == 0 || (int32_t)(generation - last) > 0;
}

static int32_t apply_add(struct tl_worker *worker, uint32_t shard,
                         const struct tl_command *command, uint64_t now_ns)
{
    uint32_t slot;
    int32_t status = slot_find(worker, command, &slot);
    if (status != TL_STATUS_OK)
        return status;
    if (is_live(worker, slot))
        return TL_STATUS_EXISTS;
    if (!generation_is_good(worker, slot, command->generation))
        return TL_STATUS_BAD_GENERATION;
    if (command->spec.key_id != 0 &&
        !tl_record_takes_up(tl_worker_record(worker, slot), &command->spec, command->generation))
        return TL_STATUS_KEYS_USED;
    status = tl_spec_check_port(worker, &command->spec);
    if (status == TL_STATUS_OK)
        status = tl_spec_check(worker, slot, &command->spec);
    struct tl_route route;
    if (status == TL_STATUS_OK)
        status = tl_route_find(worker, &command->spec, command->spec.remote_address,
                               command->spec.remote_port, &route);
    if (status != TL_STATUS_OK)
        return status;
    worker->cold[slot].shard = (uint16_t)shard;
    tl_flow_install(worker, slot, command->generation, &command->spec, &route, now_ns);
    return TL_STATUS_OK;
}

static int32_t apply_modify(struct tl_worker *worker, const struct tl_command *command,
                            uint64_t now_ns)
{
    uint32_t slot;
    int32_t status = live_find(worker, command, &slot);
    if (status != TL_STATUS_OK)
        return status;
    // What a flow keeps for its life is taken from the flow.
    const struct tl_flow_spec *old = &worker->cold[slot].spec;
    struct tl_flow_spec spec = command->spec;
    spec.address_index = old->address_index;
    spec.local_port = old->local_port;
    spec.ssrc = old->ssrc;
    spec.flags = (spec.flags & ~TL_FLOW_SHARED) | (old->flags & TL_FLOW_SHARED);
    status = tl_spec_check(worker, slot, &spec);
    struct tl_route route;
    if (status == TL_STATUS_OK)
        status = tl_route_find(worker, &spec, spec.remote_address, spec.remote_port, &route);
    if (status == TL_STATUS_OK)
        tl_flow_replace(worker, slot, &spec, &route, now_ns);
    return status;
}

static int32_t apply_keys(struct tl_worker *worker, const struct tl_command *command,
                          uint64_t now_ns)
{
    struct tl_flow_keys keys;
    uint32_t slot;
    int32_t status = body_find(worker, command, offsetof(struct tl_command, spec) + sizeof(keys),
                               &slot);
    if (status != TL_STATUS_OK)
        return status;
    memcpy(&keys, (const uint8_t *)command + offsetof(struct tl_command, spec), sizeof(keys));
    status = tl_keys_install(worker, slot, &keys, now_ns);
    tl_srtp_wipe(&keys, sizeof(keys));
    return status;
}

static int32_t apply_remove(struct tl_worker *worker, const struct tl_command *command)
{
    uint32_t slot;
    int32_t status = live_find(worker, command, &slot);
    if (status == TL_STATUS_OK)
        tl_flow_remove(worker, slot);
    return status;
}

static int32_t apply_ice(struct tl_worker *worker, const struct tl_command *command)
{
    uint32_t slot;
    int32_t status = body_find(worker, command, ICE_BYTES, &slot);
    if (status != TL_STATUS_OK)
        return status;
    return tl_ice_program(worker, slot, (const void *)&command->spec);
}

static int32_t apply_dtmf(struct tl_worker *worker, const struct tl_command *command,
                          uint64_t now_ns)
{
    uint32_t slot;
    int32_t status = body_find(worker, command, DTMF_BYTES, &slot);
    if (status != TL_STATUS_OK)
        return status;
    return tl_dtmf_program(worker, slot, (const void *)&command->spec, now_ns);
}

static int32_t apply_digits(struct tl_worker *worker, const struct tl_command *command,
                            uint64_t now_ns)
{
    uint32_t slot;
    int32_t status = body_find(worker, command, DIGITS_BYTES, &slot);
    if (status != TL_STATUS_OK)
        return status;
    return tl_dtmf_digits(worker, slot, (const void *)&command->spec, now_ns);
}

static int32_t apply_list(const struct tl_worker *worker, uint32_t shard,
                          const struct tl_command *command, uint32_t *listed)
{
    uint32_t slot;
    int32_t status = slot_find(worker, command, &slot);
    if (status != TL_STATUS_OK)
        return status;
    const struct tl_channel *channel = &worker->channels[shard];
    if (command->value == 0 || command->value > TL_LIST_MAX)
        return TL_STATUS_BAD_COUNT;
    if (channel->attached && command->value >= channel->views.event_slots)
        return TL_STATUS_BAD_COUNT; // the ring could never hold all of it and the answer
    for (uint32_t i = slot; i < worker->flow_count && i - slot < command->value; i++)
        *listed += (uint32_t)is_live(worker, i);
    return TL_STATUS_OK;
}

static int32_t apply(struct tl_worker *worker, uint32_t shard, const struct tl_command *command,
                     uint64_t now_ns, uint32_t *value)
{
    if (command->size_bytes < BARE_BYTES)
        return TL_STATUS_BAD_SIZE;
    int has_spec = command->operation == TL_OP_ADD || command->operation == TL_OP_MODIFY;
    if (has_spec && command->size_bytes < SPEC_BYTES)
        return TL_STATUS_BAD_SIZE;
    switch (command->operation) {
    case TL_OP_PING:
        return TL_STATUS_OK;
    case TL_OP_ADD:
        return apply_add(worker, shard, command, now_ns);
    case TL_OP_MODIFY:
        return apply_modify(worker, command, now_ns);
    case TL_OP_KEYS:
        return apply_keys(worker, command, now_ns);
    case TL_OP_REMOVE:
        return apply_remove(worker, command);
    case TL_OP_LIST:
        return apply_list(worker, shard, command, value);
    case TL_OP_ICE:
        return apply_ice(worker, command);
    case TL_OP_DTMF:
        return apply_dtmf(worker, command, now_ns);
    case TL_OP_DIGITS:
        return apply_digits(worker, command, now_ns);
    default:
        return TL_STATUS_BAD_OPERATION;
    }
}

TL_PACKET_CODE void tl_command_apply(struct tl_worker *worker, uint32_t shard,
                                     const struct tl_command *command, uint64_t now_ns,
                                     struct tl_event *answer)
{
    memset(answer, 0, sizeof(*answer));
    answer->size_bytes = sizeof(*answer);
    answer->kind = TL_EVENT_ANSWER;
    answer->sequence = command->sequence;
    answer->flow_index = command->flow_index;
    answer->generation = command->generation;
    answer->time_ns = now_ns;
    answer->status = apply(worker, shard, command, now_ns, &answer->value);
    worker->counters.commands++;
    worker->counters.commands_refused += answer->status != TL_STATUS_OK;
}
