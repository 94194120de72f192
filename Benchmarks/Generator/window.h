// SPDX-License-Identifier: Apache-2.0
// What has arrived of one stream: the highest counter and which of the 64 up to it.

#ifndef TL_WINDOW_H
#define TL_WINDOW_H

#include <stdint.h>

enum { TL_WINDOW_BITS = 64 };

enum tl_order {
    TL_ORDER_NEXT,      // higher than all before
    TL_ORDER_LATE,      // missing until now: it was overtaken
    TL_ORDER_DUPLICATE, // it was here before
};

/// Zeroed memory is a window in which nothing has arrived.
struct tl_window {
    uint64_t next; // highest counter that arrived, plus one
    uint64_t seen; // bit i: next - 1 - i has arrived
};

/// Notes an arrival. What is too old for the window cannot be told from a duplicate and counts as
/// late: a relay that holds a packet for 64 others of its stream has a fault of another name.
static inline enum tl_order tl_window_note(struct tl_window *window, uint64_t counter)
{
    if (counter >= window->next) {
        uint64_t step = counter + 1 - window->next;
        window->seen = step >= TL_WINDOW_BITS ? 1 : (window->seen << step) | 1;
        window->next = counter + 1;
        return TL_ORDER_NEXT;
    }
    uint64_t back = window->next - 1 - counter;
    if (back >= TL_WINDOW_BITS)
        return TL_ORDER_LATE;
    if ((window->seen >> back & 1) != 0)
        return TL_ORDER_DUPLICATE;
    window->seen |= 1ull << back;
    return TL_ORDER_LATE;
}

#endif
