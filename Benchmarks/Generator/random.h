// SPDX-License-Identifier: Apache-2.0
// Repeatable random numbers (SplitMix64): the same seed makes the same load.

#ifndef TL_RANDOM_H
#define TL_RANDOM_H

#include <stdint.h>

static inline uint64_t tl_random_next(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

/// A number below `bound`, which must not be zero. The bias is below 2^-20 for every bound here.
static inline uint64_t tl_random_below(uint64_t *state, uint64_t bound)
{
    return tl_random_next(state) % bound;
}

#endif
