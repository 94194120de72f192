// SPDX-License-Identifier: Apache-2.0
// Everything that the process holds, in the order in which it is made. All memory is taken here,
// before the first packet.

#ifndef TL_NODE_H
#define TL_NODE_H

#include "lane.h"
#include "link.h"
#include "neighbour.h"
#include "options.h"

struct tl_node {
    const struct tl_options *options;
    struct tl_map own;
    struct tl_layout own_layout;
    int kept; // the file was an earlier process's
    int dpdk_started;
    struct rte_mempool *pools[TL_WORKERS_MAX]; // of each worker; shared within a memory node
    struct tl_ports ports;
    struct tl_realm realms[TL_REALMS_MAX];
    struct tl_address addresses[TL_ADDRESSES_MAX];
    struct tl_realm_page *realm_pages[TL_REALMS_MAX];
    struct tl_worker *workers[TL_WORKERS_MAX];
    struct tl_lane *lanes[TL_WORKERS_MAX];
    int wake_descriptor; // eventfd by which lanes wake housekeeping; -1 = none (self-load, replay)
    int probes_asked; // housekeeping waits for the workers' probes
    struct tl_neighbours neighbours;
    struct tl_linker linker;
};

// Each returns 0 or the exit code, and has said why. In this order:

// Owns fastpath.shm in the directory of the options; self-load and replay, which have no peer, own
// a file that nobody else finds.
int tl_node_files(struct tl_node *node);

// Starts DPDK.
int tl_node_dpdk(struct tl_node *node);

// Packet buffers: as many as the ports need, and `extra`.
int tl_node_pool(struct tl_node *node, uint32_t extra);

// Realms and addresses from the options and the started ports, into the node and the pages.
void tl_node_realms(struct tl_node *node);

// Memory for a worker, as memory.h gives it.
void *tl_node_memory(const struct tl_node *node, uint64_t size_bytes, uint32_t worker);

// Workers and lanes. They do not run yet.
int tl_node_lanes(struct tl_node *node);

// Starts the lanes' threads (serve).
int tl_node_launch(struct tl_node *node);

// Waits until the lanes' threads have ended. DPDK's own waiting would spin on this thread's core.
void tl_node_wait(const struct tl_node *node);

// Stops the lanes, then ports and files. Also after a start that failed half way.
void tl_node_stop(struct tl_node *node);

void tl_node_set_state(struct tl_node *node, uint32_t state);

// The process's ways to run; each returns the exit code.
int tl_housekeeping_run(struct tl_node *node);
int tl_self_load_run(struct tl_node *node);
int tl_replay_run(struct tl_node *node);

#endif
