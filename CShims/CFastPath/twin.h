// SPDX-License-Identifier: Apache-2.0
// The kernel's twin of a NIC: a persistent TAP interface that the appliance made and that is only
// attached to here. It gives the kernel ARP, ICMP and SIP on that NIC, and keeps its addresses and
// TCP connections when this process dies.
//
//   NIC -> worker: what is not media -> to_twin ring   -> housekeeping -> TAP     (delivered)
//   TAP -> housekeeping              -> from_twin ring -> worker 0     -> NIC     (injected)
//
// Full rings drop (twin_full on the way in; on the way out the TAP's own queue fills, and the
// kernel counts it). What the TAP refuses after the ring took it is the interface's own loss.

#ifndef TL_TWIN_H
#define TL_TWIN_H

#include "port.h"

// Attaches to the TAP interface that the port's realm names, with the NIC's link address, and
// makes the rings. Returns 0 or the exit code with a sentence.
int tl_twin_attach(struct tl_port *port);

// Housekeeping: carries what waits in both directions, a bounded number of packets.
void tl_twin_turn(struct tl_port *port, struct rte_mempool *pool);

#endif
