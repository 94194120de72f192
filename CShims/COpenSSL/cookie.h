// SPDX-License-Identifier: Apache-2.0
#ifndef COPENSSL_COOKIE_H
#define COPENSSL_COOKIE_H

#include <openssl/ssl.h>

// For the sessions of a context that listen.
void tl_dtls_cookies_set_up(SSL_CTX *ssl);

#endif
