// SPDX-License-Identifier: Apache-2.0
// Opening: SRTP that arrived becomes RTP, or is dropped and changes nothing.
#include "ice.h"
#include "secure.h"

// Header with contributing sources and extension, which stay readable; 0: it does not fit.
static uint32_t header_bytes(const uint8_t *rtp, uint32_t length)
{
    if (length < RTP_BYTES)
        return 0;
    uint32_t bytes = RTP_BYTES + (rtp[0] & 15u) * 4;
    if (rtp[0] & 0x10) {
        if (bytes + 4 > length)
            return 0;
        bytes += 4 + wire_get_16(rtp + bytes + 2) * 4u;
    }
    return bytes <= length ? bytes : 0;
}

// Finds the context, and asks for what of it is needed first.
static void find(struct tl_worker *worker, struct parked_in *waiting)
{
    struct tl_secure *secure = tl_secure_of(worker, waiting->passage.slot);
    waiting->secure = secure;
    if (TL_LIKELY(secure != NULL)) {
        tl_srtp_keys_fetch(worker->srtp, &secure->now.keys);
        TL_PREFETCH(secure->now.rtp.of);
        TL_PREFETCH(&worker->srtp_records[waiting->passage.slot]);
    }
}

TL_PACKET_CODE int tl_secure_park_in(struct tl_worker *worker, struct tl_packet *packet,
                                     const struct passage *passage)
{
    struct parked *parked = worker->parked;
    TL_PREFETCH(&worker->secure_places[passage->slot]);
    struct parked_in *place = &parked->in[parked->in_count++];
    place->packet = packet;
    place->passage = *passage;
    if (parked->in_count > PARKED_BEHIND)
        find(worker, place - PARKED_BEHIND);
    return 0;
}

// Of an SSRC that nothing authenticated of yet.
static const struct tl_srtp_stream fresh = {0};

// What has to be tried to open a packet.
struct attempt {
    struct tl_secure_receive *receive;
    uint64_t index;
};

static struct attempt attempt_of(struct tl_secure_receive *receive, const uint8_t *rtp)
{
    uint32_t ssrc = wire_get_32(rtp + 8);
    const struct tl_srtp_stream *stream = tl_secure_stream(&receive->rtp, ssrc);
    struct tl_srtp_stream parked;
    if (TL_UNLIKELY(stream == NULL)) {
        parked = tl_secure_parked(&receive->rtp, ssrc);
        stream = &parked;
    }
    return (struct attempt){receive, tl_srtp_stream_index(stream, wire_get_16(rtp + 2))};
}

static int was_seen(const struct attempt *attempt, const uint8_t *rtp)
{
    uint32_t ssrc = wire_get_32(rtp + 8);
    const struct tl_srtp_stream *stream = tl_secure_stream(&attempt->receive->rtp, ssrc);
    struct tl_srtp_stream parked;
    if (TL_UNLIKELY(stream == NULL)) {
        parked = tl_secure_parked(&attempt->receive->rtp, ssrc);
        stream = &parked;
    }
    return tl_srtp_stream_check(stream, attempt->index) != TL_SRTP_NEW;
}

static struct tl_srtp_job job_of(const struct attempt *attempt, const struct passage *passage)
{
    return (struct tl_srtp_job){.keys = &attempt->receive->keys,
                                .packet = passage->rtp,
                                .length = passage->length,
                                .header_bytes = header_bytes(passage->rtp, passage->length),
                                .index = attempt->index};
}

// Once more, alone: with the roll-over counter that a stream has whose first packets were lost
// behind its wrap, then with the keys that the party had before.
static void try_again(struct tl_worker *worker, const struct parked_in *waiting,
                      struct attempt *attempt, struct tl_srtp_job *job)
{
    struct tl_secure *secure = waiting->secure;
    const uint8_t *rtp = waiting->passage.rtp;
    uint64_t second = 0;
    uint32_t ssrc = wire_get_32(rtp + 8);
    if (tl_secure_stream(&secure->now.rtp, ssrc) == NULL &&
        !tl_secure_parked(&secure->now.rtp, ssrc).used)
        second = tl_srtp_stream_second_index(&fresh, wire_get_16(rtp + 2));
    if (second != 0) {
        attempt->index = second;
        *job = job_of(attempt, &waiting->passage);
        tl_srtp_open(worker->srtp, job, 1);
        if (job->good)
            return;
    }
    if (secure->former_until_ns > worker->now_ns) {
        *attempt = attempt_of(secure->former, rtp);
        if (was_seen(attempt, rtp)) {
            job->reason = TL_DROP_INDEX_SRTP_REPLAY;
            return;
        }
        *job = job_of(attempt, &waiting->passage);
        tl_srtp_open(worker->srtp, job, 1);
    }
}

// A packet that authenticated: remembered, and shown to the stages without its tag.
static void go_on(struct tl_worker *worker, struct parked_in *waiting,
                  const struct attempt *attempt, const struct tl_srtp_job *job)
{
    struct tl_packet *packet = waiting->packet;
    struct passage *passage = &waiting->passage;
    if (was_seen(attempt, passage->rtp)) { // in this burst
        stage_drop(worker, packet, TL_DROP_INDEX_SRTP_REPLAY);
        return;
    }
    struct tl_secure_receive *receive = attempt->receive;
    const struct tl_srtp_stream *stream =
        tl_secure_take(&receive->rtp, wire_get_32(passage->rtp + 8), attempt->index,
                       TL_SECURE_HEARD(worker->now_ns), TL_SECURE_IDLE_RTP);
    if (stream == NULL) {
        stage_drop(worker, packet, TL_DROP_INDEX_SRTP_SSRC);
        return;
    }
    if (TL_LIKELY(receive == &waiting->secure->now))
        tl_secure_note(&worker->srtp_records[passage->slot], &receive->rtp,
                       (uint32_t)(stream - receive->rtp.of));
    worker->counters.srtp_opened++;
    // Without ICE a candidate goes on as one: rtp_receive learns its source.
    if (TL_UNLIKELY(packet->flags & TL_PACKET_LEARN &&
                    packet->flow->ingress.flags & TL_FLOW_ICE)) {
        if (!tl_ice_latch(worker, packet)) {
            stage_drop(worker, packet, TL_DROP_INDEX_WRONG_SOURCE);
            return;
        }
        passage->flags = packet->flags;
    }
    packet->length = (uint16_t)(packet->length - (passage->length - job->length));
    packet->payload_length = (uint16_t)job->length;
    passage->length = job->length;
    tl_secure_go_on(worker, packet, passage);
}

// Drops what cannot be, and gathers the rest.
static uint32_t gather(struct tl_worker *worker, struct parked *parked, struct attempt *attempts,
                       struct tl_srtp_job *jobs, uint32_t *places)
{
    uint32_t count = 0;
    uint32_t found = parked->in_count > PARKED_BEHIND ? parked->in_count - PARKED_BEHIND : 0;
    for (uint32_t i = found; i < parked->in_count; i++)
        find(worker, &parked->in[i]);
    for (uint32_t i = 0; i < parked->in_count; i++) {
        struct parked_in *waiting = &parked->in[i];
        struct attempt attempt = {0};
        uint32_t reason = TL_DROP_INDEX_MALFORMED_RTP;
        if (TL_UNLIKELY(waiting->secure == NULL)) {
            reason = TL_DROP_INDEX_SRTP_NO_KEYS;
        } else if (header_bytes(waiting->passage.rtp, waiting->passage.length) != 0) {
            attempt = attempt_of(&waiting->secure->now, waiting->passage.rtp);
            reason = was_seen(&attempt, waiting->passage.rtp) ? TL_DROP_INDEX_SRTP_REPLAY
                                                              : TL_DROP_REASON_COUNT;
        }
        if (reason != TL_DROP_REASON_COUNT) {
            stage_refuse(worker, waiting->packet, reason);
            continue;
        }
        attempts[count] = attempt;
        jobs[count] = job_of(&attempt, &waiting->passage);
        places[count++] = i;
    }
    return count;
}

TL_PACKET_CODE void tl_secure_open(struct tl_worker *worker, struct parked *parked)
{
    struct attempt attempts[TL_BURST_MAX];
    struct tl_srtp_job jobs[TL_BURST_MAX];
    struct sealing sealing;
    uint32_t places[TL_BURST_MAX];
    uint32_t count = gather(worker, parked, attempts, jobs, places);
    parked->in_count = 0;
    tl_secure_gather(worker, parked, &sealing);
    tl_srtp_both(worker->srtp, sealing.jobs, sealing.count, jobs, count);
    tl_secure_leave(worker, &sealing);
    for (uint32_t i = 0; i < count; i++) {
        struct parked_in *waiting = &parked->in[places[i]];
        if (TL_UNLIKELY(!jobs[i].good))
            try_again(worker, waiting, &attempts[i], &jobs[i]);
        if (TL_LIKELY(jobs[i].good))
            go_on(worker, waiting, &attempts[i], &jobs[i]);
        else
            stage_refuse(worker, waiting->packet, jobs[i].reason);
    }
}
