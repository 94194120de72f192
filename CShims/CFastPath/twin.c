// SPDX-License-Identifier: Apache-2.0
#include "twin.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "io.h"
#include "say.h"

enum { RING_SLOTS = 256, PACKETS_A_TURN = 64 };

// The kernel must receive what is addressed to the NIC, so the TAP takes the NIC's link address.
// Only when it differs: setting it needs CAP_NET_ADMIN, attaching as the TAP's owner does not.
static int take_address(const struct tl_port *port, const char *name)
{
    struct ifreq request = {0};
    int result = -1;
    int local = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (local < 0)
        return -1;
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    result = ioctl(local, SIOCGIFHWADDR, &request);
    if (result == 0 && memcmp(request.ifr_hwaddr.sa_data, port->mac, 6) != 0) {
        request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
        memcpy(request.ifr_hwaddr.sa_data, port->mac, 6);
        result = ioctl(local, SIOCSIFHWADDR, &request);
    }
    close(local);
    return result;
}

static int make_rings(struct tl_port *port)
{
    char name[RTE_RING_NAMESIZE];
    snprintf(name, sizeof(name), "to-twin-%u", port->realm_index);
    port->to_twin = rte_ring_create(name, RING_SLOTS, SOCKET_ID_ANY, RING_F_SC_DEQ);
    snprintf(name, sizeof(name), "from-twin-%u", port->realm_index);
    port->from_twin =
        rte_ring_create(name, RING_SLOTS, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
    if (port->to_twin != NULL && port->from_twin != NULL)
        return 0;
    tl_say("realm %s: no memory for the rings of its twin; raise memory-mb", port->realm->name);
    return TL_EXIT_UNAVAILABLE;
}

int tl_twin_attach(struct tl_port *port)
{
    const struct tl_realm_options *realm = port->realm;
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    // TUNSETIFF would make an interface that is not there; it would vanish with this process.
    port->kernel_index = tl_port_kernel_index(realm, realm->twin);
    if (port->kernel_index == 0)
        return TL_EXIT_UNAVAILABLE;
    snprintf(port->kernel_name, sizeof(port->kernel_name), "%s", realm->twin);
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", realm->twin);
    int file = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (file < 0 || ioctl(file, TUNSETIFF, &request) < 0) {
        tl_say("realm %s: the twin %s cannot be attached to: %s: \"ip tuntap add dev %s mode tap\" "
               "makes it, with \"user\" for a process without CAP_NET_ADMIN",
               realm->name, realm->twin, strerror(errno), realm->twin);
        if (file >= 0)
            close(file);
        return TL_EXIT_UNAVAILABLE;
    }
    port->twin_descriptor = file;
    if (take_address(port, realm->twin) < 0) {
        tl_say("realm %s: the twin %s needs the NIC's link address: \"ip link set dev %s address "
               "%02x:%02x:%02x:%02x:%02x:%02x\"",
               realm->name, realm->twin, realm->twin, port->mac[0], port->mac[1], port->mac[2],
               port->mac[3], port->mac[4], port->mac[5]);
        return TL_EXIT_UNAVAILABLE;
    }
    return make_rings(port);
}

static void carry_to_kernel(struct tl_port *port)
{
    struct rte_mbuf *buffers[TL_BURST_MAX];
    uint32_t count = 0;
    for (uint32_t done = 0; done < PACKETS_A_TURN; done += count) {
        count = tl_io_take(port->to_twin, buffers, TL_BURST_MAX);
        if (count == 0)
            return;
        for (uint32_t i = 0; i < count; i++) {
            ssize_t written = write(port->twin_descriptor, rte_pktmbuf_mtod(buffers[i], void *),
                                    rte_pktmbuf_data_len(buffers[i]));
            (void)written; // the interface is down or full, and counts that itself
        }
        tl_io_free(buffers, count);
    }
}

static void carry_from_kernel(struct tl_port *port, struct rte_mempool *pool)
{
    for (uint32_t done = 0; done < PACKETS_A_TURN; done++) {
        struct rte_mbuf *buffer;
        // With no room the packets wait in the TAP's own queue.
        if (rte_ring_full(port->from_twin) || !tl_io_allocate(pool, &buffer, 1))
            return;
        ssize_t length = read(port->twin_descriptor, rte_pktmbuf_mtod(buffer, void *),
                              rte_pktmbuf_tailroom(buffer));
        if (length <= 0) {
            tl_io_free(&buffer, 1);
            return;
        }
        buffer->data_len = (uint16_t)length;
        buffer->pkt_len = (uint32_t)length;
        if (tl_io_give(port->from_twin, &buffer, 1) == 0)
            tl_io_free(&buffer, 1);
    }
}

void tl_twin_turn(struct tl_port *port, struct rte_mempool *pool)
{
    if (port->twin_descriptor < 0)
        return;
    carry_to_kernel(port);
    carry_from_kernel(port, pool);
}
