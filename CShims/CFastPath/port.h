// SPDX-License-Identifier: Apache-2.0
// Media interfaces. Realms that name the same interface (with different VLANs) share a port.
//
// A port is made and started by the main thread before the workers run, is read-only afterwards,
// and is stopped after they have ended. Its queues belong to workers: worker w receives from
// queues w, w + workers, ... and sends on queue w.

#ifndef TL_PORT_H
#define TL_PORT_H

#include <net/if.h>
#include <stdint.h>

#include "options.h"

struct rte_mempool;
struct rte_ring;

enum { TL_DEVICE_ARGUMENTS_BYTES = 2 * PATH_MAX + 256 };

struct tl_port {
    uint16_t port_id; // DPDK's
    uint16_t queue_count;
    uint32_t kernel_index; // interface whose routes and neighbours count; 0 = no kernel
    char kernel_name[IF_NAMESIZE];
    uint8_t mac[6];
    uint16_t realm_index; // the first realm that names it
    const struct tl_realm_options *realm;
    int twin_descriptor;       // the TAP; -1 = none. Main thread only
    struct rte_ring *to_twin;  // workers produce, main thread consumes; NULL = no twin
    struct rte_ring *from_twin; // main thread produces, worker 0 consumes
    int program_descriptor;    // xdp: the steering program's object while it is loaded; -1
};

struct tl_ports {
    uint16_t count;
    struct tl_port list[TL_REALMS_MAX];
    uint16_t of_realm[TL_REALMS_MAX];
};

// What an attach does beyond what all do. Each lives in a file of its own, port_<attach>.c.
struct tl_port_driver {
    // Checks what can be checked, writes the virtual device's name and arguments ("" when the
    // device exists already, as a NIC does, and then only its name), sets queue_count and the
    // kernel_ fields. Returns 0, or says a sentence and returns the exit code.
    int (*prepare)(struct tl_port *port, const struct tl_options *options, char *device,
                   size_t device_bytes);
    // Says what to do when DPDK refused the device or its queues.
    void (*explain)(const struct tl_port *port);
    // After the port was started or refused. NULL = nothing to do.
    int (*finish)(struct tl_port *port, const struct tl_options *options);
};

extern const struct tl_port_driver tl_port_xdp;
extern const struct tl_port_driver tl_port_packet;
extern const struct tl_port_driver tl_port_memif;
extern const struct tl_port_driver tl_port_pcap;
extern const struct tl_port_driver tl_port_pci;

// Makes and starts the ports of all realms; each receive queue takes its buffers from the pool of
// the worker that it belongs to. Returns 0 or the exit code, and has said why.
int tl_ports_start(struct tl_ports *ports, const struct tl_options *options,
                   struct rte_mempool *const *pools);

// Whether two realms use one port.
int tl_port_shared(const struct tl_realm_options *one, const struct tl_realm_options *other);

// Stops and closes what was started. The guard's rules stay.
void tl_ports_stop(struct tl_ports *ports);

// Packet buffers that queues and workers may hold at once, for dimensioning pool and memory. Looks
// at the interfaces, before their ports exist.
uint32_t tl_ports_buffers(const struct tl_options *options);

// Combined queues of a kernel interface: what AF_XDP can serve. At least one.
uint32_t tl_port_kernel_queues(const char *interface);

// Writes the driver's figures and the link state of each realm's port into its page.
void tl_ports_publish(const struct tl_ports *ports, struct tl_realm_page *const *pages,
                      uint32_t realm_count);

// Index of a kernel interface, or 0 with a sentence that names the realm.
uint32_t tl_port_kernel_index(const struct tl_realm_options *realm, const char *name);

#endif
