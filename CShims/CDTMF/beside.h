// SPDX-License-Identifier: Apache-2.0
// What may stand beside a digit's tones in a segment: dial tone, which is explained and forgiven,
// and second harmonics, which a keypad's tones have not and voices have. Asked for segments that
// are nearly a hit, so it is plain C.

#ifndef TL_BESIDE_H
#define TL_BESIDE_H

#include "fit.h"

void beside_prepare(void);

/// Fits dial tone (350 and 440 Hz) and the fit's two tones together. The fit becomes that of the
/// two beside it. Returns what all four explain of the energy.
TL_DTMF_CODE float beside_dial_tone(const int16_t *samples, const struct spectrum *spectrum,
                                    struct fit *fit);

/// The larger of the powers at twice the fit's frequencies, over those of its tones; at twice the
/// lower one only where that is not next to the higher one.
TL_DTMF_CODE float beside_harmonics(const int16_t *samples, const struct fit *fit);

#endif
