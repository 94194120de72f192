// SPDX-License-Identifier: Apache-2.0
#include "waves.h"

#include <math.h>
#include <string.h>

#define PAIRS (SPECTRUM_HALF / 2)
#define LANES 16u // 16-bit ones of a vector

const uint16_t spectrum_frequencies[SPECTRUM_TONES] = {697, 770, 852, 941, 1209, 1336, 1477, 1633};

// From the middle on, two samples at a time as vpmaddwd takes them, in every lane, so that it takes
// them from here: [cosines, sines][pair][tone][sample].
static int16_t waves[2][PAIRS][SPECTRUM_TONES][LANES] __attribute__((aligned(64)));

void spectrum_prepare(void)
{
    for (uint32_t i = 0; i < SPECTRUM_HALF; i++)
        for (uint32_t tone = 0; tone < SPECTRUM_TONES; tone++)
            for (uint32_t sine = 0; sine < 2; sine++) {
                double value = waves_value(sine, spectrum_frequencies[tone], i);
                for (uint32_t lane = i % 2; lane < LANES; lane += 2)
                    waves[sine][i / 2][tone][lane] = (int16_t)lround(SPECTRUM_SCALE * value);
            }
}

// Sums (of sines, differences) of what lies as far from the middle. Samples have 14 bits: these
// have 15, and the squares of two fit into 30.
static void fold_portable(const int16_t *samples, uint32_t sine, int32_t folded[SPECTRUM_HALF])
{
    for (uint32_t at = 0; at < SPECTRUM_HALF; at++) {
        int32_t behind = samples[SPECTRUM_HALF + at], before = samples[SPECTRUM_HALF - 1 - at];
        folded[at] = sine ? behind - before : behind + before;
    }
}

TL_DTMF_CODE void spectra_of_portable(const int16_t *samples, struct spectra *out)
{
    memset(out, 0, sizeof(*out));
    for (uint32_t lane = 0; lane < SPECTRUM_BLOCK; lane++, samples += TL_TONE_SEGMENT) {
        for (uint32_t sine = 0; sine < 2; sine++) {
            int32_t folded[SPECTRUM_HALF];
            fold_portable(samples, sine, folded);
            for (uint32_t at = 0; at < SPECTRUM_HALF; at++)
                for (uint32_t tone = 0; tone < SPECTRUM_TONES; tone++)
                    (sine ? out->sine : out->cosine)[tone][lane] +=
                        folded[at] * waves[sine][at / 2][tone][at % 2];
            // Sums and differences together have twice the samples' energy.
            for (uint32_t at = 0; at < SPECTRUM_HALF; at += 2)
                out->energy_4[lane] +=
                    (folded[at] * folded[at] + folded[at + 1] * folded[at + 1]) >> 3;
        }
    }
}

#ifdef __AVX2__
#include <immintrin.h>

// Two samples of each segment in a vector, [pair from the segment's start].
struct turned {
    __m256i pairs[TL_TONE_SEGMENT / 2];
};

static inline __m256i pairs_of(const int16_t *samples)
{
    __m256i some;
    memcpy(&some, samples, sizeof(some));
    return some;
}

// Eight pairs of eight segments, from rows into columns.
static inline void turn(const int16_t *samples, __m256i out[SPECTRUM_BLOCK])
{
    __m256i rows[SPECTRUM_BLOCK], twos[SPECTRUM_BLOCK], fours[SPECTRUM_BLOCK];
#pragma clang loop unroll(full)
    for (uint32_t i = 0; i < SPECTRUM_BLOCK; i++)
        rows[i] = pairs_of(samples + i * TL_TONE_SEGMENT);
#pragma clang loop unroll(full)
    for (uint32_t i = 0; i < SPECTRUM_BLOCK; i += 2) {
        twos[i] = _mm256_unpacklo_epi32(rows[i], rows[i + 1]);
        twos[i + 1] = _mm256_unpackhi_epi32(rows[i], rows[i + 1]);
    }
#pragma clang loop unroll(full)
    for (uint32_t i = 0; i < SPECTRUM_BLOCK; i += 4)
        for (uint32_t j = 0; j < 2; j++) {
            fours[i + j * 2] = _mm256_unpacklo_epi64(twos[i + j], twos[i + 2 + j]);
            fours[i + j * 2 + 1] = _mm256_unpackhi_epi64(twos[i + j], twos[i + 2 + j]);
        }
#pragma clang loop unroll(full)
    for (uint32_t i = 0; i < 4; i++) {
        out[i] = _mm256_permute2x128_si256(fours[i], fours[4 + i], 0x20);
        out[4 + i] = _mm256_permute2x128_si256(fours[i], fours[4 + i], 0x31);
    }
}

// What of all segments is at each tone, as cosines or as sines; returns their part of energy_4.
static inline __m256i sums_of(const struct turned *turned, uint32_t sine,
                              int32_t out[SPECTRUM_TONES][SPECTRUM_BLOCK])
{
    const __m256i backwards = _mm256_set1_epi32(0x01000302);
    const __m256i swap = _mm256_add_epi32(
        backwards, _mm256_setr_epi32(0, 0x04040404, 0x08080808, 0x0c0c0c0c, 0, 0x04040404,
                                     0x08080808, 0x0c0c0c0c));
    __m256i sums[SPECTRUM_TONES], energy = _mm256_setzero_si256();
#pragma clang loop unroll(full)
    for (uint32_t tone = 0; tone < SPECTRUM_TONES; tone++)
        sums[tone] = _mm256_setzero_si256();
    for (uint32_t pair = 0; pair < PAIRS; pair++) {
        __m256i behind = turned->pairs[PAIRS + pair];
        __m256i before = _mm256_shuffle_epi8(turned->pairs[PAIRS - 1 - pair], swap);
        __m256i folded =
            sine ? _mm256_sub_epi16(behind, before) : _mm256_add_epi16(behind, before);
        energy = _mm256_add_epi32(energy, _mm256_srli_epi32(_mm256_madd_epi16(folded, folded), 3));
#pragma clang loop unroll(full)
        for (uint32_t tone = 0; tone < SPECTRUM_TONES; tone++) {
            __m256i wave = pairs_of(waves[sine][pair][tone]);
            sums[tone] = _mm256_add_epi32(sums[tone], _mm256_madd_epi16(folded, wave));
        }
    }
#pragma clang loop unroll(full)
    for (uint32_t tone = 0; tone < SPECTRUM_TONES; tone++)
        memcpy(out[tone], &sums[tone], sizeof(sums[tone]));
    return energy;
}

TL_DTMF_CODE void spectra_of(const int16_t *samples, struct spectra *out)
{
    struct turned turned;
    for (uint32_t i = 0; i < TL_TONE_SEGMENT / 2; i += SPECTRUM_BLOCK)
        turn(samples + 2 * i, turned.pairs + i);
    __m256i even = sums_of(&turned, 0, out->cosine), odd = sums_of(&turned, 1, out->sine);
    __m256i energy = _mm256_add_epi32(even, odd);
    memcpy(out->energy_4, &energy, sizeof(energy));
}
#else
TL_DTMF_CODE void spectra_of(const int16_t *samples, struct spectra *out)
{
    spectra_of_portable(samples, out);
}
#endif
