// SPDX-License-Identifier: Apache-2.0
#include "screen.h"

#include <string.h>

// A power as a level: the upper bits of the float that it is, eight levels to its doubling. From
// amplitude 1 on, whose wave's sum has the square 2^34, to what eight bits can say: more than any.
#define LEVEL_SHIFT 20
#define LEVEL_BASE  ((127 + 34) << 23)
#define WAVE        ((float)SPECTRUM_SCALE * TL_TONE_SEGMENT / 2) // sum of one of amplitude 1

typedef float reals __attribute__((vector_size(4 * SPECTRUM_BLOCK)));
typedef int32_t wholes __attribute__((vector_size(4 * SPECTRUM_BLOCK)));

static inline reals reals_of(const int32_t lanes[SPECTRUM_BLOCK])
{
    wholes some;
    memcpy(&some, lanes, sizeof(some));
    return __builtin_convertvector(some, reals);
}

static inline reals larger(reals one, reals other)
{
    return __builtin_elementwise_max(one, other);
}

// Of four tones, a byte each.
static inline wholes levels_of(const reals powers[SPECTRUM_GROUP])
{
    wholes levels = {0};
    for (uint32_t i = 0; i < SPECTRUM_GROUP; i++) {
        wholes level = ((wholes)powers[i] - LEVEL_BASE) >> LEVEL_SHIFT;
        levels |= __builtin_elementwise_max(level, (wholes){0}) << (8 * i);
    }
    return levels;
}

TL_DTMF_CODE void screen_of(const struct spectra *spectra, float least, struct screen *out)
{
    const float whole = (float)SPECTRUM_SCALE * SPECTRUM_SCALE * TL_TONE_SEGMENT / 2;
    const wholes bits = {1, 2, 4, 8, 16, 32, 64, 128};
    reals powers[SPECTRUM_TONES], strongest[2];
    for (uint32_t i = 0; i < SPECTRUM_TONES; i++) {
        reals cosine = reals_of(spectra->cosine[i]), sine = reals_of(spectra->sine[i]);
        powers[i] = cosine * cosine + sine * sine;
    }
    for (uint32_t i = 0; i < 2; i++) {
        const reals *group = powers + i * SPECTRUM_GROUP;
        strongest[i] = larger(larger(group[0], group[1]), larger(group[2], group[3]));
        wholes levels = levels_of(group);
        for (uint32_t lane = 0; lane < SPECTRUM_BLOCK; lane++) {
            int32_t level = levels[lane];
            memcpy(out->levels[lane] + i * SPECTRUM_GROUP, &level, sizeof(level));
        }
    }
    wholes near = strongest[0] + strongest[1] > reals_of(spectra->energy_4) * (4 * least * whole);
    out->near = (uint32_t)__builtin_reduce_or(near & bits);
}

TL_DTMF_CODE float screen_power(uint8_t level)
{
    if (level == 0)
        return 0;
    uint32_t bits = ((uint32_t)level << LEVEL_SHIFT) + LEVEL_BASE + (1u << (LEVEL_SHIFT - 1));
    float power;
    memcpy(&power, &bits, sizeof(power));
    return power / (WAVE * WAVE);
}
