// SPDX-License-Identifier: Apache-2.0
// Counts what the calling thread asks of the heap. A program that links this has the meter's
// malloc and its kin in place of the C library's (glibc's manual, "Replacing malloc").
#ifndef CMETER_H
#define CMETER_H

#include <stdint.h>

/// What the calling thread did so far.
struct tl_meter_reading {
    /// Allocations while the meter was on. A realloc is one.
    uint64_t allocations;
    /// Bytes that these asked for.
    uint64_t bytes;
    /// Blocks allocated and not freed, also while the meter was off.
    int64_t live;
    /// Those of them that were allocated while the meter was on, and the bytes of the heap that
    /// they take, glibc's own included.
    int64_t held_blocks;
    int64_t held_bytes;
};

/// Adds to the calling thread's switch: the meter is on while that is above zero.
void tl_meter_on(int step);
/// The figures of the calling thread.
struct tl_meter_reading tl_meter_read(void);
/// Does nothing with a value, where the optimiser cannot see that: the value has to be made.
void tl_meter_keep(const void *value);
/// One allocation of `bytes`; the caller releases it. NULL without memory.
void *tl_meter_allocate(uint64_t bytes);
/// Frees what `tl_meter_allocate` gave.
void tl_meter_release(void *block);

#endif
