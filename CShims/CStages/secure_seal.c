// SPDX-License-Identifier: Apache-2.0
// Sealing: RTP that leaves by a secure flow becomes SRTP. Each packet index is sealed once: what
// would use one again is dropped, whatever the party on the other leg repeats.
#include "rewrite.h"
#include "secure.h"

// The packet index that egress gave a packet: its low half stands in the header, and it is at most
// half a turn away from the newest.
static uint64_t index_of(const struct tl_flow_record *record, const uint8_t *rtp)
{
    uint64_t newest = record->egress_index - 1;
    int16_t ahead = (int16_t)(wire_get_16(rtp + 2) - (uint16_t)newest);
    return newest + (uint64_t)(int64_t)ahead;
}

static uint32_t refusal(const struct tl_secure *secure, const struct tl_packet *packet,
                        uint64_t index)
{
    if (secure == NULL)
        return TL_DROP_INDEX_SRTP_NO_KEYS;
    if (index >= TL_SRTP_INDEX_END)
        return TL_DROP_INDEX_SRTP_INDEX;
    if (packet->length > SECURE_FRAME_BYTES_MAX)
        return TL_DROP_INDEX_SRTP_ROOM;
    if (tl_srtp_stream_check(&secure->sent, index) != TL_SRTP_NEW)
        return TL_DROP_INDEX_RTP_DUPLICATE;
    return TL_DROP_REASON_COUNT;
}

// Finds the context, and asks for what of it is needed first.
static void find(struct tl_worker *worker, struct parked_out *waiting)
{
    struct tl_secure *secure = tl_secure_of(worker, waiting->slot);
    waiting->secure = secure;
    if (TL_LIKELY(secure != NULL)) {
        tl_srtp_keys_fetch(worker->srtp, &secure->send);
        TL_PREFETCH(&secure->sent);
    }
}

TL_PACKET_CODE void tl_secure_park_out(struct tl_worker *worker, struct tl_packet *packet)
{
    struct parked *parked = worker->parked;
    uint32_t slot = tl_worker_slot(worker, packet->peer);
    const uint8_t *rtp = packet->data + packet->payload_offset;
    TL_PREFETCH(&worker->secure_places[slot]);
    TL_PREFETCH(&worker->cold[slot].tx_overhead);
    struct parked_out *place = &parked->out[parked->out_count++];
    *place = (struct parked_out){
        .packet = packet, .slot = slot, .index = index_of(tl_worker_record(worker, slot), rtp)};
    if (parked->out_count > PARKED_BEHIND)
        find(worker, place - PARKED_BEHIND);
}

static struct tl_srtp_job job_of(const struct parked_out *waiting)
{
    const struct tl_packet *packet = waiting->packet;
    uint8_t *rtp = packet->data + packet->payload_offset;
    // What is not payload is contributing sources, extension, and padding: that is sealed too.
    uint32_t padding = rtp[0] & 0x20 ? rtp[packet->payload_length - 1] : 0;
    return (struct tl_srtp_job){
        .keys = &waiting->secure->send,
        .packet = rtp,
        .length = packet->payload_length,
        .header_bytes = RTP_BYTES + packet->overhead - padding,
        .index = waiting->index,
    };
}

// Headers around what was sealed, which is `length` bytes now.
static void leave(struct tl_worker *worker, struct tl_packet *packet, uint32_t length)
{
    const struct tl_flow_egress *egress = &packet->peer->egress;
    packet->overhead = (uint16_t)(packet->overhead + length - packet->payload_length);
    packet->payload_length = (uint16_t)length;
    packet->flags &= (uint8_t)~TL_PACKET_ZERO_CHECKSUM;
    struct passage passage = {
        .peer = packet->peer,
        .out = tl_worker_record(worker, tl_worker_slot(worker, packet->peer)),
        .way = egress->way,
        .overhead = packet->overhead,
        .rtp = packet->data + packet->payload_offset,
        .length = length,
        .flags = packet->flags,
        .hop_word = egress->hop != TL_NO_HOP ? tl_next_hop_word(&worker->hops, egress->hop) : 0,
    };
    rewrite_frame(worker, packet, &passage, checksum_sum(passage.rtp, length));
}

TL_PACKET_CODE void tl_secure_gather(struct tl_worker *worker, struct parked *parked,
                                     struct sealing *sealing)
{
    uint32_t count = 0;
    uint32_t found = parked->out_count > PARKED_BEHIND ? parked->out_count - PARKED_BEHIND : 0;
    for (uint32_t i = found; i < parked->out_count; i++)
        find(worker, &parked->out[i]);
    for (uint32_t i = 0; i < parked->out_count; i++) {
        const struct parked_out *waiting = &parked->out[i];
        uint32_t reason = refusal(waiting->secure, waiting->packet, waiting->index);
        if (TL_UNLIKELY(reason != TL_DROP_REASON_COUNT)) {
            tl_packet_drop(worker, waiting->packet, reason);
            continue;
        }
        tl_srtp_stream_take(&waiting->secure->sent, waiting->index);
        sealing->packets[count] = waiting->packet;
        sealing->jobs[count++] = job_of(waiting);
    }
    parked->out_count = 0;
    sealing->count = count;
}

TL_PACKET_CODE void tl_secure_leave(struct tl_worker *worker, const struct sealing *sealing)
{
    for (uint32_t i = 0; i < sealing->count; i++) {
        const struct tl_srtp_job *job = &sealing->jobs[i];
        if (TL_UNLIKELY(!job->good)) {
            tl_packet_drop(worker, sealing->packets[i], job->reason);
            continue;
        }
        worker->counters.srtp_sealed++;
        leave(worker, sealing->packets[i], job->length);
    }
}

TL_PACKET_CODE void tl_secure_seal(struct tl_worker *worker, struct parked *parked)
{
    struct sealing sealing;
    tl_secure_gather(worker, parked, &sealing);
    tl_srtp_seal(worker->srtp, sealing.jobs, sealing.count);
    tl_secure_leave(worker, &sealing);
}

TL_PACKET_CODE uint32_t tl_secure_seal_made(struct tl_worker *worker, uint32_t slot, uint8_t *rtp,
                                            uint32_t length, uint64_t index)
{
    struct tl_secure *secure = tl_secure_of(worker, slot);
    if (secure == NULL || index >= TL_SRTP_INDEX_END ||
        tl_srtp_stream_check(&secure->sent, index) != TL_SRTP_NEW)
        return 0;
    tl_srtp_stream_take(&secure->sent, index);
    struct tl_srtp_job job = {.keys = &secure->send,
                              .packet = rtp,
                              .length = length,
                              .header_bytes = RTP_BYTES,
                              .index = index};
    tl_srtp_seal(worker->srtp, &job, 1);
    if (!job.good)
        return 0;
    worker->counters.srtp_sealed++;
    return job.length;
}
