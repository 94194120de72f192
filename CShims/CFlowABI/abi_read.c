// SPDX-License-Identifier: Apache-2.0
// Words are loaded one by one with relaxed atomics: the writer is another process that may be
// writing them, so the compiler must neither repeat a load nor believe that memory stands still.
#include "CFlowABI.h"

enum { WORD_BYTES = 8 };

void tl_copy_words(void *to, const void *from, size_t size_bytes)
{
    // The target may be less aligned than a word.
    uint8_t *target = to;
    const uint64_t *source = from;
    for (size_t i = 0; i < size_bytes; i += WORD_BYTES) {
        uint64_t word = __atomic_load_n(&source[i / WORD_BYTES], __ATOMIC_RELAXED);
        size_t rest = size_bytes - i;
        memcpy(&target[i], &word, rest < WORD_BYTES ? rest : WORD_BYTES);
    }
}

void tl_command_read(const struct tl_map *peer, const struct tl_layout *layout, uint64_t index,
                     struct tl_command *command)
{
    memset(command, 0, sizeof(*command));
    tl_copy_words(command, tl_section_at(peer, &layout->commands, index),
                  layout->command_size_bytes);
}

void tl_event_read(const struct tl_map *peer, const struct tl_layout *layout, uint64_t index,
                   struct tl_event *event)
{
    memset(event, 0, sizeof(*event));
    tl_copy_words(event, tl_section_at(peer, &layout->events, index), layout->event_size_bytes);
}

int tl_packet_read(const struct tl_map *peer, const struct tl_layout *layout, uint64_t index,
                   struct tl_packet_slot *packet)
{
    const uint8_t *slot = tl_section_at(peer, &layout->packets, index);
    const size_t head_bytes = offsetof(struct tl_packet_slot, payload);
    tl_copy_words(packet, slot, head_bytes);
    if (packet->payload_bytes == 0 || packet->payload_bytes > TL_PACKET_BYTES_MAX)
        return 0;
    tl_copy_words(packet->payload, slot + head_bytes, packet->payload_bytes);
    return 1;
}

int tl_record_read(const struct tl_map *map, const struct tl_layout *layout, uint64_t index,
                   struct tl_flow_record *record)
{
    const struct tl_flow_record *shared = tl_section_at(map, &layout->records, index);
    memset(record, 0, sizeof(*record));
    for (uint32_t attempt = 0; attempt < TL_READ_RETRIES; attempt++) {
        uint32_t before = tl_load_acquire_u32(&shared->generation);
        uint8_t source = __atomic_load_n(&shared->source_version, __ATOMIC_ACQUIRE);
        if (source % 2 != 0)
            continue;
        tl_copy_words(record, shared, layout->record_size_bytes);
        // Pairs with the writer's fences behind the odd version and behind generation zero.
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        uint32_t after = __atomic_load_n(&shared->generation, __ATOMIC_RELAXED);
        if (__atomic_load_n(&shared->source_version, __ATOMIC_RELAXED) == source)
            return before == after && record->generation == before;
    }
    return 0;
}

int tl_drop_record_read(const struct tl_map *map, const struct tl_layout *layout, uint64_t index,
                        struct tl_drop_record *record)
{
    memset(record, 0, sizeof(*record));
    if (index >= layout->drop_records.count)
        return 0;
    const struct tl_drop_record *shared = tl_section_at(map, &layout->drop_records, index);
    record->generation = tl_load_acquire_u32(&shared->generation);
    record->more = __atomic_load_n(&shared->more, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < TL_DROP_RECORD_REASONS; i++) {
        record->counts[i] = tl_load_acquire_u32(&shared->counts[i]);
        if (record->counts[i] == 0)
            break;
        record->reasons[i] = __atomic_load_n(&shared->reasons[i], __ATOMIC_RELAXED);
    }
    // Pairs with the writer's fence behind generation zero.
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return record->generation != 0 &&
           __atomic_load_n(&shared->generation, __ATOMIC_RELAXED) == record->generation;
}

int tl_worker_read(const struct tl_map *map, const struct tl_layout *layout, uint64_t index,
                   struct tl_worker_page *page)
{
    const struct tl_worker_page *shared = tl_section_at(map, &layout->workers, index);
    memset(page, 0, sizeof(*page));
    for (uint32_t attempt = 0; attempt < TL_READ_RETRIES; attempt++) {
        uint32_t before = tl_load_acquire_u32(&shared->version);
        if (before % 2 != 0)
            continue;
        tl_copy_words(page, shared, layout->worker_size_bytes);
        // Pairs with the writer's fence between the odd version and the counters.
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (__atomic_load_n(&shared->version, __ATOMIC_RELAXED) == before)
            return 1;
    }
    return 0;
}
