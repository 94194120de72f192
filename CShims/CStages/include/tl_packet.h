// SPDX-License-Identifier: Apache-2.0
// The view of one packet that stages work on. One cache line; an array of them is a burst.

#ifndef TL_PACKET_H
#define TL_PACKET_H

#include "CTables.h"

/// What is to be done with a packet.
enum {
    TL_EDGE_NEXT,      // on its way through the stages; never seen by the caller
    TL_EDGE_SEND,      // transmit by interface `target`
    TL_EDGE_HAND_OVER, // give to worker `target`, untouched, with rx_port and vlan
    TL_EDGE_LOOP,      // hairpin: give to worker `target` (maybe this one), with flags and hops
    TL_EDGE_TWIN,      // give to the kernel's twin of interface rx_port
    TL_EDGE_FREE,      // consumed, delivered or dropped, and counted: free the buffer
};

/// Where a packet came from. Set by the caller, except for made and injected ones.
enum {
    TL_ORIGIN_RECEIVED,  // receive queue
    TL_ORIGIN_HANDED_IN, // another worker, or a hairpin
    TL_ORIGIN_GENERATED, // made by the box (RTCP, digits)
    TL_ORIGIN_INJECTED,  // of the control plane, or of the kernel's twin
};

/// What demux found.
enum { TL_KIND_NONE, TL_KIND_RTP, TL_KIND_RTCP, TL_KIND_STUN, TL_KIND_DTLS };

#define TL_PACKET_LOOPED        (1u << 0) // caller: came by TL_EDGE_LOOP (keep it with the buffer)
#define TL_PACKET_IPV6          (1u << 1) // as it arrived
#define TL_PACKET_ZERO_CHECKSUM (1u << 2) // arrived over IPv4 without a UDP checksum
#define TL_PACKET_RTCP_PORT     (1u << 3) // arrived at the odd port
#define TL_PACKET_LEARN         (1u << 4) // from another source, which valid RTP would teach
#define TL_PACKET_ACCEPTED      (1u << 5) // counted as received RTP
#define TL_PACKET_SEGMENTED     (1u << 6) // caller: not all of it stands at data

struct tl_packet {
    uint8_t *data;        // caller: Ethernet header, TL_HEADROOM_BYTES before it. Moves on rewrite
    void *buffer;         // caller's own, not looked at
    struct tl_flow *flow; // NULL, or where it arrived
    struct tl_flow *peer; // NULL, or where it leaves
    uint16_t rx_port;     // caller: interface (tl_realm.port)
    uint16_t vlan;        // caller: tag that the driver took off (12 bits), 0 = none
    uint16_t length;      // caller: bytes from the Ethernet header on. Changes on rewrite
    uint8_t origin;       // caller: TL_ORIGIN_*
    uint8_t flags;        // caller: zero, TL_PACKET_LOOPED, TL_PACKET_SEGMENTED
    uint8_t edge;         // TL_EDGE_*
    uint8_t target;       // interface or worker
    uint8_t reason;       // TL_DROP_INDEX_* when dropped
    uint8_t kind;         // TL_KIND_*
    uint16_t payload_offset; // UDP payload, from data
    uint16_t payload_length;
    uint16_t local_port;    // destination
    uint16_t remote_port;   // source
    uint16_t overhead;      // RTP: octets beside the fixed header and the payload proper
    uint16_t stream;        // which of the flow's ingress streams
    uint8_t hops;           // caller: zero, or as it came with TL_EDGE_LOOP
    uint8_t reserved[3];
    uint32_t place;         // in the port table; from rtp_receive on: ingress packet index
};

_Static_assert(sizeof(struct tl_packet) == TL_LINE_BYTES, "one line");

/// A fresh view, ready for tl_pipeline_run: what nobody names is zero, and no reason to drop.
/// Written once, in a few wide stores.
#define TL_PACKET_VIEW(...)                                                                        \
    ((struct tl_packet){.reason = TL_DROP_REASON_COUNT, __VA_ARGS__})

/// Drops a packet: counts the reason, for the worker and its flows. Ends with TL_EDGE_FREE. One
/// that was on its way out had been counted by its leg (tx_packets, tx_bytes): that is taken back.
TL_PACKET_CODE void tl_packet_drop(struct tl_worker *worker, struct tl_packet *packet,
                                   uint32_t reason);

/// What the packet's edge asked for was done: counts it by edge and origin. For TL_EDGE_FREE
/// there is nothing to say. Where it could not be done, call tl_packet_drop (tx_full,
/// handover_full, twin_full) instead.
TL_PACKET_CODE void tl_packet_done(struct tl_worker *worker, struct tl_packet *packet);

/// Likewise for a burst whose packets all had TL_EDGE_SEND and were sent.
TL_PACKET_CODE void tl_packets_sent(struct tl_worker *worker, struct tl_packet *packets,
                                    uint32_t count);

#endif
