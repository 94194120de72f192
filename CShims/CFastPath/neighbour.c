// SPDX-License-Identifier: Apache-2.0
#include "neighbour.h"

#include <errno.h>
#include <linux/if_vlan.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include "say.h"

#define REFRESH_NS (5 * TL_NANOSECONDS)
#define RETRY_NS TL_NANOSECONDS // while something is not resolved

// States in which the kernel has a link address that it would itself send to.
#define NUD_USABLE (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)

// The VLAN interface that stands on `base` for `vlan`, or 0.
static uint32_t vlan_interface(const char *base, uint16_t vlan)
{
    uint32_t found = 0;
    int local = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct if_nameindex *all = if_nameindex();
    for (const struct if_nameindex *one = all; one != NULL && one->if_index != 0; one++) {
        struct vlan_ioctl_args name = {.cmd = GET_VLAN_REALDEV_NAME_CMD};
        struct vlan_ioctl_args number = {.cmd = GET_VLAN_VID_CMD};
        snprintf(name.device1, sizeof(name.device1), "%s", one->if_name);
        snprintf(number.device1, sizeof(number.device1), "%s", one->if_name);
        if (ioctl(local, SIOCGIFVLAN, &name) < 0 || ioctl(local, SIOCGIFVLAN, &number) < 0)
            continue;
        if (strcmp(name.u.device2, base) == 0 && number.u.VID == vlan)
            found = one->if_index;
    }
    if (all != NULL)
        if_freenameindex(all);
    if (local >= 0)
        close(local);
    return found;
}

static int find_interfaces(struct tl_neighbours *neighbours, const struct tl_options *options,
                           const struct tl_ports *ports)
{
    int any = 0;
    for (uint32_t i = 0; i < neighbours->realm_count; i++) {
        const struct tl_realm_options *realm = &options->realms[i];
        const struct tl_port *port = &ports->list[ports->of_realm[i]];
        if (port->kernel_index == 0 || realm->has_gateway_mac)
            continue;
        neighbours->kernel_index[i] = port->kernel_index;
        any = 1;
        if (realm->vlan == 0)
            continue;
        neighbours->kernel_index[i] = vlan_interface(port->kernel_name, realm->vlan);
        if (neighbours->kernel_index[i] == 0) {
            tl_say("realm %s: no interface of VLAN %u stands on %s: \"ip link add link %s name "
                   "%s.%u type vlan id %u\" makes one, or give gateway-mac=",
                   realm->name, realm->vlan, port->kernel_name, port->kernel_name,
                   port->kernel_name, realm->vlan, realm->vlan);
            return -1;
        }
    }
    return any;
}

int tl_neighbours_open(struct tl_neighbours *neighbours, const struct tl_options *options,
                       const struct tl_ports *ports, struct tl_worker *const *workers)
{
    *neighbours = (struct tl_neighbours){
        .realm_count = options->geometry.realm_count,
        .workers = workers,
        .worker_count = options->geometry.worker_count,
        .dirty = 1,
    };
    int any = find_interfaces(neighbours, options, ports);
    if (any <= 0)
        return any;
    neighbours->events = tl_netlink_open(RTMGRP_NEIGH | RTMGRP_LINK | RTMGRP_IPV4_ROUTE |
                                         RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_IFADDR |
                                         RTMGRP_IPV6_IFADDR);
    neighbours->request = tl_netlink_open(0);
    if (neighbours->events != NULL && neighbours->request != NULL)
        return 0;
    tl_say("the kernel's routes cannot be followed over netlink: %s", strerror(errno));
    tl_neighbours_close(neighbours);
    return -1;
}

void tl_neighbours_close(struct tl_neighbours *neighbours)
{
    if (neighbours->events != NULL)
        mnl_socket_close(neighbours->events);
    if (neighbours->request != NULL)
        mnl_socket_close(neighbours->request);
    neighbours->events = neighbours->request = NULL;
}

int tl_neighbours_descriptor(const struct tl_neighbours *neighbours)
{
    return neighbours->events != NULL ? mnl_socket_get_fd(neighbours->events) : -1;
}

void tl_neighbours_changed(struct tl_neighbours *neighbours)
{
    // What changed does not matter: all next hops are asked anew. So a lost message (ENOBUFS) is
    // no loss either, as long as it counts as a change.
    char buffer[16384];
    int descriptor = tl_neighbours_descriptor(neighbours);
    while (recv(descriptor, buffer, sizeof(buffer), MSG_DONTWAIT) > 0 || errno == ENOBUFS)
        continue;
    neighbours->dirty = 1;
}

static void make_resolve(struct tl_neighbours *neighbours, uint32_t kernel_index,
                         const uint8_t via[16])
{
    int result = tl_netlink_use(neighbours, kernel_index, via);
    if (result == -EPERM && !neighbours->refused_said) {
        neighbours->refused_said = 1;
        tl_say("the kernel cannot be made to resolve neighbours without CAP_NET_ADMIN: media "
               "waits until something else talks to them");
    }
}

// 1 when the next hop is resolved afterwards, or is not the kernel's. Unless all are asked anew,
// one that has an answer keeps it.
static int resolve(struct tl_neighbours *neighbours, struct tl_next_hops *hops, uint32_t index,
                   int anew)
{
    struct tl_next_hop_view view;
    uint8_t via[16];
    uint8_t mac[6];
    if (!tl_next_hop_read(hops, index, &view) || view.realm_index >= neighbours->realm_count)
        return 1;
    if (!anew && view.state == TL_HOP_RESOLVED)
        return 1;
    uint32_t kernel_index = neighbours->kernel_index[view.realm_index];
    if (kernel_index == 0)
        return 1;
    if (tl_netlink_route(neighbours, kernel_index, view.address, via) < 0) {
        tl_next_hop_resolve(hops, index, &view, NULL);
        return 0;
    }
    uint32_t state = tl_netlink_neighbour(neighbours, kernel_index, via, mac);
    int usable = (state & NUD_USABLE) != 0;
    // STALE is used meanwhile, as the kernel does, and probed.
    if (!usable || state == NUD_STALE)
        make_resolve(neighbours, kernel_index, via);
    tl_next_hop_resolve(hops, index, &view, usable ? mac : NULL);
    return usable;
}

static int has_news(struct tl_neighbours *neighbours)
{
    int news = 0;
    for (uint32_t w = 0; w < neighbours->worker_count; w++) {
        // Pairs with the worker's release after it changed entries.
        uint32_t changes = tl_load_acquire_u32(&neighbours->workers[w]->hops.changes);
        news |= changes != neighbours->changes_seen[w];
        neighbours->changes_seen[w] = changes;
    }
    return news;
}

void tl_neighbours_turn(struct tl_neighbours *neighbours, uint64_t now_ns)
{
    if (neighbours->events == NULL)
        return;
    int news = has_news(neighbours);
    int anew = neighbours->dirty || now_ns >= neighbours->refreshed_ns;
    if (!news && !anew && now_ns < neighbours->retried_ns)
        return;
    int all = 1;
    neighbours->dirty = 0;
    for (uint32_t w = 0; w < neighbours->worker_count; w++) {
        struct tl_next_hops *hops = &neighbours->workers[w]->hops;
        for (uint32_t i = 0; i < hops->count; i++)
            all &= resolve(neighbours, hops, i, anew);
    }
    if (anew)
        neighbours->refreshed_ns = now_ns + REFRESH_NS;
    neighbours->retried_ns = all ? UINT64_MAX : now_ns + RETRY_NS;
}
