// SPDX-License-Identifier: Apache-2.0
// Digits leave in the stream that audio leaves in: one SSRC, one sequence, one time line. While
// they do, audio gives way (TL_WAY_DIGITS). Afterwards it goes on behind the last of them, and on
// the time line that it had (tl_egress_map).
#include "dtmf.h"
#include "frame.h"
#include "secure.h"

#define MARKER 0x80u

// From here on audio gives way. How it was mapped is kept for when it comes back.
static void take_over(struct tl_flow *flow, struct tl_dtmf *dtmf)
{
    struct tl_flow_egress *egress = &flow->egress;
    if (egress->source_slot != TL_NO_FLOW) {
        dtmf->former.source_slot = egress->source_slot;
        dtmf->former.source_stream = egress->source_stream;
        dtmf->former.timestamp_offset = egress->timestamp_offset;
    }
    egress->source_slot = TL_NO_FLOW;
    egress->way |= TL_WAY_DIGITS;
}

// Where the leg's time line is now.
static struct tl_sender_line line_now(const struct tl_worker *worker, uint32_t slot)
{
    const struct tl_flow_record *record = tl_worker_record(worker, slot);
    struct tl_sender_line line = {.timestamp = record->egress_timestamp,
                                  .last = record->egress_timestamp,
                                  .clock_hz = worker->cold[slot].spec.clock_rate_hz,
                                  .is_used = record->egress_time_ns != 0};
    if (line.is_used) // else nothing has left yet: it is where it is to begin
        line.timestamp += wire_clock(worker->now_ns - record->egress_time_ns, line.clock_hz);
    return line;
}

// The link address of the next hop. 0: there is no way to the party.
static int hop_find(const struct tl_worker *worker, const struct tl_flow_egress *egress,
                    uint64_t *hop_word)
{
    *hop_word = 0;
    if (egress->way & TL_VARIANT_HAIRPIN)
        return 1;
    if (egress->hop == TL_NO_HOP)
        return 0;
    *hop_word = tl_next_hop_word(&worker->hops, egress->hop);
    return tl_next_hop_resolved(*hop_word);
}

static void put_header(uint8_t *rtp, const struct tl_sender_packet *made, uint64_t index,
                       uint32_t ssrc_be)
{
    rtp[0] = TL_RTP_FIRST;
    rtp[1] = (uint8_t)(made->payload_type | (made->marker ? MARKER : 0));
    wire_put_16(rtp + 2, (uint32_t)index & 0xffff);
    wire_put_32(rtp + 4, made->timestamp);
    memcpy(rtp + 8, &ssrc_be, 4);
}

// Makes the packet. 0: it must not leave.
static uint32_t leave(struct tl_worker *worker, uint32_t slot, const struct tl_sender_packet *made,
                      struct tl_packet *packet)
{
    struct tl_flow *flow = &worker->flows[slot];
    const struct tl_flow_egress *egress = &flow->egress;
    struct tl_flow_record *record = tl_worker_record(worker, slot);
    uint64_t hop_word, index = record->egress_index;
    uint32_t plain = RTP_BYTES + made->length, length = plain;
    if (!hop_find(worker, egress, &hop_word))
        return 0;
    uint8_t *rtp = tl_frame_begin(worker, packet, egress, TL_ORIGIN_GENERATED);
    put_header(rtp, made, index, egress->ssrc_be);
    memcpy(rtp + RTP_BYTES, made->payload, made->length);
    tl_store_release_u64(&record->egress_index, index + 1);
    if (flow->ingress.flags & TL_FLOW_SRTP)
        length = tl_secure_seal_made(worker, slot, rtp, length, index);
    if (length == 0)
        return 0;
    packet->kind = TL_KIND_RTP;
    packet->peer = flow;
    packet->flags = TL_PACKET_ACCEPTED; // counted as sent; tl_packet_drop takes that back
    packet->overhead = (uint16_t)(length - plain);
    record->tx_packets++;
    record->tx_bytes += length;
    worker->cold[slot].tx_overhead += packet->overhead;
    tl_frame_finish(worker, packet, egress, hop_word, egress->ports_be, length);
    if (egress->way & TL_VARIANT_HAIRPIN) {
        packet->edge = TL_EDGE_LOOP;
        packet->flags |= TL_PACKET_LOOPED;
        packet->hops = 1;
    }
    return 1;
}

static uint32_t send(struct tl_worker *worker, uint32_t slot, struct tl_packet *packet)
{
    struct tl_flow *flow = &worker->flows[slot];
    struct tl_dtmf *dtmf = tl_dtmf_of(worker, slot);
    struct tl_flow_record *record = tl_worker_record(worker, slot);
    if (!(flow->egress.way & TL_WAY_SEND) || flow->egress.way & TL_VARIANT_NOWHERE) {
        tl_dtmf_discard(worker, slot); // on hold, or nobody is there yet
        return 0;
    }
    if (!(flow->egress.way & TL_WAY_DIGITS))
        take_over(flow, dtmf);
    struct tl_sender_packet made;
    struct tl_sender_line line = line_now(worker, slot);
    tl_sender_next(&dtmf->sender, &dtmf->how, line, worker->now_ns, &made);
    uint32_t count = made.length != 0 ? leave(worker, slot, &made, packet) : 0;
    if (count != 0) {
        // An event's packets all have the time stamp of its start: the line is elsewhere by then.
        int is_event = dtmf->how.send == TL_DTMF_SEND_EVENTS;
        record->egress_timestamp = is_event ? line.timestamp : made.timestamp;
        record->egress_time_ns = worker->now_ns;
        dtmf->former.timestamp = made.until;
    }
    if (made.digit_over && count != 0)
        worker->counters.digits_sent++;
    else if (made.digit_over)
        worker->counters.digits_lost++;
    if (made.idle)
        flow->egress.way &= (uint8_t)~TL_WAY_DIGITS;
    return count;
}

TL_PACKET_CODE uint32_t tl_dtmf_tick(struct tl_worker *worker, uint32_t slot,
                                     struct tl_packet *packet)
{
    uint32_t made = 0;
    tl_dtmf_silence(worker, slot, worker->now_ns);
    if (tl_dtmf_of(worker, slot)->sender.due_ns <= worker->now_ns)
        made = send(worker, slot, packet);
    tl_dtmf_schedule(worker, slot, worker->now_ns);
    return made;
}
