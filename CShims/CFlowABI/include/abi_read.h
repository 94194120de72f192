// SPDX-License-Identifier: Apache-2.0
// Copying out of shared memory: what comes out is private and does not change any more.

#ifndef TL_ABI_READ_H
#define TL_ABI_READ_H

#include <stddef.h>
#include <stdint.h>

// How often a reader of a page that is being written tries again.
#define TL_READ_RETRIES 64u

// Entries that a ring offers: 1 and *fill, or 0 when the peer's cursor cannot be true.
static inline int tl_ring_fill(uint32_t producer, uint32_t consumer, uint32_t slots, uint32_t *fill)
{
    *fill = producer - consumer;
    return *fill <= slots;
}

// Copies of one message of a peer's file; fields that the peer does not have are zero. The index is
// that of the section (channel * slots + position % slots) and must be below the section's count.
void tl_command_read(const struct tl_map *peer, const struct tl_layout *layout, uint64_t index,
                     struct tl_command *command);
void tl_event_read(const struct tl_map *peer, const struct tl_layout *layout, uint64_t index,
                   struct tl_event *event);
// The payload is copied up to its length, 1...TL_PACKET_BYTES_MAX; 0 for another length.
int tl_packet_read(const struct tl_map *peer, const struct tl_layout *layout, uint64_t index,
                   struct tl_packet_slot *packet);

// Copies size_bytes of the peer's memory word by word; both sides are aligned to words.
void tl_copy_words(void *to, const void *from, size_t size_bytes);

// A copy of a flow's record: 1 when its generation was the same before and after the copy, and its
// source is whole; 0 also after TL_READ_RETRIES tries that met a write of the source.
int tl_record_read(const struct tl_map *map, const struct tl_layout *layout, uint64_t index,
                   struct tl_flow_record *record);

// A copy of what was dropped of a flow, or of no flow (the index is then that of the worker, behind
// all flows): 1 when its generation was the same before and after, and not zero; 0 also where the
// file has no such records.
int tl_drop_record_read(const struct tl_map *map, const struct tl_layout *layout, uint64_t index,
                        struct tl_drop_record *record);

// A consistent copy of a worker's counters: 0 after TL_READ_RETRIES tries that met a write.
int tl_worker_read(const struct tl_map *map, const struct tl_layout *layout, uint64_t index,
                   struct tl_worker_page *page);

// Words of a header and a record, for Swift, which must not load them as plain memory.
static inline uint64_t tl_header_incarnation(const struct tl_file_header *header)
{
    return tl_load_acquire_u64(&header->incarnation);
}

static inline uint64_t tl_header_heartbeat(const struct tl_file_header *header)
{
    return __atomic_load_n(&header->heartbeat_ns, __ATOMIC_RELAXED);
}

static inline uint32_t tl_header_state(const struct tl_file_header *header)
{
    return tl_load_acquire_u32(&header->state);
}

static inline uint32_t tl_header_process(const struct tl_file_header *header)
{
    return __atomic_load_n(&header->process_id, __ATOMIC_RELAXED);
}

static inline void tl_header_set_peer(struct tl_file_header *own, uint64_t incarnation)
{
    tl_store_release_u64(&own->peer_incarnation, incarnation);
}

static inline void tl_header_set_state(struct tl_file_header *own, uint32_t state)
{
    tl_store_release_u32(&own->state, state);
}

static inline void tl_header_beat(struct tl_file_header *own, uint64_t now_ns)
{
    __atomic_store_n(&own->heartbeat_ns, now_ns, __ATOMIC_RELAXED);
}

static inline uint32_t tl_record_generation(const struct tl_flow_record *record)
{
    return __atomic_load_n(&record->generation, __ATOMIC_RELAXED);
}

static inline uint32_t tl_record_state(const struct tl_flow_record *record)
{
    return tl_load_acquire_u32(&record->state);
}

#endif
