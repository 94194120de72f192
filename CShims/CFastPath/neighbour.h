// SPDX-License-Identifier: Apache-2.0
// Next hops: routes and neighbours stay the kernel's. Housekeeping asks it over netlink and stores
// the link addresses in the workers' tables of next hops (tl_next_hop.h).
//
//   a worker took a new next hop        seen at the next housekeeping turn, 10 ms at most; those
//                                       that are not resolved are asked, then and every RETRY_NS
//   a neighbour, route, link or address changes     the kernel tells; all next hops are asked anew
//   nothing happens                     all are asked anew every REFRESH_NS, and a neighbour that
//                                       the kernel no longer vouches for is used (NTF_USE), which
//                                       makes the kernel probe it: it does not see our traffic

#ifndef TL_NEIGHBOUR_H
#define TL_NEIGHBOUR_H

#include "CTables.h"

#include "port.h"

struct mnl_socket;

struct tl_neighbours {
    struct mnl_socket *events;  // groups that tell of changes; polled by housekeeping
    struct mnl_socket *request; // questions and answers
    uint32_t sequence;
    uint32_t realm_count;
    uint32_t kernel_index[TL_REALMS_MAX]; // by realm: where its packets leave; 0 = not the kernel's
    struct tl_worker *const *workers;
    uint32_t worker_count;
    uint32_t changes_seen[TL_WORKERS_MAX];
    uint64_t refreshed_ns; // when all are asked anew
    uint64_t retried_ns;   // when the unresolved ones are
    uint8_t dirty;
    uint8_t refused_said; // that the kernel may not be asked to resolve, once
};

// Opens the sockets. 0, or -1 with a sentence. With no realm that the kernel serves nothing is
// opened and nothing is ever done.
int tl_neighbours_open(struct tl_neighbours *neighbours, const struct tl_options *options,
                       const struct tl_ports *ports, struct tl_worker *const *workers);
void tl_neighbours_close(struct tl_neighbours *neighbours);

// Descriptor to poll for reading; -1 = none.
int tl_neighbours_descriptor(const struct tl_neighbours *neighbours);

// The descriptor is readable.
void tl_neighbours_changed(struct tl_neighbours *neighbours);

// Resolves what is new or due. Call it in every turn of housekeeping.
void tl_neighbours_turn(struct tl_neighbours *neighbours, uint64_t now_ns);

// netlink.c: one question each -------------------------------------------------------------------

// A socket that is told of these groups (RTMGRP_*), or NULL with errno.
struct mnl_socket *tl_netlink_open(unsigned int groups);

// Where a packet to `to` goes when it leaves by interface `kernel_index`: the gateway's address,
// or `to` itself when it is on the link. 0, or -1 when there is no such route.
int tl_netlink_route(struct tl_neighbours *neighbours, uint32_t kernel_index,
                     const uint8_t to[16], uint8_t via[16]);

// What the kernel knows of a neighbour. Returns its NUD_* state with its link address in `mac`,
// or 0 when it knows no link address.
uint32_t tl_netlink_neighbour(struct tl_neighbours *neighbours, uint32_t kernel_index,
                              const uint8_t address[16], uint8_t mac[6]);

// Makes the kernel resolve or probe a neighbour. 0 or a negative errno.
int tl_netlink_use(struct tl_neighbours *neighbours, uint32_t kernel_index,
                   const uint8_t address[16]);

#endif
