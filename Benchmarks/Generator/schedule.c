// SPDX-License-Identifier: Apache-2.0
#include "schedule.h"

#include <stdlib.h>

#include "random.h"

// qsort has no place for a context, and the phases are what it sorts by: a random permutation of
// the streams over sorted random phases is the same thing.
static void shuffle(struct tl_schedule *schedule, uint64_t *random)
{
    for (uint32_t i = 0; i < schedule->count; i++) {
        uint32_t j = (uint32_t)tl_random_below(random, i + 1);
        schedule->order[i] = schedule->order[j];
        schedule->order[j] = i;
    }
}

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

void tl_schedule_streams(struct tl_schedule *schedule, uint32_t count, double per_second,
                         uint64_t tsc_hz, uint64_t seed)
{
    uint64_t random = seed;
    schedule->count = count;
    schedule->period = (uint64_t)((double)tsc_hz / per_second);
    for (uint32_t i = 0; i < count; i++)
        schedule->phases[i] = tl_random_below(&random, schedule->period);
    qsort(schedule->phases, count, sizeof(uint64_t), compare);
    shuffle(schedule, &random);
    schedule->half_spacing = schedule->period / count / 2;
    tl_schedule_start(schedule, 0);
}

void tl_schedule_rate(struct tl_schedule *schedule, uint32_t count, double per_second,
                      uint64_t tsc_hz, uint64_t seed)
{
    uint64_t random = seed;
    double spacing = (double)tsc_hz / per_second;
    schedule->count = count;
    schedule->period = (uint64_t)(spacing * count);
    for (uint32_t i = 0; i < count; i++)
        schedule->phases[i] = (uint64_t)(spacing * i);
    shuffle(schedule, &random);
    schedule->half_spacing = schedule->period / count / 2;
    tl_schedule_start(schedule, 0);
}
