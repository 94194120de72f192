// SPDX-License-Identifier: Apache-2.0
// What of a segment of audio is at the eight frequencies of DTMF (ITU-T Q.23): the sums that
// Goertzel's recursion ends with, as products with tables instead, so that neither its latency nor
// its rounding matters. They are whole numbers: every back end has the same ones.
//
// Time is counted from the segment's middle. There cosines are even and sines odd: a segment is
// folded into sums and differences of samples that lie as far from the middle, which halves the
// work, and cosines have nothing in common with sines, which makes every fit two small ones.
//
// A block of segments is worked at a time, each in a lane of its own.

#ifndef TL_SPECTRUM_H
#define TL_SPECTRUM_H

#include "tl_tone.h"

#define SPECTRUM_TONES 8u
#define SPECTRUM_GROUP (SPECTRUM_TONES / 2) // low tones, or high ones
#define SPECTRUM_HALF  (TL_TONE_SEGMENT / 2)
#define SPECTRUM_SCALE 3200 // of the tables: 80 * 8159 * 3200 stays below 2^31
#define SPECTRUM_BLOCK 8u   // segments that are worked at a time

/// Of a block: a lane for each segment.
struct spectra {
    int32_t cosine[SPECTRUM_TONES][SPECTRUM_BLOCK]; // sums of sample * SPECTRUM_SCALE * cos
    int32_t sine[SPECTRUM_TONES][SPECTRUM_BLOCK];
    int32_t energy_4[SPECTRUM_BLOCK]; // sum of the samples' squares by 4, rounded down each time
} __attribute__((aligned(32)));

/// Of one segment.
struct spectrum {
    int32_t cosine[SPECTRUM_TONES];
    int32_t sine[SPECTRUM_TONES];
    float energy;
};

/// In Hz; low group, then high group.
extern const uint16_t spectrum_frequencies[SPECTRUM_TONES];

void spectrum_prepare(void);

/// Of a block of segments, which stand one behind the other (32-byte aligned).
TL_DTMF_CODE void spectra_of(const int16_t *samples, struct spectra *out);

/// Likewise in plain C.
TL_DTMF_CODE void spectra_of_portable(const int16_t *samples, struct spectra *out);

/// That of a lane.
static inline void spectrum_take(const struct spectra *spectra, uint32_t lane, struct spectrum *out)
{
    for (uint32_t i = 0; i < SPECTRUM_TONES; i++) {
        out->cosine[i] = spectra->cosine[i][lane];
        out->sine[i] = spectra->sine[i][lane];
    }
    out->energy = (float)spectra->energy_4[lane] * 4;
}

#endif
