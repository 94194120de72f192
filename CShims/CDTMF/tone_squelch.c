// SPDX-License-Identifier: Apache-2.0
#include "tone_squelch.h"

#include <string.h>

TL_DTMF_CODE void tone_silence(struct tl_tone_job *job, uint32_t from, uint32_t to)
{
    if (from >= to)
        return;
    tl_audio_silence(job->codec, job->payload + from, to - from);
    job->silenced = 1;
}

TL_DTMF_CODE void tone_delay(struct tl_tone_job *job)
{
    struct tl_tone_store *store = job->store;
    if (!job->detector->delays) {
        tl_audio_silence(job->codec, store->delayed, TL_TONE_DELAY);
        job->detector->delays = 1;
    }
    uint8_t newest[TL_TONE_DELAY];
    uint32_t length = job->length;
    if (length >= TL_TONE_DELAY) {
        memcpy(newest, job->payload + length - TL_TONE_DELAY, TL_TONE_DELAY);
        memmove(job->payload + TL_TONE_DELAY, job->payload, length - TL_TONE_DELAY);
        memcpy(job->payload, store->delayed, TL_TONE_DELAY);
        memcpy(store->delayed, newest, TL_TONE_DELAY);
    } else {
        memcpy(newest, job->payload, length);
        memcpy(job->payload, store->delayed, length);
        memmove(store->delayed, store->delayed + length, TL_TONE_DELAY - length);
        memcpy(store->delayed + TL_TONE_DELAY - length, newest, length);
    }
}

// Octets that look-ahead still holds, back from the payload's start.
static void silence_held(struct tl_tone_job *job, uint32_t octets)
{
    if (!job->look_ahead || !job->detector->delays)
        return;
    octets = octets < TL_TONE_DELAY ? octets : TL_TONE_DELAY;
    tl_audio_silence(job->codec, job->store->delayed + TL_TONE_DELAY - octets, octets);
    job->silenced = 1;
}

TL_DTMF_CODE void tone_silence_segments(struct tl_tone_job *job, int32_t first, int32_t count,
                                        uint32_t before)
{
    int32_t from = first * (int32_t)TL_TONE_SEGMENT - (int32_t)before;
    int32_t to = from + count * (int32_t)TL_TONE_SEGMENT;
    if (from < 0)
        silence_held(job, (uint32_t)-from);
    tone_silence(job, from < 0 ? 0 : (uint32_t)from, to < 0 ? 0 : (uint32_t)to);
}
