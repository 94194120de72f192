// SPDX-License-Identifier: Apache-2.0
//
// attach=memif: shared memory with another process (a switch, a test). The kernel has no part in
// it, so everything is sent to gateway-mac=, unless a TAP twin makes it the kernel's like a NIC.

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "port.h"
#include "say.h"

// A killed process leaves its socket's file behind, on which nobody listens, and the driver would
// refuse to make another one. Only a socket of our own user is taken away, and only if dead. The
// question is asked with a socket of another type, so that a live one is never connected to: the
// driver of DPDK 22.11 panics when a peer is gone again before it was greeted.
static void remove_stale(const char *path)
{
    struct stat status;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (lstat(path, &status) < 0 || !S_ISSOCK(status.st_mode) || status.st_uid != geteuid() ||
        strlen(path) >= sizeof(address.sun_path))
        return;
    memcpy(address.sun_path, path, strlen(path) + 1);
    int probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return;
    if (connect(probe, (const struct sockaddr *)&address, sizeof(address)) < 0 &&
        errno == ECONNREFUSED)
        unlink(path);
    close(probe);
}

static int prepare(struct tl_port *port, const struct tl_options *options, char *device,
                   size_t device_bytes)
{
    const struct tl_realm_options *realm = port->realm;
    // The number of rings is agreed on when the peer connects, and the driver takes a queue that
    // the peer did not give for the first one: two workers would then be on one ring.
    if (options->geometry.worker_count != 1) {
        tl_say("realm %s: attach=memif serves one worker; name one core as cores",
               realm->name);
        return TL_EXIT_USAGE;
    }
    if (!realm->memif_client)
        remove_stale(realm->interface);
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
