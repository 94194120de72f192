// SPDX-License-Identifier: Apache-2.0
#ifndef COPENSSL_CERTIFICATE_H
#define COPENSSL_CERTIFICATE_H

#include <openssl/x509.h>

#include "COpenSSL.h"

struct tl_dtls_certificate {
    X509 *x509;
    EVP_PKEY *key;
};

// As tl_dtls_certificate_digest.
size_t tl_dtls_x509_digest(const X509 *x509, uint32_t hash_bits, uint8_t digest[64]);

#endif
