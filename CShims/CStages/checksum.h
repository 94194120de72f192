// SPDX-License-Identifier: Apache-2.0
// The Internet checksum, 32 bytes at a time. Internal to CStages.

#ifndef TL_CHECKSUM_WIDE_H
#define TL_CHECKSUM_WIDE_H

#include "CStages.h"

#include <immintrin.h>

enum { BLOCK_BYTES = 32, G711_BYTES = 160 }; // 20 ms

static inline __m256i checksum_block(const uint8_t *bytes, __m256i bias, __m256i one)
{
    __m256i words = _mm256_loadu_si256((const __m256i_u *)(const void *)bytes);
    return _mm256_madd_epi16(_mm256_xor_si256(words, bias), one);
}

// The only multiply-and-add of 16-bit words is signed, so each word is taken less 32768, which is
// put back to begin with: two words a block in each lane. At the end two lanes stand in one word,
// the upper one worth as much as the lower: 2^32 is one, by 65535. Where `blocks` is a constant,
// the loop is none.
static inline __attribute__((always_inline)) uint64_t checksum_blocks(const uint8_t *bytes,
                                                                      uint32_t blocks)
{
    const __m256i bias = _mm256_set1_epi16(INT16_MIN);
    const __m256i one = _mm256_set1_epi16(1);
    __m256i sums = _mm256_set1_epi32((int)(blocks * 2 * 32768));
    for (uint32_t i = 0; i < blocks; i++)
        sums = _mm256_add_epi32(sums, checksum_block(bytes + i * BLOCK_BYTES, bias, one));
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
    return (uint64_t)_mm_cvtsi128_si64(half);
}

// Below 32 bytes.
static inline uint64_t checksum_rest(const uint8_t *bytes, uint32_t length)
{
    uint64_t sum = 0;
    for (; length >= 4; length -= 4, bytes += 4) {
        uint32_t word;
        memcpy(&word, bytes, 4);
        sum += word;
    }
    uint32_t rest = 0; // the odd byte is padded with zero behind it
    memcpy(&rest, bytes, length);
    return sum + rest;
}

static inline uint64_t checksum_sum(const uint8_t *bytes, uint32_t length)
{
    uint32_t whole = length & ~(BLOCK_BYTES - 1u);
    if (TL_LIKELY(length == G711_BYTES))
        return checksum_blocks(bytes, G711_BYTES / BLOCK_BYTES);
    uint64_t sum = whole != 0 ? checksum_blocks(bytes, whole / BLOCK_BYTES) : 0;
    return sum + checksum_rest(bytes + whole, length - whole);
}

static inline uint16_t checksum_finish(uint64_t sum)
{
    // A number plus itself with its halves exchanged: the upper half is the sum of both, with the
    // carry that came round.
    sum += sum << 32 | sum >> 32;
    uint32_t half = (uint32_t)(sum >> 32);
    half += half << 16 | half >> 16;
    return (uint16_t)~(half >> 16);
}

#endif
