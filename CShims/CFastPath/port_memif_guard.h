// SPDX-License-Identifier: Apache-2.0
// Keeps DPDK 22.11's memif driver from ending the process when a peer leaves.
//
// The driver takes a connection apart on DPDK's interrupt thread: it marks the port as not
// connected, ends the listening on the connection (rte_intr_callback_unregister), and unmaps the
// memory that it shared with the peer, while a worker may be reading there. It calls nobody before
// and has no lock that a worker could take. But its calls into other libraries can be caught: this
// program exports two functions of the same names, which the dynamic linker prefers.
//
//   rte_intr_callback_unregister  waits until each worker has begun and ended a turn since. Who
//                                 comes later finds the port not connected and touches nothing.
//   sendmsg                       waits likewise before each word to a peer, so that no worker
//                                 still has a finger in the connection before this one; and calls
//                                 a message sent when nobody is there any more. Told the truth,
//                                 the driver frees a connection that DPDK still listens on, and
//                                 DPDK panics; it hears of the end by reading anyway.
//
// The interrupt thread waits for a worker's turn, at most about 1 ms where that sleeps. Workers
// wait for nobody and pay nothing.

#ifndef TL_PORT_MEMIF_GUARD_H
#define TL_PORT_MEMIF_GUARD_H

#include "lane.h"

// The lanes whose turns are waited for. Before the first of them runs; they must stay until the
// ports are stopped.
void tl_memif_guard_watch(struct tl_lane *const *lanes, uint32_t count);

#endif
