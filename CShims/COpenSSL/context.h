// SPDX-License-Identifier: Apache-2.0
#ifndef COPENSSL_CONTEXT_H
#define COPENSSL_CONTEXT_H

#include <openssl/ssl.h>

#include "COpenSSL.h"

struct tl_dtls_context {
    SSL_CTX *ssl;
};

#endif
