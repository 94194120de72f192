// SPDX-License-Identifier: Apache-2.0
#include "beside.h"

#include "waves.h"

#include <stdlib.h>

#define TONES    4u  // row, column, and the two of dial tone
#define APART_HZ 240 // nearer to the high tone, the low one's harmonic cannot be told from it

static const uint16_t dial_tone[2] = {350, 440};

// From the middle on: cosines, sines. Of tones, of their second harmonics, of dial tone.
static float tones[SPECTRUM_TONES][2][SPECTRUM_HALF];
static float harmonics[SPECTRUM_TONES][2][SPECTRUM_HALF];
static float dial[2][2][SPECTRUM_HALF];
// Of the sums of products of the cosines, or sines, of a pair and dial tone.
static float inverses[2][4][4][TONES][TONES];

static void prepare_wave(float out[2][SPECTRUM_HALF], double hertz)
{
    for (uint32_t at = 0; at < SPECTRUM_HALF; at++) {
        out[0][at] = (float)waves_value(0, hertz, at);
        out[1][at] = (float)waves_value(1, hertz, at);
    }
}

void beside_prepare(void)
{
    for (uint32_t i = 0; i < SPECTRUM_TONES; i++) {
        prepare_wave(tones[i], spectrum_frequencies[i]);
        prepare_wave(harmonics[i], 2.0 * spectrum_frequencies[i]);
    }
    for (uint32_t i = 0; i < 2; i++)
        prepare_wave(dial[i], dial_tone[i]);
    for (uint32_t i = 0; i < 32; i++) {
        uint32_t sine = i / 16, row = i / 4 % 4, column = i % 4;
        const double hertz[TONES] = {spectrum_frequencies[row], spectrum_frequencies[column + 4],
                                     dial_tone[0], dial_tone[1]};
        waves_inverse(sine, hertz, TONES, inverses[sine][row][column][0]);
    }
}

// Amplitudes of four waves from the sums with each; returns what of the energy they explain.
static float solve(float inverse[TONES][TONES], const float sums[TONES], float out[TONES])
{
    float explained = 0;
    for (uint32_t i = 0; i < TONES; i++) {
        out[i] = 0;
        for (uint32_t j = 0; j < TONES; j++)
            out[i] += inverse[i][j] * sums[j];
        explained += out[i] * sums[i];
    }
    return explained;
}

TL_DTMF_CODE float beside_dial_tone(const int16_t *samples, const struct spectrum *spectrum,
                                    struct fit *fit)
{
    const float scale = 1.0f / SPECTRUM_SCALE;
    uint8_t row = fit->row_tone, column = fit->column_tone;
    float even[TONES] = {(float)spectrum->cosine[row] * scale,
                         (float)spectrum->cosine[column] * scale};
    float odd[TONES] = {(float)spectrum->sine[row] * scale,
                        (float)spectrum->sine[column] * scale};
    for (uint32_t at = 0; at < SPECTRUM_HALF; at++) {
        float behind = samples[SPECTRUM_HALF + at], before = samples[SPECTRUM_HALF - 1 - at];
        for (uint32_t i = 0; i < 2; i++) {
            even[2 + i] += (behind + before) * dial[i][0][at];
            odd[2 + i] += (behind - before) * dial[i][1][at];
        }
    }
    float cosines[TONES], sines[TONES];
    float explained = solve(inverses[0][row][column - 4], even, cosines) +
                      solve(inverses[1][row][column - 4], odd, sines);
    fit_set(fit, cosines, sines);
    return explained / (spectrum->energy + 1);
}

// What the fit leaves of the samples, folded.
struct rest {
    float even[SPECTRUM_HALF], odd[SPECTRUM_HALF];
};

static void rest_of(const int16_t *samples, const struct fit *fit, struct rest *rest)
{
    uint32_t row = fit->row_tone, column = fit->column_tone;
    for (uint32_t at = 0; at < SPECTRUM_HALF; at++) {
        float behind = samples[SPECTRUM_HALF + at], before = samples[SPECTRUM_HALF - 1 - at];
        rest->even[at] = behind + before - 2 * (fit->row[0] * tones[row][0][at] +
                                                fit->column[0] * tones[column][0][at]);
        rest->odd[at] = behind - before + 2 * (fit->row[1] * tones[row][1][at] +
                                               fit->column[1] * tones[column][1][at]);
    }
}

static float harmonic_power(const struct rest *rest, uint32_t tone)
{
    const float scale = 2.0f / TL_TONE_SEGMENT;
    float cosine = 0, sine = 0;
    for (uint32_t at = 0; at < SPECTRUM_HALF; at++) {
        cosine += rest->even[at] * harmonics[tone][0][at];
        sine += rest->odd[at] * harmonics[tone][1][at];
    }
    return (cosine * cosine + sine * sine) * scale * scale;
}

TL_DTMF_CODE float beside_harmonics(const int16_t *samples, const struct fit *fit)
{
    struct rest rest;
    rest_of(samples, fit, &rest);
    float high = harmonic_power(&rest, fit->column_tone) / fit->column_power;
    if (abs(2 * spectrum_frequencies[fit->row_tone] - spectrum_frequencies[fit->column_tone]) <
        APART_HZ)
        return high;
    float low = harmonic_power(&rest, fit->row_tone) / fit->row_power;
    return low > high ? low : high;
}
