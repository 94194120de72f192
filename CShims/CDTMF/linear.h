// SPDX-License-Identifier: Apache-2.0
// Inverts the small matrices of least squares, when tables are made.

#ifndef TL_LINEAR_H
#define TL_LINEAR_H

#include <stdint.h>

/// `matrix`, symmetric, far from singular and of `size` rows, is used up.
void linear_invert(double *matrix, double *inverse, uint32_t size);

#endif
