// SPDX-License-Identifier: Apache-2.0
// Tones are looked for in all audio of a burst at once: the detector works several flows side by
// side. Audio that came too late for that is no part of a digit any more.
#include "dtmf.h"
#include "rewrite.h"

#define JUMP_SAMPLES TL_DTMF_RATE_HZ // missing, where a clock went back

/// Audio on its way through the detector.
struct looking {
    uint32_t count;
    struct parked_audio *from[TL_BURST_MAX];
    struct tl_tone_job jobs[TL_BURST_MAX];
    struct tl_tone_changes changes;
};

// Where the detector has left its marks: changes, and audio that was silenced.
static void run(struct tl_worker *worker, struct looking *looking)
{
    struct tl_tone_changes *changes = &looking->changes;
    if (looking->count == 0)
        return;
    tl_tone_run(looking->jobs, looking->count, changes);
    for (uint32_t i = 0; i < looking->count; i++)
        worker->counters.tones_silenced += looking->jobs[i].silenced;
    for (uint32_t i = 0; i < changes->count; i++) {
        const struct passage *passage = &looking->from[changes->jobs[i]]->passage;
        tl_dtmf_change(worker, passage->slot, &changes->of[i], TL_DIGIT_BY_TONE, passage->now_ns);
        tl_dtmf_schedule(worker, passage->slot, passage->now_ns);
    }
    looking->count = 0;
}

// Another stream of audio: what lasted is over. Jobs of the one before come first.
static void begin_anew(struct tl_worker *worker, const struct parked_audio *waiting,
                       struct looking *looking)
{
    struct tl_dtmf_tones *tones = &worker->tones[waiting->passage.slot];
    const struct passage *passage = &waiting->passage;
    struct tl_digit_change change;
    run(worker, looking);
    if (tl_tone_silence(&tones->detector, &change))
        tl_dtmf_change(worker, passage->slot, &change, TL_DIGIT_BY_TONE, passage->now_ns);
    tl_tone_reset(&tones->detector);
    tones->stream = passage->stream;
    tones->next = passage->timestamp;
}

// Of a payload type in which no tones are looked for: zero.
static uint8_t codec_of(const struct tl_dtmf_tones *tones, uint8_t type)
{
    for (uint32_t i = 0; i < TL_DTMF_AUDIO_TYPES_MAX; i++) {
        if (tones->audio_types[i].payload_type == TL_NO_PAYLOAD_TYPE)
            break;
        if (tones->audio_types[i].payload_type == type)
            return tones->audio_types[i].codec;
    }
    return 0;
}

// A packet that came late cannot be looked at. While something is silenced it is part of that.
static void silence_late(struct tl_worker *worker, const struct tl_dtmf_tones *tones,
                         uint8_t codec, uint8_t *payload, uint32_t length)
{
    uint32_t flags = tones->flags;
    if (!(flags & TL_DTMF_TAKE) ||
        !(flags & TL_DTMF_LOOK_AHEAD || tl_tone_is_suspicious(&tones->detector)))
        return;
    tl_audio_silence(codec, payload, length);
    worker->counters.tones_silenced++;
}

static void look_at(struct tl_worker *worker, struct parked_audio *waiting,
                    struct looking *looking)
{
    struct tl_dtmf_tones *tones = &worker->tones[waiting->passage.slot];
    const struct passage *passage = &waiting->passage;
    uint8_t *rtp = passage->rtp;
    uint32_t padding = rtp[0] & 0x20 ? rtp[passage->length - 1] : 0;
    uint8_t *payload = rtp + RTP_BYTES + passage->overhead - padding;
    uint32_t length = passage->length - RTP_BYTES - passage->overhead;
    uint8_t codec = codec_of(tones, (passage->first >> 8) & 0x7f);
    if (codec == 0 || length == 0)
        return;
    if (TL_UNLIKELY(tones->stream != passage->stream || tones->heard_ns == 0))
        begin_anew(worker, waiting, looking);
    if (TL_UNLIKELY(passage->steps == 0)) {
        run(worker, looking); // the packets that overtook it say what it is
        silence_late(worker, tones, codec, payload, length);
        return;
    }
    uint32_t missing = passage->timestamp - tones->next;
    tones->next = passage->timestamp + length;
    tones->heard_ns = passage->now_ns;
    looking->from[looking->count] = waiting;
    struct tl_tone_job *job = &looking->jobs[looking->count++];
    job->detector = &tones->detector;
    job->store = tones->store;
    job->payload = payload;
    job->length = length;
    job->missing = (int32_t)missing < 0 ? JUMP_SAMPLES : missing;
    job->now_ns = passage->now_ns;
    job->limit_ms = tones->digit_limit_ms;
    job->codec = codec;
    job->take = (tones->flags & TL_DTMF_TAKE) != 0;
    job->look_ahead = (tones->flags & TL_DTMF_LOOK_AHEAD) != 0;
    job->silenced = 0;
}

TL_PACKET_CODE void tl_dtmf_look(struct tl_worker *worker, struct parked *parked)
{
    struct looking looking;
    looking.count = 0;
    for (uint32_t i = 0; i < parked->audio_count; i++)
        look_at(worker, &parked->audio[i], &looking);
    run(worker, &looking);
    for (uint32_t i = 0; i < parked->audio_count; i++) {
        struct parked_audio *waiting = &parked->audio[i];
        if (waiting->leaves)
            rewrite(worker, waiting->packet, &waiting->passage);
    }
    parked->audio_count = 0;
}
