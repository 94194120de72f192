// SPDX-License-Identifier: Apache-2.0
// Waking a worker that sleeps without flows: the control plane's half (CFlowABI.h, WAKING). The
// worker's is in the fast path.

#ifndef TL_ABI_WAKE_H
#define TL_ABI_WAKE_H

#include <stdint.h>

/// After a command cursor was stored: rings when the worker sleeps and this shard did not ring for
/// that sleep yet. `sleep` is the word in the worker's page, `rung` the shard's own memory of the
/// last sleep that it rang for, zero at first. One system call when it rings, else none. Returns 1
/// when it rang.
int tl_wake_worker(const uint32_t *sleep, uint32_t *doorbell, uint32_t *rung);

#endif
