// SPDX-License-Identifier: Apache-2.0
//
// attach=memif: shared memory with another process (a switch, a test). The kernel has no part in
// it, so everything is sent to gateway-mac=, unless a TAP twin makes it the kernel's like a NIC.

#include <stdio.h>

#include "port.h"
#include "say.h"

static int prepare(struct tl_port *port, const struct tl_options *options, char *device,
                   size_t device_bytes)
{
    const struct tl_realm_options *realm = port->realm;
    // The number of rings is agreed on when the peer connects, and the driver takes a queue that
    // the peer did not give for the first one: two workers would then be on one ring.
    if (options->geometry.worker_count != 1) {
        tl_say("realm %s: attach=memif serves one worker; name one core with --cores",
               realm->name);
        return TL_EXIT_USAGE;
    }
    snprintf(device, device_bytes,
             "net_memif%u,role=%s,id=%u,socket=%s,socket-abstract=no,"
             "mac=02:54:4c:%02x:%02x:%02x",
             port->realm_index, realm->memif_client ? "client" : "server", realm->memif_id,
             realm->interface, realm->memif_id >> 8, realm->memif_id & 0xff, port->realm_index);
    return 0;
}

static void explain(const struct tl_port *port)
{
    tl_say("realm %s: the folder of %s must exist, be ours to write in, and hold no socket of "
           "another process",
           port->realm->name, port->realm->interface);
}

const struct tl_port_driver tl_port_memif = {prepare, explain, NULL};
