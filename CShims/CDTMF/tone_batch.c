// SPDX-License-Identifier: Apache-2.0
// Payloads of many flows at a time: decoded one behind the other and cut into segments, whose
// spectra are then worked together; digits are followed flow by flow.
#include "tone_batch.h"

#include "CFlowABI.h"

#define BATCH     32u // segments that are worked at a time, or what one payload has beyond that
#define ROOM      (BATCH + TL_TONE_SEGMENTS_MAX)
#define SAMPLE_NS 125000ull
#define AHEAD     4u  // jobs whose audio is asked for
#define FETCHED   160u // octets of it; of more, the rest comes by itself
#define LINE      64u

_Static_assert(ROOM % SPECTRUM_BLOCK == 0 && ROOM <= 64, "whole blocks, and a bit for each segment");

struct batch {
    int16_t samples[ROOM * TL_TONE_SEGMENT] __attribute__((aligned(64)));
    struct spectra spectra[ROOM / SPECTRUM_BLOCK];
    uint8_t levels[ROOM][SPECTRUM_TONES];
    uint64_t near; // bit n: segment n may be a hit
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
    job->detector->part_samples = 0;
    job->detector->codec = job->codec;
    job->detector->delays = 0;
    if (job->codec == TL_CODEC_G722)
        tl_g722_reset(&job->store->low);
}

static uint32_t looked_at(const struct tl_tone_job *job)
{
    const uint32_t most = (TL_TONE_SEGMENTS_MAX - 1) * TL_TONE_SEGMENT;
    return job->length < most ? job->length : most;
}

// Appends a payload's whole segments, the first of which began with samples that waited for it;
// what is left waits for the next payload.
static uint32_t append(struct batch *batch, struct tl_tone_job *job, uint8_t *waited)
{
    struct tl_tone_store *store = job->store;
    struct tl_tone_detector *detector = job->detector;
    if (detector->codec != job->codec)
        start_audio(job);
    if (job->missing != 0)
        detector->part_samples = 0;
    int16_t *samples = batch->samples + batch->segments * TL_TONE_SEGMENT;
    uint32_t before = detector->part_samples, length = looked_at(job);
    *waited = (uint8_t)before;
    if (before != 0)
        memcpy(samples, store->part, before * sizeof(*samples));
    decode(job, length, samples + before);
    uint32_t segments = (before + length) / TL_TONE_SEGMENT;
    uint32_t rest = before + length - segments * TL_TONE_SEGMENT;
    if (rest != 0)
        memcpy(store->part, samples + segments * TL_TONE_SEGMENT, rest * sizeof(*samples));
    detector->part_samples = (uint8_t)rest;
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

// Jobs whose segments are in the batch.
struct run {
    struct tl_tone_job *jobs;
    struct tl_tone_changes *changes;
    uint32_t first, count;
    uint8_t segments[ROOM];
    uint8_t before[ROOM]; // samples of the first segment that came with the payload before
};

// What nearly all payloads are: nothing in them looks like a digit, and no digit lasts.
static int is_nothing(const struct tl_tone_job *job, uint64_t near, uint32_t segments)
{
    return near == 0 && segments != 0 && job->missing == 0 && !job->look_ahead &&
           !tl_tone_is_suspicious(job->detector);
}

static void follow(const struct tone_work *work, const struct batch *batch, uint32_t at,
                   uint32_t segments, uint32_t before)
{
    struct tl_tone_job *job = work->job;
    uint32_t length = looked_at(job);
    uint64_t first_ns = job->now_ns - (uint64_t)(length + before) * SAMPLE_NS;
    int was = tl_tone_is_suspicious(job->detector);
    if (job->missing != 0)
        tone_lost(work, (job->missing + TL_TONE_SEGMENT - 1) / TL_TONE_SEGMENT);
    for (uint32_t i = 0; i < segments; i++) {
        struct tone_segment segment = {
            .samples = batch->samples + (at + i) * TL_TONE_SEGMENT,
            .spectra = &batch->spectra[(at + i) / SPECTRUM_BLOCK],
            .lane = (at + i) % SPECTRUM_BLOCK,
            .is_near = batch->near >> (at + i) & 1,
            .levels = batch->levels[at + i],
        };
        int is = tone_segment(work, &segment, first_ns + i * SEGMENT_NS);
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

static void screen(struct batch *batch)
{
    uint32_t blocks = (batch->segments + SPECTRUM_BLOCK - 1) / SPECTRUM_BLOCK;
    uint32_t padding = blocks * SPECTRUM_BLOCK - batch->segments;
    if (padding != 0)
        memset(batch->samples + batch->segments * TL_TONE_SEGMENT, 0,
               padding * TL_TONE_SEGMENT * sizeof(*batch->samples));
    batch->near = 0;
    for (uint32_t i = 0; i < blocks; i++) {
        struct screen screen;
        spectra_of(batch->samples + i * SPECTRUM_BLOCK * TL_TONE_SEGMENT, &batch->spectra[i]);
        screen_of(&batch->spectra[i], TONE_NEAR, &screen);
        batch->near |= (uint64_t)screen.near << (i * SPECTRUM_BLOCK);
        memcpy(batch->levels[i * SPECTRUM_BLOCK], screen.levels, sizeof(screen.levels));
    }
}

static void work(struct batch *batch, struct run *run)
{
    screen(batch);
    for (uint32_t i = 0, at = 0; i < run->count; at += run->segments[i++]) {
        struct tone_work one = {&run->jobs[run->first + i], run->changes, run->first + i};
        uint32_t segments = run->segments[i];
        uint64_t near = segments != 0 ? batch->near >> at & (UINT64_MAX >> (64 - segments)) : 0;
        if (is_nothing(one.job, near, segments))
            tone_pass(one.job->detector, batch->levels[at + segments - 1]);
        else
            follow(&one, batch, at, segments, run->before[i]);
    }
    run->first += run->count;
    run->count = 0;
    batch->segments = 0;
}

// The audio of a payload, of which nobody looked further than its header.
static void fetch(const struct tl_tone_job *job)
{
    for (uint32_t at = 0; at < job->length && at < FETCHED; at += LINE)
        __builtin_prefetch(job->payload + at, 1);
    if (job->length <= FETCHED)
        __builtin_prefetch(job->payload + job->length - 1, 1);
}

TL_DTMF_CODE void tl_tone_run(struct tl_tone_job *jobs, uint32_t count,
                              struct tl_tone_changes *changes)
{
    struct batch batch;
    struct run run = {.jobs = jobs, .changes = changes};
    batch.segments = 0;
    changes->count = 0;
    for (uint32_t i = 0; i < count && i < AHEAD; i++)
        fetch(&jobs[i]);
    for (uint32_t i = 0; i < count; i++) {
        struct tl_tone_job *job = &jobs[i];
        if (i + AHEAD < count)
            fetch(&jobs[i + AHEAD]);
        if (batch.segments >= BATCH || run.count == ROOM)
            work(&batch, &run);
        job->silenced = 0;
        run.segments[run.count] = (uint8_t)append(&batch, job, &run.before[run.count]);
        run.count++;
    }
    work(&batch, &run);
}
