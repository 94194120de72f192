// SPDX-License-Identifier: Apache-2.0
// Reception of one RTP stream: extended sequence, loss and jitter (RFC 3550 A.1, A.3, A.8).
//
// Unlike A.1 there is no probation: the source was checked, and the first packet of a call is as
// good as any. A new SSRC, or two packets in order after a jump, begin a new stream.
//
// Loss is kept, not computed: a packet adds what it moves the highest index by, less itself. That
// is expected minus received, from one packet to the next.
// Cost: 82 instructions for an RTP packet over IPv4 (Tests/gates/instructions.txt).

#ifndef TL_RTP_RECEIVE_H
#define TL_RTP_RECEIVE_H

#include "stage.h"

#define RTP_MAX_DROPOUT  3000u
#define RTP_MAX_MISORDER 100u

// The time stamp's clock jumped, or is not the one that was signalled: no jitter of the network.
#define RTP_TRANSIT_JUMP (1u << 24)

// Flags that say how usual a flow is.
#define RTP_USUAL_MASK (TL_FLOW_STARTED | TL_FLOW_LEARN_OPEN | TL_FLOW_JUMPED)

static inline uint32_t rtp_transit(const struct tl_flow_ingress *ingress, struct passage *passage)
{
    if (TL_UNLIKELY(passage->clock_rate_hz != ingress->clock_rate_hz)) {
        passage->clock_rate_hz = ingress->clock_rate_hz;
        passage->clock = wire_clock(passage->now_ns, ingress->clock_rate_hz);
    }
    return passage->clock - wire_get_32(passage->rtp + 4);
}

static inline void rtp_measure_jitter(struct tl_flow_ingress *ingress,
                                      struct tl_flow_record *record, uint32_t transit)
{
    uint32_t distance = transit - ingress->transit;
    if ((int32_t)distance < 0)
        distance = 0 - distance;
    ingress->transit = transit;
    if (TL_LIKELY(distance < RTP_TRANSIT_JUMP))
        record->rx_jitter_16 += distance - ((record->rx_jitter_16 + 8) >> 4);
}

TL_STAGE_CODE int rtp_receive(struct tl_worker *worker, struct tl_packet *packet,
                              struct passage *passage)
{
    struct tl_flow_ingress *ingress = &passage->flow->ingress;
    struct tl_flow_record *record = passage->record;
    uint64_t index = record->ingress_index;
    uint16_t ahead = (uint16_t)(wire_get_16(passage->rtp + 2) - (uint16_t)index);
    if (TL_LIKELY((ingress->flags & RTP_USUAL_MASK) == TL_FLOW_STARTED &&
                  !(passage->flags & TL_PACKET_LEARN) && ahead < RTP_MAX_DROPOUT &&
                  wire_get_32(passage->rtp + 8) == record->ingress_ssrc)) {
        passage->steps = ahead;
        passage->place = (uint32_t)index + ahead;
        record->ingress_index = index + ahead;
    } else if (!PASSAGE_LENT(passage, tl_rtp_receive_rare(worker, packet, &lent))) {
        return 0;
    }
    rtp_measure_jitter(ingress, record, rtp_transit(ingress, passage));
    record->rx_lost = (int32_t)((uint32_t)record->rx_lost + passage->steps - 1);
    record->ingress_timestamp = wire_get_32(passage->rtp + 4);
    record->rx_packets++;
    record->rx_bytes += passage->length;
    record->rx_time_ns = passage->now_ns;
    if (TL_UNLIKELY(record->media_timed_out))
        record->media_timed_out = 0;
    passage->stream = ingress->stream;
    packet->stream = ingress->stream;
    packet->place = passage->place;
    packet->flags = (uint8_t)(passage->flags | TL_PACKET_ACCEPTED);
    return 1;
}

#endif
