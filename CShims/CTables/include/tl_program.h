// SPDX-License-Identifier: Apache-2.0
// Programming one flow: from a checked specification to the lines that packets read.

#ifndef TL_PROGRAM_H
#define TL_PROGRAM_H

#include "tl_worker.h"

/// Where a flow sends to.
struct tl_route {
    uint32_t hop;    // index of a next hop that was taken, or TL_NO_HOP
    uint8_t variant; // TL_VARIANT_*
    uint8_t target;  // interface, or worker of a hairpin
    uint8_t reserved[2];
};

/// TL_STATUS_OK, or why the specification cannot be programmed at `slot`. Changes nothing.
TL_PACKET_CODE int32_t tl_spec_check(const struct tl_worker *worker, uint32_t slot,
                                     const struct tl_flow_spec *spec);

/// TL_STATUS_OK, or why the specification's local address and port cannot be taken.
TL_PACKET_CODE int32_t tl_spec_check_port(const struct tl_worker *worker,
                                          const struct tl_flow_spec *spec);

/// 1 when a party at this address and port can be sent to from the specification's local address:
/// unicast of the same family. Nothing else is programmed, or learned.
TL_PACKET_CODE int tl_remote_is_good(const struct tl_worker *worker,
                                     const struct tl_flow_spec *spec, const uint8_t address[16],
                                     uint16_t port);

/// Finds the way to a remote party and takes its next hop. TL_STATUS_OK, TL_STATUS_BAD_REMOTE (an
/// own address, but no media port) or TL_STATUS_NO_NEXT_HOP.
TL_PACKET_CODE int32_t tl_route_find(struct tl_worker *worker, const struct tl_flow_spec *spec,
                                     const uint8_t address[16], uint16_t port,
                                     struct tl_route *route);

/// Writes the way out of a flow, and what of its headers is its own.
TL_PACKET_CODE void tl_route_apply(struct tl_worker *worker, uint32_t slot,
                                   const uint8_t address[16], uint16_t port,
                                   const struct tl_route *route);

/// Fills what a packet needs that goes to a party by a route, but not to the flow's own.
TL_PACKET_CODE void tl_route_egress(const struct tl_worker *worker,
                                    const struct tl_flow_spec *spec, const uint8_t address[16],
                                    uint16_t port, const struct tl_route *route,
                                    struct tl_flow_egress *egress);

/// The headers that all flows of each local address share. Once, when the worker is made.
void tl_templates_make(struct tl_worker *worker);

/// Brings egress.way in line with the flow's flags.
static inline void tl_flow_way(struct tl_flow *flow)
{
    uint32_t way = flow->egress.way & ~(TL_WAY_LIVE | TL_WAY_SEND | TL_WAY_SECURE);
    way |= flow->ingress.flags & TL_FLOW_LIVE ? TL_WAY_LIVE : 0;
    way |= flow->ingress.flags & TL_FLOW_SEND ? TL_WAY_SEND : 0;
    way |= flow->ingress.flags & TL_FLOW_SRTP ? TL_WAY_SECURE : 0;
    flow->egress.way = (uint8_t)way;
}

/// Chooses what of the flow's packets is taken at a glance (usual.h).
TL_PACKET_CODE void tl_flow_glance(struct tl_worker *worker, uint32_t slot);

/// 1 when an add takes up a record that the last process left: of the same flow and key set.
TL_PACKET_CODE int tl_record_takes_up(const struct tl_flow_record *record,
                                      const struct tl_flow_spec *spec, uint32_t generation);

/// Makes a live flow of a free slot. Everything was checked, the route is found.
TL_PACKET_CODE void tl_flow_install(struct tl_worker *worker, uint32_t slot, uint32_t generation,
                                    const struct tl_flow_spec *spec, const struct tl_route *route,
                                    uint64_t now_ns);

/// Replaces what a live flow is told to do. Its streams go on.
TL_PACKET_CODE void tl_flow_replace(struct tl_worker *worker, uint32_t slot,
                                    const struct tl_flow_spec *spec, const struct tl_route *route,
                                    uint64_t now_ns);

/// Takes a live flow out.
TL_PACKET_CODE void tl_flow_remove(struct tl_worker *worker, uint32_t slot);

/// Accepts another source, once, and sends there from now on. 0 when there is no way to it.
TL_PACKET_CODE int tl_flow_learn(struct tl_worker *worker, uint32_t slot,
                                 const uint8_t address[16], uint16_t port);

/// Goes back to the signalled source, and sends there. When there is no way to it nothing changes.
TL_PACKET_CODE void tl_flow_unlearn(struct tl_worker *worker, uint32_t slot);

/// Where the specification's remote party receives RTCP; 0 while its address is not known.
TL_PACKET_CODE uint16_t tl_flow_remote_rtcp_port(const struct tl_flow_spec *spec);

/// Local and remote RTCP port of a flow, as they stand on the wire.
TL_PACKET_CODE uint32_t tl_flow_rtcp_ports(const struct tl_worker *worker, uint32_t slot);

/// Closes the learn window.
TL_PACKET_CODE void tl_flow_learn_close(struct tl_flow *flow);

/// When the remote party was last heard of (RTP or RTCP), or the silence began to count.
TL_PACKET_CODE uint64_t tl_flow_heard(const struct tl_worker *worker, uint32_t slot);

/// Silence counts from now on; a time-out that was reported may be reported again.
TL_PACKET_CODE void tl_flow_hear(struct tl_worker *worker, uint32_t slot, uint64_t now_ns);

/// Arms the flow's timer for the earliest of what it waits for.
TL_PACKET_CODE void tl_flow_schedule(struct tl_worker *worker, uint32_t slot, uint64_t now_ns);

/// Next number of the worker's generator. Not for secrets.
TL_PACKET_CODE uint64_t tl_worker_random(struct tl_worker *worker);

#endif
