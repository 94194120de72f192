// SPDX-License-Identifier: Apache-2.0
// When which stream sends. Every stream sends once in a period, at a phase of its own that never
// changes; a round goes through the streams in the order of their phases. So finding what is due
// is a comparison, and the load has no clumps that the peer's queues would have to hold.
//
// After a pause that the machine made, what is overdue is sent at twice the usual rate and not at
// once: the calls of a real network do not wait for a generator that was not scheduled.

#ifndef TL_SCHEDULE_H
#define TL_SCHEDULE_H

#include <stdint.h>

enum { TL_SCHEDULE_BURST = 32 }; // packets that may go at once, whatever the spacing

struct tl_schedule {
    uint32_t count;
    uint32_t next;        // place in the order
    uint32_t *order;      // stream numbers
    uint64_t *phases;     // cycles after the round's start, ascending
    uint64_t period;      // cycles
    uint64_t round_start; // TSC
    uint64_t half_spacing; // cycles: the least time that a packet takes of the allowance
    uint64_t allowance;    // TSC up to which the allowance is used
};

/// Random phases: each stream sends `per_second` packets a second. The arrays are the caller's,
/// with room for `count`.
void tl_schedule_streams(struct tl_schedule *schedule, uint32_t count, double per_second,
                         uint64_t tsc_hz, uint64_t seed);

/// Even spacing: `per_second` packets in all, the streams in random order.
void tl_schedule_rate(struct tl_schedule *schedule, uint32_t count, double per_second,
                      uint64_t tsc_hz, uint64_t seed);

/// The first round starts at `now`.
static inline void tl_schedule_start(struct tl_schedule *schedule, uint64_t now)
{
    schedule->next = 0;
    schedule->round_start = now;
    schedule->allowance = now;
}

/// TSC at which the next packet is due.
static inline uint64_t tl_schedule_due(const struct tl_schedule *schedule)
{
    return schedule->round_start + schedule->phases[schedule->next];
}

/// The stream that `ahead` (below the count) packets from now will be sent.
static inline uint32_t tl_schedule_peek(const struct tl_schedule *schedule, uint32_t ahead)
{
    uint32_t place = schedule->next + ahead;
    return schedule->order[place < schedule->count ? place : place - schedule->count];
}

/// Takes the next stream.
static inline uint32_t tl_schedule_take(struct tl_schedule *schedule)
{
    uint32_t stream = schedule->order[schedule->next];
    if (++schedule->next == schedule->count) {
        schedule->next = 0;
        schedule->round_start += schedule->period;
    }
    return stream;
}

/// How many packets are due and allowed at `now`, at most `limit`. They are then to be taken.
static inline uint32_t tl_schedule_ready(struct tl_schedule *schedule, uint64_t now,
                                         uint32_t limit)
{
    const uint64_t ahead = (TL_SCHEDULE_BURST - 1) * schedule->half_spacing;
    uint64_t round_start = schedule->round_start;
    uint32_t count = 0;
    for (uint32_t place = schedule->next; count < limit; count++) {
        if ((int64_t)(now - round_start - schedule->phases[place]) < 0 ||
            (int64_t)(now + ahead - schedule->allowance) < 0)
            break;
        if ((int64_t)(now - schedule->allowance) > 0)
            schedule->allowance = now;
        schedule->allowance += schedule->half_spacing;
        if (++place == schedule->count) {
            place = 0;
            round_start += schedule->period;
        }
    }
    return count;
}

#endif
