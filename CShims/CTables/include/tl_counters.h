// SPDX-License-Identifier: Apache-2.0
// A worker's counters: plain increments in private memory, published as one snapshot.

#ifndef TL_COUNTERS_H
#define TL_COUNTERS_H

#include "tl_base.h"

#include "CFlowABI.h"

/// Same fields and order as struct tl_worker_page.
struct tl_counters {
#define TL_COUNTER_FIELD(name, text) uint64_t name;
    TL_WORKER_COUNTERS(TL_COUNTER_FIELD)
#undef TL_COUNTER_FIELD
    uint64_t drops[TL_DROP_REASON_COUNT];
};

/// Writes a snapshot into the worker's page under its version, and the heartbeat. Call it when no
/// packet is in hand (after the transmit bursts): then the accounting identity holds in it.
TL_PACKET_CODE void tl_counters_publish(const struct tl_counters *counters,
                                        struct tl_worker_page *page, uint64_t now_ns);

/// Goes on from the figures of a page that an earlier process left. What that process had in hand
/// while it was publishing becomes unknown_at_restart.
void tl_counters_restore(struct tl_counters *counters, struct tl_worker_page *page);

/// Zero when the identity holds: (received + handed_in + own_dropped) - (forwarded + consumed +
/// delivered + handed_out + drops).
int64_t tl_counters_imbalance(const struct tl_counters *counters);

#endif
