// SPDX-License-Identifier: Apache-2.0
// Next hops of one worker: which link address a remote address is sent to.
//
// The worker takes and gives back entries when flows are programmed (or a source is learned); the
// housekeeping thread resolves them. No queue stands between the two, so that nothing can be lost:
// the worker changes entries and then `changes`; housekeeping, when it sees `changes` move (or a
// neighbour moves), walks the table with tl_next_hop_read and stores results with
// tl_next_hop_resolve. One 64-bit word carries a whole result:
//
//   bits 0...47  link address, first byte lowest
//   bits 48, 49  TL_HOP_*: free, wanted, resolved
//   bits 50...63 generation of the entry's use, so that a late result cannot hit a new use
//
// Unresolved means that packets are dropped as no_next_hop. Full table: command status NO_NEXT_HOP.

#ifndef TL_NEXT_HOP_H
#define TL_NEXT_HOP_H

#include "tl_base.h"
#include "tl_realm.h"

#define TL_HOP_FREE     0u
#define TL_HOP_WANTED   1u
#define TL_HOP_RESOLVED 2u

#define TL_HOP_STATE_SHIFT      48u
#define TL_HOP_GENERATION_SHIFT 50u

#define TL_NO_HOP 0xffffffffu

struct tl_next_hop {
    uint64_t address[2]; // worker: rw, before `word`; housekeeping: ro. 16 bytes, IPv4-mapped
    uint32_t realm_index; // worker: rw, before `word`; housekeeping: ro
    uint32_t users;       // worker only
    uint32_t next;        // worker only: entries of one hash, or the free ones
    uint32_t reserved;
};

struct tl_next_hops {
    uint64_t *words; // worker: takes and frees; housekeeping: resolves. Atomic. Apart from the
                     // entries and close together: they are all that packets read
    struct tl_next_hop *entries;
    uint32_t *heads; // worker only: by hash, `count` of them
    uint32_t count;  // power of two
    uint32_t free;   // worker only: first free entry
    uint32_t used;
    uint32_t changes; // worker: rw (release); housekeeping: ro
};

void tl_next_hops_init(struct tl_next_hops *hops, uint64_t *words,
                       struct tl_next_hop *entries, uint32_t *heads, uint32_t count);

/// One consistent entry, as housekeeping reads it.
struct tl_next_hop_view {
    uint8_t address[16];
    uint32_t realm_index;
    uint32_t state; // TL_HOP_*
    uint64_t word;  // hand it back to tl_next_hop_resolve
    uint8_t mac[6]; // when resolved
};

/// Worker: finds or takes the entry of an address and counts one more user.
/// TL_NO_HOP when the table is full.
TL_PACKET_CODE uint32_t tl_next_hop_take(struct tl_next_hops *hops, const struct tl_realm *realm,
                                         uint32_t realm_index, const uint8_t address[16]);

/// Worker: one user less; the last one frees the entry. TL_NO_HOP is ignored.
TL_PACKET_CODE void tl_next_hop_release(struct tl_next_hops *hops, uint32_t index);

/// Housekeeping: reads entry `index` (below count). 0 when it is free or just changing.
int tl_next_hop_read(const struct tl_next_hops *hops, uint32_t index,
                     struct tl_next_hop_view *view);

/// Housekeeping: stores a link address, or NULL for "not resolved any more". 0 when the entry was
/// given to another address since `view` was read; then nothing is stored.
int tl_next_hop_resolve(struct tl_next_hops *hops, uint32_t index,
                        const struct tl_next_hop_view *view, const uint8_t mac[6]);

/// Worker: the present word of an entry. Pairs with the release in tl_next_hop_resolve.
static inline uint64_t tl_next_hop_word(const struct tl_next_hops *hops, uint32_t index)
{
    return __atomic_load_n(&hops->words[index], __ATOMIC_ACQUIRE);
}

static inline int tl_next_hop_resolved(uint64_t word)
{
    return (word >> TL_HOP_STATE_SHIFT & TL_HOP_RESOLVED) != 0; // a bit that no other state has
}

#endif
