// SPDX-License-Identifier: Apache-2.0
// G.711 in both directions. Decoding runs for every sample of every flow whose tones are looked
// for, so it is arithmetic, the same for 16 octets at a time as for one: 2^exponent comes by a
// shuffle, because AVX2 cannot shift 16-bit lanes by amounts of their own.
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

// 2^index in each 16-bit lane, index 0...7.
static inline __m256i power_of_two(__m256i index)
{
    const __m256i powers = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0));
    __m256i high_byte_zero = _mm256_set1_epi16((int16_t)0x8000);
    return _mm256_shuffle_epi8(powers, _mm256_or_si256(index, high_byte_zero));
}

static inline __m256i codes_of(const uint8_t *octets, int16_t inverted)
{
    __m128i raw;
    memcpy(&raw, octets, sizeof(raw));
    return _mm256_xor_si256(_mm256_cvtepu8_epi16(raw), _mm256_set1_epi16(inverted));
}

// Negates the lanes whose bit 7 of `code`, exclusive-or `flip`, is set.
static inline __m256i signed_by(__m256i size, __m256i code, int16_t flip)
{
    __m256i bit = _mm256_slli_epi16(_mm256_xor_si256(code, _mm256_set1_epi16(flip)), 8);
    __m256i negative = _mm256_srai_epi16(bit, 15);
    return _mm256_sub_epi16(_mm256_xor_si256(size, negative), negative);
}

TL_DTMF_CODE void tl_audio_decode_pcmu(const uint8_t *octets, int16_t *samples, uint32_t count)
{
    uint32_t i = 0;
    for (; i + 16 <= count; i += 16) {
        __m256i code = codes_of(octets + i, 0xff);
        __m256i exponent = _mm256_and_si256(_mm256_srli_epi16(code, 4), _mm256_set1_epi16(7));
        __m256i mantissa = _mm256_and_si256(code, _mm256_set1_epi16(15));
        __m256i size = _mm256_add_epi16(_mm256_add_epi16(mantissa, mantissa),
                                        _mm256_set1_epi16(33));
        size = _mm256_sub_epi16(_mm256_mullo_epi16(size, power_of_two(exponent)),
                                _mm256_set1_epi16(33));
        __m256i sample = signed_by(size, code, 0);
        memcpy(samples + i, &sample, sizeof(sample));
    }
    tl_audio_decode_pcmu_portable(octets + i, samples + i, count - i);
}

TL_DTMF_CODE void tl_audio_decode_pcma(const uint8_t *octets, int16_t *samples, uint32_t count)
{
    uint32_t i = 0;
    for (; i + 16 <= count; i += 16) {
        __m256i code = codes_of(octets + i, 0x55);
        __m256i exponent = _mm256_and_si256(_mm256_srli_epi16(code, 4), _mm256_set1_epi16(7));
        __m256i mantissa = _mm256_and_si256(code, _mm256_set1_epi16(15));
        __m256i linear = _mm256_cmpeq_epi16(exponent, _mm256_setzero_si256());
        __m256i size = _mm256_add_epi16(_mm256_add_epi16(mantissa, mantissa),
                                        _mm256_set1_epi16(33));
        size = _mm256_sub_epi16(size, _mm256_and_si256(linear, _mm256_set1_epi16(32)));
        // Twice the sample: the shift by exponent - 1, or none, and once more.
        exponent = _mm256_sub_epi16(exponent, linear);
        size = _mm256_mullo_epi16(size, power_of_two(exponent));
        __m256i sample = signed_by(size, code, 0x80);
        memcpy(samples + i, &sample, sizeof(sample));
    }
    tl_audio_decode_pcma_portable(octets + i, samples + i, count - i);
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
