// SPDX-License-Identifier: Apache-2.0
//
// attach=pci: a NIC of our own, bound to vfio-pci before the start.

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "port.h"
#include "say.h"

// "missing", "none", or the name of the kernel driver that has the NIC.
static void driver_of(const char *address, char *name, size_t size_bytes)
{
    char path[PATH_MAX + 64];
    char target[PATH_MAX];
    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", address);
    if (access(path, F_OK) < 0) {
        snprintf(name, size_bytes, "missing");
        return;
    }
    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", address);
    ssize_t length = readlink(path, target, sizeof(target) - 1);
    target[length < 0 ? 0 : length] = '\0';
    const char *slash = strrchr(target, '/');
    snprintf(name, size_bytes, "%.64s", slash != NULL ? slash + 1 : "none");
}

static int prepare(struct tl_port *port, const struct tl_options *options, char *device,
                   size_t device_bytes)
{
    char driver[80];
    const struct tl_realm_options *realm = port->realm;
    (void)options;
    driver_of(realm->interface, driver, sizeof(driver));
    if (strcmp(driver, "missing") == 0) {
        tl_say("realm %s: there is no PCI device %s here (write it as 0000:03:00.0; lspci -D "
               "shows them)",
               realm->name, realm->interface);
        return TL_EXIT_UNAVAILABLE;
    }
    // Some PMDs (mlx5) work beside their kernel driver; DPDK finds those. The others it leaves out.
    if (strcmp(driver, "vfio-pci") != 0 && strncmp(driver, "mlx", 3) != 0 &&
        strcmp(driver, "uio_pci_generic") != 0) {
        tl_say("realm %s: %s is bound to the driver \"%s\": bind it to vfio-pci (driverctl "
               "set-override %s vfio-pci)",
               realm->name, realm->interface, driver, realm->interface);
        return TL_EXIT_UNAVAILABLE;
    }
    snprintf(device, device_bytes, "%s", realm->interface);
    return 0;
}

static void explain(const struct tl_port *port)
{
    tl_say("realm %s: %s must be bound to vfio-pci, its group under /dev/vfio be ours to open, and "
           "its poll-mode driver's package (librte-net-...) be installed",
           port->realm->name, port->realm->interface);
}

const struct tl_port_driver tl_port_pci = {prepare, explain, NULL};
