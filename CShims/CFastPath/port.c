// SPDX-License-Identifier: Apache-2.0
#include "port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_bus_vdev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include "port_flow.h"
#include "port_rss.h"
#include "say.h"
#include "twin.h"

// An AF_XDP socket keeps 2,048 buffers to fill and as many received or being sent; a NIC's queue
// its descriptors. More queues than can be served are refused later, with a sentence.
enum { DESCRIPTORS = 2048, QUEUE_BUFFERS = 8704, QUEUES_COUNTED_MAX = 512 };

static const struct tl_port_driver *const drivers[TL_ATTACH_COUNT] = {
    [TL_ATTACH_XDP] = &tl_port_xdp,     [TL_ATTACH_PACKET] = &tl_port_packet,
    [TL_ATTACH_PCI] = &tl_port_pci,     [TL_ATTACH_MEMIF] = &tl_port_memif,
    [TL_ATTACH_PCAP] = &tl_port_pcap,
};

uint32_t tl_port_kernel_index(const struct tl_realm_options *realm, const char *name)
{
    uint32_t index = if_nametoindex(name);
    if (index == 0)
        tl_say("realm %s: there is no interface %s here (ip link shows them)", realm->name, name);
    return index;
}

uint32_t tl_ports_buffers(const struct tl_options *options)
{
    uint32_t queues = options->geometry.worker_count; // for what workers themselves hold
    for (uint32_t i = 0; i < options->geometry.realm_count; i++) {
        const struct tl_realm_options *realm = &options->realms[i];
        uint32_t own = options->geometry.worker_count;
        if (realm->attach == TL_ATTACH_XDP)
            own = tl_port_kernel_queues(realm->interface);
        queues += own < QUEUES_COUNTED_MAX ? own : QUEUES_COUNTED_MAX;
    }
    return queues * QUEUE_BUFFERS;
}

// "net_af_packet0,iface=..." makes a virtual device; a name alone is one that the bus found.
static int find_device(struct tl_port *port, char *device)
{
    char *arguments = strchr(device, ',');
    if (arguments != NULL) {
        *arguments++ = '\0';
        int result = rte_vdev_init(device, arguments);
        if (result < 0) {
            tl_say("realm %s: DPDK refused %s: %s", port->realm->name, device, strerror(-result));
            return -1;
        }
    }
    if (rte_eth_dev_get_port_by_name(device, &port->port_id) == 0)
        return 0;
    tl_say("realm %s: DPDK knows no device %s", port->realm->name, device);
    return -1;
}

static uint16_t limit(uint16_t wanted, const struct rte_eth_desc_lim *limits)
{
    uint16_t most = limits->nb_max != 0 && wanted > limits->nb_max ? limits->nb_max : wanted;
    return most < limits->nb_min ? limits->nb_min : most;
}

static int set_up_queues(struct tl_port *port, struct rte_mempool *const *pools,
                         uint16_t workers, const struct rte_eth_dev_info *info)
{
    int socket = rte_eth_dev_socket_id(port->port_id);
    uint16_t rx_descriptors = limit(DESCRIPTORS, &info->rx_desc_lim);
    uint16_t tx_descriptors = limit(DESCRIPTORS, &info->tx_desc_lim);
    unsigned int node = socket < 0 ? 0 : (unsigned int)socket;
    for (uint16_t q = 0; q < port->queue_count; q++) {
        int result =
            rte_eth_rx_queue_setup(port->port_id, q, rx_descriptors, node, NULL,
                                   pools[q % workers]);
        if (result == 0)
            result = rte_eth_tx_queue_setup(port->port_id, q, tx_descriptors, node, NULL);
        if (result < 0) {
            tl_say("realm %s: queue %u of %s could not be set up: %s", port->realm->name, q,
                   port->realm->interface, strerror(-result));
            return -1;
        }
    }
    return 0;
}

static int start_device(struct tl_port *port, const struct tl_options *options,
                        struct rte_mempool *const *pools)
{
    struct rte_eth_dev_info info;
    struct rte_eth_conf configuration = {0};
    struct rte_ether_addr mac;
    uint16_t workers = (uint16_t)options->geometry.worker_count;
    int result = rte_eth_dev_info_get(port->port_id, &info);
    if (result == 0 && (info.max_rx_queues < port->queue_count ||
                        info.max_tx_queues < port->queue_count)) {
        tl_say("realm %s: %s has %u receive and %u transmit queues for %u workers; give it more, "
               "or name fewer cores",
               port->realm->name, port->realm->interface, info.max_rx_queues, info.max_tx_queues,
               workers);
        return -1;
    }
    if (result == 0) {
        tl_port_rss_prepare(&configuration, &info, port->queue_count);
        result = rte_eth_dev_configure(port->port_id, port->queue_count, port->queue_count,
                                       &configuration);
    }
    if (result == 0 && set_up_queues(port, pools, workers, &info) < 0)
        return -1;
    if (result == 0)
        result = rte_eth_dev_start(port->port_id);
    if (result == 0)
        result = rte_eth_macaddr_get(port->port_id, &mac);
    if (result < 0) {
        tl_say("realm %s: %s did not start: %s", port->realm->name, port->realm->interface,
               strerror(-result));
        return -1;
    }
    memcpy(port->mac, mac.addr_bytes, sizeof(port->mac));
    int hashed = tl_port_rss_spread(port->port_id, &info, port->queue_count, workers);
    tl_port_flow_steer(port, options, !hashed);
    // An XDP program and an AF_PACKET filter already say what belongs to us; for a NIC of our own
    // promiscuity would only bring what nobody asked for. So the driver's default stays.
    return 0;
}

static int start_port(struct tl_port *port, const struct tl_options *options,
                      struct rte_mempool *const *pools)
{
    static char device[TL_DEVICE_ARGUMENTS_BYTES];
    const struct tl_port_driver *driver = drivers[port->realm->attach];
    int result = driver->prepare(port, options, device, sizeof(device));
    if (result != 0)
        return result;
    if (find_device(port, device) < 0 || start_device(port, options, pools) < 0) {
        driver->explain(port);
        return TL_EXIT_DRIVER;
    }
    result = driver->finish != NULL ? driver->finish(port, options) : 0;
    if (result == 0 && port->realm->twin[0] != '\0')
        result = tl_twin_attach(port);
    return result;
}

int tl_port_shared(const struct tl_realm_options *one, const struct tl_realm_options *other)
{
    return one->attach == other->attach && strcmp(one->interface, other->interface) == 0;
}

// The port of an earlier realm with the same attach and interface, or a new one.
static uint16_t port_of(struct tl_ports *ports, const struct tl_realm_options *realm)
{
    for (uint16_t i = 0; i < ports->count; i++) {
        if (tl_port_shared(ports->list[i].realm, realm))
            return i;
    }
    return ports->count;
}

int tl_ports_start(struct tl_ports *ports, const struct tl_options *options,
                   struct rte_mempool *const *pools)
{
    for (uint16_t i = 0; i < options->geometry.realm_count; i++) {
        uint16_t index = port_of(ports, &options->realms[i]);
        ports->of_realm[i] = index;
        if (index < ports->count)
            continue;
        struct tl_port *port = &ports->list[index];
        *port = (struct tl_port){
            .realm = &options->realms[i],
            .realm_index = i,
            .port_id = RTE_MAX_ETHPORTS,
            .queue_count = (uint16_t)options->geometry.worker_count,
            .twin_descriptor = -1,
            .program_descriptor = -1,
        };
        int result = start_port(port, options, pools);
        if (result != 0)
            return result;
        ports->count++;
    }
    return 0;
}

void tl_ports_stop(struct tl_ports *ports)
{
    for (uint16_t i = 0; i < ports->count; i++) {
        rte_eth_dev_stop(ports->list[i].port_id);
        rte_eth_dev_close(ports->list[i].port_id);
    }
    ports->count = 0;
}

static void publish_u64(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

void tl_ports_publish(const struct tl_ports *ports, struct tl_realm_page *const *pages,
                      uint32_t realm_count)
{
    for (uint32_t i = 0; i < realm_count; i++) {
        struct rte_eth_stats stats;
        struct rte_eth_link link;
        uint16_t port_id = ports->list[ports->of_realm[i]].port_id;
        if (rte_eth_stats_get(port_id, &stats) == 0) {
            publish_u64(&pages[i]->port_received, stats.ipackets);
            publish_u64(&pages[i]->port_sent, stats.opackets);
            publish_u64(&pages[i]->port_missed, stats.imissed);
            publish_u64(&pages[i]->port_errors, stats.ierrors + stats.oerrors + stats.rx_nombuf);
        }
        if (rte_eth_link_get_nowait(port_id, &link) == 0)
            __atomic_store_n(&pages[i]->link_up, (uint8_t)link.link_status, __ATOMIC_RELAXED);
    }
}
