// SPDX-License-Identifier: Apache-2.0
// Why packets of a flow were dropped, for an operator who asks: the one line of the shared file
// that only drops touch.
#include "CTables.h"

enum { NO_FLOW_GENERATION = 1 };

// No reader believes the line before its generation is there.
static void begin(struct tl_drop_record *record, uint32_t generation)
{
    __atomic_store_n(&record->generation, 0, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE); // zero is seen before anything of an earlier flow goes
    memset(record, 0, sizeof(*record));
    tl_store_release_u32(&record->generation, generation);
}

TL_PACKET_CODE void tl_drop_note(struct tl_worker *worker, const struct tl_flow *flow,
                                 uint32_t reason)
{
    struct tl_drop_record *record = worker->no_flow_drops;
    uint32_t generation = NO_FLOW_GENERATION;
    if (flow != NULL) {
        record = &worker->drop_records[tl_worker_slot(worker, flow)];
        generation = flow->egress.generation;
    }
    if (TL_UNLIKELY(record->generation != generation))
        begin(record, generation);
    uint32_t place = 0;
    while (place < TL_DROP_RECORD_REASONS && record->counts[place] != 0 &&
           record->reasons[place] != reason)
        place++;
    if (TL_UNLIKELY(place == TL_DROP_RECORD_REASONS)) {
        __atomic_store_n(&record->more, record->more + 1, __ATOMIC_RELAXED);
        return;
    }
    uint32_t count = record->counts[place] + 1;
    __atomic_store_n(&record->reasons[place], (uint8_t)reason, __ATOMIC_RELAXED);
    tl_store_release_u32(&record->counts[place], count != 0 ? count : 1);
}
