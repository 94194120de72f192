// SPDX-License-Identifier: Apache-2.0
// Payloads of many flows at a time: decoded one behind the other and cut into segments, whose
// spectra are then worked together; digits are followed flow by flow.
//
// While nothing in a flow looks like a digit, each second segment of a payload is enough, the last
// one among them: no two that follow each other are left out, a digit is three hits in a row, and
// what is left out is still here when a segment behind it is near. So the digits are the same.
#include "tone_batch.h"

#include "CFlowABI.h"
#include "tone_squelch.h"

#define ROOM      64u // segments that are worked at a time, at most
#define SAMPLE_NS 125000ull
#define AHEAD     4u  // jobs whose audio is asked for

_Static_assert(ROOM % SPECTRUM_BLOCK == 0 && ROOM <= 64 && ROOM >= TL_TONE_SEGMENTS_MAX,
               "whole blocks, a bit for each segment, and any payload");

/// A job whose segments are in the batch.
struct entry {
    uint8_t place; // of the job
    uint8_t first; // its first segment
    uint8_t segments;
    uint8_t before;     // samples of the first segment that came with the payload before
    uint8_t is_partial; // 1: of its payload each second segment is here
};

struct batch {
    struct tl_tone_job *jobs;
    struct tl_tone_changes *changes;
    uint64_t near; // bit n: segment n may be a hit
    uint32_t segments;
    uint32_t count;
    struct entry entries[TL_TONE_JOBS_MAX];
    uint8_t levels[ROOM][SPECTRUM_TONES];
    struct spectra spectra[ROOM / SPECTRUM_BLOCK];
    int16_t samples[ROOM * TL_TONE_SEGMENT] __attribute__((aligned(64)));
};

static void decode(const struct tl_tone_job *job, uint32_t from, uint32_t length, int16_t *samples)
{
    if (job->codec == TL_CODEC_PCMU)
        tl_audio_decode_pcmu(job->payload + from, samples, length);
    else if (job->codec == TL_CODEC_PCMA)
        tl_audio_decode_pcma(job->payload + from, samples, length);
    else
        tl_g722_decode(&job->store->low, job->payload + from, samples, length);
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
static void append(struct batch *batch, struct tl_tone_job *job, struct entry *entry)
{
    struct tl_tone_store *store = job->store;
    struct tl_tone_detector *detector = job->detector;
    if (detector->codec != job->codec)
        start_audio(job);
    if (job->missing != 0)
        detector->part_samples = 0;
    int16_t *samples = batch->samples + batch->segments * TL_TONE_SEGMENT;
    uint32_t before = detector->part_samples, length = looked_at(job);
    if (before != 0)
        memcpy(samples, store->part, before * sizeof(*samples));
    decode(job, 0, length, samples + before);
    uint32_t segments = (before + length) / TL_TONE_SEGMENT;
    uint32_t rest = before + length - segments * TL_TONE_SEGMENT;
    if (rest != 0)
        memcpy(store->part, samples + segments * TL_TONE_SEGMENT, rest * sizeof(*samples));
    detector->part_samples = (uint8_t)rest;
    entry->before = (uint8_t)before;
    entry->segments = (uint8_t)segments;
}

// Whether each second segment is enough, and none depends on what came before it.
static int may_be_partial(const struct tl_tone_job *job)
{
    const struct tl_tone_detector *detector = job->detector;
    return job->codec != TL_CODEC_G722 && detector->codec == job->codec &&
           detector->part_samples == 0 && job->missing == 0 &&
           job->length >= 2 * TL_TONE_SEGMENT && looked_at(job) == job->length &&
           job->length % TL_TONE_SEGMENT == 0 && !tl_tone_is_suspicious(detector);
}

static void append_partially(struct batch *batch, const struct tl_tone_job *job,
                             struct entry *entry)
{
    int16_t *samples = batch->samples + batch->segments * TL_TONE_SEGMENT;
    uint32_t from = (job->length / TL_TONE_SEGMENT + 1) % 2 * TL_TONE_SEGMENT;
    for (; from < job->length; from += 2 * TL_TONE_SEGMENT, samples += TL_TONE_SEGMENT)
        decode(job, from, TL_TONE_SEGMENT, samples);
    entry->segments = (uint8_t)((job->length / TL_TONE_SEGMENT + 1) / 2);
    entry->is_partial = 1;
}

static int has_room(const struct batch *batch, const struct tl_tone_job *job)
{
    uint32_t samples = job->detector->part_samples + looked_at(job);
    return batch->segments + samples / TL_TONE_SEGMENT + 1 <= ROOM; // one that is not whole, too
}

static void put(struct batch *batch, uint32_t place, int is_partial)
{
    struct tl_tone_job *job = &batch->jobs[place];
    struct entry *entry = &batch->entries[batch->count++];
    *entry = (struct entry){.place = (uint8_t)place, .first = (uint8_t)batch->segments};
    if (is_partial)
        append_partially(batch, job, entry);
    else
        append(batch, job, entry);
    batch->segments += entry->segments;
    job->detector->waits = 1;
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

static void follow(const struct batch *batch, const struct entry *entry)
{
    struct tl_tone_job *job = &batch->jobs[entry->place];
    struct tone_work work = {job, batch->changes, entry->place};
    uint32_t length = looked_at(job), before = entry->before;
    uint64_t first_ns = job->now_ns - (uint64_t)(length + before) * SAMPLE_NS;
    int was = tl_tone_is_suspicious(job->detector);
    if (job->missing != 0)
        tone_lost(&work, (job->missing + TL_TONE_SEGMENT - 1) / TL_TONE_SEGMENT);
    for (uint32_t i = 0; i < entry->segments; i++) {
        uint32_t at = entry->first + i;
        struct tone_segment segment = {
            .samples = batch->samples + at * TL_TONE_SEGMENT,
            .spectra = &batch->spectra[at / SPECTRUM_BLOCK],
            .lane = at % SPECTRUM_BLOCK,
            .is_near = batch->near >> at & 1,
            .levels = batch->levels[at],
        };
        int is = tone_segment(&work, &segment, first_ns + i * SEGMENT_NS);
        if (job->take && is) { // with audio in hand, that before it too: the tone began in it
            int32_t back = job->look_ahead && !was;
            tone_silence_segments(job, (int32_t)i - back, 1 + back, before);
        }
        was = is;
    }
    if (job->take && was)
        tone_silence(job, entry->segments * TL_TONE_SEGMENT - (entry->segments != 0 ? before : 0),
                     job->length);
    if (job->take && job->look_ahead)
        tone_delay(job);
}

// What nearly all payloads are: nothing in them is near.
static void pass(const struct batch *batch, const struct entry *entry)
{
    struct tl_tone_job *job = &batch->jobs[entry->place];
    tone_pass(job->detector, batch->levels[entry->first + entry->segments - 1]);
    if (job->take && job->look_ahead)
        tone_delay(job);
}

static int is_near(const struct batch *batch, const struct entry *entry)
{
    return entry->segments != 0 &&
           (batch->near >> entry->first & (UINT64_MAX >> (64 - entry->segments))) != 0;
}

// Works what is in the batch. Returns how many jobs have to be looked at as a whole, and which.
static uint32_t work(struct batch *batch, uint8_t again[TL_TONE_JOBS_MAX])
{
    uint32_t count = 0;
    screen(batch);
    for (const struct entry *entry = batch->entries; entry < batch->entries + batch->count;
         entry++) {
        batch->jobs[entry->place].detector->waits = 0;
        if (!entry->is_partial)
            follow(batch, entry);
        else if (is_near(batch, entry))
            again[count++] = entry->place;
        else
            pass(batch, entry);
    }
    batch->segments = 0;
    batch->count = 0;
    return count;
}

static void flush(struct batch *batch)
{
    uint8_t again[TL_TONE_JOBS_MAX], none[TL_TONE_JOBS_MAX];
    uint32_t count = work(batch, again);
    for (uint32_t i = 0; i < count; i++) {
        if (!has_room(batch, &batch->jobs[again[i]]))
            work(batch, none);
        put(batch, again[i], 0);
    }
    if (count != 0)
        work(batch, none);
}

// Of a usual payload the half that is looked at first: nobody looked further than its header.
static void fetch(const struct tl_tone_job *job)
{
    __builtin_prefetch(job->payload + job->length / 2, 1);
    __builtin_prefetch(job->payload + job->length - 1, 1);
}

TL_DTMF_CODE void tl_tone_run(struct tl_tone_job *jobs, uint32_t count,
                              struct tl_tone_changes *changes)
{
    struct batch batch;
    batch.jobs = jobs;
    batch.changes = changes;
    batch.segments = 0;
    batch.count = 0;
    changes->count = 0;
    for (uint32_t i = 0; i < count && i < AHEAD; i++)
        fetch(&jobs[i]);
    for (uint32_t i = 0; i < count; i++) {
        struct tl_tone_job *job = &jobs[i];
        if (i + AHEAD < count)
            fetch(&jobs[i + AHEAD]);
        job->silenced = 0;
        if (job->detector->waits || !has_room(&batch, job)) // what waits is what it goes on from
            flush(&batch);
        put(&batch, i, may_be_partial(job));
    }
    if (batch.count != 0)
        flush(&batch);
}
