// SPDX-License-Identifier: Apache-2.0
#include "context.h"

#include <stdlib.h>

#include "cookie.h"

// Forward secrecy and GCM, which every peer has. The RSA ones are for peers with RSA certificates:
// ours is ECDSA.
static const char suites[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
                             "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384";

#define CHAIN_BYTES_MAX 16384
#define SEND_FRAGMENT   2048 // a session's write buffer is sized by it; our records are smaller

// Any certificate: it is the fingerprint that decides (RFC 5763 section 5).
static int any_accepted(X509_STORE_CTX *store, void *unused)
{
    (void)store, (void)unused;
    return 1;
}

static int context_set_up(SSL_CTX *ssl)
{
    SSL_CTX_set_options(ssl, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                 SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(ssl, any_accepted, NULL);
    SSL_CTX_set_max_cert_list(ssl, CHAIN_BYTES_MAX);
    SSL_CTX_set_read_ahead(ssl, 1);
    SSL_CTX_set_security_level(ssl, 2);
    tl_dtls_cookies_set_up(ssl);
    return SSL_CTX_set_min_proto_version(ssl, DTLS1_2_VERSION) &&
           SSL_CTX_set_max_proto_version(ssl, DTLS1_2_VERSION) &&
           SSL_CTX_set_max_send_fragment(ssl, SEND_FRAGMENT) &&
           SSL_CTX_set_cipher_list(ssl, suites) &&
           SSL_CTX_set1_groups_list(ssl, "X25519:P-256:P-384");
}

struct tl_dtls_context *tl_dtls_context_new(void)
{
    struct tl_dtls_context *context = calloc(1, sizeof(*context));
    if (context == NULL)
        return NULL;
    context->ssl = SSL_CTX_new(DTLS_method());
    if (context->ssl != NULL && context_set_up(context->ssl))
        return context;
    tl_dtls_context_free(context);
    return NULL;
}

void tl_dtls_context_free(struct tl_dtls_context *context)
{
    if (context == NULL)
        return;
    SSL_CTX_free(context->ssl);
    free(context);
}

uint8_t tl_dtls_equal(const void *left, const void *right, size_t bytes)
{
    return CRYPTO_memcmp(left, right, bytes) == 0;
}

void tl_dtls_wipe(void *bytes, size_t count)
{
    OPENSSL_cleanse(bytes, count);
}
