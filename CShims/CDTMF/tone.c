// SPDX-License-Identifier: Apache-2.0
// From segments to digits.
//
// Why three hits: 40 ms of tone cover three segments whole, wherever they begin; less than 23 ms
// never cover three by four fifths. Why three misses: a gap of 10 ms spoils at most two segments,
// one of 40 ms leaves three empty.
#include "tl_tone.h"

#include "beside.h"
#include "fit.h"
#include "tone_batch.h"
#include "tone_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HITS   3u // in a row: a digit has begun
#define MISSES 3u // in a row: it is over

#define SHARE_LEAST    0.76f    // of a segment's energy, by both tones
#define SHARE_WITH_DIAL_TONE 0.93f // by both tones and dial tone
#define HARMONIC_MOST  0.05f    // power of a second harmonic over its tone's (-13 dB)
#define TWIST_MOST     12.6f    // power of one tone over the other's (11 dB)
#define STEADY_MOST    2.5f     // power of a tone over the hit before's, or the reverse (4 dB)
#define TURN_MOST      28       // from one turn between hits to the next, 256 a turn (40 degrees)
#define POWER_LEAST    2030.0f  // square of the weaker tone's amplitude: -42 dBm0
#define EDGE_LEAST     0.15f    // of the amplitude: less, beside a digit, is none of it
#define LOST_MOST      6u       // segments that may be missing within a digit

static float powers[64]; // of 0 to -63 dBm0, squares of amplitudes
static const uint8_t events[4][4] = {{1, 2, 3, 12}, {4, 5, 6, 13}, {7, 8, 9, 14}, {10, 0, 11, 15}};

void tl_tone_prepare(void)
{
    static int prepared;
    if (prepared)
        return;
    prepared = 1;
    spectrum_prepare();
    fit_prepare();
    beside_prepare();
    tone_maker_prepare();
    for (uint32_t i = 0; i < 64; i++)
        powers[i] = (float)pow((double)TL_AUDIO_0_DBM0 * pow(10, -((double)i + 0.5) / 20), 2);
}

TL_DTMF_CODE void tl_tone_reset(struct tl_tone_detector *detector)
{
    memset(detector, 0, sizeof(*detector));
}

// -dBm0 of a tone, 0...63.
static uint8_t volume_of(float power)
{
    uint8_t volume = 0;
    while (volume < 63 && power < powers[volume])
        volume++;
    return volume;
}

static float root(float value)
{
    return __builtin_elementwise_sqrt(value);
}

static float amplitude_of(const struct fit *fit)
{
    return root(fit->row_power + fit->column_power);
}

// As `before` has it, of both tones of an event.
static float amplitude_before(const struct tl_tone_detector *detector, uint32_t event)
{
    return root(screen_power(detector->before[tone_rows[event]]) +
                screen_power(detector->before[tone_columns[event]]));
}

static void keep_before(struct tl_tone_detector *detector, const uint8_t levels[SPECTRUM_TONES])
{
    memcpy(detector->before, levels, SPECTRUM_TONES);
}

// How much of a segment's time a digit has at its edge, of which `amplitude` is the sum of two.
static float edge_of(float amplitude, float whole)
{
    float part = amplitude / (whole + 1);
    float beside = part > 1 ? part - 1 : 0;
    return part > 1 ? (beside < EDGE_LEAST ? 1 : beside < 1 ? part : 2) : part;
}

// Milliseconds from its start to its end, so far.
static float length_of(const struct tl_tone_detector *detector)
{
    float whole = root(detector->row_power + detector->column_power);
    return 10 * ((float)detector->length - 2 + edge_of(detector->lead, whole) +
                 edge_of(detector->tail, whole));
}

static struct tl_digit_change change_of(const struct tl_tone_detector *detector, uint8_t kind)
{
    uint8_t low = volume_of(detector->row_power), high = volume_of(detector->column_power);
    float whole = root(detector->row_power + detector->column_power);
    float early = edge_of(detector->lead, whole) - 1; // segments, before the first hit's start
    return (struct tl_digit_change){
        .kind = kind,
        .event = (uint8_t)(detector->open - 1),
        .volume = low < high ? low : high,
        .twist = (int8_t)(low - high),
        .duration_ms = (uint32_t)(length_of(detector) + 0.5f),
        .started_ns = detector->started_ns - (uint64_t)(int64_t)(early * 10e6f),
    };
}

static void note(const struct tone_work *work, uint8_t kind)
{
    struct tl_tone_changes *changes = work->changes;
    changes->jobs[changes->count] = work->place;
    changes->of[changes->count++] = change_of(work->job->detector, kind);
}

static void end(const struct tone_work *work)
{
    struct tl_tone_detector *detector = work->job->detector;
    if (!detector->limited)
        note(work, TL_DIGIT_ENDED);
    detector->open = 0;
    detector->limited = 0;
}

static int is_pair(const struct fit *fit)
{
    float low = fit->row_power, high = fit->column_power;
    return low <= high * TWIST_MOST && high <= low * TWIST_MOST && low >= POWER_LEAST &&
           high >= POWER_LEAST;
}

static int is_hit(const struct tone_segment *segment, struct fit *fit)
{
    struct spectrum spectrum;
    spectrum_take(segment->spectra, segment->lane, &spectrum);
    fit_strongest(&spectrum, fit);
    if (fit->share >= SHARE_LEAST)
        return is_pair(fit);
    if (!is_pair(fit))
        return 0;
    return beside_dial_tone(segment->samples, &spectrum, fit) >= SHARE_WITH_DIAL_TONE &&
           is_pair(fit);
}

static float power_of(const float amplitude[2])
{
    return amplitude[0] * amplitude[0] + amplitude[1] * amplitude[1];
}

static int is_steady(const float before[2], float power)
{
    float old = power_of(before);
    return power <= old * STEADY_MOST && old <= power * STEADY_MOST;
}

// Is it the next hit of the same two tones? Speech has hits now and then; that its two strongest
// waves keep frequency and strength for three of them is what it never does.
static int goes_on(struct tl_tone_detector *detector, const struct fit *fit)
{
    int good = is_steady(detector->row, fit->row_power) &&
               is_steady(detector->column, fit->column_power);
    if (detector->lost != 0) // how often they turned meanwhile nobody knows
        return good;
    struct fit_turn turn = fit_turn(detector->row, detector->column, fit);
    good = good && fit_is_near(fit, turn);
    if (good && detector->hits > 1)
        good = abs((int8_t)(turn.row - detector->turn[0])) <= TURN_MOST &&
               abs((int8_t)(turn.column - detector->turn[1])) <= TURN_MOST;
    detector->turn[0] = turn.row;
    detector->turn[1] = turn.column;
    return good;
}

static void measure(struct tl_tone_detector *detector, const struct fit *fit)
{
    if (fit->row_power + fit->column_power <= detector->row_power + detector->column_power)
        return;
    detector->row_power = fit->row_power;
    detector->column_power = fit->column_power;
}

// Its event plus one.
static uint8_t event_of(const struct fit *fit)
{
    return (uint8_t)(events[fit->row_tone][fit->column_tone - 4] + 1);
}

// A hit of a digit that has begun, or that may begin.
static void hit(const struct tone_work *work, const int16_t *samples, const struct fit *fit,
                uint64_t segment_ns)
{
    struct tl_tone_detector *detector = work->job->detector;
    uint8_t event = event_of(fit);
    float amplitude = amplitude_of(fit);
    int same = event == detector->candidate && goes_on(detector, fit);
    detector->hits = same ? (uint8_t)(detector->hits + (detector->hits < HITS)) : 1;
    detector->candidate = event;
    memcpy(detector->row, fit->row, sizeof(fit->row));
    memcpy(detector->column, fit->column, sizeof(fit->column));
    if (event == detector->open) {
        detector->length = (uint16_t)(detector->length + 1 + detector->misses + detector->lost);
        detector->misses = 0;
        detector->tail = amplitude;
        measure(detector, fit);
        if (!detector->limited && length_of(detector) >= (float)work->job->limit_ms) {
            note(work, TL_DIGIT_ENDED);
            detector->limited = 1;
            detector->length = 2;
        }
    } else if (detector->open == 0) {
        if (detector->hits == 1) {
            detector->started_ns = segment_ns;
            detector->lead = amplitude + amplitude_before(detector, event - 1u);
            detector->row_power = detector->column_power = 0;
            detector->length = 0;
            detector->lost = 0; // before it
        }
        measure(detector, fit);
        detector->length = (uint16_t)(detector->length + 1 + detector->lost);
        detector->tail = amplitude;
        if (detector->hits == HITS && beside_harmonics(samples, fit) > HARMONIC_MOST) {
            // A voice. A digit that follows begins with it at the earliest.
            detector->hits = HITS - 1;
            detector->length = HITS - 1;
            detector->started_ns = segment_ns - (HITS - 2) * SEGMENT_NS;
            detector->row_power = detector->column_power = 0;
        } else if (detector->hits == HITS) {
            detector->open = event;
            detector->misses = 0;
            note(work, TL_DIGIT_BEGAN);
        }
    }
    detector->lost = 0;
}

static void miss(const struct tone_work *work)
{
    struct tl_tone_detector *detector = work->job->detector;
    if (detector->open == 0) {
        detector->lost = 0; // of no digit
        return;
    }
    if (detector->misses == 0)
        detector->tail += amplitude_before(detector, detector->open - 1u);
    if (++detector->misses == MISSES)
        end(work);
}

// With this segment a digit is over on which another one followed without a pause: hits of that
// one, which were misses of this one, are its beginning.
static void follow_on(struct tl_tone_detector *detector, const struct fit *fit,
                      uint64_t segment_ns)
{
    uint32_t hits = event_of(fit) == detector->candidate ? detector->hits : 0;
    detector->started_ns = segment_ns - hits * SEGMENT_NS;
    detector->length = (uint16_t)hits;
    detector->lead = amplitude_of(fit);
    detector->row_power = detector->column_power = 0;
}

TL_DTMF_CODE int tone_segment(const struct tone_work *work, const struct tone_segment *segment,
                              uint64_t segment_ns)
{
    struct tl_tone_detector *detector = work->job->detector;
    struct fit fit;
    uint8_t open = detector->open;
    int is = segment->is_near && is_hit(segment, &fit);
    if (is) {
        if (open != 0 && event_of(&fit) != open) {
            keep_before(detector, segment->levels);
            miss(work);
            if (detector->open == 0)
                follow_on(detector, &fit, segment_ns);
        }
        hit(work, segment->samples, &fit, segment_ns);
    } else {
        detector->candidate = 0;
        detector->hits = 0;
    }
    keep_before(detector, segment->levels);
    if (!is)
        miss(work);
    return is || open != 0;
}

TL_DTMF_CODE void tone_lost(const struct tone_work *work, uint32_t segments)
{
    struct tl_tone_detector *detector = work->job->detector;
    memset(detector->before, 0, sizeof(detector->before));
    uint32_t lost = detector->lost + segments;
    detector->lost = (uint16_t)(lost < UINT16_MAX ? lost : UINT16_MAX);
    if (lost <= LOST_MOST)
        return;
    detector->candidate = 0;
    detector->hits = 0;
    detector->lost = 0;
    if (detector->open != 0)
        end(work);
}

TL_DTMF_CODE int tl_tone_silence(struct tl_tone_detector *detector, struct tl_digit_change *change)
{
    int was = tl_tone_is_open(detector);
    if (was)
        *change = change_of(detector, TL_DIGIT_ENDED);
    detector->limited = detector->open != 0;
    detector->candidate = 0;
    detector->hits = 0;
    return was;
}
