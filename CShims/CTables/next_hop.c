// SPDX-License-Identifier: Apache-2.0
#include "CTables.h"

static uint32_t hop_hash(const struct tl_next_hops *hops, const uint64_t address[2],
                         uint32_t realm_index)
{
    uint64_t mixed = (address[0] ^ realm_index) * 0x9e3779b97f4a7c15ull;
    // The last bytes, which differ most, stand highest: a product would not bring them down.
    uint64_t last = address[1] << 32 | address[1] >> 32;
    mixed = (mixed ^ last) * 0xd6e8feb86659fd93ull;
    return (uint32_t)(mixed >> 32) & (hops->count - 1);
}

static uint64_t mac_word(const uint8_t mac[6])
{
    uint64_t word = 0;
    memcpy(&word, mac, 6);
    return word;
}

static uint64_t word_make(uint64_t generation, uint64_t state, uint64_t mac)
{
    return generation << TL_HOP_GENERATION_SHIFT | state << TL_HOP_STATE_SHIFT | mac;
}

void tl_next_hops_init(struct tl_next_hops *hops, uint64_t *words, struct tl_next_hop *entries,
                       uint32_t *heads, uint32_t count)
{
    memset(hops, 0, sizeof(*hops));
    memset(words, 0, count * sizeof(words[0]));
    memset(entries, 0, count * sizeof(entries[0]));
    memset(heads, 0xff, count * sizeof(heads[0]));
    hops->words = words;
    hops->entries = entries;
    hops->heads = heads;
    hops->count = count;
    for (uint32_t i = 0; i < count; i++)
        entries[i].next = i + 1 < count ? i + 1 : TL_NO_HOP;
}

static void hop_start(struct tl_next_hops *hops, uint32_t index, const struct tl_realm *realm,
                      uint32_t realm_index, const uint64_t address[2])
{
    struct tl_next_hop *hop = &hops->entries[index];
    uint64_t generation = (hops->words[index] >> TL_HOP_GENERATION_SHIFT) + 1;
    // A reader that still sees the old word must not see the new address with it: the word was
    // stored as free before, and this fence keeps that store first.
    __atomic_thread_fence(__ATOMIC_RELEASE);
    __atomic_store_n(&hop->address[0], address[0], __ATOMIC_RELAXED);
    __atomic_store_n(&hop->address[1], address[1], __ATOMIC_RELAXED);
    __atomic_store_n(&hop->realm_index, realm_index, __ATOMIC_RELAXED);
    hop->users = 1;
    uint64_t word = word_make(generation, TL_HOP_WANTED, 0);
    if (realm->flags & TL_REALM_STATIC_MAC)
        word = word_make(generation, TL_HOP_RESOLVED, mac_word(realm->gateway_mac));
    tl_store_release_u64(&hops->words[index], word); // pairs with tl_next_hop_read
}

TL_PACKET_CODE uint32_t tl_next_hop_take(struct tl_next_hops *hops, const struct tl_realm *realm,
                                         uint32_t realm_index, const uint8_t address[16])
{
    uint64_t words[2];
    memcpy(words, address, 16);
    uint32_t head = hop_hash(hops, words, realm_index);
    for (uint32_t i = hops->heads[head]; i != TL_NO_HOP; i = hops->entries[i].next) {
        struct tl_next_hop *hop = &hops->entries[i];
        if (hop->address[0] == words[0] && hop->address[1] == words[1] &&
            hop->realm_index == realm_index) {
            hop->users++;
            return i;
        }
    }
    uint32_t taken = hops->free;
    if (taken == TL_NO_HOP)
        return TL_NO_HOP;
    hops->free = hops->entries[taken].next;
    hops->entries[taken].next = hops->heads[head];
    hops->heads[head] = taken;
    hop_start(hops, taken, realm, realm_index, words);
    hops->used++;
    tl_store_release_u32(&hops->changes, hops->changes + 1);
    return taken;
}

TL_PACKET_CODE void tl_next_hop_release(struct tl_next_hops *hops, uint32_t index)
{
    if (index == TL_NO_HOP || --hops->entries[index].users > 0)
        return;
    struct tl_next_hop *hop = &hops->entries[index];
    uint32_t *link = &hops->heads[hop_hash(hops, hop->address, hop->realm_index)];
    while (*link != index)
        link = &hops->entries[*link].next;
    *link = hop->next;
    hop->next = hops->free;
    hops->free = index;
    // Housekeeping may be resolving this entry at this moment. Its compare-and-swap then fails, or
    // came first and is overwritten here: free either way.
    uint64_t generation = tl_next_hop_word(hops, index) >> TL_HOP_GENERATION_SHIFT;
    tl_store_release_u64(&hops->words[index], word_make(generation, TL_HOP_FREE, 0));
    hops->used--;
    tl_store_release_u32(&hops->changes, hops->changes + 1);
}

int tl_next_hop_read(const struct tl_next_hops *hops, uint32_t index,
                     struct tl_next_hop_view *view)
{
    const struct tl_next_hop *hop = &hops->entries[index];
    uint64_t word = tl_next_hop_word(hops, index);
    uint64_t address[2] = {__atomic_load_n(&hop->address[0], __ATOMIC_RELAXED),
                           __atomic_load_n(&hop->address[1], __ATOMIC_RELAXED)};
    view->realm_index = __atomic_load_n(&hop->realm_index, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    view->state = (uint32_t)(word >> TL_HOP_STATE_SHIFT) & 3u;
    view->word = word;
    memcpy(view->address, address, 16);
    memcpy(view->mac, &word, 6);
    return view->state != TL_HOP_FREE &&
           __atomic_load_n(&hops->words[index], __ATOMIC_RELAXED) == word;
}

int tl_next_hop_resolve(struct tl_next_hops *hops, uint32_t index,
                        const struct tl_next_hop_view *view, const uint8_t mac[6])
{
    uint64_t expected = view->word;
    uint64_t generation = expected >> TL_HOP_GENERATION_SHIFT;
    uint64_t word = mac == NULL ? word_make(generation, TL_HOP_WANTED, 0)
                                : word_make(generation, TL_HOP_RESOLVED, mac_word(mac));
    return __atomic_compare_exchange_n(&hops->words[index], &expected, word, 0,
                                       __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}
