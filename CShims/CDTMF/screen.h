// SPDX-License-Identifier: Apache-2.0
// A first look at a block of segments, all of them at once: nearly none is worth a second one.

#ifndef TL_SCREEN_H
#define TL_SCREEN_H

#include "spectrum.h"

struct screen {
    uint32_t near; // bit n: segment n may be a hit
    uint8_t levels[SPECTRUM_BLOCK][SPECTRUM_TONES]; // at each frequency, as if it were alone
};

/// `least`: more than that of a segment's energy the strongest of each group have to explain, each
/// as if it were alone, or it is no hit. Silence is none.
TL_DTMF_CODE void screen_of(const struct spectra *spectra, float least, struct screen *out);

/// The square of a level's amplitude, 3 % off; 0 of less than 1.
TL_DTMF_CODE float screen_power(uint8_t level);

#endif
