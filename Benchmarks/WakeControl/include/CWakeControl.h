// SPDX-License-Identifier: Apache-2.0
//
// A thread that is pinned to a core, sleeps on a futex until it is woken, and does nothing else:
// what the machine takes to wake anybody there. It goes before all ordinary threads of the core,
// where that is allowed, so that what it waits for is the machine, and no other program.

#ifndef TL_CWAKECONTROL_H
#define TL_CWAKECONTROL_H

#include <stdint.h>

struct tl_wake_control;

// On a core, by the kernel's number; NULL where that cannot be had.
struct tl_wake_control *tl_wake_control_start(uint32_t core);

// Wakes the thread: nanoseconds until it has answered, or UINT64_MAX after a second without.
uint64_t tl_wake_control_ring(struct tl_wake_control *control);

// Ends the thread; NULL is allowed.
void tl_wake_control_stop(struct tl_wake_control *control);

#endif
