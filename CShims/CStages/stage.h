// SPDX-License-Identifier: Apache-2.0
// The stages, one a file. Each is a function for one packet that pipeline.c calls: it returns 1
// when the packet goes on, and has dropped it, or brought it to its edge, when it returns 0. All of
// them stand in pipeline.c's loops, so that what one leaves for the next stays in registers. What
// is rare is a function of its own beside them (tl_*_rare): the same verdicts, out of the way.
//
// A pass over the burst ends where memory has to be asked for:
//
//   classify                          asks for the place in the port table
//   lookup                            asks for the flow's and its peer's lines
//   usual, or source_check ...        everything else: what nearly all packets are is told from the
//   ... rewrite                       rest in a few compares, and skips what they answer

#ifndef TL_STAGE_H
#define TL_STAGE_H

#include "wire.h"

// The gate that counts instructions compiles each stage as a function of its own.
#ifndef TL_STAGE_CODE
#define TL_STAGE_CODE static inline __attribute__((always_inline))
#endif

/// The time of a burst in units of an RTP clock.
struct clock {
    uint32_t rate_hz; // 0: not known yet
    uint32_t time;
};

/// What stages tell each other about the packet in hand. It also holds copies of what does not
/// change meanwhile: a store into the frame might change the view, for all that a compiler knows,
/// and would make it read the view again. For the same reason nobody keeps a pointer to it: what is
/// rare gets a copy (PASSAGE_LENT).
struct passage {
    uint64_t now_ns;
    struct tl_flow *flow;
    struct tl_flow *peer;
    struct tl_flow_record *record; // of the flow
    struct tl_flow_record *out;    // of the peer
    uint8_t *rtp;                  // UDP payload
    uint32_t length;               // of that
    uint32_t flags;                // TL_PACKET_*, as they were at first
    uint32_t slot;                 // of the flow
    uint32_t place;                // ingress packet index
    uint64_t index;                // highest ingress packet index, with this packet
    uint32_t steps;                // by how much the packet moved the highest packet index
    uint32_t first;                // its first four bytes, as they arrived
    uint32_t timestamp;            // as it arrived
    uint32_t overhead;             // as in the view
    struct clock clock;            // kept from packet to packet
    uint32_t stream;               // of the flow
    uint8_t payload_type;          // as it leaves
    uint64_t hop_word;             // where to
    uint32_t way;                  // of the peer's egress, as it was found
    uint64_t payload_sum;          // of its RTP header as it leaves
};

/// Lends a copy of the passage to an expression that calls it `lent`.
#define PASSAGE_LENT(passage, expression)                                                          \
    ({                                                                                             \
        struct passage lent = *(passage);                                                          \
        int goes_on = (expression);                                                                \
        *(passage) = lent;                                                                         \
        goes_on;                                                                                   \
    })

/// What lookup finds.
struct found {
    struct tl_packet *packet; // with flow and peer
    struct tl_flow_record *record;
    struct tl_flow_record *out; // of the peer; without one, of the flow: something to fetch
    uint32_t slot;
};

/// Drops the packet in hand and ends its way.
static inline int stage_drop(struct tl_worker *worker, struct tl_packet *packet, uint32_t reason)
{
    tl_packet_drop(worker, packet, reason);
    return 0;
}

/// Likewise; a candidate for the source is only ever from the wrong one.
static inline int stage_refuse(struct tl_worker *worker, struct tl_packet *packet,
                               uint32_t reason)
{
    return stage_drop(worker, packet,
                      packet->flags & TL_PACKET_LEARN ? TL_DROP_INDEX_WRONG_SOURCE : reason);
}

/// classify.c: any frame. Same as classify.h, which does the usual ones itself.
TL_PACKET_CODE int tl_classify_rare(struct tl_worker *worker, struct tl_packet *packet);
/// Likewise: IPv4 behind a tag that the driver left. 0: it is not, or no usual packet.
TL_PACKET_CODE int tl_classify_tagged(const struct tl_worker *worker, struct tl_packet *packet,
                                      uint32_t arrival);
/// lookup.c: which of the flows that share a port. TL_NO_FLOW: none, the packet is dropped.
TL_PACKET_CODE struct tl_port_entry tl_lookup_shared(struct tl_worker *worker,
                                                     struct tl_packet *packet);
/// police.c: a flow that is ahead of its budget, a candidate for the source, a long packet.
TL_PACKET_CODE int tl_police_rare(struct tl_worker *worker, struct tl_packet *packet);
/// demux.c: everything that is not RTP from the accepted source.
TL_PACKET_CODE int tl_demux_rare(struct tl_worker *worker, struct tl_packet *packet);
/// payload_type.c: types beyond the first.
TL_PACKET_CODE int tl_payload_type_rare(struct tl_worker *worker, struct tl_packet *packet,
                                        struct passage *passage);
/// rtp_receive.c: another source, a new stream, a packet out of sequence.
TL_PACKET_CODE int tl_rtp_receive_rare(struct tl_worker *worker, struct tl_packet *packet,
                                       struct passage *passage);
/// egress.c: another stream than before, with this packet first, is mapped onto ours. 0: the packet
/// was consumed, because digits have its time.
TL_PACKET_CODE int tl_egress_map(struct tl_worker *worker, struct tl_packet *packet,
                                 uint32_t timestamp);
/// egress.c: what may be in a packet's way. 1: it may leave; else it was dropped, or consumed.
TL_PACKET_CODE int tl_egress_obstacle(struct tl_worker *worker, struct tl_packet *packet);
/// RTCP ends here (RFC 3550 6.4, A.2).
TL_PACKET_CODE void tl_rtcp_receive(struct tl_worker *worker, struct tl_packet *packet);
/// DTLS goes to the control plane.
TL_PACKET_CODE void tl_deliver(struct tl_worker *worker, struct tl_packet *packet);

#endif
