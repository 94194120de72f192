// SPDX-License-Identifier: Apache-2.0
// What a command does to a worker's flows. Rings are not seen here (tl_channel.h).

#ifndef TL_COMMAND_H
#define TL_COMMAND_H

#include "tl_base.h"

#include "CFlowABI.h"

struct tl_worker;

/// Applies a command that `shard` sent. `command` is a private copy, zero beyond its size_bytes.
/// Fills `answer` whole. A refusal leaves everything as it was. A list is only counted here
/// (answer->value); the channel sends its LISTED events.
TL_PACKET_CODE void tl_command_apply(struct tl_worker *worker, uint32_t shard,
                                     const struct tl_command *command, uint64_t now_ns,
                                     struct tl_event *answer);

#endif
