// SPDX-License-Identifier: Apache-2.0
// Our own RTCP, from measured traffic.
#include "rtcp.h"
#include "wire.h"

#define CNAME_BYTES 16u // hexadecimal digits of the flow's name

static uint8_t *put_head(uint8_t *at, uint32_t count, uint32_t type, uint32_t bytes,
                         uint32_t ssrc_be)
{
    at[0] = (uint8_t)(0x80 | count);
    at[1] = (uint8_t)type;
    wire_put_16(at + 2, bytes / 4 - 1);
    memcpy(at + 4, &ssrc_be, 4);
    return at + 8;
}

// SDES with one item: head and source 8, item 2 + 16, ended and padded to 28.
static uint8_t *put_sdes(uint8_t *at, uint32_t ssrc_be, uint64_t name)
{
    uint8_t *end = at + 28;
    at = put_head(at, 1, TL_RTCP_SDES, 28, ssrc_be);
    memset(at, 0, 20);
    at[0] = 1; // CNAME
    at[1] = CNAME_BYTES;
    for (uint32_t i = 0; i < CNAME_BYTES; i++) {
        uint32_t digit = (uint32_t)(name >> (60 - 4 * i)) & 15u;
        at[2 + i] = (uint8_t)(digit < 10 ? '0' + digit : 'a' + digit - 10);
    }
    return end;
}

static uint8_t *put_sender(const struct tl_worker *worker, uint32_t slot, uint8_t *at)
{
    const struct tl_flow_cold *cold = &worker->cold[slot];
    const struct tl_flow_record *record = tl_worker_record(worker, slot);
    uint64_t octets = record->tx_bytes - RTP_BYTES * record->tx_packets - cold->tx_overhead;
    uint64_t ntp = tl_rtcp_ntp(worker, worker->now_ns);
    uint64_t passed_ns = worker->now_ns - record->egress_time_ns;
    wire_put_32(at, (uint32_t)(ntp >> 32));
    wire_put_32(at + 4, (uint32_t)ntp);
    wire_put_32(at + 8, record->egress_timestamp + wire_clock(passed_ns, cold->spec.clock_rate_hz));
    wire_put_32(at + 12, (uint32_t)record->tx_packets);
    wire_put_32(at + 16, (uint32_t)octets);
    return at + 20;
}

// RFC 3550 A.3: the fraction since our last report.
static uint32_t fraction_lost(struct tl_flow_cold *cold, uint32_t stream, uint32_t expected,
                              uint32_t received)
{
    if (cold->report_stream != stream) {
        cold->report_stream = stream;
        cold->expected_prior = 0;
        cold->received_prior = 0;
    }
    uint32_t interval = expected - cold->expected_prior;
    int32_t lost = (int32_t)(interval - (received - cold->received_prior));
    cold->expected_prior = expected;
    cold->received_prior = received;
    if (interval == 0 || lost <= 0)
        return 0;
    uint64_t fraction = ((uint64_t)lost << 8) / interval;
    return fraction > 255 ? 255 : (uint32_t)fraction;
}

static uint32_t clamp_24(int64_t lost)
{
    if (lost > 0x7fffff)
        lost = 0x7fffff;
    if (lost < -0x800000)
        lost = -0x800000;
    return (uint32_t)lost & 0xffffffu;
}

static uint8_t *put_block(const struct tl_worker *worker, uint32_t slot, uint8_t *at)
{
    struct tl_flow_cold *cold = &worker->cold[slot];
    const struct tl_flow_record *record = tl_worker_record(worker, slot);
    uint32_t highest = (uint32_t)record->ingress_index;
    uint32_t expected = highest - cold->base_sequence + 1;
    int32_t lost = (int32_t)((uint32_t)record->rx_lost - (uint32_t)cold->lost_before);
    uint32_t fraction = fraction_lost(cold, worker->flows[slot].ingress.stream, expected,
                                      expected - (uint32_t)lost);
    wire_put_32(at, record->ingress_ssrc);
    wire_put_32(at + 4, fraction << 24 | clamp_24(lost));
    wire_put_32(at + 8, highest);
    wire_put_32(at + 12, record->rx_jitter_16 >> 4);
    uint64_t delay_ns = worker->now_ns - cold->sr_time_ns;
    int known = cold->sr_time_ns != 0 && delay_ns < (TL_NANOSECONDS << 16);
    wire_put_32(at + 16, known ? cold->sr_ntp_middle : 0);
    wire_put_32(at + 20, known ? (uint32_t)((delay_ns << 16) / TL_NANOSECONDS) : 0);
    return at + TL_RTCP_BLOCK_BYTES;
}

TL_PACKET_CODE uint32_t tl_rtcp_report(struct tl_worker *worker, uint32_t slot, uint8_t *bytes)
{
    const struct tl_flow *flow = &worker->flows[slot];
    struct tl_flow_cold *cold = &worker->cold[slot];
    const struct tl_flow_record *record = tl_worker_record(worker, slot);
    int sends = (uint32_t)record->tx_packets != cold->sent_prior;
    uint32_t blocks = flow->ingress.flags & TL_FLOW_STARTED ? 1 : 0;
    uint32_t size = (sends ? TL_RTCP_SR_BYTES : TL_RTCP_RR_BYTES) + blocks * TL_RTCP_BLOCK_BYTES;
    cold->sent_prior = (uint32_t)record->tx_packets;
    uint8_t *at = put_head(bytes, blocks, sends ? TL_RTCP_SR : TL_RTCP_RR, size,
                           flow->egress.ssrc_be);
    if (sends)
        at = put_sender(worker, slot, at);
    if (blocks)
        at = put_block(worker, slot, at);
    at = put_sdes(at, flow->egress.ssrc_be, cold->name);
    return (uint32_t)(at - bytes);
}

TL_PACKET_CODE uint32_t tl_rtcp_farewell(const struct tl_farewell *farewell, uint8_t *bytes)
{
    uint8_t *at = put_head(bytes, 0, TL_RTCP_RR, TL_RTCP_RR_BYTES, farewell->egress.ssrc_be);
    at = put_sdes(at, farewell->egress.ssrc_be, farewell->name);
    at = put_head(at, 1, TL_RTCP_BYE, 8, farewell->egress.ssrc_be);
    return (uint32_t)(at - bytes);
}
