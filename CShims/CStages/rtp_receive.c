// SPDX-License-Identifier: Apache-2.0
#include "rtp_receive.h"

#include "dtmf.h"
#include "source_check.h"

// A candidate's first valid packet makes it the source; others in the same burst find it so.
static int learn(struct tl_worker *worker, const struct tl_packet *packet,
                 const struct passage *passage)
{
    uint32_t slot = passage->slot;
    if (!(passage->flow->ingress.flags & TL_FLOW_LEARN_OPEN))
        return source_is_accepted(packet, passage, passage->flow->ingress.source_key);
    struct wire_address source = wire_source(packet);
    if (!tl_flow_learn(worker, slot, (const uint8_t *)source.words, packet->remote_port))
        return 0;
    worker->counters.sources_learned++;
    tl_channel_notify(worker, slot, TL_PENDING_LEARNED);
    return 1;
}

static void stream_start(struct tl_worker *worker, struct passage *passage)
{
    struct tl_flow_ingress *ingress = &passage->flow->ingress;
    struct tl_flow_cold *cold = &worker->cold[passage->slot];
    struct tl_flow_record *record = passage->record;
    uint16_t sequence = wire_get_16(passage->rtp + 2);
    record->ingress_ssrc = wire_get_32(passage->rtp + 8);
    record->rx_jitter_16 = 0;
    cold->base_sequence = sequence;
    cold->lost_before = record->rx_lost;
    ingress->flags = (uint16_t)((ingress->flags | TL_FLOW_STARTED) & ~TL_FLOW_JUMPED);
    ingress->transit = rtp_transit(ingress, passage); // none before: no jitter yet
    ingress->stream++;
    passage->steps = 1;
    passage->index = sequence;
    passage->place = sequence;
}

// Goes on with the stream that the last process was receiving when it died. What was missed
// meanwhile is lost. Our reports begin anew: where the stream began nobody knows any more.
static void stream_resume(const struct tl_worker *worker, struct passage *passage)
{
    struct tl_flow_ingress *ingress = &passage->flow->ingress;
    struct tl_flow_cold *cold = &worker->cold[passage->slot];
    cold->base_sequence = (uint32_t)passage->record->ingress_index + 1;
    cold->lost_before = passage->record->rx_lost;
    ingress->flags |= TL_FLOW_STARTED;
    ingress->transit = rtp_transit(ingress, passage); // the one before is not known: no jitter yet
}

// Of a packet from before the highest index, where the stream that leaves has it: as if what was
// consumed behind it had never been.
static uint32_t place_late(const struct tl_worker *worker, const struct passage *passage,
                           uint16_t ahead)
{
    uint32_t place = (uint32_t)passage->index + ahead - 65536;
    const struct tl_dtmf *dtmf = tl_dtmf_of(worker, passage->slot);
    if (dtmf == NULL)
        return place;
    return place + tl_dtmf_taken_behind(dtmf, passage->flow->ingress.stream, place);
}

// Finds the packet's index (roll-over counter << 16 | sequence). 0: far out of sequence.
static int find_index(struct tl_worker *worker, struct passage *passage)
{
    struct tl_flow_ingress *ingress = &passage->flow->ingress;
    struct tl_flow_record *record = passage->record;
    struct tl_flow_cold *cold = &worker->cold[passage->slot];
    uint16_t sequence = wire_get_16(passage->rtp + 2);
    uint16_t ahead = (uint16_t)(sequence - (uint16_t)record->ingress_index);
    int jumped = (ingress->flags & TL_FLOW_JUMPED) != 0;
    int same = wire_get_32(passage->rtp + 8) == record->ingress_ssrc;
    // Before its first packet only a record that was taken up counts any.
    if (same && !(ingress->flags & TL_FLOW_STARTED) && record->rx_packets != 0)
        stream_resume(worker, passage);
    if (!same || !(ingress->flags & TL_FLOW_STARTED)) {
        stream_start(worker, passage);
    } else if (ahead < RTP_MAX_DROPOUT) {
        ingress->flags &= (uint16_t)~TL_FLOW_JUMPED;
        passage->index = record->ingress_index + ahead;
        passage->place = (uint32_t)passage->index;
        passage->steps = ahead;
    } else if (ahead > 65536 - RTP_MAX_MISORDER) {
        passage->index = record->ingress_index;
        passage->place = place_late(worker, passage, ahead);
        passage->steps = 0;
    } else if (jumped && sequence == cold->bad_sequence) {
        stream_start(worker, passage);
    } else {
        ingress->flags |= TL_FLOW_JUMPED;
        cold->bad_sequence = (uint16_t)(sequence + 1);
        return 0;
    }
    return 1;
}

// What a party sends while it is told not to is no loss, neither in our account of its stream nor
// in the stream that leaves, which goes on without a gap afterwards.
static void pass_over(struct tl_worker *worker, const struct passage *passage)
{
    struct tl_flow_record *record = passage->record;
    uint16_t ahead = (uint16_t)(wire_get_16(passage->rtp + 2) - (uint16_t)record->ingress_index);
    if (!(passage->flow->ingress.flags & TL_FLOW_STARTED) || ahead >= RTP_MAX_DROPOUT ||
        wire_get_32(passage->rtp + 8) != record->ingress_ssrc)
        return;
    record->ingress_index += ahead;
    worker->cold[passage->slot].base_sequence += ahead;
    if (passage->peer != NULL && passage->peer->egress.source_slot == passage->slot)
        passage->peer->egress.source_slot = TL_NO_FLOW;
}

TL_PACKET_CODE int tl_rtp_receive_rare(struct tl_worker *worker, struct tl_packet *packet,
                                       struct passage *passage)
{
    if (!(packet->flow->ingress.flags & TL_FLOW_RECEIVE)) {
        if (!(packet->flags & TL_PACKET_LEARN))
            pass_over(worker, passage);
        return stage_drop(worker, packet, TL_DROP_INDEX_NOT_RECEIVING);
    }
    if (packet->flags & TL_PACKET_LEARN && !learn(worker, packet, passage))
        return stage_drop(worker, packet, TL_DROP_INDEX_WRONG_SOURCE);
    if (packet->flow->ingress.flags & TL_FLOW_LEARN_OPEN)
        tl_flow_learn_close(packet->flow); // the signalled source spoke: nobody else may
    if (!find_index(worker, passage))
        return stage_drop(worker, packet, TL_DROP_INDEX_RTP_SEQUENCE);
    return 1;
}
