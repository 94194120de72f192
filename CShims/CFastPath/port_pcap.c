// SPDX-License-Identifier: Apache-2.0
//
// attach=pcap: packets from a capture, and what is sent into another one. For tests.

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "port.h"
#include "say.h"

static int prepare(struct tl_port *port, const struct tl_options *options, char *device,
                   size_t device_bytes)
{
    const struct tl_realm_options *realm = port->realm;
    if (options->geometry.worker_count != 1) {
        tl_say("realm %s: attach=pcap serves one worker; name one core as cores", realm->name);
        return TL_EXIT_USAGE;
    }
    if (access(realm->interface, R_OK) < 0) {
        tl_say("realm %s: %s cannot be read: %s", realm->name, realm->interface, strerror(errno));
        return TL_EXIT_UNAVAILABLE;
    }
    // Without an output the driver drops what is sent, and counts it as sent. A replay writes its
    // output itself: the driver would stamp packets with the time of day.
    int writes = realm->output[0] != '\0' && options->mode != TL_MODE_REPLAY;
    snprintf(device, device_bytes, "net_pcap%u,rx_pcap=%s%s%s", port->realm_index,
             realm->interface, writes ? ",tx_pcap=" : "", writes ? realm->output : "");
    return 0;
}

static void explain(const struct tl_port *port)
{
    tl_say("realm %s: %s must be a capture in pcap form of Ethernet frames, and %s a file that "
           "can be written",
           port->realm->name, port->realm->interface,
           port->realm->output[0] != '\0' ? port->realm->output : "output=");
}

const struct tl_port_driver tl_port_pcap = {prepare, explain, NULL};
