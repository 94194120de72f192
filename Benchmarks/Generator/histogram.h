// SPDX-License-Identifier: Apache-2.0
// A log-linear histogram: 64 steps to each power of two, so a value is known to 1.6 %.

#ifndef TL_HISTOGRAM_H
#define TL_HISTOGRAM_H

#include <stdint.h>

enum {
    TL_HISTOGRAM_STEP_BITS = 6,
    TL_HISTOGRAM_STEPS = 1 << TL_HISTOGRAM_STEP_BITS,
    TL_HISTOGRAM_POWERS = 42, // of TSC cycles: half an hour and more; what is above counts there
    TL_HISTOGRAM_BUCKETS = TL_HISTOGRAM_STEPS * (TL_HISTOGRAM_POWERS - TL_HISTOGRAM_STEP_BITS + 1)
};

/// Zeroed memory is an empty histogram.
struct tl_histogram {
    uint64_t count;
    uint64_t least; // of all values; 0 while empty
    uint64_t most;
    uint64_t buckets[TL_HISTOGRAM_BUCKETS];
};

/// The bucket of a value. Values below 64 have one each.
static inline uint32_t tl_histogram_bucket(uint64_t value)
{
    if (value < TL_HISTOGRAM_STEPS)
        return (uint32_t)value;
    if (value >> TL_HISTOGRAM_POWERS != 0)
        return TL_HISTOGRAM_BUCKETS - 1;
    uint32_t shift = 63 - (uint32_t)__builtin_clzll(value) - TL_HISTOGRAM_STEP_BITS;
    return (shift << TL_HISTOGRAM_STEP_BITS) + (uint32_t)(value >> shift);
}

static inline void tl_histogram_add(struct tl_histogram *histogram, uint64_t value)
{
    if (histogram->count++ == 0 || value < histogram->least)
        histogram->least = value;
    if (value > histogram->most)
        histogram->most = value;
    histogram->buckets[tl_histogram_bucket(value)]++;
}

/// The value that `share` (0 to 1) of all values do not exceed: the upper end of its bucket, never
/// above the highest value seen. 0 when empty.
uint64_t tl_histogram_percentile(const struct tl_histogram *histogram, double share);

#endif
