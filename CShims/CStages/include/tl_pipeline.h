// SPDX-License-Identifier: Apache-2.0
// What the worker loop calls. A turn of the loop:
//
//   receive -> tl_pipeline_run -> act, tl_packet_done / tl_packet_drop   for each interface
//   tl_channel_poll                                                      for each shard
//   tl_channel_inject, tl_worker_tick -> act, done / drop                with made packets
//   tl_counters_publish                                                  nothing is in hand

#ifndef TL_PIPELINE_H
#define TL_PIPELINE_H

#include "tl_packet.h"

/// Runs up to TL_BURST_MAX packets, fresh views of one origin, through the stages. Afterwards each
/// has an edge other than TL_EDGE_NEXT. Counts them as received or handed in.
TL_PACKET_CODE void tl_pipeline_run(struct tl_worker *worker, struct tl_packet *packets,
                                    uint32_t count, uint64_t now_ns);

/// The paced timer: media time-outs, learn windows, digits, RTCP reports and BYEs. `packets` are
/// `capacity` (one or more) empty views; of each the caller has set `data`
/// (TL_MADE_PACKET_BYTES of room) and `buffer`. Returns how many of them became packets to send
/// (TL_EDGE_SEND). Looks at no more than `budget` timers; what is left over comes in the next
/// call.
TL_PACKET_CODE uint32_t tl_worker_tick(struct tl_worker *worker, uint64_t now_ns, uint32_t budget,
                                       struct tl_packet *packets, uint32_t capacity);

/// Takes packets that `shard` wants sent and makes frames of them in `packets` (as above).
/// Returns how many are to be sent. Refused ones are counted as inject_refused.
TL_PACKET_CODE uint32_t tl_channel_inject(struct tl_worker *worker, uint32_t shard,
                                          struct tl_packet *packets, uint32_t capacity,
                                          enum tl_fault *fault);

#endif
