// SPDX-License-Identifier: Apache-2.0
// Access to shared words. Each load-acquire pairs with the store-release of the same field.

#ifndef TL_ABI_WORDS_H
#define TL_ABI_WORDS_H

#include <stdint.h>

static inline uint32_t tl_load_acquire_u32(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline uint64_t tl_load_acquire_u64(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void tl_store_release_u32(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline void tl_store_release_u64(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

#endif
