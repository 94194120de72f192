// SPDX-License-Identifier: Apache-2.0
#include "fit.h"

#include "waves.h"

#include <math.h>
#include <stdlib.h>

#define ROWS SPECTRUM_GROUP

// A tone may be 1.5 % off and must not be 3.5 % off (ITU-T Q.24). Between two segments that is an
// angle; the limit lies midway, of the highest frequencies between the angles as they wrap.
#define ACCEPTED_OFFSET 0.015
#define REFUSED_OFFSET  0.035

static float inverses[2][ROWS][ROWS][2][2]; // of the sums of products of a pair's cosines, sines
static float turns[SPECTRUM_TONES][2];   // by how much each tone turns in a segment
static int32_t limits[SPECTRUM_TONES];   // largest deviation from that, 256 a turn

void fit_prepare(void)
{
    for (uint32_t row = 0; row < ROWS; row++)
        for (uint32_t column = ROWS; column < SPECTRUM_TONES; column++)
            for (uint32_t sine = 0; sine < 2; sine++) {
                const double hertz[2] = {spectrum_frequencies[row], spectrum_frequencies[column]};
                waves_inverse(sine, hertz, 2, inverses[sine][row][column - ROWS][0]);
            }
    for (uint32_t tone = 0; tone < SPECTRUM_TONES; tone++) {
        double turn = 2 * M_PI * spectrum_frequencies[tone] * TL_TONE_SEGMENT / TL_DTMF_RATE_HZ;
        turns[tone][0] = (float)cos(turn);
        turns[tone][1] = (float)sin(turn);
        double refused = REFUSED_OFFSET * turn;
        refused = refused > M_PI ? 2 * M_PI - refused : refused;
        limits[tone] = (int32_t)lround((ACCEPTED_OFFSET * turn + refused) / 2 * 128 / M_PI);
    }
}

static uint8_t strongest(const float *powers, uint32_t first)
{
    uint32_t best = first;
    for (uint32_t i = first + 1; i < first + ROWS; i++)
        best = powers[i] > powers[best] ? i : best;
    return (uint8_t)best;
}

TL_DTMF_CODE void fit_set(struct fit *fit, const float cosines[2], const float sines[2])
{
    fit->row[0] = cosines[0];
    fit->row[1] = -sines[0];
    fit->column[0] = cosines[1];
    fit->column[1] = -sines[1];
    fit->row_power = cosines[0] * cosines[0] + sines[0] * sines[0];
    fit->column_power = cosines[1] * cosines[1] + sines[1] * sines[1];
}

// Amplitudes of two waves from the sums with each; returns what of the energy they explain.
static inline float solve(const float inverse[2][2], float row, float column, float out[2])
{
    out[0] = inverse[0][0] * row + inverse[0][1] * column;
    out[1] = inverse[1][0] * row + inverse[1][1] * column;
    return out[0] * row + out[1] * column;
}

TL_DTMF_CODE void fit_strongest(const struct spectrum *spectrum, struct fit *fit)
{
    float powers[SPECTRUM_TONES];
    for (uint32_t i = 0; i < SPECTRUM_TONES; i++) {
        float cosine = (float)spectrum->cosine[i], sine = (float)spectrum->sine[i];
        powers[i] = cosine * cosine + sine * sine;
    }
    uint8_t row = strongest(powers, 0), column = strongest(powers, ROWS);
    const float scale = 1.0f / SPECTRUM_SCALE;
    float cosines[2], sines[2];
    float explained = solve(inverses[0][row][column - ROWS], (float)spectrum->cosine[row] * scale,
                            (float)spectrum->cosine[column] * scale, cosines);
    explained += solve(inverses[1][row][column - ROWS], (float)spectrum->sine[row] * scale,
                       (float)spectrum->sine[column] * scale, sines);
    fit_set(fit, cosines, sines);
    fit->share = explained / (spectrum->energy + 1);
    fit->row_tone = row;
    fit->column_tone = column;
}

// Angle of a complex number, 256 a turn; half a unit off at most.
static int8_t angle_of(float real, float imaginary)
{
    float x = real < 0 ? -real : real, y = imaginary < 0 ? -imaginary : imaginary;
    float small = x < y ? x : y, large = x < y ? y : x;
    float ratio = small / (large + 1e-9f);
    float angle = ratio * (32 + 11.13f * (1 - ratio)); // of 0...45 degrees
    angle = x < y ? 64 - angle : angle;
    angle = real < 0 ? 128 - angle : angle;
    angle = angle > 127 ? 127 : angle;
    return (int8_t)(imaginary < 0 ? -angle : angle);
}

static int8_t turn_of(const float before[2], const float next[2], uint32_t tone)
{
    float expected[2] = {before[0] * turns[tone][0] - before[1] * turns[tone][1],
                         before[0] * turns[tone][1] + before[1] * turns[tone][0]};
    return angle_of(next[0] * expected[0] + next[1] * expected[1],
                    next[1] * expected[0] - next[0] * expected[1]);
}

TL_DTMF_CODE struct fit_turn fit_turn(const float row[2], const float column[2],
                                      const struct fit *next)
{
    return (struct fit_turn){turn_of(row, next->row, next->row_tone),
                             turn_of(column, next->column, next->column_tone)};
}

TL_DTMF_CODE int fit_is_near(const struct fit *fit, struct fit_turn turn)
{
    return abs(turn.row) <= limits[fit->row_tone] && abs(turn.column) <= limits[fit->column_tone];
}
