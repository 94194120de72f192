// SPDX-License-Identifier: Apache-2.0
// HMAC-SHA1 (RFC 2104) and CRC-32 for STUN, by libipsec-mb. hmac.c is the one file that calls the
// library, and the one here in which the compiler does not prove that packet code never blocks.
//
// The library's manager for SSE is used: with SHA instructions it works on two messages side by
// side, so that one alone is done in 0.1 us; those for AVX-512 work on sixteen.

#ifndef TL_HMAC_H
#define TL_HMAC_H

#include "tl_base.h"

#define TL_HMAC_BYTES       20u // of a tag
#define TL_HMAC_BLOCK_BYTES 64u // a key may not be longer

/// A worker's own; of whatever the library needs.
struct tl_hmac;

/// A key as states of SHA-1: behind its block of the inner hash, and of the outer one.
struct tl_hmac_key {
    uint32_t inner[5];
    uint32_t outer[5];
};

/// Bytes that tl_hmac_init needs (64-byte aligned).
uint64_t tl_hmac_size(void);

struct tl_hmac *tl_hmac_init(void *memory);

/// `count`: at most TL_HMAC_BLOCK_BYTES.
TL_PACKET_CODE void tl_hmac_key_make(struct tl_hmac *hmac, const uint8_t *bytes, uint32_t count,
                                     struct tl_hmac_key *key);

/// The tag of a message of `count` bytes, one or more.
TL_PACKET_CODE void tl_hmac_tag(struct tl_hmac *hmac, const struct tl_hmac_key *key,
                                const uint8_t *bytes, uint32_t count,
                                uint8_t tag[TL_HMAC_BYTES]);

/// CRC-32 of ITU-T V.42, as FINGERPRINT wants it (RFC 5389 section 15.5) before its XOR.
TL_PACKET_CODE uint32_t tl_hmac_crc(struct tl_hmac *hmac, const uint8_t *bytes, uint32_t count);

#endif
