// SPDX-License-Identifier: Apache-2.0
// The service manager's notification socket (sd_notify(3)), spoken by hand: no library for four
// words. Where NOTIFY_SOCKET is not set every call does nothing.

#ifndef TL_NOTIFY_H
#define TL_NOTIFY_H

#include <stdint.h>

// Sends a message such as "READY=1". Never blocks.
void tl_notify(const char *message);

// How often the manager wants to hear WATCHDOG=1, in nanoseconds; 0 = never.
uint64_t tl_notify_watchdog_ns(void);

#endif
