// SPDX-License-Identifier: Apache-2.0
// A lane is a worker's thread with what it holds of DPDK: the worker itself (CTables) knows flows
// and packets, the lane moves buffers between ports, rings and the worker.
//
// Threads: everything in a lane belongs to its own thread, but for the two lines of `control`.

#ifndef TL_LANE_H
#define TL_LANE_H

#include "CStages.h"

#include "port.h"

struct rte_mbuf;
struct rte_mempool;
struct rte_ring;
struct tl_probe;

// The peer's file as it is mapped now, made by housekeeping, read-only while a lane holds it.
struct tl_link {
    struct tl_map map;
    struct tl_layout layout;
};

// Between housekeeping and a lane. Each pointer is one aligned store.
struct tl_lane_control {
    const struct tl_link *wanted; // housekeeping: rw (release); lane: ro. NULL = let go
    uint32_t stop;                // housekeeping: rw; lane: ro
    uint8_t reserved_0[52];
    const struct tl_link *held; // lane: rw (release, after it let go or took up); housekeeping: ro
    uint32_t fault;             // lane: rw, TL_FAULT_* of the held link; housekeeping: ro
    uint8_t reserved_1[52];
};

_Static_assert(sizeof(struct tl_lane_control) == 2 * TL_LINE_BYTES, "one line a writer");

// Self-load and replay: what is sent is kept here instead of given to a driver.
struct tl_sink {
    struct rte_mbuf *buffers[2 * TL_BURST_MAX];
    uint8_t ports[2 * TL_BURST_MAX]; // by which interface each would have left
    uint32_t count;
};

struct tl_lane {
    struct tl_lane_control control;
    struct tl_packet packets[TL_BURST_MAX];
    struct rte_mbuf *buffers[TL_BURST_MAX];
    struct tl_packet made[TL_BURST_MAX]; // blank views with buffers, for packets that the box makes
    uint32_t made_count;
    uint32_t index;
    struct tl_worker *worker;
    const struct tl_map *own;
    const struct tl_layout *own_layout;
    const struct tl_ports *ports;
    struct rte_mempool *pool;
    struct rte_ring *inbox;                   // any lane produces, this one consumes
    struct rte_ring *inboxes[TL_WORKERS_MAX]; // of all lanes
    struct tl_worker_page *page;
    uint64_t in_hand;         // packets since the last publication
    uint64_t last_done_ns;    // when a turn last found something
    uint32_t hops_told;       // hops.changes of which housekeeping was told
    int wake_descriptor;      // eventfd of housekeeping; -1 = there is none
    struct tl_probe *probe; // NULL: nothing is measured
    struct tl_sink *sink;   // NULL: send for real. Set before the first burst
    uint32_t idle_turns;
    uint32_t sleep_number; // of the last long sleep, odd
    uint32_t core;
} __attribute__((aligned(64)));

// The thread's function (lane.c): runs until control.stop. `lane` is a struct tl_lane.
int tl_lane_run(void *lane);

// One turn of the loop at this time: commands, receive queues, inbox, made packets, publication.
// Returns how much was done; zero means that the lane might sleep.
uint32_t tl_lane_turn(struct tl_lane *lane, uint64_t now_ns);

// Takes what other lanes and hairpins handed over. Part of a turn.
TL_PACKET_CODE uint32_t tl_lane_take_inbox(struct tl_lane *lane, uint64_t now_ns);

// What belongs to no received packet: injected and paced packets. Part of a turn.
uint32_t tl_lane_make(struct tl_lane *lane, uint64_t now_ns);

// Publishes the counters. No packet is in hand.
TL_PACKET_CODE void tl_lane_publish(struct tl_lane *lane, uint64_t now_ns);

// Packet code, in burst.c ------------------------------------------------------------------------

// Runs up to TL_BURST_MAX buffers that came from interface `port` (its index in tl_ports) through
// the worker, and does what each packet's edge asks for.
TL_PACKET_CODE void tl_burst_received(struct tl_lane *lane, struct rte_mbuf **buffers,
                                      uint32_t count, uint16_t port, uint64_t now_ns);

// Likewise for buffers from the inbox.
TL_PACKET_CODE void tl_burst_handed_in(struct tl_lane *lane, struct rte_mbuf **buffers,
                                       uint32_t count, uint64_t now_ns);

// Sends buffers of the kernel's twin by `port`, as they are.
TL_PACKET_CODE void tl_burst_injected(struct tl_lane *lane, struct rte_mbuf **buffers,
                                      uint32_t count, uint16_t port);

// Sees to it that lane->made holds blank views; returns how many (up to TL_BURST_MAX).
TL_PACKET_CODE uint32_t tl_burst_blank(struct tl_lane *lane);

// Sends the first `count` views of lane->made, which were filled since.
TL_PACKET_CODE void tl_burst_made(struct tl_lane *lane, uint32_t count);

#endif
