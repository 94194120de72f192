// SPDX-License-Identifier: Apache-2.0
#include "digest_hash.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

size_t tl_hash(uint32_t hash, const uint8_t *data, size_t length, uint8_t digest[TL_HASH_BYTES_MAX])
{
    const EVP_MD *kind = hash == TL_HASH_MD5          ? EVP_md5()
                         : hash == TL_HASH_SHA256     ? EVP_sha256()
                         : hash == TL_HASH_SHA512_256 ? EVP_sha512_256()
                                                      : NULL;
    unsigned int written = 0;
    uint8_t nothing = 0;

    if (kind == NULL || EVP_MD_get_size(kind) > (int)TL_HASH_BYTES_MAX)
        return 0;
    if (EVP_Digest(length > 0 ? data : &nothing, length, digest, &written, kind, NULL) != 1)
        return 0;
    return written;
}

size_t tl_hmac_sha256(const uint8_t *key, size_t key_length, const uint8_t *data, size_t length,
                      uint8_t digest[TL_HASH_BYTES_MAX])
{
    unsigned int written = 0;

    if (key_length > INT_MAX ||
        HMAC(EVP_sha256(), key, (int)key_length, data, length, digest, &written) == NULL)
        return 0;
    return written;
}

int tl_same_bytes(const uint8_t *a, const uint8_t *b, size_t length)
{
    return CRYPTO_memcmp(a, b, length) == 0;
}
