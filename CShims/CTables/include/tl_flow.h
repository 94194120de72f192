// SPDX-License-Identifier: Apache-2.0
// A flow: one leg of a call. Two lines that packets touch, and a cold part that they do not: what
// arrives needs the first line of its flow, what leaves needs the second line of the peer. The
// statistics stand in the flow's record in the fast path's file (CFlowABI.h), one line for each
// direction, which is written in place. So a relayed packet touches four lines and its place in
// the port table, and neither more with the first packet nor fewer with the millionth.

#ifndef TL_FLOW_H
#define TL_FLOW_H

#include "tl_base.h"
#include "tl_next_hop.h"

/// State of a flow beside TL_FLOW_* in the same word.
#define TL_FLOW_LIVE       (1u << 10)
#define TL_FLOW_HAIRPIN    (1u << 11) // the remote party is one of our own media addresses
#define TL_FLOW_LEARN_OPEN (1u << 12) // the learn window is open
#define TL_FLOW_STARTED    (1u << 13) // an RTP stream was accepted since the flow was programmed
#define TL_FLOW_JUMPED     (1u << 14) // the last packet was far out of sequence (bad_sequence)
#define TL_FLOW_GLANCE     (1u << 15) // its packets may be taken at a glance (usual.h)

/// How packets leave by a flow. Chosen when it is programmed.
/// Bits, so that they index a table of functions.
#define TL_VARIANT_IPV6    1u
#define TL_VARIANT_VLAN    2u
#define TL_VARIANT_HAIRPIN 4u // never tagged
#define TL_VARIANT_NOWHERE 8u // the remote party is not known yet
#define TL_VARIANT_ALL     15u
/// Beside the variant in the same byte: may packets leave at all.
#define TL_WAY_LIVE        16u
#define TL_WAY_SEND        32u // TL_FLOW_SEND
#define TL_WAY_SECURE      64u // TL_FLOW_SRTP: sealed first
#define TL_WAY_DIGITS      128u // digits are sent: other media is consumed

#define TL_SOURCE_LOOPED (1u << 16) // in a source key: only by a hairpin
#define TL_NO_SOURCE     (1u << 17) // a source key that no packet has
#define TL_SOURCE_IPV6   (1u << 18)

/// Line 0: admission of what arrives, and its stream (RFC 3550 appendix A). The rest of the stream
/// is in the record; payload types beyond the first are in the cold part.
struct tl_flow_ingress {
    uint8_t source[16];          // the accepted source. Of IPv4, its last four bytes and the key
    uint32_t source_key;         // are compared as one word: port, TL_SOURCE_LOOPED, TL_SOURCE_IPV6
    uint16_t flags;              // TL_FLOW_*
    uint16_t stream;             // grows with each stream; egress notices a new one by it
    uint64_t packets_until_ns;   // time up to which the packet budget is used
    uint64_t bytes_until_ns;     // time up to which the bit budget is used
    uint32_t packet_interval_ns; // between packets at exactly the budget
    uint32_t byte_interval;      // likewise between half bytes of UDP payload, << byte_shift
    uint32_t peer_generation;    // of the peer, or zero
    uint32_t transit;            // RFC 3550 A.8
    uint32_t clock_rate_hz;
    uint8_t byte_shift;
    uint8_t rtp_first;           // TL_RTP_FIRST: beside type_in, to be compared at once (usual.h)
    uint8_t type_in;             // first payload type, or TL_NO_PAYLOAD_TYPE; with TL_TYPE_LOOKS
    uint8_t type_out;
};

#define TL_RTP_FIRST 0x80u // version 2; no padding, extension, contributing sources
/// In type_in: tones are looked for in packets of this type before they leave (tl_dtmf.h).
#define TL_TYPE_LOOKS 0x80u

_Static_assert(offsetof(struct tl_flow_ingress, source_key) == 16, "behind the source");
_Static_assert(offsetof(struct tl_flow_ingress, type_in) ==
                   offsetof(struct tl_flow_ingress, rtp_first) + 1, "as on the wire");

/// Line 1: the RTP stream that leaves (ours: one for the flow's whole life), and what of its
/// headers is the flow's own. The rest of them is in the local address's template.
struct tl_flow_egress {
    uint64_t first_index;      // of the present mapping; lower ones were used by an earlier one
    uint32_t index_offset;     // wrapping: egress packet index = ingress packet index + this
    uint32_t timestamp_offset;
    uint32_t ssrc_be;
    uint32_t generation;       // of this flow; a packet's peer_generation must match
    uint32_t source_slot;      // the mapping's ingress flow
    uint32_t source_stream;    // and which of its streams
    uint8_t remote[16];        // where to
    uint32_t ports_be;         // local, then remote, as they stand on the wire
    uint16_t ip_sum;           // sum of the IPv4 header but for its length
    uint16_t udp_sum;          // sum of the pseudo header but for its length
    uint32_t hop;              // index of the next hop, or TL_NO_HOP: hairpin, or nowhere
    uint8_t way;               // TL_VARIANT_*, TL_WAY_*
    uint8_t target;            // interface, or worker of a hairpin
    uint8_t address_index;     // local address
    uint8_t traffic_class;     // DSCP << 2
};

struct tl_flow {
    struct tl_flow_ingress ingress;
    struct tl_flow_egress egress;
};

_Static_assert(sizeof(struct tl_flow_ingress) == 64, "one line");
_Static_assert(sizeof(struct tl_flow_egress) == 64, "one line");
_Static_assert(TL_FLOW_FLAGS_ALL < TL_FLOW_LIVE, "the contract's flags stand below ours");

#define TL_PENDING_TIMEOUT (1u << 0)
#define TL_PENDING_LEARNED (1u << 1)
#define TL_PENDING_PATH    (1u << 2)
#define TL_PENDING_DIGIT   (1u << 3) // in the flow's `told` (tl_dtmf.h)
#define TL_PENDING_LATE    (1u << 7) // counted as deferred

/// What commands and timers need. Packets do not come here but for what is rare: RTCP, a payload
/// type other than the first, a stream's first packet, a jump in its sequence.
struct tl_flow_cold {
    struct tl_flow_spec spec;  // as programmed; remote_* are the signalled ones
    uint64_t timer_ns;         // when the flow's one timer is due
    uint32_t timer_next;       // slots in the same bucket
    uint32_t timer_previous;
    uint64_t learn_until_ns;
    uint64_t rtcp_due_ns;
    uint64_t digits_due_ns;    // what the flow's digits wait for; 0 = nothing
    uint64_t dtls_until_ns;    // up to which the budget of DTLS records is used
    uint64_t quiet_from_ns;    // silence counts from here, or from the last RTP if that is later
    uint64_t sr_time_ns;       // when the last sender report arrived; 0 = none
    uint32_t sr_ntp_middle;    // its NTP time stamp, middle 32 bits
    uint32_t rtcp_source_key;  // as source_key, for RTCP on the odd port
    uint32_t base_sequence;    // extended sequence of the ingress stream's first packet
    int32_t lost_before;       // record's rx_lost when that stream began
    uint32_t tx_overhead;      // octets of CSRCs, extensions and padding sent: no payload
    uint32_t expected_prior;   // RFC 3550 A.3, at our last report
    uint32_t received_prior;
    uint32_t report_stream;    // which stream those two are of
    uint32_t sent_prior;       // tx_packets at our last report
    uint32_t last_generation;  // newest that was used at this index; survives removal
    uint32_t pending;          // TL_PENDING_*
    uint32_t pending_next;     // slot in the channel's list
    uint32_t match;            // of the channel, when a command last changed the flow
    uint32_t ice;              // 0, or one more than the place of its agent (tl_ice.h)
    uint16_t shard;            // whose command installed the flow
    uint16_t bad_sequence;     // with TL_FLOW_JUMPED: next one that would mean a restart
    uint8_t pending_linked;
    uint8_t timer_armed;
    uint64_t name;             // part of the RTCP CNAME
};

/// Headers that all flows of a local address share, from the Ethernet source address to the IP
/// header's end; what is a flow's or a packet's own is zero.
struct tl_leg_template {
    uint8_t bytes[60];   // 6 + [4 VLAN] + 2 + 20 or 40, and room to be copied in wide steps
    uint8_t frame_bytes; // Ethernet to UDP headers, with the destination address
    uint8_t reserved[3];
};

_Static_assert(sizeof(struct tl_leg_template) == 64, "one line");

#endif
