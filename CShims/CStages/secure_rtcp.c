// SPDX-License-Identifier: Apache-2.0
// SRTCP (RFC 3711 3.4), one packet at a time: there are few.
#include "secure.h"

// Opens with one key set. A drop reason, or TL_DROP_REASON_COUNT.
static uint32_t open_with(struct tl_worker *worker, struct tl_secure_receive *receive,
                          uint32_t floor, uint32_t flags, uint8_t *rtcp, uint32_t *length)
{
    uint32_t index;
    if (*length < 8 || !tl_srtcp_index(&receive->keys, rtcp, *length, &index))
        return TL_DROP_INDEX_SRTP_SHORT;
    uint32_t ssrc = wire_get_32(rtcp + 4);
    const struct tl_srtp_stream *stream = tl_secure_stream(&receive->rtcp, ssrc);
    struct tl_srtp_stream parked;
    if (stream == NULL) {
        parked = tl_secure_parked(&receive->rtcp, ssrc);
        stream = &parked;
    }
    if (index < floor || tl_srtp_stream_check(stream, index) != TL_SRTP_NEW)
        return TL_DROP_INDEX_SRTP_REPLAY;
    uint32_t reason = tl_srtcp_open(worker->srtp, &receive->keys, rtcp, length, &index,
                                    (flags & TL_KEYS_PLAIN_SRTCP_IN) != 0);
    if (reason == TL_DROP_REASON_COUNT &&
        !tl_secure_take(&receive->rtcp, ssrc, index, TL_SECURE_HEARD(worker->now_ns),
                        TL_SECURE_IDLE_RTCP))
        reason = TL_DROP_INDEX_SRTP_SSRC;
    return reason;
}

// The record keeps how far indexes went, whosever they are, for the process after this one.
static void remember(struct tl_flow_record *record, struct tl_secure_receive *receive,
                     uint32_t ssrc)
{
    const struct tl_srtp_stream *stream = tl_secure_stream(&receive->rtcp, ssrc);
    if (stream != NULL && stream->highest >= record->ingress_rtcp_index)
        tl_store_release_u32(&record->ingress_rtcp_index, (uint32_t)stream->highest + 1);
}

TL_PACKET_CODE int tl_secure_open_rtcp(struct tl_worker *worker, struct tl_packet *packet)
{
    uint32_t slot = tl_worker_slot(worker, packet->flow);
    struct tl_secure *secure = tl_secure_of(worker, slot);
    if (secure == NULL)
        return stage_drop(worker, packet, TL_DROP_INDEX_SRTP_NO_KEYS);
    uint8_t *rtcp = packet->data + packet->payload_offset;
    uint32_t length = packet->payload_length;
    uint32_t reason =
        open_with(worker, &secure->now, secure->rtcp_floor, secure->flags, rtcp, &length);
    if (reason == TL_DROP_REASON_COUNT) {
        remember(tl_worker_record(worker, slot), &secure->now, wire_get_32(rtcp + 4));
    } else if (secure->former_until_ns > worker->now_ns) {
        uint32_t former = open_with(worker, secure->former, secure->former_rtcp_floor,
                                    secure->flags, rtcp, &length);
        reason = former == TL_DROP_REASON_COUNT ? former : reason;
    }
    if (reason != TL_DROP_REASON_COUNT)
        return stage_drop(worker, packet, reason);
    worker->counters.srtp_opened++;
    packet->length = (uint16_t)(packet->length - (packet->payload_length - length));
    packet->payload_length = (uint16_t)length;
    return 1;
}

TL_PACKET_CODE uint32_t tl_secure_seal_rtcp(struct tl_worker *worker, uint32_t slot,
                                            uint8_t *rtcp, uint32_t length)
{
    const struct tl_secure *secure = tl_secure_of(worker, slot);
    struct tl_flow_record *record = tl_worker_record(worker, slot);
    uint32_t index = record->egress_rtcp_index;
    if (secure == NULL || index >= TL_SRTCP_INDEX_END)
        return 0;
    tl_store_release_u32(&record->egress_rtcp_index, index + 1);
    if (tl_srtcp_seal(worker->srtp, &secure->send, rtcp, &length, index,
                      !(secure->flags & TL_KEYS_PLAIN_SRTCP_OUT)) != TL_DROP_REASON_COUNT)
        return 0;
    worker->counters.srtp_sealed++;
    return length;
}
