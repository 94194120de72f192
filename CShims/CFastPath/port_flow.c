// SPDX-License-Identifier: Apache-2.0
//
// One rule for each block of 512 ports that a realm of this port uses, and IP version: UDP, the
// upper seven bits of the destination port, to the queue of the worker that the block names.
//
// Only the rules and the driver's refusal could be tried here: no driver that works on this kind of
// machine has rte_flow (memif, af_xdp, af_packet and pcap have none, nor have e1000e and virtio).

#include "port_flow.h"

#include <rte_ethdev.h>
#include <rte_flow.h>

#include "CFlowABI.h"

enum { BLOCKS = 65536 / TL_PORT_BLOCK };

static int make_rule(uint16_t port_id, enum rte_flow_item_type ip, uint16_t block, uint16_t queue,
                     int only_ask)
{
    const struct rte_flow_item_udp ports = {
        .hdr = {.dst_port = rte_cpu_to_be_16((uint16_t)(block * TL_PORT_BLOCK))}};
    const struct rte_flow_item_udp mask = {
        .hdr = {.dst_port = rte_cpu_to_be_16((uint16_t)~(TL_PORT_BLOCK - 1u))}};
    const struct rte_flow_item pattern[] = {
        {.type = RTE_FLOW_ITEM_TYPE_ETH},
        {.type = ip},
        {.type = RTE_FLOW_ITEM_TYPE_UDP, .spec = &ports, .mask = &mask},
        {.type = RTE_FLOW_ITEM_TYPE_END},
    };
    const struct rte_flow_action_queue to = {.index = queue};
    const struct rte_flow_action actions[] = {
        {.type = RTE_FLOW_ACTION_TYPE_QUEUE, .conf = &to},
        {.type = RTE_FLOW_ACTION_TYPE_END},
    };
    const struct rte_flow_attr attributes = {.ingress = 1};
    struct rte_flow_error error = {0};
    if (only_ask)
        return rte_flow_validate(port_id, &attributes, pattern, actions, &error);
    return rte_flow_create(port_id, &attributes, pattern, actions, &error) != NULL ? 0 : -1;
}

static int is_used(const struct tl_options *options, const struct tl_realm_options *port,
                   uint32_t block)
{
    uint32_t first = block * TL_PORT_BLOCK;
    for (uint32_t i = 0; i < options->geometry.realm_count; i++) {
        const struct tl_realm_options *realm = &options->realms[i];
        if (tl_port_shared(realm, port) && realm->port_first < first + TL_PORT_BLOCK &&
            realm->port_last >= first)
            return 1;
    }
    return 0;
}

int tl_port_flow_steer(const struct tl_port *port, const struct tl_options *options,
                       int with_ipv4)
{
    uint16_t workers = (uint16_t)options->geometry.worker_count;
    const enum rte_flow_item_type versions[] = {RTE_FLOW_ITEM_TYPE_IPV6, RTE_FLOW_ITEM_TYPE_IPV4};
    int made = 0;
    for (int v = 0; v < (with_ipv4 ? 2 : 1) && workers > 1; v++) {
        if (make_rule(port->port_id, versions[v], 0, 0, 1) != 0)
            continue; // the driver has no such rules: packets are handed over
        for (uint16_t block = 0; block < BLOCKS; block++) {
            if (!is_used(options, port->realm, block))
                continue;
            // A full table leaves its packets to the queue where the driver puts them.
            if (make_rule(port->port_id, versions[v], block, block % workers, 0) < 0)
                return made;
            made++;
        }
    }
    return made;
}
