// SPDX-License-Identifier: Apache-2.0
// Copying out of shared memory: what comes out is private and does not change any more.

#ifndef TL_ABI_READ_H
#define TL_ABI_READ_H

#include <stdint.h>

struct tl_map;
struct tl_layout;
struct tl_command;
struct tl_event;
struct tl_packet_slot;
struct tl_flow_record;
struct tl_worker_page;

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

// A copy of a flow's record: 1 when its generation was the same before and after the copy.
int tl_record_read(const struct tl_map *map, const struct tl_layout *layout, uint64_t index,
                   struct tl_flow_record *record);

// A consistent copy of a worker's counters: 0 after TL_READ_RETRIES tries that met a write.
int tl_worker_read(const struct tl_map *map, const struct tl_layout *layout, uint64_t index,
                   struct tl_worker_page *page);

#endif
