// SPDX-License-Identifier: Apache-2.0
// Tones made: the two frequencies of a digit (ITU-T Q.23), with ends that do not click.

#ifndef TL_TONE_MAKER_H
#define TL_TONE_MAKER_H

#include "tl_audio.h"
#include "tl_digit.h"

/// Begins as zeros and tl_g722_reset. G.722's coder goes on from digit to digit, as the party's
/// decoder does. When that has heard another coder before, it takes some 40 ms to follow this one:
/// time for a tone of `last` 0, which is silence.
struct tl_tone_maker {
    uint32_t phase[2]; // turns of low and high group, 2^32 a turn
    uint32_t sample;   // from the digit's start
    struct tl_g722_low low;
};

/// Starts a digit.
TL_DTMF_CODE void tl_tone_make_start(struct tl_tone_maker *maker);

/// Writes the next `samples` octets of the tone of `event` in a codec (TL_CODEC_*), each frequency
/// at -`volume` dBm0. The tone ends with the sample `last` from the digit's start (fades before
/// it); UINT32_MAX: not known yet. What is behind it is silence.
TL_DTMF_CODE void tl_tone_make(struct tl_tone_maker *maker, uint8_t event, uint8_t codec,
                               uint8_t volume, uint32_t last, uint8_t *octets, uint32_t samples);

#endif
