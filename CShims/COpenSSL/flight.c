// SPDX-License-Identifier: Apache-2.0
// Is a ServerKeyExchange of the party whose certificate stands beside it, and for our hello?
// OpenSSL asks the same when the handshake is at it, and cannot go back then.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

#include "session.h"

enum { RANDOM_BYTES = 32, PARAMETERS_MAX = 4 + 255 };

// Of a SignatureScheme (RFC 8446 section 4.2.3). 0: none that we offer; `hash` NULL: its own.
static int scheme_hash(uint32_t scheme, const EVP_MD **hash)
{
    static const EVP_MD *(*const hashes[])(void) = {EVP_sha256, EVP_sha384, EVP_sha512};
    *hash = NULL;
    if (scheme == 0x0807 || scheme == 0x0808) // EdDSA
        return 1;
    uint32_t high = scheme >> 8, low = scheme & 0xff;
    uint32_t which = high == 8 ? (low >= 9 ? low - 9 : low - 4) : high - 4;
    if (which > 2 || (high != 8 && low != 1 && low != 3))
        return 0;
    *hash = hashes[which]();
    return 1;
}

static int is_signed(EVP_MD_CTX *context, EVP_PKEY *key, uint32_t scheme, const uint8_t *signature,
                     size_t signature_bytes, const uint8_t *text, size_t text_bytes)
{
    const EVP_MD *hash;
    EVP_PKEY_CTX *parameters;
    if (!scheme_hash(scheme, &hash) ||
        EVP_DigestVerifyInit(context, &parameters, hash, NULL, key) != 1)
        return 0;
    if (hash != NULL && scheme >> 8 == 8 &&
        (EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) <= 0 ||
         EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) <= 0))
        return 0;
    return EVP_DigestVerify(context, signature, signature_bytes, text, text_bytes) == 1;
}

uint8_t tl_dtls_session_is_signed(const struct tl_dtls_session *session,
                                  const uint8_t server_random[32], const uint8_t *certificate,
                                  size_t certificate_bytes, const uint8_t *exchange,
                                  size_t exchange_bytes)
{
    // Curve type, named curve, point; scheme, signature (RFC 8422 section 5.4).
    uint8_t text[2 * RANDOM_BYTES + PARAMETERS_MAX];
    size_t parameters = exchange_bytes > 4 ? 4u + exchange[3] : 0;
    if (parameters == 0 || exchange_bytes < parameters + 4)
        return 0;
    const uint8_t *after = exchange + parameters;
    size_t signature_bytes = (size_t)after[2] << 8 | after[3];
    if (exchange_bytes != parameters + 4 + signature_bytes ||
        SSL_get_client_random(session->ssl, text, RANDOM_BYTES) != RANDOM_BYTES)
        return 0;
    memcpy(text + RANDOM_BYTES, server_random, RANDOM_BYTES);
    memcpy(text + 2 * RANDOM_BYTES, exchange, parameters);
    X509 *x509 = d2i_X509(NULL, &certificate, (long)certificate_bytes);
    EVP_PKEY *key = x509 == NULL ? NULL : X509_get0_pubkey(x509);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t good = key != NULL && context != NULL &&
                   is_signed(context, key, (uint32_t)after[0] << 8 | after[1], after + 4,
                             signature_bytes, text, 2 * RANDOM_BYTES + parameters);
    EVP_MD_CTX_free(context);
    X509_free(x509);
    ERR_clear_error();
    return good;
}
