// SPDX-License-Identifier: Apache-2.0
// How tones leave audio: what is, or may be, of a digit is silenced in the payload, and in what
// look-ahead still holds of the payload before.

#ifndef TL_TONE_SQUELCH_H
#define TL_TONE_SQUELCH_H

#include "tl_tone.h"

/// Octets of the payload.
TL_DTMF_CODE void tone_silence(struct tl_tone_job *job, uint32_t from, uint32_t to);

/// `count` segments from the `first` on (-1: the one before the payload's). Of the payload's first
/// one, `before` samples came with the payload before: those have left, or are held.
TL_DTMF_CODE void tone_silence_segments(struct tl_tone_job *job, int32_t first, int32_t count,
                                        uint32_t before);

/// Look-ahead: the audio leaves TL_TONE_DELAY octets late.
TL_DTMF_CODE void tone_delay(struct tl_tone_job *job);

#endif
