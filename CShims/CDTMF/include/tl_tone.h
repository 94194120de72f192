// SPDX-License-Identifier: Apache-2.0
// Tones in audio. A detector has one line of state and is asked with a packet's payload; many
// packets, each of another flow, are worked at a time.
//
// Audio is cut into segments of 10 ms. A segment is a hit when two sinusoids, one of each group,
// explain nearly all of it; three hits of one digit in a row whose phases go on as a keypad's do
// are a digit (tl_tone.c says why these three suffice).

#ifndef TL_TONE_H
#define TL_TONE_H

#include "tl_audio.h"
#include "tl_digit.h"

#define TL_TONE_SEGMENT 80u       // samples: 10 ms
#define TL_TONE_SEGMENTS_MAX 32u  // of one payload: 320 ms; what is longer is not looked at
#define TL_TONE_JOBS_MAX 32u      // of one run
// A digit takes three segments to begin, and what was before may end with them; of a payload's
// first ones some came before, and one digit may have begun before.
#define TL_TONE_CHANGES_MAX (TL_TONE_JOBS_MAX * (2u * (TL_TONE_SEGMENTS_MAX / 3u + 1u) + 1u))
#define TL_TONE_DELAY 160u        // octets by which look-ahead delays audio: 20 ms

/// One flow's detector. One line. What stands in it is tone.c's.
struct tl_tone_detector {
    uint64_t started_ns;  // first sample of the digit's first hit
    float row[2];         // of the last hit: complex amplitudes at its middle
    float column[2];
    float row_power;      // where the digit was loudest: squares of the amplitudes
    float column_power;
    float lead;           // amplitude of its first hit and of the segment before
    float tail;           // amplitude of its last hit and of the segment behind
    uint16_t length;      // segments from its first hit to its last one
    uint16_t lost;        // segments that did not arrive since the last hit
    uint8_t candidate;    // event of the last segment plus one; 0: it was no hit
    uint8_t hits;         // of it, in a row
    uint8_t open;         // event of the digit that has begun, plus one
    uint8_t misses;       // segments since its last hit
    uint8_t limited;      // 1: it was ended, by its limit or by silence, and may go on
    uint8_t part_samples; // of a segment whose end is not here yet, in the store
    uint8_t before[8];    // the last segment's levels by frequency (screen.h)
    int8_t turn[2];       // by how much row and column turned to the last hit, 256 a turn
    uint8_t codec;        // TL_CODEC_* of what stands in the store; 0: nothing does
    uint8_t delays;       // 1: `delayed` of the store is in use
    uint8_t waits;        // 1: a job of it waits to be worked, in a run
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct tl_tone_detector) == 64, "one line");

/// What of its audio a flow keeps beside that: a started segment, G.722's state, and the audio that
/// look-ahead holds back. Nothing of G.711 in packets of whole segments.
struct tl_tone_store {
    int16_t part[TL_TONE_SEGMENT];  // samples of a segment whose end is not here yet
    uint8_t delayed[TL_TONE_DELAY]; // look-ahead: octets that have not left yet
    struct tl_g722_low low;         // G.722
};

/// A payload to look at. `silenced` comes back.
struct tl_tone_job {
    struct tl_tone_detector *detector;
    struct tl_tone_store *store;
    uint8_t *payload;      // silenced, or delayed, in place
    uint32_t length;       // octets
    uint32_t missing;      // samples that were lost before it, or not sent
    uint64_t now_ns;       // when it arrived
    uint32_t limit_ms;     // what lasts longer ends here
    uint8_t codec;         // TL_CODEC_*
    uint8_t take;          // 1: silence tones
    uint8_t look_ahead;    // 1: delay audio by 20 ms, and silence with that in hand
    uint8_t silenced;      // 1: something was
};

/// What became of digits in a run.
struct tl_tone_changes {
    uint32_t count;
    uint32_t jobs[TL_TONE_CHANGES_MAX]; // whose
    struct tl_digit_change of[TL_TONE_CHANGES_MAX];
};

/// Makes the tables that all detectors, and all makers, share. Before anything else here, and while
/// there is one thread; a second call does nothing.
void tl_tone_prepare(void);

/// Forgets everything: a new stream of audio. What is in its store is nothing from now on.
TL_DTMF_CODE void tl_tone_reset(struct tl_tone_detector *detector);

/// Looks at up to TL_TONE_JOBS_MAX payloads. Those of one detector are worked in their order.
TL_DTMF_CODE void tl_tone_run(struct tl_tone_job *jobs, uint32_t count,
                              struct tl_tone_changes *changes);

/// No audio came for a while: ends a digit that has begun. 1: `change` says so. Audio that was only
/// late, and goes on with the tone, begins no other digit.
TL_DTMF_CODE int tl_tone_silence(struct tl_tone_detector *detector,
                                 struct tl_digit_change *change);

/// 1 while what came last looked like a digit, whether one has begun or not.
static inline int tl_tone_is_suspicious(const struct tl_tone_detector *detector)
{
    return detector->open != 0 || detector->hits != 0;
}

/// 1 while a digit has begun and not ended.
static inline int tl_tone_is_open(const struct tl_tone_detector *detector)
{
    return detector->open != 0 && !detector->limited;
}

#endif
