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

TL_PACKET_CODE void tl_secure_park_out(struct tl_worker *worker, struct tl_packet *packet,
                                       const struct passage *passage)
{
    struct parked *parked = worker->parked;
    uint32_t slot = tl_worker_slot(worker, passage->peer);
    struct tl_secure *secure = tl_secure_of(worker->secures, worker->secure_places, slot);
    uint64_t index = index_of(passage->out, passage->rtp);
    uint32_t reason = refusal(secure, packet, index);
    if (reason != TL_DROP_REASON_COUNT) {
        tl_packet_drop(worker, packet, reason);
        return;
    }
    tl_srtp_stream_take(&secure->sent, index);
    for (uint32_t offset = 0; offset < sizeof(secure->send); offset += TL_LINE_BYTES)
        TL_PREFETCH((const uint8_t *)&secure->send + offset);
    struct parked_packet *place = &parked->out[parked->out_count++];
    place->packet = packet;
    place->secure = secure;
    place->passage = *passage;
    place->passage.opened = index;
}

TL_PACKET_CODE void tl_secure_seal(struct tl_worker *worker, struct parked *parked)
{
    struct tl_srtp_job jobs[TL_BURST_MAX];
    uint32_t count = parked->out_count;
    parked->out_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct parked_packet *waiting = &parked->out[i];
        const struct passage *passage = &waiting->passage;
        // What is not payload is header, contributing sources and extension, or padding, which is
        // sealed with the payload.
        uint32_t padding = passage->rtp[0] & 0x20 ? passage->rtp[passage->length - 1] : 0;
        jobs[i] = (struct tl_srtp_job){
            .keys = &waiting->secure->send,
            .packet = passage->rtp,
            .length = passage->length,
            .header_bytes = RTP_BYTES + waiting->packet->overhead - padding,
            .index = passage->opened,
        };
    }
    tl_srtp_seal(worker->srtp, jobs, count);
    for (uint32_t i = 0; i < count; i++) {
        struct parked_packet *waiting = &parked->out[i];
        struct tl_packet *packet = waiting->packet;
        struct passage *passage = &waiting->passage;
        if (TL_UNLIKELY(!jobs[i].good)) {
            tl_packet_drop(worker, packet, jobs[i].reason);
            continue;
        }
        worker->counters.srtp_sealed++;
        uint32_t grown = jobs[i].length - passage->length;
        packet->overhead = (uint16_t)(packet->overhead + grown);
        packet->payload_length = (uint16_t)jobs[i].length;
        passage->length = jobs[i].length;
        packet->flags &= (uint8_t)~TL_PACKET_ZERO_CHECKSUM;
        passage->flags &= ~TL_PACKET_ZERO_CHECKSUM;
        rewrite_frame(worker, packet, passage, checksum_sum(passage->rtp, passage->length));
    }
}
