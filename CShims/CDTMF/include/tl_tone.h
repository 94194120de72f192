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
#define TL_TONE_CHANGES_MAX 16u   // of one payload
#define TL_TONE_DELAY 160u        // octets by which look-ahead delays audio: 20 ms

/// One flow's detector. One line.
struct tl_tone_detector {
    uint8_t opaque[64];
} __attribute__((aligned(64)));

/// What of its audio a flow keeps beside that: a started segment, G.722's state, and the audio that
/// look-ahead holds back.
struct tl_tone_store {
    uint8_t part[TL_TONE_SEGMENT];    // octets of a segment whose end is not here yet
    uint8_t delayed[TL_TONE_DELAY];   // look-ahead: octets that have not left yet
    struct tl_g722_low low;           // G.722
    uint8_t part_bytes;
    uint8_t delayed_codec;            // TL_CODEC_*, or 0: nothing is held back
    uint8_t reserved[6];
};

/// A payload to look at. In: all down to `look_ahead`. Out: the rest.
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
    uint32_t change_count;
    struct tl_digit_change changes[TL_TONE_CHANGES_MAX];
};

/// Forgets everything: a new stream of audio.
TL_DTMF_CODE void tl_tone_reset(struct tl_tone_detector *detector, struct tl_tone_store *store);

/// Asks for what tl_tone_run needs of a flow.
TL_DTMF_CODE void tl_tone_fetch(const struct tl_tone_detector *detector,
                                const struct tl_tone_store *store);

/// Looks at up to 32 payloads. Those of one detector are worked in their order.
TL_DTMF_CODE void tl_tone_run(struct tl_tone_job *jobs, uint32_t count);

/// No audio came for a while: ends a digit that has begun. 1: `change` says so.
TL_DTMF_CODE int tl_tone_silence(struct tl_tone_detector *detector, uint64_t now_ns,
                                 struct tl_digit_change *change);

/// 1 while a digit has begun and not ended.
TL_DTMF_CODE int tl_tone_open(const struct tl_tone_detector *detector);

#endif
