// SPDX-License-Identifier: Apache-2.0
// RTCP ends here: reports about our stream go into the flow's record, the rest is read and let go.
#include "rtcp.h"
#include "stage.h"

// RFC 3550 6.4.1: fraction lost, cumulative lost (24 bits, signed), highest sequence, jitter, LSR,
// DLSR of one report block.
static void take_report(struct tl_worker *worker, const struct tl_packet *packet,
                        const uint8_t *block)
{
    struct tl_flow_record *record = tl_worker_record(worker, tl_worker_slot(worker, packet->flow));
    if (memcmp(block, &packet->flow->egress.ssrc_be, 4) != 0)
        return;
    uint32_t lost = wire_get_32(block + 4);
    record->remote_fraction_lost = lost >> 24;
    record->remote_lost = (int32_t)(lost << 8) >> 8;
    record->remote_jitter = wire_get_32(block + 12);
    uint32_t last_report = wire_get_32(block + 16);
    uint32_t delay = wire_get_32(block + 20);
    if (last_report == 0)
        return;
    uint32_t trip = tl_rtcp_ntp_middle(worker, worker->now_ns) - last_report - delay;
    if (trip < 1u << 24) // in 1/65536 s: up to 256 s; more is a lie or a wrapped clock
        record->round_trip_us = (uint32_t)((uint64_t)trip * 1000000 >> 16);
}

static void take_sender(struct tl_worker *worker, const struct tl_packet *packet,
                        const uint8_t *rtcp)
{
    struct tl_flow_cold *cold = &worker->cold[tl_worker_slot(worker, packet->flow)];
    cold->sr_ntp_middle = wire_get_32(rtcp + 10);
    cold->sr_time_ns = worker->now_ns;
}

static void take_compound(struct tl_worker *worker, const struct tl_packet *packet)
{
    const uint8_t *at = packet->data + packet->payload_offset;
    const uint8_t *end = at + packet->payload_length;
    for (; at < end; at += (wire_get_16(at + 2) + 1u) * 4) {
        uint32_t reports = at[0] & 31u;
        uint32_t first = at[1] == TL_RTCP_SR ? TL_RTCP_SR_BYTES : TL_RTCP_RR_BYTES;
        if (at[1] == TL_RTCP_SR)
            take_sender(worker, packet, at);
        else if (at[1] != TL_RTCP_RR)
            continue;
        for (uint32_t i = 0; i < reports; i++)
            take_report(worker, packet, at + first + i * TL_RTCP_BLOCK_BYTES);
    }
}

TL_PACKET_CODE void tl_rtcp_receive(struct tl_worker *worker, struct tl_packet *packet)
{
    uint32_t slot = tl_worker_slot(worker, packet->flow);
    if (!tl_rtcp_check(packet->data + packet->payload_offset, packet->payload_length)) {
        tl_packet_drop(worker, packet, TL_DROP_INDEX_MALFORMED_RTCP);
        return;
    }
    take_compound(worker, packet);
    tl_worker_record(worker, slot)->rx_rtcp_packets++;
    tl_flow_hear(worker, slot, worker->now_ns); // a party on hold reports, if nothing else
    worker->counters.consumed++;
    packet->edge = TL_EDGE_FREE;
}
