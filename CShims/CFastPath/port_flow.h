// SPDX-License-Identifier: Apache-2.0
// rte_flow: the second choice for bringing packets to their workers. The first is the hash
// (port_rss.h), which cannot serve IPv6; the last are the rings between workers.

#ifndef TL_PORT_FLOW_H
#define TL_PORT_FLOW_H

#include "port.h"

// Asks a started NIC to steer by port blocks: IPv6, and IPv4 too unless its hash does. How many
// rules it took; 0 when there is one worker, or the driver has no such rules.
int tl_port_flow_steer(const struct tl_port *port, const struct tl_options *options,
                       int with_ipv4);

#endif
