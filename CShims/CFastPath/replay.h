// SPDX-License-Identifier: Apache-2.0
// Captures in and out. The files that a replay reads come through net_pcap; the ones that it writes
// are written here, with the captures' own times.

#ifndef TL_REPLAY_H
#define TL_REPLAY_H

#include <stdio.h>

#include "node.h"

struct rte_mbuf;

// One realm's capture: a burst read ahead.
struct tl_capture {
    uint16_t port;    // index in tl_ports
    FILE *output;     // NULL = not wanted
    struct rte_mbuf *buffers[TL_BURST_MAX];
    uint32_t count;
    uint32_t next;
    uint64_t time_ns; // of the packet at `next`, as captured
};

struct tl_replay {
    struct tl_node *node;
    struct tl_lane *lane;
    struct tl_sink sink;
    struct tl_capture captures[TL_REALMS_MAX];
    uint32_t capture_count;
    uint64_t now_ns; // virtual time
    uint32_t commands;
    uint32_t refused;
    uint64_t written;
};

// Opens the captures' outputs and reads ahead. 0 or the exit code.
int tl_captures_open(struct tl_replay *replay);

// The capture with the earliest packet, or NULL when all are through.
struct tl_capture *tl_captures_earliest(struct tl_replay *replay);

// The next packet of a capture that has one.
struct rte_mbuf *tl_capture_take(struct tl_replay *replay, struct tl_capture *capture);

// Writes what the sink holds and empties it.
void tl_captures_write(struct tl_replay *replay);

// 0, or -1 with a sentence when a file could not be written whole.
int tl_captures_close(struct tl_replay *replay);

#endif
