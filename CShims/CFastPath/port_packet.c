// SPDX-License-Identifier: Apache-2.0
//
// attach=packet: AF_PACKET sockets beside the kernel, which sees every packet too. Needs the
// guard's rule, or a media address that the kernel does not own: else the kernel answers each
// packet of media with ICMP port-unreachable, and many phones hang up at that.
//
// The driver opens its sockets for all interfaces and binds them a moment later. What other
// interfaces receive in that moment comes out as theirs: dropped as wrong_realm, or not_media.

#include <stdio.h>

#include "guard.h"
#include "port.h"
#include "say.h"

// 2,048 frames of 2 KiB in each direction, for each worker.
enum { FRAMES = 2048 };

static int prepare(struct tl_port *port, const struct tl_options *options, char *device,
                   size_t device_bytes)
{
    const struct tl_realm_options *realm = port->realm;
    port->kernel_index = tl_port_kernel_index(realm, realm->interface);
    if (port->kernel_index == 0)
        return TL_EXIT_UNAVAILABLE;
    snprintf(port->kernel_name, sizeof(port->kernel_name), "%s", realm->interface);
    int result = tl_guard_drop(options, realm->interface, TL_ATTACH_PACKET);
    if (result != 0)
        return result;
    // The sockets of one interface share a fan-out group, which spreads by a hash of the flow's
    // addresses and ports; what reaches the wrong worker is handed over.
    snprintf(device, device_bytes, "net_af_packet%u,iface=%s,qpairs=%u,framecnt=%d",
             port->realm_index, realm->interface, port->queue_count, FRAMES);
    return 0;
}

static void explain(const struct tl_port *port)
{
    tl_say("realm %s: attach=packet needs CAP_NET_RAW, and %s must be up", port->realm->name,
           port->realm->interface);
}

const struct tl_port_driver tl_port_packet = {prepare, explain, NULL};
