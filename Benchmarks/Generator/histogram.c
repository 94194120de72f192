// SPDX-License-Identifier: Apache-2.0
#include "histogram.h"

#include <math.h>

static uint64_t upper_end(uint32_t bucket)
{
    if (bucket < TL_HISTOGRAM_STEPS)
        return bucket;
    uint32_t shift = (bucket >> TL_HISTOGRAM_STEP_BITS) - 1;
    uint64_t lower = (uint64_t)(bucket - (shift << TL_HISTOGRAM_STEP_BITS)) << shift;
    return lower + ((1ull << shift) - 1);
}

uint64_t tl_histogram_percentile(const struct tl_histogram *histogram, double share)
{
    uint64_t wanted = (uint64_t)ceil((double)histogram->count * share);
    uint64_t seen = 0;
    for (uint32_t i = 0; i < TL_HISTOGRAM_BUCKETS - 1; i++) {
        seen += histogram->buckets[i];
        if (seen >= wanted && seen > 0)
            return upper_end(i) < histogram->most ? upper_end(i) : histogram->most;
    }
    return histogram->most;
}
