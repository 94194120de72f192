// SPDX-License-Identifier: Apache-2.0
// One timer for each flow, on a wheel. A flow's timer stands for the earliest of what it waits
// for. With no timer armed, the wheel touches nothing, however long it was not turned.
//
// Times beyond the horizon stand in the farthest bucket and are armed again when it comes round,
// so that whatever is met in a bucket leaves it: a turn is bounded by its budget.

#ifndef TL_TIMER_H
#define TL_TIMER_H

#include "tl_base.h"
#include "tl_flow.h"

#define TL_TIMER_BUCKETS 1024u
#define TL_TIMER_TICK_NS 4194304ull // 2^22, about 4.2 ms; horizon 4.3 s

struct tl_timers {
    uint32_t heads[TL_TIMER_BUCKETS]; // slot or TL_NO_FLOW
    uint64_t tick;                    // next one to look at
    uint32_t armed;
    uint32_t reserved;
};

void tl_timers_init(struct tl_timers *timers, uint64_t now_ns);

/// Arms or moves the timer of `slot`.
TL_PACKET_CODE void tl_timer_arm(struct tl_timers *timers, struct tl_flow_cold *cold,
                                 uint32_t slot, uint64_t due_ns, uint64_t now_ns);

TL_PACKET_CODE void tl_timer_cancel(struct tl_timers *timers, struct tl_flow_cold *cold,
                                    uint32_t slot);

/// Slot of a timer that is due, disarmed; TL_NO_FLOW when none is. `*budget` counts down with
/// every bucket and timer looked at and ends the search at zero.
TL_PACKET_CODE uint32_t tl_timer_next(struct tl_timers *timers, struct tl_flow_cold *cold,
                                      uint64_t now_ns, uint32_t *budget);

#endif
