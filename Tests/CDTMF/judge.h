// SPDX-License-Identifier: Apache-2.0
// Two detectors on the same audio: the product's, with payloads as they come from the network, and
// spandsp's on what those payloads decode to, by spandsp's own decoders.

#ifndef JUDGE_H
#define JUDGE_H

#include "CDTMF.h"
#include "CFlowABI.h"

#define JUDGE_DIGITS_MAX 8192u

/// How audio is brought.
struct judge_how {
    uint8_t codec;       // TL_CODEC_*
    uint8_t take;
    uint8_t look_ahead;
    uint8_t judge_after; // 1: spandsp hears what leaves, not what came
    uint8_t their_filter; // 1: spandsp takes dial tone out before
    uint32_t octets;     // of a payload; 0: random ones of 1 to 480
    uint32_t limit_ms;
};

#define JUDGE_USUAL ((struct judge_how){.codec = TL_CODEC_PCMU, .octets = 160, .limit_ms = 60000})

struct judged {
    char ours[JUDGE_DIGITS_MAX + 1], theirs[JUDGE_DIGITS_MAX + 1];
    uint32_t our_count, their_count;
    struct tl_digit_change digits[JUDGE_DIGITS_MAX]; // as they ended
    uint32_t begun;
    double seconds;
    double silenced_ms; // payloads with something silenced
};

/// Adds what is found in 16-bit samples; `left`, if any, gets the samples of what leaves.
void judge(struct judged *judged, const struct judge_how *how, const int16_t *samples,
           uint32_t count, int16_t *left);

/// A file of raw samples. Returns how many; 0 when there is none.
uint32_t audio_read(const char *folder, const char *name, int16_t **samples);

#endif
