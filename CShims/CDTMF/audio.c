// SPDX-License-Identifier: Apache-2.0
// G.711 in both directions. Decoding runs for every sample of every flow whose tones are looked
// for, so it works on 32 octets at a time: a sample is a step, 2^exponent, times a mantissa, and
// both come by shuffles from tables of sixteen.
#include "audio.h"

#include "CFlowABI.h"

#include <string.h>

// An octet as sign, exponent and mantissa. Of A-law the first two of eight exponents are one step
// wide, hence the correction.
static int16_t pcmu_sample(uint8_t octet)
{
    uint32_t code = octet ^ 0xffu;
    int32_t size = (int32_t)(((code & 15) * 2 + 33) << (code >> 4 & 7)) - 33;
    return (int16_t)(code & 0x80 ? -size : size);
}

static int16_t pcma_sample(uint8_t octet)
{
    uint32_t code = octet ^ 0x55u, exponent = code >> 4 & 7;
    uint32_t size = (code & 15) * 2 + 1;
    if (exponent != 0)
        size = (size + 32) << (exponent - 1);
    return (int16_t)(code & 0x80 ? (int32_t)size * 2 : -(int32_t)size * 2);
}

TL_DTMF_CODE void tl_audio_decode_pcmu_portable(const uint8_t *octets, int16_t *samples,
                                                uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        samples[i] = pcmu_sample(octets[i]);
}

TL_DTMF_CODE void tl_audio_decode_pcma_portable(const uint8_t *octets, int16_t *samples,
                                                uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        samples[i] = pcma_sample(octets[i]);
}

#ifdef __AVX2__
#include <immintrin.h>

// 32 octets as sign, exponent and mantissa, a byte each; the bits in `inverted` are turned round.
// Where bit 7 of `sign` is set the sample is negative.
struct octets {
    __m256i exponent, mantissa, sign;
};

static inline struct octets octets_of(const uint8_t *octets, uint8_t inverted)
{
    __m256i raw;
    memcpy(&raw, octets, sizeof(raw));
    // What is unpacked below leaves in order.
    raw = _mm256_permute4x64_epi64(raw, 0xd8);
    __m256i code = _mm256_xor_si256(raw, _mm256_set1_epi8((char)inverted));
    return (struct octets){
        .exponent = _mm256_and_si256(_mm256_srli_epi16(code, 4), _mm256_set1_epi8(7)),
        .mantissa = _mm256_and_si256(code, _mm256_set1_epi8(15)),
        .sign = _mm256_or_si256(code, _mm256_set1_epi8(1)),
    };
}

// The entry of a table of sixteen for each byte.
static inline __m256i looked_up(__m128i table, __m256i places)
{
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(table), places);
}

// a * b + c * d of each byte: of a and c without sign, of b and d with one.
static inline void write_products(int16_t *samples, __m256i a, __m256i b, __m256i c, __m256i d)
{
    __m256i low = _mm256_maddubs_epi16(_mm256_unpacklo_epi8(a, c), _mm256_unpacklo_epi8(b, d));
    __m256i high = _mm256_maddubs_epi16(_mm256_unpackhi_epi8(a, c), _mm256_unpackhi_epi8(b, d));
    memcpy(samples, &low, sizeof(low));
    memcpy(samples + 16, &high, sizeof(high));
}

// Where the next 32 of `count` octets begin when those up to `done` are; the last ones, with some
// that are already. `count`: none are left.
static inline uint32_t next_octets(uint32_t done, uint32_t count)
{
    return done < count && done + 32 > count ? count - 32 : done;
}

TL_DTMF_CODE void tl_audio_decode_pcmu(const uint8_t *octets, int16_t *samples, uint32_t count)
{
    const __m128i steps = _mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m128i sizes =
        _mm_setr_epi8(33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63);
    if (count < 32) {
        tl_audio_decode_pcmu_portable(octets, samples, count);
        return;
    }
    for (uint32_t i = 0; i < count; i = next_octets(i + 32, count)) {
        struct octets code = octets_of(octets + i, 0xff);
        __m256i size = _mm256_sign_epi8(looked_up(sizes, code.mantissa), code.sign);
        __m256i minus = _mm256_sign_epi8(_mm256_set1_epi8(-1), code.sign);
        write_products(samples + i, looked_up(steps, code.exponent), size, _mm256_set1_epi8(33),
                       minus);
    }
}

TL_DTMF_CODE void tl_audio_decode_pcma(const uint8_t *octets, int16_t *samples, uint32_t count)
{
    const __m128i steps = _mm_setr_epi8(2, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m128i more = _mm_setr_epi8(0, 32, 32, 32, 32, 32, 32, 32, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m128i sizes =
        _mm_setr_epi8(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    const __m256i none = _mm256_setzero_si256();
    if (count < 32) {
        tl_audio_decode_pcma_portable(octets, samples, count);
        return;
    }
    for (uint32_t i = 0; i < count; i = next_octets(i + 32, count)) {
        struct octets code = octets_of(octets + i, 0xd5); // bit 7 of positive ones is set
        __m256i size = _mm256_add_epi8(looked_up(sizes, code.mantissa),
                                       looked_up(more, code.exponent));
        write_products(samples + i, looked_up(steps, code.exponent),
                       _mm256_sign_epi8(size, code.sign), none, none);
    }
}
#else
TL_DTMF_CODE void tl_audio_decode_pcmu(const uint8_t *octets, int16_t *samples, uint32_t count)
{
    tl_audio_decode_pcmu_portable(octets, samples, count);
}

TL_DTMF_CODE void tl_audio_decode_pcma(const uint8_t *octets, int16_t *samples, uint32_t count)
{
    tl_audio_decode_pcma_portable(octets, samples, count);
}
#endif

// Position of the highest bit of a number that has one.
static uint32_t top_bit(uint32_t number)
{
    return 31u - (uint32_t)__builtin_clz(number);
}

TL_DTMF_CODE uint8_t tl_audio_encode_pcmu(int32_t sample)
{
    uint32_t sign = sample < 0 ? 0x80 : 0;
    uint32_t size = (uint32_t)(sample < 0 ? -(int64_t)sample : sample);
    if (size > 8158)
        size = 8158;
    size += 33;
    uint32_t exponent = top_bit(size) - 5;
    return (uint8_t)~(sign | exponent << 4 | (size >> (exponent + 1) & 15));
}

TL_DTMF_CODE uint8_t tl_audio_encode_pcma(int32_t sample)
{
    uint32_t sign = sample < 0 ? 0 : 0x80;
    uint32_t size = (uint32_t)(sample < 0 ? -(int64_t)sample - 1 : sample) / 2;
    if (size > 4095)
        size = 4095;
    uint32_t exponent = size < 64 ? size >> 5 : top_bit(size) - 4;
    uint32_t shift = exponent > 1 ? exponent : 1;
    return (uint8_t)((sign | exponent << 4 | (size >> shift & 15)) ^ 0x55);
}

TL_DTMF_CODE void tl_audio_silence(uint8_t codec, uint8_t *octets, uint32_t count)
{
    // Of G.722, the smallest step of both bands.
    uint8_t octet = codec == TL_CODEC_PCMU ? 0xff : codec == TL_CODEC_PCMA ? 0xd5 : 0xfa;
    memset(octets, octet, count);
}
