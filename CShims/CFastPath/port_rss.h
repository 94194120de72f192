// SPDX-License-Identifier: Apache-2.0
// Spreading a NIC's packets over workers by the UDP destination port, where the NIC can.

#ifndef TL_PORT_RSS_H
#define TL_PORT_RSS_H

#include <stdint.h>

struct rte_eth_conf;
struct rte_eth_dev_info;

// Asks for receive-side scaling by destination port where the device can do it. A device that
// cannot delivers by its own rule; the hand-over rings put that right.
void tl_port_rss_prepare(struct rte_eth_conf *configuration, const struct rte_eth_dev_info *info,
                         uint16_t queue_count);

// Fills the redirection table, after the device was started. 1 when UDP over IPv4 comes by port
// from now on.
int tl_port_rss_spread(uint16_t port_id, const struct rte_eth_dev_info *info,
                       uint16_t queue_count, uint16_t worker_count);

// The worker that a row of a redirection table belongs to.
uint16_t tl_port_rss_worker(uint16_t row, uint16_t worker_count);

#endif
