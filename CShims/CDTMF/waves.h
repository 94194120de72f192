// SPDX-License-Identifier: Apache-2.0
// The waves that segments are compared with, when tables are made. Time is counted from a segment's
// middle, and only its second half is looked at: cosines are even, sines odd.

#ifndef TL_WAVES_H
#define TL_WAVES_H

#include "spectrum.h"

#define WAVES_MAX 4u // that are fitted together

/// Cosine, or sine, of a frequency at the `at`th sample behind the middle.
double waves_value(uint32_t sine, double hertz, uint32_t at);

/// For a fit of `count` cosines, or sines, of these frequencies together: the inverse of the sums
/// of their products over a segment, row by row.
void waves_inverse(uint32_t sine, const double *hertz, uint32_t count, float *out);

#endif
