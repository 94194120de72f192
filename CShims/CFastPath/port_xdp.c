// SPDX-License-Identifier: Apache-2.0
//
// attach=xdp: the NIC stays the kernel's, and our program steers the media ports to AF_XDP sockets.
//
// An XDP redirect reaches only sockets of the receive queue that the packet came in on. So each
// queue of the interface has a socket, and there must be at least as many queues as workers;
// worker w serves the queues w, w + workers, and so on.

#include <errno.h>
#include <linux/capability.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guard.h"
#include "port.h"
#include "privilege.h"
#include "say.h"
#include "steer.h"

// More sockets than this a worker is memory for nothing: the operator should take queues away.
enum { QUEUES_A_WORKER_MAX = 8 };

static int read_channels(const char *interface, struct ethtool_channels *channels)
{
    struct ifreq request = {0};
    *channels = (struct ethtool_channels){.cmd = ETHTOOL_GCHANNELS};
    int local = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (local < 0)
        return -1;
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
    request.ifr_data = (char *)channels;
    int result = ioctl(local, SIOCETHTOOL, &request);
    close(local);
    return result;
}

uint32_t tl_port_kernel_queues(const char *interface)
{
    struct ethtool_channels channels;
    if (read_channels(interface, &channels) < 0 || channels.combined_count == 0)
        return 1;
    return channels.combined_count;
}

// net_af_xdp 22.11 counts combined queues only. On an interface with separate receive queues (veth)
// it serves the first; what came in by another would find no socket behind our program. A device
// for each queue starts, but only one of them may bring the program, and the others want DPDK's
// own (tried: two devices on a veth with two queues). So several workers need combined queues,
// which no virtual interface has that could be tried here: veth has none, and tun knows no queues.
static int has_unserved_queues(const char *interface)
{
    struct ethtool_channels channels;
    return read_channels(interface, &channels) == 0 &&
           channels.rx_count > (channels.combined_count == 0 ? 1u : 0u);
}

static int prepare(struct tl_port *port, const struct tl_options *options, char *device,
                   size_t device_bytes)
{
    const struct tl_realm_options *realm = port->realm;
    uint32_t workers = options->geometry.worker_count;
    port->kernel_index = tl_port_kernel_index(realm, realm->interface);
    if (port->kernel_index == 0)
        return TL_EXIT_UNAVAILABLE;
    snprintf(port->kernel_name, sizeof(port->kernel_name), "%s", realm->interface);
    const int needed[] = {CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF, -1};
    int result = tl_privilege_check(realm, needed);
    if (result != 0)
        return result;
    if (has_unserved_queues(realm->interface)) {
        tl_say("realm %s: %s has receive queues of its own beside combined ones, and AF_XDP serves "
               "only one of those: \"ethtool -L %s rx 1 tx 1\", or attach=packet",
               realm->name, realm->interface, realm->interface);
        return TL_EXIT_UNAVAILABLE;
    }
    uint32_t queues = tl_port_kernel_queues(realm->interface);
    if (queues < workers || queues > workers * QUEUES_A_WORKER_MAX) {
        tl_say("realm %s: %s has %u combined queues for %u workers, which can serve %u to %u: "
               "\"ethtool -L %s combined %u\" sets them, or name fewer cores",
               realm->name, realm->interface, queues, workers, workers,
               workers * QUEUES_A_WORKER_MAX, realm->interface, workers);
        return TL_EXIT_UNAVAILABLE;
    }
    port->queue_count = (uint16_t)queues;
    // Before the old program goes: the rule covers the moment between the two.
    result = tl_guard_drop(options, realm->interface, TL_ATTACH_XDP);
    if (result == 0)
        result = tl_steer_take_off(options, realm, port->kernel_index);
    if (result != 0)
        return result;
    port->program_descriptor = tl_steer_make(options, realm->interface);
    if (port->program_descriptor < 0)
        return TL_EXIT_UNAVAILABLE;
    // The default busy budget lost 46 % at 250,000 packets a second, none without it.
    snprintf(device, device_bytes,
             "net_af_xdp%u,iface=%s,start_queue=0,queue_count=%u,busy_budget=0,"
             "xdp_prog=/proc/self/fd/%d",
             port->realm_index, realm->interface, queues, port->program_descriptor);
    return 0;
}

static void explain(const struct tl_port *port)
{
    tl_say("realm %s: attach=xdp needs CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF and CAP_IPC_LOCK, "
           "Linux 5.15, and a driver with XDP; attach=packet needs less",
           port->realm->name);
}

static int finish(struct tl_port *port, const struct tl_options *options)
{
    close(port->program_descriptor); // the kernel has it now
    port->program_descriptor = -1;
    return tl_steer_remember(options, port->realm, port->kernel_index);
}

const struct tl_port_driver tl_port_xdp = {prepare, explain, finish};
