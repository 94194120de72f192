// SPDX-License-Identifier: Apache-2.0
// The hashes of SIP's digest authentication (RFC 7616), of OpenSSL.
#ifndef COPENSSL_DIGEST_HASH_H
#define COPENSSL_DIGEST_HASH_H

#include <stddef.h>
#include <stdint.h>

#define TL_HASH_MD5        0u
#define TL_HASH_SHA256     1u
#define TL_HASH_SHA512_256 2u
#define TL_HASH_BYTES_MAX  32u

// Returns the digest's length, 0 where it failed (MD5 under a FIPS policy). `data` may be null when
// there are no bytes.
size_t tl_hash(uint32_t hash, const uint8_t *data, size_t length,
               uint8_t digest[TL_HASH_BYTES_MAX]);

// HMAC with SHA-256. Returns 32, or 0 where it failed.
size_t tl_hmac_sha256(const uint8_t *key, size_t key_length, const uint8_t *data, size_t length,
                      uint8_t digest[TL_HASH_BYTES_MAX]);

// 1 where both are the same, in a time that does not depend on where they differ.
int tl_same_bytes(const uint8_t *a, const uint8_t *b, size_t length);

#endif
