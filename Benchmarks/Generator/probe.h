// SPDX-License-Identifier: Apache-2.0
// The machine itself: what share of the time is taken from a thread that only looks at the clock.

#ifndef TL_PROBE_H
#define TL_PROBE_H

#include "options.h"

/// Prints one line of JSON. Returns 0 or the exit code, and has said why.
int tl_probe_run(const struct tl_options *options, int (*stop_count)(void));

#endif
