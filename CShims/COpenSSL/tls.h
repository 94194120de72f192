// SPDX-License-Identifier: Apache-2.0
#ifndef TL_TLS_PRIVATE_H
#define TL_TLS_PRIVATE_H

#include <openssl/ssl.h>
#include <stdio.h>

#include "tl_tls.h"

#define TL_TLS_SECURITY_LEVEL 2 // RSA from 2048 bits, no SHA-1 in signatures

struct tl_tls_identity {
    X509 *x509;
    STACK_OF(X509) *chain;
    EVP_PKEY *key;
};

struct tl_tls_trust {
    X509_STORE *store;
    int64_t not_after_s;
    uint32_t count;
};

struct tl_tls_context {
    SSL_CTX *ssl;
    const struct tl_tls_identity **identities; // in use as long as the context is: see its owner
    size_t count;
    uint8_t is_server;
};

struct tl_tls_ticket {
    SSL_SESSION *session;
};

struct tl_tls_session {
    SSL *ssl;
    BIO *in;
    BIO *out;
    SSL_SESSION *ticket;
    enum tl_tls_state state;
    int verify_error;
    uint8_t is_server;
    uint8_t accepts_server_only;
    char reason[TL_TLS_REASON_MAX];
};

void tl_tls_x509_facts(X509 *x509, struct tl_tls_facts *facts);
size_t tl_tls_x509_names(X509 *x509, uint8_t *out, size_t room);
// As SSL_CTX_set_cert_verify_callback takes it.
int tl_tls_verify(X509_STORE_CTX *store, void *unused);
// As SSL_CTX_set_tlsext_servername_callback takes it: shows what the client asks for.
int tl_tls_choose(SSL *ssl, int *alert, void *context);
int tl_tls_use(SSL *ssl, const struct tl_tls_identity *identity);

// Opens a regular file for reading; NULL and errno otherwise. Never waits, as a pipe would have it.
FILE *tl_tls_file_open(const char *path);

#endif
