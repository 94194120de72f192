// SPDX-License-Identifier: Apache-2.0
// Telephone-events are read where they arrive. What is taken of them leaves no gap: the mapping of
// the stream onto that of the peer moves by one, so that the next packet is the next there too. One
// that comes late, from before, keeps the place that it would have had.
#include "dtmf.h"
#include "egress.h"
#include "payload_type.h"
#include "rewrite.h"
#include "rtp_receive.h"

static uint32_t event_clock(const struct tl_dtmf *dtmf, uint8_t type)
{
    if (!(dtmf->how.flags & TL_DTMF_EVENTS))
        return 0;
    for (uint32_t i = 0; i < TL_DTMF_EVENT_TYPES_MAX; i++) {
        if (dtmf->how.event_types[i].payload_type == TL_NO_PAYLOAD_TYPE)
            break;
        if (dtmf->how.event_types[i].payload_type == type)
            return dtmf->how.event_types[i].clock_hz;
    }
    return 0;
}

// Late ones left their gap when their place was passed over.
static void taken_note(struct tl_dtmf *dtmf, const struct passage *passage)
{
    struct tl_dtmf_taken *taken = &dtmf->taken;
    if (taken->stream != passage->stream)
        *taken = (struct tl_dtmf_taken){.newest = passage->place, .stream = passage->stream};
    if (passage->steps == 0)
        return;
    uint32_t steps = passage->place - taken->newest;
    taken->places = steps < 128 ? taken->places << steps | 1 : 1;
    taken->newest = passage->place;
    if (passage->peer == NULL)
        return;
    struct tl_flow_egress *egress = &passage->peer->egress;
    if (egress->source_slot == passage->slot && egress->source_stream == passage->stream)
        egress->index_offset--;
}

TL_PACKET_CODE uint32_t tl_dtmf_taken_behind(const struct tl_dtmf *dtmf, uint32_t stream,
                                             uint32_t place)
{
    const struct tl_dtmf_taken *taken = &dtmf->taken;
    int32_t ahead = (int32_t)(taken->newest - place);
    if (taken->stream != stream || ahead <= 0)
        return 0;
    unsigned __int128 places = taken->places;
    if (ahead < 128)
        places &= ((unsigned __int128)1 << ahead) - 1;
    return (uint32_t)(__builtin_popcountll((uint64_t)places) +
                      __builtin_popcountll((uint64_t)(places >> 64)));
}

static uint32_t event_read(struct tl_worker *worker, struct tl_dtmf *dtmf,
                           const struct passage *passage, uint32_t clock_hz)
{
    struct tl_digit_change changes[TL_EVENT_CHANGES_MAX];
    const uint8_t *rtp = passage->rtp;
    uint32_t padding = rtp[0] & 0x20 ? rtp[passage->length - 1] : 0;
    struct tl_event_arrival arrival = {
        .payload = rtp + RTP_BYTES + passage->overhead - padding,
        .length = passage->length - RTP_BYTES - passage->overhead,
        .ssrc = wire_get_32(rtp + 8),
        .timestamp = passage->timestamp,
        .clock_hz = clock_hz,
        .now_ns = passage->now_ns,
        .limit_ms = dtmf->how.digit_limit_ms,
        .marker = rtp[1] >> 7,
    };
    uint32_t count;
    if (TL_UNLIKELY(dtmf->events_stream != passage->stream + 1) &&
        dtmf->events.ssrc == arrival.ssrc)
        tl_event_forget(&dtmf->events); // its sequence jumped
    uint32_t result = tl_event_receive(&dtmf->events, &arrival, changes, &count);
    if (TL_UNLIKELY(dtmf->events.left_out != 0)) {
        worker->counters.digits_lost += dtmf->events.left_out;
        dtmf->events.left_out = 0;
    }
    for (uint32_t i = 0; i < count; i++)
        tl_dtmf_change(worker, passage->slot, &changes[i], TL_DIGIT_BY_EVENT, passage->now_ns);
    if (count != 0)
        tl_dtmf_schedule(worker, passage->slot, passage->now_ns);
    if (result == TL_EVENT_GOOD)
        dtmf->events_stream = passage->stream + 1;
    return result;
}

static void event_take(struct tl_worker *worker, struct tl_packet *packet,
                       struct passage *passage, struct tl_dtmf *dtmf, uint32_t clock_hz, int known)
{
    if (!rtp_receive(worker, packet, passage))
        return;
    uint32_t result = event_read(worker, dtmf, passage, clock_hz);
    int stays = dtmf->how.flags & TL_DTMF_TAKE || !known;
    uint32_t reason = TL_DROP_REASON_COUNT;
    if (result == TL_EVENT_SHORT || (result == TL_EVENT_OTHER && stays))
        reason = TL_DROP_INDEX_DTMF_EVENT;
    else if (result == TL_EVENT_FLOOD)
        reason = TL_DROP_INDEX_DTMF_FLOOD;
    if (!stays && reason == TL_DROP_REASON_COUNT) {
        if (egress(worker, packet, passage))
            rewrite(worker, packet, passage);
        return;
    }
    taken_note(dtmf, passage);
    if (reason != TL_DROP_REASON_COUNT) {
        stage_drop(worker, packet, reason);
        return;
    }
    worker->counters.consumed++;
    packet->edge = TL_EDGE_FREE;
}

TL_PACKET_CODE void tl_dtmf_park(struct tl_worker *worker, struct tl_packet *packet,
                                 const struct passage *passage)
{
    struct parked *parked = worker->parked;
    struct parked_audio *place = &parked->audio[parked->audio_count++];
    __builtin_prefetch(&worker->tones[passage->slot].detector, 1);
    __builtin_prefetch(&worker->tones[passage->slot].store, 1);
    place->packet = packet;
    place->passage = *passage;
    place->leaves = egress(worker, packet, &place->passage);
}

TL_PACKET_CODE int tl_dtmf_receive_audio(struct tl_worker *worker, struct tl_packet *packet,
                                         struct passage *passage)
{
    if (rtp_receive(worker, packet, passage))
        tl_dtmf_park(worker, packet, passage);
    return 0;
}

TL_PACKET_CODE int tl_dtmf_receive(struct tl_worker *worker, struct tl_packet *packet,
                                   struct passage *passage, int known)
{
    struct tl_dtmf *dtmf = tl_dtmf_of(worker, passage->slot);
    uint32_t clock_hz = event_clock(dtmf, passage->rtp[1] & 0x7f);
    if (clock_hz != 0) {
        event_take(worker, packet, passage, dtmf, clock_hz, known);
        return 0;
    }
    if (!known)
        return stage_refuse(worker, packet, TL_DROP_INDEX_PAYLOAD_TYPE);
    return dtmf->how.flags & TL_DTMF_TONES ? tl_dtmf_receive_audio(worker, packet, passage) : 1;
}
