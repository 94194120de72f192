// SPDX-License-Identifier: Apache-2.0
#include "CTables.h"

static uint32_t *bucket_of(struct tl_timers *timers, uint64_t tick)
{
    return &timers->heads[tick % TL_TIMER_BUCKETS];
}

// The tick at which a time has come, within what the wheel can hold.
static uint64_t tick_of(const struct tl_timers *timers, uint64_t due_ns)
{
    uint64_t tick = due_ns / TL_TIMER_TICK_NS + 1;
    uint64_t farthest = timers->tick + TL_TIMER_BUCKETS - 1;
    if (tick < timers->tick)
        return timers->tick;
    return tick > farthest ? farthest : tick;
}

void tl_timers_init(struct tl_timers *timers, uint64_t now_ns)
{
    memset(timers->heads, 0xff, sizeof(timers->heads));
    timers->tick = now_ns / TL_TIMER_TICK_NS;
    timers->armed = 0;
    timers->reserved = 0;
}

// What stands in the place of the first timer's predecessor: its bucket, marked by the top bit,
// which no slot has.
static uint32_t head_mark(uint64_t tick)
{
    return (uint32_t)(tick % TL_TIMER_BUCKETS) | 0x80000000u;
}

_Static_assert(TL_FLOWS_PER_WORKER_MAX < 0x80000000u, "slots and bucket marks differ");

TL_PACKET_CODE void tl_timer_arm(struct tl_timers *timers, struct tl_flow_cold *cold,
                                 uint32_t slot, uint64_t due_ns, uint64_t now_ns)
{
    tl_timer_cancel(timers, cold, slot);
    if (timers->armed == 0)
        timers->tick = now_ns / TL_TIMER_TICK_NS;
    uint64_t tick = tick_of(timers, due_ns);
    uint32_t *head = bucket_of(timers, tick);
    struct tl_flow_cold *flow = &cold[slot];
    flow->timer_ns = due_ns;
    flow->timer_next = *head;
    flow->timer_previous = head_mark(tick);
    flow->timer_armed = 1;
    if (*head != TL_NO_FLOW)
        cold[*head].timer_previous = slot;
    *head = slot;
    timers->armed++;
}

TL_PACKET_CODE void tl_timer_cancel(struct tl_timers *timers, struct tl_flow_cold *cold,
                                    uint32_t slot)
{
    struct tl_flow_cold *flow = &cold[slot];
    if (!flow->timer_armed)
        return;
    if (flow->timer_previous & 0x80000000u)
        timers->heads[flow->timer_previous & 0x7fffffffu] = flow->timer_next;
    else
        cold[flow->timer_previous].timer_next = flow->timer_next;
    if (flow->timer_next != TL_NO_FLOW)
        cold[flow->timer_next].timer_previous = flow->timer_previous;
    flow->timer_armed = 0;
    timers->armed--;
}

TL_PACKET_CODE uint32_t tl_timer_next(struct tl_timers *timers, struct tl_flow_cold *cold,
                                      uint64_t now_ns, uint32_t *budget)
{
    uint64_t now_tick = now_ns / TL_TIMER_TICK_NS;
    if (timers->armed == 0)
        return TL_NO_FLOW;
    if (now_tick > timers->tick + TL_TIMER_BUCKETS) // slept: one round meets every bucket
        timers->tick = now_tick - TL_TIMER_BUCKETS;
    while (timers->tick <= now_tick && timers->armed > 0 && *budget > 0) {
        (*budget)--;
        uint32_t slot = *bucket_of(timers, timers->tick);
        if (slot == TL_NO_FLOW) {
            timers->tick++;
            continue;
        }
        tl_timer_cancel(timers, cold, slot);
        if (cold[slot].timer_ns <= now_ns)
            return slot;
        tl_timer_arm(timers, cold, slot, cold[slot].timer_ns, now_ns);
    }
    return TL_NO_FLOW;
}
