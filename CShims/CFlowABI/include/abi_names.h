// SPDX-License-Identifier: Apache-2.0
// Names and sentences of the contract's closed lists, for both planes. Never NULL.

#ifndef TL_ABI_NAMES_H
#define TL_ABI_NAMES_H

#include <stdint.h>

// Short name of a drop reason ("no_flow"); "unknown" at and above TL_DROP_REASON_COUNT.
const char *tl_drop_name(uint32_t reason);

// One sentence that explains a drop reason to an operator.
const char *tl_drop_text(uint32_t reason);

// How many drop reasons this build knows.
uint32_t tl_drop_count(void);

// Short name of an answer's status ("stale"); "unknown" for a status that is not in the list.
const char *tl_status_name(int32_t status);

// One sentence that explains a status.
const char *tl_status_text(int32_t status);

// Worker counters by position, in the order of TL_WORKER_COUNTERS.
uint32_t tl_counter_count(void);
const char *tl_counter_name(uint32_t counter);
const char *tl_counter_text(uint32_t counter);

#endif
