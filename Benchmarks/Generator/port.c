// SPDX-License-Identifier: Apache-2.0
#include "port.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_bus_vdev.h>
#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "say.h"

enum {
    DESCRIPTORS = 2048,
    // An AF_XDP socket keeps 2,048 buffers to fill and as many received or being sent. The pool's
    // cache is last in, first out, so that with memif the same few buffers go round and stay in
    // the processor's cache.
    RECEIVE_BUFFERS = 8703,
    POOL_CACHE = 256,
    SEND_BUFFERS = 1023,
    SEND_CACHE = 64,
    SEND_BYTES = RTE_PKTMBUF_HEADROOM + 256,
    DEVICE_BYTES = TL_SOCKET_BYTES + 128
};

static int make_pools(struct tl_wire *wire)
{
    wire->receive_pool =
        rte_pktmbuf_pool_create("receive", RECEIVE_BUFFERS, POOL_CACHE, 0,
                                RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
    wire->send_pool = rte_pktmbuf_pool_create("send", SEND_BUFFERS, SEND_CACHE, 0,
                                              SEND_BYTES, SOCKET_ID_ANY);
    wire->junk_pool = rte_pktmbuf_pool_create("junk", SEND_BUFFERS, SEND_CACHE, 0,
                                              SEND_BYTES, SOCKET_ID_ANY);
    if (wire->receive_pool != NULL && wire->send_pool != NULL && wire->junk_pool != NULL)
        return 0;
    tl_say("no memory for packet buffers: %s", rte_strerror(rte_errno));
    return TL_EXIT_UNAVAILABLE;
}

static int start_device(uint16_t port, struct rte_mempool *pool)
{
    struct rte_eth_conf configuration = {0};
    uint16_t receive = DESCRIPTORS, transmit = DESCRIPTORS;
    int result = rte_eth_dev_configure(port, 1, 1, &configuration);
    if (result == 0)
        result = rte_eth_dev_adjust_nb_rx_tx_desc(port, &receive, &transmit);
    if (result == 0)
        result = rte_eth_rx_queue_setup(port, 0, receive, 0, NULL, pool);
    if (result == 0)
        result = rte_eth_tx_queue_setup(port, 0, transmit, 0, NULL);
    return result == 0 ? rte_eth_dev_start(port) : result;
}

// Makes, starts and notes one virtual device.
static int add_device(struct tl_wire *wire, const char *name, const char *arguments)
{
    uint16_t port = 0;
    int result = rte_vdev_init(name, arguments);
    if (result == 0)
        result = rte_eth_dev_get_port_by_name(name, &port);
    if (result == 0) {
        wire->ports[wire->port_count++] = port;
        result = start_device(port, wire->receive_pool);
    }
    if (result == 0)
        return 0;
    tl_say("DPDK refused %s,%s: %s", name, arguments, strerror(-result));
    return TL_EXIT_DRIVER;
}

// An abstract socket has no place in a file system; it is for a peer in the same process.
static int add_memif(struct tl_wire *wire, const char *socket, int is_client, int is_abstract)
{
    char arguments[DEVICE_BYTES];
    snprintf(arguments, sizeof(arguments), "role=%s,id=0,socket=%s,socket-abstract=%s",
             is_client ? "client" : "server", socket, is_abstract ? "yes" : "no");
    int result = add_device(wire, is_client ? "net_memif_client" : "net_memif_server", arguments);
    if (result != 0)
        tl_say("memif: the folder of %s must exist, be ours to write in, and hold no socket of "
               "that name that nobody listens on",
               socket);
    return result;
}

static int add_xdp(struct tl_wire *wire, const char *interface)
{
    char arguments[DEVICE_BYTES];
    int result = tl_xdp_check(interface);
    if (result != 0)
        return result;
    // With the driver's own busy budget packets are lost from 250,000 a second on.
    snprintf(arguments, sizeof(arguments), "iface=%s,start_queue=0,queue_count=1,busy_budget=0",
             interface);
    return add_device(wire, "net_af_xdp_bench", arguments);
}

static int is_linked(const struct tl_wire *wire)
{
    for (uint16_t i = 0; i < wire->port_count; i++) {
        struct rte_eth_link link;
        if (rte_eth_link_get_nowait(wire->ports[i], &link) < 0 ||
            link.link_status != RTE_ETH_LINK_UP)
            return 0;
    }
    return 1;
}

static int wait_for_link(const struct tl_wire *wire, const struct tl_options *options,
                         int (*is_stopped)(void))
{
    uint64_t start = rte_get_tsc_cycles();
    while (!is_linked(wire)) {
        if (is_stopped() || rte_get_tsc_cycles() - start > options->wait * rte_get_tsc_hz()) {
            tl_say("%s: nobody is at the other end after %u s; start it first or raise --wait",
                   options->where, options->wait);
            return TL_EXIT_UNAVAILABLE;
        }
        usleep(1000);
    }
    return 0;
}

// The two ends of a memif in this process: what is sent at one comes in at the other.
static int add_both_ends(struct tl_wire *wire)
{
    char socket[TL_SOCKET_BYTES];
    snprintf(socket, sizeof(socket), "trunkline-bench-%d", (int)getpid());
    int result = add_memif(wire, socket, 0, 1);
    return result == 0 ? add_memif(wire, socket, 1, 1) : result;
}

int tl_wire_open(struct tl_wire *wire, const struct tl_options *options, int (*is_stopped)(void))
{
    *wire = (struct tl_wire){0};
    int result = make_pools(wire);
    if (result != 0)
        return result;
    if (options->verb == TL_VERB_CEILING)
        result = add_both_ends(wire);
    else if (options->interface == TL_INTERFACE_MEMIF)
        result = add_memif(wire, options->where, options->is_client, 0);
    else
        result = add_xdp(wire, options->where);
    if (result != 0)
        return result;
    wire->send_port = wire->ports[0];
    wire->receive_port = wire->ports[wire->port_count - 1];
    return wait_for_link(wire, options, is_stopped);
}

void tl_wire_close(struct tl_wire *wire, const struct tl_options *options)
{
    // An XDP program would stay attached. A memif is the kernel's to take apart when the process
    // ends: the driver of DPDK 22.11 reads freed memory when nobody ever connected or when both
    // ends are in one process.
    if (options->interface == TL_INTERFACE_XDP)
        for (uint16_t i = 0; i < wire->port_count; i++) {
            rte_eth_dev_stop(wire->ports[i]);
            rte_eth_dev_close(wire->ports[i]);
        }
    else if (options->interface == TL_INTERFACE_MEMIF && !options->is_client &&
             wire->port_count > 0)
        unlink(options->where);
    wire->port_count = 0;
}
