// SPDX-License-Identifier: Apache-2.0
// A flow: one leg of a call. Four lines that packets touch, and a cold part that they do not.
// The statistics stand in the flow's record in the fast path's file (CFlowABI.h), which is written
// in place.

#ifndef TL_FLOW_H
#define TL_FLOW_H

#include "tl_base.h"
#include "tl_next_hop.h"

/// State of a flow beside TL_FLOW_* in the same word.
#define TL_FLOW_LIVE       (1u << 16)
#define TL_FLOW_HAIRPIN    (1u << 17) // the remote party is one of our own media addresses
#define TL_FLOW_LEARN_OPEN (1u << 18) // the learn window is open
#define TL_FLOW_STARTED    (1u << 19) // an RTP stream was accepted since the flow was programmed

/// How packets leave by a flow. Chosen when it is programmed.
/// Bits, so that they index a table of functions.
#define TL_VARIANT_IPV6    1u
#define TL_VARIANT_VLAN    2u
#define TL_VARIANT_HAIRPIN 4u // never tagged
#define TL_VARIANT_NOWHERE 8u // the remote party is not known yet

#define TL_SOURCE_LOOPED (1u << 16) // in a source key: only by a hairpin
#define TL_NO_SOURCE     (1u << 17) // a source key that no packet has

/// Line 0: admission of what arrives.
struct tl_flow_admission {
    uint8_t source[16];         // the accepted source
    uint32_t source_key;        // its port, TL_SOURCE_LOOPED
    uint32_t rtcp_source_key;   // likewise for RTCP on the odd port
    uint32_t flags;             // TL_FLOW_*
    uint32_t peer;              // slot of the peer flow, or TL_NO_FLOW
    uint32_t peer_generation;   // of the peer, or zero
    uint32_t packet_interval_ns; // between packets at exactly the budget
    float byte_interval_ns;      // likewise between bytes of UDP payload
    uint32_t slot;               // own
    uint64_t packets_until_ns;  // time up to which the packet budget is used
    uint64_t bytes_until_ns;    // time up to which the bit budget is used
};

/// Line 1: the RTP stream that arrives (RFC 3550 appendix A). What is not here is in the record.
struct tl_flow_ingress {
    uint8_t types_in[TL_PAYLOAD_TYPES_MAX]; // ended by TL_NO_PAYLOAD_TYPE
    uint8_t types_out[TL_PAYLOAD_TYPES_MAX];
    uint32_t base_sequence; // extended sequence of the stream's first packet
    uint32_t received;      // packets of the stream
    uint32_t transit;       // RFC 3550 A.8
    uint32_t jitter_16;     // jitter times 16
    uint32_t bad_sequence;  // next one that would mean a restart; TL_NO_BAD_SEQUENCE
    int32_t lost_before;    // record's rx_lost when the stream began
    uint32_t clock_rate_hz;
    uint32_t stream; // grows with each stream; egress notices a new one by it
};

#define TL_NO_BAD_SEQUENCE 0x10000u

/// Line 2: the RTP stream that leaves. Ours: one for the flow's whole life.
struct tl_flow_egress {
    struct tl_next_hop *hop; // NULL: hairpin, or nowhere
    uint64_t first_index;    // of the present mapping; lower ones were used by an earlier one
    uint32_t index_offset;   // wrapping: egress packet index = ingress packet index + this
    uint32_t timestamp_offset;
    uint32_t generation; // of this flow; a packet's peer_generation must match
    uint32_t flags;      // copy of admission.flags, so that one line serves
    uint32_t ssrc_be;
    uint32_t source_slot;   // the mapping's ingress flow
    uint32_t source_stream; // and which of its streams
    uint32_t clock_rate_hz;
    uint32_t sender_octets; // RFC 3550 6.4.1
    uint8_t variant;        // TL_VARIANT_*
    uint8_t target;         // interface, or worker of a hairpin
    uint8_t template_bytes; // of the header template
    uint8_t reserved[9];
};

/// Line 3: headers of what leaves, from the Ethernet source address to the UDP checksum.
struct tl_flow_headers {
    uint8_t bytes[60];      // 6 + [4 VLAN] + 2 + 20 or 40 + 8
    uint32_t pseudo_sum;    // addresses and protocol: the constant part of the checksum
};

struct tl_flow {
    struct tl_flow_admission admission;
    struct tl_flow_ingress ingress;
    struct tl_flow_egress egress;
    struct tl_flow_headers headers;
};

_Static_assert(sizeof(struct tl_flow_admission) == 64, "one line");
_Static_assert(sizeof(struct tl_flow_ingress) == 64, "one line");
_Static_assert(sizeof(struct tl_flow_egress) == 64, "one line");
_Static_assert(sizeof(struct tl_flow_headers) == 64, "one line");

#define TL_PENDING_TIMEOUT (1u << 0)
#define TL_PENDING_LEARNED (1u << 1)
#define TL_PENDING_LATE    (1u << 7) // counted as deferred

/// What commands and timers need. Packets do not come here, RTCP does.
struct tl_flow_cold {
    struct tl_flow_spec spec;  // as programmed; remote_* are the signalled ones
    uint64_t timer_ns;         // when the flow's one timer is due
    uint32_t timer_next;       // slots in the same bucket
    uint32_t timer_previous;
    uint64_t learn_until_ns;
    uint64_t rtcp_due_ns;
    uint64_t quiet_from_ns;    // silence counts from here, or from the last RTP if that is later
    uint64_t sr_time_ns;       // when the last sender report arrived; 0 = none
    uint32_t sr_ntp_middle;    // its NTP time stamp, middle 32 bits
    uint32_t expected_prior;   // RFC 3550 A.3, at our last report
    uint32_t received_prior;
    uint32_t report_stream;    // which stream those two are of
    uint32_t sent_prior;       // tx_packets at our last report
    uint32_t last_generation;  // newest that was used at this index; survives removal
    uint32_t hop;              // index of the next hop, or TL_NO_HOP
    uint32_t pending;          // TL_PENDING_*
    uint32_t pending_next;     // slot in the channel's list
    uint32_t match;            // of the channel, when a command last changed the flow
    uint16_t shard;            // whose command installed the flow
    uint8_t pending_linked;
    uint8_t timer_armed;
    uint64_t name;             // part of the RTCP CNAME
};

#endif
