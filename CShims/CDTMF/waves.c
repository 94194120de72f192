// SPDX-License-Identifier: Apache-2.0
#include "waves.h"

#include <math.h>

double waves_value(uint32_t sine, double hertz, uint32_t at)
{
    double angle = 2 * M_PI * hertz * (at + 0.5) / TL_DTMF_RATE_HZ;
    return sine ? sin(angle) : cos(angle);
}

// Gauss and Jordan, the unit matrix beside; without pivoting, since sums of products have the
// largest entries on the diagonal.
static void invert(double matrix[WAVES_MAX][2 * WAVES_MAX], uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        double pivot = matrix[i][i];
        for (uint32_t k = 0; k < 2 * size; k++)
            matrix[i][k] /= pivot;
        for (uint32_t j = 0; j < size; j++) {
            double factor = matrix[j][i];
            for (uint32_t k = 0; k < 2 * size && j != i; k++)
                matrix[j][k] -= factor * matrix[i][k];
        }
    }
}

void waves_inverse(uint32_t sine, const double *hertz, uint32_t count, float *out)
{
    double matrix[WAVES_MAX][2 * WAVES_MAX] = {0};
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < count; j++)
            for (uint32_t at = 0; at < SPECTRUM_HALF; at++)
                matrix[i][j] +=
                    2 * waves_value(sine, hertz[i], at) * waves_value(sine, hertz[j], at);
        matrix[i][count + i] = 1;
    }
    invert(matrix, count);
    for (uint32_t i = 0; i < count * count; i++)
        out[i] = (float)matrix[i / count][count + i % count];
}
