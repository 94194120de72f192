// SPDX-License-Identifier: Apache-2.0
#include "certificate.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

// 127 random bits: positive, and within the 20 octets of RFC 5280 section 4.1.2.2.
static int serial_set(X509 *x509)
{
    BIGNUM *number = BN_new();
    int good = number != NULL && BN_rand(number, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
               BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)) != NULL;
    BN_free(number);
    return good;
}

// A random name: the certificate says nothing but its key.
static int name_set(X509 *x509)
{
    uint8_t random[8];
    char text[17];
    if (RAND_bytes(random, sizeof(random)) != 1)
        return 0;
    for (size_t i = 0; i < sizeof(random); i++)
        snprintf(text + 2 * i, 3, "%02x", random[i]);
    X509_NAME *name = X509_get_subject_name(x509);
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)text, -1, -1, 0) &&
           X509_set_issuer_name(x509, name);
}

static int x509_fill(X509 *x509, EVP_PKEY *key, int64_t backdate_s, int64_t valid_s)
{
    return X509_set_version(x509, X509_VERSION_3) && serial_set(x509) && name_set(x509) &&
           X509_gmtime_adj(X509_getm_notBefore(x509), -backdate_s) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(x509), valid_s) != NULL &&
           X509_set_pubkey(x509, key) && X509_sign(x509, key, EVP_sha256()) > 0;
}

struct tl_dtls_certificate *tl_dtls_certificate_new(int64_t backdate_s, int64_t valid_s)
{
    struct tl_dtls_certificate *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return NULL;
    made->key = EVP_EC_gen("P-256");
    made->x509 = X509_new();
    if (made->key != NULL && made->x509 != NULL &&
        x509_fill(made->x509, made->key, backdate_s, valid_s))
        return made;
    tl_dtls_certificate_free(made);
    return NULL;
}

void tl_dtls_certificate_free(struct tl_dtls_certificate *certificate)
{
    if (certificate == NULL)
        return;
    X509_free(certificate->x509);
    EVP_PKEY_free(certificate->key);
    free(certificate);
}

size_t tl_dtls_x509_digest(const X509 *x509, uint32_t hash_bits, uint8_t digest[64])
{
    const EVP_MD *hash = hash_bits == 256   ? EVP_sha256()
                         : hash_bits == 384 ? EVP_sha384()
                         : hash_bits == 512 ? EVP_sha512()
                                            : NULL;
    unsigned int bytes = 0;
    if (x509 == NULL || hash == NULL || X509_digest(x509, hash, digest, &bytes) != 1)
        return 0;
    return bytes;
}

size_t tl_dtls_certificate_digest(const struct tl_dtls_certificate *certificate, uint32_t hash_bits,
                                  uint8_t digest[64])
{
    return tl_dtls_x509_digest(certificate->x509, hash_bits, digest);
}
