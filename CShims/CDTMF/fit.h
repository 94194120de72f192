// SPDX-License-Identifier: Apache-2.0
// The two sinusoids, one of each group, that explain the most of a segment: least squares, so that
// neither where they lie in the segment nor each other's leakage matters.

#ifndef TL_FIT_H
#define TL_FIT_H

#include "spectrum.h"

struct fit {
    float row[2], column[2]; // complex amplitudes at the segment's middle
    float row_power;         // squares of their amplitudes
    float column_power;
    float share;             // of the segment's energy that the two explain, 0...1
    uint8_t row_tone;        // places in spectrum_frequencies
    uint8_t column_tone;
};

void fit_prepare(void);

/// The strongest of each group.
TL_DTMF_CODE void fit_strongest(const struct spectrum *spectrum, struct fit *fit);

/// Takes amplitudes over, of cosine and sine of row and column.
TL_DTMF_CODE void fit_set(struct fit *fit, const float cosines[2], const float sines[2]);

/// By how much each tone turned more than its nominal frequency does from one segment to the next,
/// 256 a turn.
struct fit_turn {
    int8_t row, column;
};

/// From the amplitudes that the same two tones had in the segment before.
TL_DTMF_CODE struct fit_turn fit_turn(const float row[2], const float column[2],
                                      const struct fit *next);

/// 1: tones that turn so are near enough to the fit's frequencies.
TL_DTMF_CODE int fit_is_near(const struct fit *fit, struct fit_turn turn);

#endif
