// SPDX-License-Identifier: Apache-2.0
#include "CTables.h"

#define NAMED_BYTES offsetof(struct tl_counters, drops)

_Static_assert(offsetof(struct tl_worker_page, received) == 64, "counters begin at line 1");
_Static_assert(NAMED_BYTES <= 256, "room for the named counters");

TL_PACKET_CODE void tl_counters_publish(const struct tl_counters *counters,
                                        struct tl_worker_page *page, uint64_t now_ns)
{
    uint32_t version = page->version;
    __atomic_store_n(&page->version, version + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE); // the odd version is seen before any figure
    memcpy(&page->received, counters, NAMED_BYTES);
    memcpy(page->drops, counters->drops, sizeof(counters->drops));
    tl_store_release_u32(&page->version, version + 2);
    __atomic_store_n(&page->heartbeat_ns, now_ns, __ATOMIC_RELAXED);
}

int64_t tl_counters_imbalance(const struct tl_counters *counters)
{
    uint64_t in = counters->received + counters->handed_in + counters->own_dropped;
    uint64_t out = counters->forwarded + counters->consumed + counters->delivered +
                   counters->handed_out;
    for (uint32_t i = 0; i < TL_DROP_REASON_COUNT; i++)
        out += counters->drops[i];
    return (int64_t)(in - out);
}

void tl_counters_restore(struct tl_counters *counters, struct tl_worker_page *page)
{
    memcpy(counters, &page->received, NAMED_BYTES);
    memcpy(counters->drops, page->drops, sizeof(counters->drops));
    counters->flows = 0;
    counters->sent = counters->forwarded + counters->generated + counters->injected;
    int64_t imbalance = tl_counters_imbalance(counters);
    if (imbalance > 0)
        counters->drops[TL_DROP_INDEX_UNKNOWN_AT_RESTART] += (uint64_t)imbalance;
    else
        counters->own_dropped += (uint64_t)-imbalance; // it is published after the others
    page->version += page->version & 1u;
}
