// SPDX-License-Identifier: Apache-2.0
// The engine, and the seam between what SRTP says and what a back end computes.

#ifndef ENGINE_H
#define ENGINE_H

#include "CSRTP.h"

#define BURST_MAX  TL_SRTP_BURST // tasks that a back end gets at once
#define HASH_BYTES 20u

/// One packet's cryptography.
struct task {
    struct tl_srtp_expanded *expanded;
    struct tl_srtp_job *job;
    uint8_t *data;                // to encrypt or decrypt, in place
    const uint8_t *authenticated; // GCM: associated data; else what the HMAC covers
    const uint8_t *expected;      // GCM, opening: the packet's tag
    uint32_t data_bytes;          // 0: nothing to encrypt or decrypt
    uint32_t authenticated_bytes;
    uint8_t key_bytes;           // 16 or 32
    uint8_t good;                // GCM, opening: the tag is right
    uint32_t covered;            // what stood where the roll-over counter was put for hashing
    _Alignas(16) uint8_t iv[16]; // GCM: 12 of them
    uint8_t tag[32];             // computed: 16 bytes by GCM, 20 by HMAC
};

struct tl_srtp_engine {
    void *state; // the back end's
    uint8_t backend;
    uint8_t met_aead; // the last burst was GCM's alone
    struct tl_srtp_expanded rtcp; // one packet's, wiped behind it
    struct task gcm[BURST_MAX];
    struct task cm[BURST_MAX];
};

/// A back end. `expand` makes `expanded` from a cipher key and, without `aead`, an authentication
/// key of 20 bytes; `release` gives up what it holds beyond its bytes. `gcm` encrypts and
/// computes each task's tag, or decrypts and says whether it is good. `cipher` is AES in counter
/// mode over the tasks with data of that key size; `hash` is HMAC-SHA1.
#define BACKEND(name)                                                                              \
    size_t name##_size(void);                                                                      \
    bool name##_init(void *state);                                                                 \
    void name##_close(void *state);                                                                \
    TL_PACKET_CODE void name##_expand(void *state, struct tl_srtp_expanded *expanded, bool aead,   \
                                      const uint8_t *key, uint32_t key_bytes,                      \
                                      const uint8_t *authentication);                              \
    TL_PACKET_CODE void name##_release(struct tl_srtp_expanded *expanded);                         \
    TL_PACKET_CODE void name##_gcm(void *state, struct task *tasks, uint32_t count, bool seal);    \
    TL_PACKET_CODE void name##_cipher(void *state, struct task *tasks, uint32_t count,             \
                                      uint32_t key_bytes);                                         \
    TL_PACKET_CODE void name##_hash(void *state, struct task *tasks, uint32_t count);
BACKEND(ipsec_mb)
BACKEND(openssl)
#undef BACKEND

#define CALL(engine, function, ...)                                                                \
    ((engine)->backend == TL_SRTP_IPSEC_MB ? ipsec_mb_##function((engine)->state, __VA_ARGS__)     \
                                           : openssl_##function((engine)->state, __VA_ARGS__))

/// Overwrites memory in a way that no compiler leaves out.
TL_PACKET_CODE static inline void wipe(void *memory, size_t bytes)
{
    volatile uint8_t *byte = memory;
    volatile uint64_t *word = memory;
    if (((uintptr_t)memory | bytes) % 8 == 0)
        for (size_t i = 0; i < bytes / 8; i++)
            word[i] = 0;
    else
        for (size_t i = 0; i < bytes; i++)
            byte[i] = 0;
}

/// Compares tags in a time that does not depend on where they differ.
TL_PACKET_CODE static inline bool tags_equal(const uint8_t *a, const uint8_t *b, uint32_t bytes)
{
    uint8_t difference = 0;
    for (uint32_t i = 0; i < bytes; i++)
        difference |= a[i] ^ b[i];
    return difference == 0;
}

TL_PACKET_CODE static inline uint32_t load_32(const void *from)
{
    uint32_t value;
    __builtin_memcpy(&value, from, 4);
    return value;
}

TL_PACKET_CODE static inline void store_32(void *to, uint32_t value)
{
    __builtin_memcpy(to, &value, 4);
}

/// Gives up expanded keys and wipes them.
TL_PACKET_CODE static inline void expanded_drop(struct tl_srtp_expanded *expanded, uint8_t backend)
{
    if (backend == TL_SRTP_OPENSSL)
        openssl_release(expanded);
    wipe(expanded, sizeof(*expanded));
}

/// Initialisation vectors. `ssrc` as it stands in the packet. AES-CM (RFC 3711 section 4.1.1):
/// the salt, xor the SSRC at bytes 4...7, xor the index at bytes 8...13. GCM (RFC 7714 section
/// 8.1): xor the SSRC at 2...5, xor the index at 6...11. Both: as two little-endian words.
TL_PACKET_CODE static inline void iv_cm(uint8_t iv[16], const uint8_t salt[16], uint32_t ssrc,
                                        uint64_t index)
{
    uint64_t words[2];
    __builtin_memcpy(words, salt, 16);
    words[0] ^= (uint64_t)ssrc << 32;
    words[1] ^= __builtin_bswap64(index << 16);
    __builtin_memcpy(iv, words, 16);
}

TL_PACKET_CODE static inline void iv_gcm(uint8_t iv[16], const uint8_t salt[16], uint32_t ssrc,
                                         uint64_t index)
{
    uint64_t words[2], big_endian = __builtin_bswap64(index << 16);
    __builtin_memcpy(words, salt, 16);
    words[0] ^= (uint64_t)ssrc << 16 ^ big_endian << 48;
    words[1] ^= big_endian >> 16 & 0xffffffff;
    __builtin_memcpy(iv, words, 16);
}

#endif
