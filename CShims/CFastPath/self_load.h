// SPDX-License-Identifier: Apache-2.0
// One worker's self-load: its flows and the frames for them. self_load.c runs it, load_frames.c
// makes and checks.

#ifndef TL_SELF_LOAD_H
#define TL_SELF_LOAD_H

#include "lane.h"

enum { TL_LOAD_FRAME_BYTES = 214, TL_LOAD_ROUND_FRAMES = 1024, TL_LOAD_LINES = 7 };

// What the sender of a flow knows.
struct tl_load_flow {
    uint32_t remote_be; // IPv4
    uint32_t local_be;
    uint16_t remote_port;
    uint16_t local_port;
    uint16_t sequence;
    uint16_t address_index;
    uint32_t timestamp;
};

// Lines of the bare memory loop, one set a flow, apart as the worker's tables are.
struct tl_load_lines {
    uint64_t words[TL_LOAD_LINES][TL_LINE_BYTES / sizeof(uint64_t)];
};

struct tl_load {
    struct tl_lane *lane;
    struct tl_sink sink;
    struct tl_load_flow *flows;
    uint32_t *order; // flows in random order
    uint32_t flow_count;
    uint32_t next; // place in `order`
    uint64_t seconds;
    struct tl_load_lines *lines;
    struct rte_mbuf *buffers[TL_LOAD_ROUND_FRAMES];
    int failed;
    uint32_t verified;
    uint64_t packets;
    uint64_t sent;
    uint64_t worker_cycles;
    uint64_t memory_packets;
    uint64_t memory_cycles;
};

// Takes memory and dimensions the load. 0, or the exit code with a sentence.
int tl_load_init(struct tl_load *load, struct tl_lane *lane, const struct tl_options *options);

// Installs all flows with the commands that the control plane would send. 0, or -1 with a sentence.
int tl_load_install(struct tl_load *load);

// Makes `count` frames for the next flows in order. 0, or -1 when no buffer is free.
int tl_load_frames(struct tl_load *load, struct rte_mbuf **buffers, uint32_t count);

// 1 when a frame that left is what one flow must send, for the first time: called once a frame,
// before the bare memory loop runs (it keeps its marks in that loop's lines).
int tl_load_check(const struct tl_load *load, struct rte_mbuf *buffer);

#endif
