// SPDX-License-Identifier: Apache-2.0
// Reception of one RTP stream: extended sequence, loss and jitter (RFC 3550 A.1, A.3, A.8).
//
// Unlike A.1 there is no probation: the source was checked, and the first packet of a call is as
// good as any. A new SSRC, or two packets in order after a jump, begin a new stream.
#include "wire.h"

#define MAX_DROPOUT  3000u
#define MAX_MISORDER 100u

// The time stamp's clock jumped, or is not the one that was signalled: no jitter of the network.
#define TRANSIT_JUMP (1u << 24)

// A candidate's first valid packet makes it the source; others in the same burst find it so.
static int learn(struct tl_worker *worker, struct tl_packet *packet)
{
    struct tl_flow *flow = packet->flow;
    uint32_t slot = flow->admission.slot;
    struct wire_address source = wire_source(packet);
    if (!(flow->admission.flags & TL_FLOW_LEARN_OPEN))
        return packet->remote_port == flow->admission.source_key &&
               wire_address_equal(source, wire_address_of(flow->admission.source));
    if (!tl_flow_learn(worker, slot, (const uint8_t *)source.words, packet->remote_port))
        return 0;
    worker->counters.sources_learned++;
    tl_channel_notify(worker, slot, TL_PENDING_LEARNED);
    return 1;
}

static void stream_start(struct tl_flow *flow, struct tl_flow_record *record, uint32_t ssrc,
                         uint32_t sequence)
{
    struct tl_flow_ingress *ingress = &flow->ingress;
    flow->admission.flags |= TL_FLOW_STARTED;
    record->ingress_ssrc = ssrc;
    record->ingress_index = sequence;
    ingress->base_sequence = sequence;
    ingress->received = 0;
    ingress->jitter_16 = 0;
    ingress->bad_sequence = TL_NO_BAD_SEQUENCE;
    ingress->lost_before = record->rx_lost;
    ingress->stream++;
}

// Finds the packet's index (roll-over counter << 16 | sequence). 0: far out of sequence.
static int find_index(struct tl_packet *packet, struct tl_flow_record *record, const uint8_t *rtp)
{
    struct tl_flow *flow = packet->flow;
    uint16_t sequence = wire_get_16(rtp + 2);
    uint32_t ssrc = wire_get_32(rtp + 8);
    if (!(flow->admission.flags & TL_FLOW_STARTED) || ssrc != record->ingress_ssrc)
        stream_start(flow, record, ssrc, sequence);
    uint16_t ahead = (uint16_t)(sequence - (uint16_t)record->ingress_index);
    if (ahead < MAX_DROPOUT) {
        record->ingress_index += ahead;
        packet->place = (uint32_t)record->ingress_index;
        flow->ingress.bad_sequence = TL_NO_BAD_SEQUENCE;
    } else if (ahead > 65536 - MAX_MISORDER) {
        packet->place = (uint32_t)record->ingress_index + ahead - 65536;
    } else if (sequence == flow->ingress.bad_sequence) {
        stream_start(flow, record, ssrc, sequence);
        packet->place = sequence;
    } else {
        flow->ingress.bad_sequence = (uint16_t)(sequence + 1);
        return 0;
    }
    return 1;
}

static void measure_jitter(struct tl_flow_ingress *ingress, uint32_t timestamp, uint64_t now_ns)
{
    uint32_t transit = wire_clock(now_ns, ingress->clock_rate_hz) - timestamp;
    uint32_t distance = transit - ingress->transit;
    if ((int32_t)distance < 0)
        distance = 0 - distance;
    ingress->transit = transit;
    if (ingress->received > 1 && distance < TRANSIT_JUMP)
        ingress->jitter_16 += distance - ((ingress->jitter_16 + 8) >> 4);
}

static void account(struct tl_packet *packet, struct tl_flow_record *record, const uint8_t *rtp,
                    uint64_t now_ns)
{
    struct tl_flow_ingress *ingress = &packet->flow->ingress;
    uint32_t timestamp = wire_get_32(rtp + 4);
    ingress->received++;
    measure_jitter(ingress, timestamp, now_ns);
    uint32_t expected = (uint32_t)record->ingress_index - ingress->base_sequence + 1;
    uint32_t lost = (uint32_t)ingress->lost_before + expected - ingress->received;
    record->rx_lost = (int32_t)lost;
    record->rx_jitter = ingress->jitter_16 >> 4;
    record->ingress_timestamp = timestamp;
    record->rx_packets++;
    record->rx_bytes += packet->payload_length;
    record->rx_time_ns = now_ns;
    if (TL_UNLIKELY(record->media_timed_out))
        record->media_timed_out = 0;
    packet->stream = (uint16_t)ingress->stream;
    packet->flags |= TL_PACKET_ACCEPTED;
}

TL_STAGE(tl_rtp_receive)
{
    for (uint32_t i = 0; i < count; i++) {
        struct tl_packet *packet = &packets[i];
        if (packet->edge != TL_EDGE_NEXT || packet->kind != TL_KIND_RTP)
            continue;
        struct tl_flow *flow = packet->flow;
        if (TL_UNLIKELY(packet->flags & TL_PACKET_LEARN) && !learn(worker, packet)) {
            tl_packet_drop(worker, packet, TL_DROP_INDEX_WRONG_SOURCE);
            continue;
        }
        if (TL_UNLIKELY(flow->admission.flags & TL_FLOW_LEARN_OPEN))
            tl_flow_learn_close(flow); // the signalled source spoke: nobody else may
        struct tl_flow_record *record = tl_worker_record(worker, flow->admission.slot);
        const uint8_t *rtp = packet->data + packet->payload_offset;
        if (TL_LIKELY(find_index(packet, record, rtp)))
            account(packet, record, rtp, worker->now_ns);
        else
            tl_packet_drop(worker, packet, TL_DROP_INDEX_RTP_SEQUENCE);
    }
}
