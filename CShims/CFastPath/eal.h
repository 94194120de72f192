// SPDX-License-Identifier: Apache-2.0
// Starting DPDK's environment with the one argument set that a mode needs.

#ifndef TL_EAL_H
#define TL_EAL_H

#include "options.h"

// The lcore that runs worker w. Lcore 0 is the main thread, housekeeping.
#define TL_LCORE_OF_WORKER(worker) ((worker) + 1u)

// Starts the EAL. Returns 0, or says one sentence with what to do and returns the exit code.
int tl_eal_start(const struct tl_options *options);

// Memory that the packet buffers of these options may take, in MiB.
uint32_t tl_eal_memory_mb(const struct tl_options *options);

#endif
