// SPDX-License-Identifier: Apache-2.0
#include "CFlowABI.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

int tl_wake_worker(const uint32_t *sleep, uint32_t *doorbell, uint32_t *rung)
{
    // Between the store of the cursor, before, and the load: a store may otherwise be seen later.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    uint32_t number = __atomic_load_n(sleep, __ATOMIC_RELAXED);
    if (number == 0 || number == *rung)
        return 0;
    *rung = number;
    __atomic_fetch_add(doorbell, 1, __ATOMIC_SEQ_CST);
    int reason = errno;
    syscall(SYS_futex, doorbell, FUTEX_WAKE, 1, NULL, NULL, 0);
    errno = reason; // it cannot fail on a mapped word, and nobody could do anything about it
    return 1;
}
