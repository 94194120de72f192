// SPDX-License-Identifier: Apache-2.0
// G.722's lower sub-band: ADPCM with a predictor of two poles and six zeros (ITU-T G.722 clauses
// 3.5, 3.6, 4.2; block names in capitals are the Recommendation's). The lower band's signal is what
// lies below 4 kHz, sampled at 8 kHz, which is all that tones need: the filters that join it with
// the upper band are not here.
#include "tl_audio.h"

#include <string.h>

static const int16_t logarithm_steps[8] = {-60, -30, 58, 172, 334, 538, 1198, 3042}; // WL
static const uint8_t magnitude_of[16] = {0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0};
static const int16_t antilogarithms[32] = { // ILB
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
    2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008};
static const int16_t coarse_levels[16] = { // QQ4: what the predictor adapts by
    0,     -20456, -12896, -8968, -6288, -4240, -2584, -1200,
    20456, 12896,  8968,   6288,  4240,  2584,  1200,  0};
static const int16_t fine_levels[64] = { // QQ6: what is heard
    -136,  -136,  -136,  -136,  -24808, -21904, -19008, -16704, -14984, -13512, -12280,
    -11192, -10232, -9360, -8576, -7856, -7192, -6576,  -6000,  -5456,  -4944,  -4464,
    -4008, -3576, -3168, -2776, -2400,  -2032,  -1688,  -1360,  -1040,  -728,   24808,
    21904, 19008, 16704, 14984, 13512,  12280,  11192,  10232,  9360,   8576,   7856,
    7192,  6576,  6000,  5456,  4944,   4464,   4008,   3576,   3168,   2776,   2400,
    2032,  1688,  1360,  1040,  728,    432,    136,    -432,   -136};
static const int16_t decision_levels[30] = { // QUANTL
    0,   35,  72,  110, 150,  190,  233,  276,  323,  370,  422,  473,  530,  587,  650,
    714, 786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919};

static int16_t clamp(int32_t value)
{
    return (int16_t)(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
}

TL_DTMF_CODE void tl_g722_reset(struct tl_g722_low *low)
{
    memset(low, 0, sizeof(*low));
    low->scale = 32;
}

// LOGSCL, SCALEL: the quantizer's step follows the size of what was coded.
static void adapt_scale(struct tl_g722_low *low, uint32_t coarse)
{
    int32_t logarithm = (low->log_scale * 127 >> 7) + logarithm_steps[magnitude_of[coarse]];
    logarithm = logarithm < 0 ? 0 : logarithm > 18432 ? 18432 : logarithm;
    low->log_scale = (int16_t)logarithm;
    int32_t shift = 8 - (logarithm >> 11);
    int32_t size = antilogarithms[logarithm >> 6 & 31];
    low->scale = (int16_t)((shift < 0 ? size << -shift : size >> shift) * 4);
}

// -1, +1 by sign; zero counts as positive.
static int32_t sign_of(int32_t value)
{
    return value < 0 ? -1 : 1;
}

// UPPOL2, UPPOL1: `partial` is the newest partially reconstructed signal.
static void adapt_poles(struct tl_g722_low *low, int32_t partial)
{
    int32_t one = sign_of(partial) * sign_of(low->partials[0]);
    int32_t two = sign_of(partial) * sign_of(low->partials[1]);
    int32_t change = clamp(low->poles[0] * 4);
    change = one > 0 ? -change : change;
    change = change > INT16_MAX ? INT16_MAX : change; // of -32768
    int32_t second = (two > 0 ? 128 : -128) + (change >> 7) + (low->poles[1] * 32512 >> 15);
    second = second > 12288 ? 12288 : second < -12288 ? -12288 : second;
    int32_t first = (one > 0 ? 192 : -192) + (low->poles[0] * 32640 >> 15);
    int32_t limit = 15360 - second;
    first = first > limit ? limit : first < -limit ? -limit : first;
    low->poles[1] = (int16_t)second;
    low->poles[0] = (int16_t)first;
}

// UPZERO and DELAYA: `difference` is the newest quantized difference signal.
static void adapt_zeros(struct tl_g722_low *low, int32_t difference)
{
    int32_t step = difference == 0 ? 0 : 128;
    for (int32_t i = 5; i >= 0; i--) {
        int32_t same = sign_of(difference) == sign_of(low->differences[i]);
        low->zeros[i] = clamp((same ? step : -step) + (low->zeros[i] * 32640 >> 15));
        low->differences[i] = i > 0 ? low->differences[i - 1] : (int16_t)difference;
    }
}

// FILTEP, FILTEZ, PREDIC
static void predict(struct tl_g722_low *low)
{
    int32_t first = clamp(low->reconstructed[0] * 2) * low->poles[0] >> 15;
    int32_t second = clamp(low->reconstructed[1] * 2) * low->poles[1] >> 15;
    low->pole_part = clamp(first + second);
    int32_t sum = 0;
    for (uint32_t i = 0; i < 6; i++)
        sum += clamp(low->differences[i] * 2) * low->zeros[i] >> 15;
    low->zero_part = clamp(sum);
    low->signal = clamp(low->pole_part + low->zero_part);
}

// What decoder and encoder do alike once a code is known.
static void follow(struct tl_g722_low *low, uint32_t coarse)
{
    int32_t difference = low->scale * coarse_levels[coarse] >> 15;
    int32_t partial = clamp(low->zero_part + difference);
    int32_t reconstructed = clamp(low->signal + difference);
    adapt_scale(low, coarse);
    adapt_poles(low, partial);
    adapt_zeros(low, difference);
    low->partials[1] = low->partials[0];
    low->partials[0] = (int16_t)partial;
    low->reconstructed[1] = low->reconstructed[0];
    low->reconstructed[0] = (int16_t)reconstructed;
    predict(low);
}

// Of 15 bits and a sign: half is the scale of the other codecs.
TL_DTMF_CODE void tl_g722_decode(struct tl_g722_low *low, const uint8_t *octets, int16_t *samples,
                                 uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t code = octets[i] & 63;
        int32_t heard = low->signal + (low->scale * fine_levels[code] >> 15);
        heard = heard > 16383 ? 16383 : heard < -16384 ? -16384 : heard;
        samples[i] = (int16_t)(heard / 2);
        follow(low, code >> 2);
    }
}

TL_DTMF_CODE uint8_t tl_g722_encode(struct tl_g722_low *low, int32_t sample)
{
    int32_t wanted = sample * 2;
    wanted = wanted > 16383 ? 16383 : wanted < -16384 ? -16384 : wanted;
    int32_t difference = wanted - low->signal;
    int32_t size = difference < 0 ? -difference - 1 : difference;
    uint32_t level = 1;
    while (level < 30 && size >= (decision_levels[level] * low->scale >> 12))
        level++;
    // Positive codes count down from 61, negative ones are 63, 62, then down from 31.
    uint32_t code = difference >= 0 ? 62 - level : level < 3 ? 64 - level : 34 - level;
    follow(low, code >> 2);
    return (uint8_t)(0xc0 | code); // upper band: the smallest step
}
