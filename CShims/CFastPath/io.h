// SPDX-License-Identifier: Apache-2.0
// What a worker asks of DPDK, the clock and the scheduler. io.c is the one file of the fast path in
// which the compiler does not prove that packet code never blocks, so nothing else belongs there.

#ifndef TL_IO_H
#define TL_IO_H

#include <rte_mbuf_core.h>

#include "CTables.h"

struct rte_mempool;
struct rte_ring;
struct tl_probe;

// CLOCK_MONOTONIC. No system call where the kernel offers the vDSO.
TL_PACKET_CODE uint64_t tl_io_now_ns(void);

// Time stamp counter, for measuring.
TL_PACKET_CODE uint64_t tl_io_cycles(void);

TL_PACKET_CODE uint16_t tl_io_receive(uint16_t port_id, uint16_t queue, struct rte_mbuf **buffers,
                                      uint16_t count);

// The calling thread's transmit calls are stamped for this probe from now on. NULL = none, as at
// first.
void tl_io_probe(struct tl_probe *probe);

// How many of the buffers the driver took; the others are still the caller's.
TL_PACKET_CODE uint16_t tl_io_transmit(uint16_t port_id, uint16_t queue, struct rte_mbuf **buffers,
                                       uint16_t count);

// All or none: 1 or 0. Buffers come reset, with RTE_PKTMBUF_HEADROOM bytes before their data.
TL_PACKET_CODE int tl_io_allocate(struct rte_mempool *pool, struct rte_mbuf **buffers,
                                  uint32_t count);
TL_PACKET_CODE void tl_io_free(struct rte_mbuf **buffers, uint32_t count);

// Rings of buffers. How many were taken from it, or fitted in.
TL_PACKET_CODE uint32_t tl_io_take(struct rte_ring *ring, struct rte_mbuf **buffers,
                                   uint32_t count);
TL_PACKET_CODE uint32_t tl_io_give(struct rte_ring *ring, struct rte_mbuf **buffers,
                                   uint32_t count);

// The worker's sleep, when there is nothing to do. Not packet code, and the only place where a
// worker gives its core away.
void tl_io_sleep_ns(uint64_t duration_ns);

// Likewise, at most so long, and only while the futex `word` has this value. 1 when it was ended
// by whoever changes the word, 0 when the time was over. The word may lie in memory that is mapped
// read-only, or is gone by now.
int tl_io_sleep_while(const uint32_t *word, uint32_t value, uint64_t duration_ns);

// Wakes whoever polls this eventfd.
void tl_io_wake(int descriptor);

// Makes the calling thread run when it is woken or its time has come: not up to 50 µs later, nor
// when another thread of its core has had its milliseconds.
void tl_io_wake_sharply(void);

#endif
