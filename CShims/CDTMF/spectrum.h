// SPDX-License-Identifier: Apache-2.0
// What of a segment of audio is at the eight frequencies of DTMF (ITU-T Q.23): the sums that
// Goertzel's recursion ends with, as products with tables instead, so that neither its latency nor
// its rounding matters. They are whole numbers: every back end has the same ones.
//
// Time is counted from the segment's middle. There cosines are even and sines odd: a segment is
// folded into sums and differences of samples that lie as far from the middle, which halves the
// work, and cosines have nothing in common with sines, which makes every fit two small ones.

#ifndef TL_SPECTRUM_H
#define TL_SPECTRUM_H

#include "tl_tone.h"

#define SPECTRUM_TONES 8u
#define SPECTRUM_HALF  (TL_TONE_SEGMENT / 2)
#define SPECTRUM_SCALE 3200 // of the tables: 80 * 8159 * 3200 stays below 2^31
#define SPECTRUM_BLOCK 4u   // segments that are worked at a time

struct spectrum {
    int32_t cosine[SPECTRUM_TONES]; // sums of sample * SPECTRUM_SCALE * cos
    int32_t sine[SPECTRUM_TONES];
    int64_t energy;                 // sum of the samples' squares
};

/// In Hz; low group, then high group.
extern const uint16_t spectrum_frequencies[SPECTRUM_TONES];

void spectrum_prepare(void);

/// Of `count` segments, a multiple of SPECTRUM_BLOCK, which stand one behind the other (32-byte
/// aligned).
TL_DTMF_CODE void spectrum_of(const int16_t *samples, uint32_t count, struct spectrum *out);

/// Likewise in plain C.
TL_DTMF_CODE void spectrum_of_portable(const int16_t *samples, uint32_t count,
                                       struct spectrum *out);

#endif
