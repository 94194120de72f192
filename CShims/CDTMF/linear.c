// SPDX-License-Identifier: Apache-2.0
#include "linear.h"

// Gauss and Jordan; without pivoting, since sums of products have the largest entries on the
// diagonal.
void linear_invert(double *matrix, double *inverse, uint32_t size)
{
    for (uint32_t i = 0; i < size * size; i++)
        inverse[i] = i / size == i % size;
    for (uint32_t i = 0; i < size; i++) {
        double pivot = matrix[i * size + i];
        for (uint32_t k = 0; k < size; k++) {
            matrix[i * size + k] /= pivot;
            inverse[i * size + k] /= pivot;
        }
        for (uint32_t j = 0; j < size; j++) {
            double factor = matrix[j * size + i];
            for (uint32_t k = 0; k < size && j != i; k++) {
                matrix[j * size + k] -= factor * matrix[i * size + k];
                inverse[j * size + k] -= factor * inverse[i * size + k];
            }
        }
    }
}
