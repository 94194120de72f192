// SPDX-License-Identifier: Apache-2.0
// Payloads of many flows at a time: decoded one behind the other and cut into segments, whose
// spectra are then worked together; digits are followed flow by flow.
#include "tone_batch.h"

#include "CFlowABI.h"

#include <string.h>

#define BATCH          64u // segments that are worked at a time
#define SAMPLE_NS      125000ull

struct batch {
    int16_t samples[(BATCH + SPECTRUM_BLOCK) * TL_TONE_SEGMENT] __attribute__((aligned(64)));
    struct spectrum spectra[BATCH + SPECTRUM_BLOCK];
    uint32_t segments;
};

static void decode(struct tl_tone_job *job, uint32_t length, int16_t *samples)
{
    if (job->codec == TL_CODEC_PCMU)
        tl_audio_decode_pcmu(job->payload, samples, length);
    else if (job->codec == TL_CODEC_PCMA)
        tl_audio_decode_pcma(job->payload, samples, length);
    else
        tl_g722_decode(&job->store->low, job->payload, samples, length);
}

static void start_audio(struct tl_tone_job *job)
{
    job->store->part_samples = 0;
    job->store->codec = job->codec;
    job->store->delays = 0;
    if (job->codec == TL_CODEC_G722)
        tl_g722_reset(&job->store->low);
}

static uint32_t looked_at(const struct tl_tone_job *job)
{
    const uint32_t most = (TL_TONE_SEGMENTS_MAX - 1) * TL_TONE_SEGMENT;
    return job->length < most ? job->length : most;
}

// Appends a payload's whole segments; what is left waits for the next payload.
static uint32_t append(struct batch *batch, struct tl_tone_job *job)
{
    struct tl_tone_store *store = job->store;
    if (store->codec != job->codec)
        start_audio(job);
    if (job->missing != 0)
        store->part_samples = 0;
    int16_t *samples = batch->samples + batch->segments * TL_TONE_SEGMENT;
    uint32_t before = store->part_samples, length = looked_at(job);
    memcpy(samples, store->part, before * sizeof(*samples));
    decode(job, length, samples + before);
    uint32_t segments = (before + length) / TL_TONE_SEGMENT;
    uint32_t rest = before + length - segments * TL_TONE_SEGMENT;
    memcpy(store->part, samples + segments * TL_TONE_SEGMENT, rest * sizeof(*samples));
    store->part_samples = (uint8_t)rest;
    batch->segments += segments;
    return segments;
}

// Octets of this payload.
static void silence(struct tl_tone_job *job, uint32_t from, uint32_t to)
{
    if (from >= to)
        return;
    tl_audio_silence(job->codec, job->payload + from, to - from);
    job->silenced = 1;
}

// Look-ahead: the audio leaves TL_TONE_DELAY octets late.
static void delay(struct tl_tone_job *job)
{
    struct tl_tone_store *store = job->store;
    if (!store->delays) {
        tl_audio_silence(job->codec, store->delayed, TL_TONE_DELAY);
        store->delays = 1;
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
    if (!job->look_ahead || !job->store->delays)
        return;
    octets = octets < TL_TONE_DELAY ? octets : TL_TONE_DELAY;
    tl_audio_silence(job->codec, job->store->delayed + TL_TONE_DELAY - octets, octets);
    job->silenced = 1;
}

// `count` segments from the `first` on (-1: the one before the payload's). Of the payload's first
// one, `before` samples came with the payload before: those have left, or are held.
static void silence_segments(struct tl_tone_job *job, int32_t first, int32_t count,
                             uint32_t before)
{
    int32_t from = first * (int32_t)TL_TONE_SEGMENT - (int32_t)before;
    int32_t to = from + count * (int32_t)TL_TONE_SEGMENT;
    if (from < 0)
        silence_held(job, (uint32_t)-from);
    silence(job, from < 0 ? 0 : (uint32_t)from, to < 0 ? 0 : (uint32_t)to);
}

// `before`: samples of the first segment that came with the payload before.
static void follow(const struct tone_work *work, const int16_t *samples,
                   const struct spectrum *spectra, uint32_t segments, uint32_t before)
{
    struct tl_tone_job *job = work->job;
    uint32_t length = looked_at(job);
    uint64_t first_ns = job->now_ns - (uint64_t)(length + before) * SAMPLE_NS;
    int was = job->detector->open != 0 || job->detector->hits != 0;
    if (job->missing != 0)
        tone_lost(work, (job->missing + TL_TONE_SEGMENT - 1) / TL_TONE_SEGMENT);
    for (uint32_t i = 0; i < segments; i++) {
        int is = tone_segment(work, samples + i * TL_TONE_SEGMENT, &spectra[i],
                              first_ns + i * SEGMENT_NS);
        if (job->take && is) { // with audio in hand, that before it too: the tone began in it
            int32_t back = job->look_ahead && !was;
            silence_segments(job, (int32_t)i - back, 1 + back, before);
        }
        was = is;
    }
    if (job->take && was)
        silence(job, segments * TL_TONE_SEGMENT - (segments != 0 ? before : 0), job->length);
    if (job->take && job->look_ahead)
        delay(job);
}

// Jobs whose segments are in the batch.
struct run {
    struct tl_tone_job *jobs;
    struct tl_tone_changes *changes;
    uint32_t first, count;
    uint8_t segments[BATCH];
    uint8_t before[BATCH];
};

static void work(struct batch *batch, struct run *run)
{
    uint32_t padded = (batch->segments + SPECTRUM_BLOCK - 1) & ~(SPECTRUM_BLOCK - 1);
    memset(batch->samples + batch->segments * TL_TONE_SEGMENT, 0,
           (padded - batch->segments) * TL_TONE_SEGMENT * sizeof(*batch->samples));
    spectrum_of(batch->samples, padded, batch->spectra);
    for (uint32_t i = 0, at = 0; i < run->count; at += run->segments[i++]) {
        struct tone_work one = {&run->jobs[run->first + i], run->changes, run->first + i};
        follow(&one, batch->samples + at * TL_TONE_SEGMENT, batch->spectra + at,
               run->segments[i], run->before[i]);
    }
    run->first += run->count;
    run->count = 0;
    batch->segments = 0;
}

TL_DTMF_CODE void tl_tone_run(struct tl_tone_job *jobs, uint32_t count,
                              struct tl_tone_changes *changes)
{
    struct batch batch;
    struct run run = {.jobs = jobs, .changes = changes};
    batch.segments = 0;
    changes->count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct tl_tone_job *job = &jobs[i];
        if (batch.segments > BATCH - TL_TONE_SEGMENTS_MAX || run.count == BATCH)
            work(&batch, &run);
        job->silenced = 0;
        run.before[run.count] =
            job->missing == 0 && job->store->codec == job->codec ? job->store->part_samples : 0;
        run.segments[run.count++] = (uint8_t)append(&batch, job);
    }
    work(&batch, &run);
}
