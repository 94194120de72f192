// SPDX-License-Identifier: Apache-2.0
// Which two frequencies a digit has (ITU-T Q.23), as places in spectrum_frequencies.

#ifndef TL_TONE_TABLE_H
#define TL_TONE_TABLE_H

#include "spectrum.h"

static const uint8_t tone_rows[16] = {3, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 0, 1, 2, 3};
static const uint8_t tone_columns[16] = {5, 4, 5, 6, 4, 5, 6, 4, 5, 6, 4, 6, 7, 7, 7, 7};

void tone_maker_prepare(void);

#endif
