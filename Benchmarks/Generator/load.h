// SPDX-License-Identifier: Apache-2.0
// One run of the generator: what main makes, the loop works on and the report prints.

#ifndef TL_LOAD_H
#define TL_LOAD_H

#include "check.h"
#include "junk.h"
#include "port.h"
#include "schedule.h"
#include "secure.h"

/// Saturating: how many frames are under way, so that what the peer sends back finds room. Frames
/// that a peer dropped do not count for ever: those that later ones of their streams overtook are
/// known to be gone, and when nothing comes from one look to the next, all are given up.
struct tl_flight {
    uint64_t sent;                    // in the whole run
    int64_t given_up;                 // beside those that were overtaken
    uint64_t ours_before;             // the checker's count at the last look
    uint64_t next_look;               // TSC
    uint64_t next_send, next_receive; // TSC before which it is no use to try
};

/// What the loop counts within the measured time.
struct tl_measure {
    uint64_t sent; // taken by the driver
    uint64_t tx_refused; // frames that the driver did not take at an attempt; they were tried again
    uint64_t junk_sent;
    uint64_t carried; // sent and received within busy turns
    uint64_t busy;    // cycles of turns that sent or received something
    uint64_t start, stop; // TSC
    uint64_t cpu_start_us, cpu_stop_us;
    struct tl_histogram lateness; // paced: cycles from due to made
};

struct tl_load {
    const struct tl_options *options;
    struct tl_wire wire;
    uint32_t stream_count;
    struct tl_stream *streams;
    struct tl_schedule schedule;
    struct tl_checker checker;
    struct tl_junk junk;
    struct tl_secure secure;
    struct rte_mbuf *pending[TL_BURST];  // frames that are made
    uint32_t pending_first, pending_end; // those that the driver has not taken yet
    uint32_t mark;                       // TL_TAG_MEASURED or 0: of the next frames made
    uint32_t pending_mark;               // of the pending ones
    struct tl_flight flight;
    uint64_t tsc_hz;
    struct tl_measure measure;
};

/// MiB that tl_load_init takes from rte_malloc.
uint32_t tl_load_memory_mb(const struct tl_plan *plan);

/// Sets up streams, schedule and frames; the wire is open. Returns 0 or the exit code, said why.
int tl_load_init(struct tl_load *load, const struct tl_options *options,
                 const struct tl_plan *plan);

/// Warm-up, measurement and drain, or until `stop_count` (asked all the time) is not zero; a second
/// stop ends the drain.
void tl_load_run(struct tl_load *load, int (*stop_count)(void));

/// --first-packet: fills the checker's latency.
void tl_load_first_packets(struct tl_load *load, int (*stop_count)(void));

/// Makes and sends what is due (`limit` frames at most; with `now_due` whether due or not).
/// Returns how many frames the driver took.
uint32_t tl_loop_send(struct tl_load *load, uint64_t now, uint32_t limit, int now_due);

/// Receives and checks one burst. Returns how many frames came.
uint32_t tl_loop_receive(struct tl_load *load);

/// Lines of JSON on standard output.
void tl_report_load(const struct tl_load *load);
void tl_report_first_packets(const struct tl_load *load);

#endif
