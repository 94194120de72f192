// SPDX-License-Identifier: Apache-2.0
// DPDK's environment and the interface that the load goes through.

#ifndef TL_PORT_H
#define TL_PORT_H

#include "options.h"

enum { TL_BURST = 32 };

struct rte_mbuf;
struct rte_mempool;

/// Where frames leave and where they come in: one DPDK port, or the two ends of a memif.
struct tl_wire {
    uint16_t send_port, receive_port;
    uint16_t ports[2]; // to be stopped
    uint16_t port_count;
    struct rte_mempool *receive_pool;
    struct rte_mempool *send_pool;
    struct rte_mempool *junk_pool;
};

/// Starts DPDK on one core, with `extra_mb` MiB for what will be asked of rte_malloc. Returns 0 or
/// the exit code, and has said why.
int tl_eal_start(const struct tl_options *options, uint32_t extra_mb);

/// Makes and starts the interface and waits until the other end is there (`is_stopped` ends the
/// wait). Returns 0 or the exit code, and has said why. tl_wire_close is due either way.
int tl_wire_open(struct tl_wire *wire, const struct tl_options *options,
                 int (*is_stopped)(void));

/// Leaves nothing behind; the process must end after it.
void tl_wire_close(struct tl_wire *wire, const struct tl_options *options);

/// Checks that AF_XDP can have the interface to itself. Returns 0 or the exit code, said why.
int tl_xdp_check(const char *interface);

#endif
