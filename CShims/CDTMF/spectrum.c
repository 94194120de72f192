// SPDX-License-Identifier: Apache-2.0
#include "waves.h"

#include <math.h>
#include <string.h>

#define PAIRS (SPECTRUM_HALF / 2)

const uint16_t spectrum_frequencies[SPECTRUM_TONES] = {697, 770, 852, 941, 1209, 1336, 1477, 1633};

// From the middle on, two samples at a time as vpmaddwd takes them:
// [pair][cosines, sines][tone][sample].
static int16_t waves[PAIRS][2][SPECTRUM_TONES][2] __attribute__((aligned(64)));

void spectrum_prepare(void)
{
    for (uint32_t i = 0; i < SPECTRUM_HALF; i++) {
        for (uint32_t tone = 0; tone < SPECTRUM_TONES; tone++) {
            double hertz = spectrum_frequencies[tone];
            for (uint32_t sine = 0; sine < 2; sine++)
                waves[i / 2][sine][tone][i % 2] =
                    (int16_t)lround(SPECTRUM_SCALE * waves_value(sine, hertz, i));
        }
    }
}

TL_DTMF_CODE void spectrum_of_portable(const int16_t *samples, uint32_t count,
                                       struct spectrum *out)
{
    for (uint32_t i = 0; i < count; i++, samples += TL_TONE_SEGMENT, out++) {
        memset(out, 0, sizeof(*out));
        for (uint32_t at = 0; at < SPECTRUM_HALF; at++) {
            int32_t behind = samples[SPECTRUM_HALF + at], before = samples[SPECTRUM_HALF - 1 - at];
            for (uint32_t tone = 0; tone < SPECTRUM_TONES; tone++) {
                out->cosine[tone] += (behind + before) * waves[at / 2][0][tone][at % 2];
                out->sine[tone] += (behind - before) * waves[at / 2][1][tone][at % 2];
            }
            out->energy += behind * behind + before * before;
        }
    }
}

#ifdef __AVX2__
#include <immintrin.h>

// Sums and differences of what lies as far from the middle. Samples have 14 bits: these have 15.
struct folded {
    int16_t even[SPECTRUM_HALF], odd[SPECTRUM_HALF];
};

static inline __m128i eight(const int16_t *samples)
{
    __m128i some;
    memcpy(&some, samples, sizeof(some));
    return some;
}

static inline void fold(const int16_t *samples, struct folded *out)
{
    const __m128i backwards =
        _mm_setr_epi8(14, 15, 12, 13, 10, 11, 8, 9, 6, 7, 4, 5, 2, 3, 0, 1);
#pragma clang loop unroll(full)
    for (uint32_t i = 0; i < SPECTRUM_HALF; i += 8) {
        __m128i behind = eight(samples + SPECTRUM_HALF + i);
        __m128i before = _mm_shuffle_epi8(eight(samples + SPECTRUM_HALF - 8 - i), backwards);
        __m128i even = _mm_add_epi16(behind, before), odd = _mm_sub_epi16(behind, before);
        memcpy(out->even + i, &even, sizeof(even));
        memcpy(out->odd + i, &odd, sizeof(odd));
    }
}

// Two samples of a segment in all lanes.
static inline __m256i pair_of(const int16_t *samples)
{
    int32_t pair;
    memcpy(&pair, samples, sizeof(pair));
    return _mm256_set1_epi32(pair);
}

static inline int64_t energy_of(const int16_t *samples)
{
    __m256i sum = _mm256_setzero_si256(); // ten squares of 8159 fit into a lane
#pragma clang loop unroll(full)
    for (uint32_t i = 0; i < TL_TONE_SEGMENT; i += 16) {
        __m256i sixteen;
        memcpy(&sixteen, samples + i, sizeof(sixteen));
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(sixteen, sixteen));
    }
    __m256i wide = _mm256_add_epi64(_mm256_cvtepu32_epi64(_mm256_castsi256_si128(sum)),
                                    _mm256_cvtepu32_epi64(_mm256_extracti128_si256(sum, 1)));
    __m128i two = _mm_add_epi64(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
    return _mm_extract_epi64(two, 0) + _mm_extract_epi64(two, 1);
}

// Four segments share what is loaded of the tables; their eight sums stay in registers.
static inline void block_of(const int16_t *samples, struct spectrum *out)
{
    struct folded folded[SPECTRUM_BLOCK];
    __m256i cosine[SPECTRUM_BLOCK], sine[SPECTRUM_BLOCK];
    for (uint32_t i = 0; i < SPECTRUM_BLOCK; i++) {
        fold(samples + i * TL_TONE_SEGMENT, &folded[i]);
        cosine[i] = sine[i] = _mm256_setzero_si256();
    }
    for (uint32_t pair = 0; pair < PAIRS; pair++) {
        __m256i cosines, sines;
        memcpy(&cosines, waves[pair][0], sizeof(cosines));
        memcpy(&sines, waves[pair][1], sizeof(sines));
#pragma clang loop unroll(full)
        for (uint32_t i = 0; i < SPECTRUM_BLOCK; i++) {
            __m256i even = pair_of(folded[i].even + pair * 2);
            __m256i odd = pair_of(folded[i].odd + pair * 2);
            cosine[i] = _mm256_add_epi32(cosine[i], _mm256_madd_epi16(even, cosines));
            sine[i] = _mm256_add_epi32(sine[i], _mm256_madd_epi16(odd, sines));
        }
    }
    for (uint32_t i = 0; i < SPECTRUM_BLOCK; i++) {
        memcpy(out[i].cosine, &cosine[i], sizeof(cosine[i]));
        memcpy(out[i].sine, &sine[i], sizeof(sine[i]));
        out[i].energy = energy_of(samples + i * TL_TONE_SEGMENT);
    }
}

TL_DTMF_CODE void spectrum_of(const int16_t *samples, uint32_t count, struct spectrum *out)
{
    for (uint32_t i = 0; i < count; i += SPECTRUM_BLOCK)
        block_of(samples + i * TL_TONE_SEGMENT, out + i);
}
#else
TL_DTMF_CODE void spectrum_of(const int16_t *samples, uint32_t count, struct spectrum *out)
{
    spectrum_of_portable(samples, count, out);
}
#endif
