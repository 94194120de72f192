// SPDX-License-Identifier: Apache-2.0
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "tls.h"

// What Microsoft's and the carriers' services name for TLS 1.2: forward secrecy, AES.
static const char suites[] = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                             "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                             "ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384:"
                             "ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256";
static const char suites13[] = "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256";

#define CHAIN_BYTES_MAX 32768
#define SESSION_SECONDS 3600 // a resumed session is not looked at anew: not for longer

int tl_tls_use(SSL *ssl, const struct tl_tls_identity *identity)
{
    return SSL_use_cert_and_key(ssl, identity->x509, identity->key, identity->chain, 1) == 1;
}

// Of the identities with the name, each key type's first: SSL holds one for each type.
int tl_tls_choose(SSL *ssl, int *alert, void *argument)
{
    (void)alert;
    const struct tl_tls_context *context = argument;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name == NULL || context->count < 2)
        return SSL_TLSEXT_ERR_NOACK;
    size_t length = strlen(name);
    int found = 0;
    for (size_t i = context->count; i-- > 0;)
        if (X509_check_host(context->identities[i]->x509, name, length, 0, NULL) == 1) {
            if (!found)
                SSL_certs_clear(ssl);
            found |= tl_tls_use(ssl, context->identities[i]);
        }
    ERR_clear_error();
    return found ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

// A ticket came: kept with the session until its owner asks.
static int ticket_came(SSL *ssl, SSL_SESSION *ticket)
{
    struct tl_tls_session *session = SSL_get_app_data(ssl);
    if (session == NULL)
        return 0;
    SSL_SESSION_free(session->ticket);
    session->ticket = ticket;
    return 1;
}

static int context_set_up(SSL_CTX *ssl)
{
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_cert_verify_callback(ssl, tl_tls_verify, NULL);
    SSL_CTX_set_max_cert_list(ssl, CHAIN_BYTES_MAX);
    SSL_CTX_set_security_level(ssl, TL_TLS_SECURITY_LEVEL);
    SSL_CTX_set_timeout(ssl, SESSION_SECONDS);
    return SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) &&
           SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION) &&
           SSL_CTX_set_cipher_list(ssl, suites) && SSL_CTX_set_ciphersuites(ssl, suites13) &&
           SSL_CTX_set1_groups_list(ssl, "X25519:P-256:P-384");
}

static int role_set_up(struct tl_tls_context *context)
{
    SSL_CTX *ssl = context->ssl;
    if (context->is_server) {
        // Tickets alone: the peer keeps what is needed to go on.
        SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_tlsext_servername_callback(ssl, tl_tls_choose);
        SSL_CTX_set_tlsext_servername_arg(ssl, context);
    } else {
        SSL_CTX_set_session_cache_mode(ssl,
                                       SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(ssl, ticket_came);
    }
    const struct tl_tls_identity *first = context->count > 0 ? context->identities[0] : NULL;
    return first == NULL ||
           SSL_CTX_use_cert_and_key(ssl, first->x509, first->key, first->chain, 1) == 1;
}

struct tl_tls_context *tl_tls_context_new(uint8_t is_server,
                                          const struct tl_tls_identity *const *identities,
                                          size_t count)
{
    struct tl_tls_context *context = calloc(1, sizeof(*context));
    if (context == NULL)
        return NULL;
    context->is_server = is_server;
    context->count = count;
    context->identities = calloc(count > 0 ? count : 1, sizeof(*context->identities));
    context->ssl = SSL_CTX_new(TLS_method());
    if (context->identities != NULL && context->ssl != NULL) {
        for (size_t i = 0; i < count; i++)
            context->identities[i] = identities[i];
        if (context_set_up(context->ssl) && role_set_up(context))
            return context;
    }
    ERR_clear_error();
    tl_tls_context_free(context);
    return NULL;
}

void tl_tls_context_free(struct tl_tls_context *context)
{
    if (context == NULL)
        return;
    SSL_CTX_free(context->ssl);
    free(context->identities);
    free(context);
}

void tl_tls_ticket_free(struct tl_tls_ticket *ticket)
{
    if (ticket == NULL)
        return;
    SSL_SESSION_free(ticket->session);
    free(ticket);
}
