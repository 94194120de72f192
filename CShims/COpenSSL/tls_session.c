// SPDX-License-Identifier: Apache-2.0
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "tls.h"

static int verification_set_up(struct tl_tls_session *session, const struct tl_tls_trust *trust,
                               const struct tl_tls_options *options)
{
    SSL *ssl = session->ssl;
    if (trust != NULL && !SSL_set1_verify_cert_store(ssl, trust->store))
        return 0;
    if (!session->is_server) {
        SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
        return 1;
    }
    int mode = !options->asks_certificate ? SSL_VERIFY_NONE
               : options->requires_certificate
                   ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                   : SSL_VERIFY_PEER;
    SSL_set_verify(ssl, mode, NULL);
    return SSL_set_session_id_context(ssl, options->session_group,
                                      sizeof(options->session_group));
}

static int session_set_up(struct tl_tls_session *session, const struct tl_tls_trust *trust,
                          const struct tl_tls_options *options)
{
    SSL *ssl = session->ssl;
    SSL_set_app_data(ssl, session);
    session->in = BIO_new(BIO_s_mem());
    session->out = BIO_new(BIO_s_mem());
    if (session->in == NULL || session->out == NULL) {
        BIO_free(session->in);
        BIO_free(session->out);
        return 0;
    }
    BIO_set_mem_eof_return(session->in, -1);
    SSL_set_bio(ssl, session->in, session->out);
    if (!verification_set_up(session, trust, options))
        return 0;
    if (session->is_server) {
        SSL_set_accept_state(ssl);
        return 1;
    }
    SSL_set_connect_state(ssl);
    // A ticket that cannot be used is no fault: the handshake is a whole one then.
    if (options->ticket != NULL)
        SSL_set_session(ssl, options->ticket->session);
    return options->host == NULL || SSL_set_tlsext_host_name(ssl, options->host) == 1;
}

struct tl_tls_session *tl_tls_session_new(struct tl_tls_context *context,
                                          const struct tl_tls_trust *trust,
                                          const struct tl_tls_options *options)
{
    struct tl_tls_session *session = calloc(1, sizeof(*session));
    if (session == NULL)
        return NULL;
    session->is_server = context->is_server;
    session->accepts_server_only = context->is_server && options->accepts_server_only;
    session->ssl = SSL_new(context->ssl);
    if (session->ssl != NULL && session_set_up(session, trust, options))
        return session;
    ERR_clear_error();
    tl_tls_session_free(session);
    return NULL;
}

void tl_tls_session_free(struct tl_tls_session *session)
{
    if (session == NULL)
        return;
    if (session->ssl != NULL) {
        SSL_set_app_data(session->ssl, NULL);
        // OpenSSL spoils the ticket of a session that ends without a word, which a connection
        // may well do; after a failure it is right.
        if (session->state != TL_TLS_FAILED)
            SSL_set_shutdown(session->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    }
    SSL_free(session->ssl);
    SSL_SESSION_free(session->ticket);
    free(session);
}

// What verification says is clearer than what the handshake makes of it; else the oldest error.
static void fail(struct tl_tls_session *session)
{
    unsigned long error = ERR_peek_error();
    const char *reason = ERR_reason_error_string(error);
    if (ERR_GET_LIB(error) == ERR_LIB_SSL &&
        ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED)
        reason = X509_verify_cert_error_string(session->verify_error);
    strncpy(session->reason, reason == NULL ? "unknown" : reason, sizeof(session->reason) - 1);
    session->state = TL_TLS_FAILED;
}

// True where the call is to be taken for good.
static int is_good(struct tl_tls_session *session, int result)
{
    switch (SSL_get_error(session->ssl, result)) {
    case SSL_ERROR_NONE:
        return 1;
    case SSL_ERROR_WANT_READ:
        return 0;
    case SSL_ERROR_ZERO_RETURN:
        session->state = TL_TLS_CLOSED;
        return 0;
    default:
        fail(session);
        ERR_clear_error();
        return 0;
    }
}

enum tl_tls_state tl_tls_session_receive(struct tl_tls_session *session, const uint8_t *bytes,
                                         size_t count)
{
    if (session->state == TL_TLS_FAILED || session->state == TL_TLS_CLOSED)
        return session->state;
    ERR_clear_error();
    size_t taken = 0;
    if (count > 0 && (!BIO_write_ex(session->in, bytes, count, &taken) || taken != count)) {
        strncpy(session->reason, "no memory", sizeof(session->reason) - 1);
        return session->state = TL_TLS_FAILED;
    }
    if (session->state == TL_TLS_HANDSHAKE && is_good(session, SSL_do_handshake(session->ssl)))
        session->state = TL_TLS_OPEN;
    return session->state;
}

size_t tl_tls_session_read(struct tl_tls_session *session, uint8_t *out, size_t room)
{
    if (session->state != TL_TLS_OPEN)
        return 0;
    ERR_clear_error();
    int count = SSL_read(session->ssl, out, room > INT32_MAX ? INT32_MAX : (int)room);
    return is_good(session, count) && count > 0 ? (size_t)count : 0;
}

enum tl_tls_state tl_tls_session_state(const struct tl_tls_session *session)
{
    return session->state;
}

const char *tl_tls_session_reason(const struct tl_tls_session *session)
{
    return session->reason;
}

uint8_t tl_tls_session_write(struct tl_tls_session *session, const uint8_t *bytes, size_t count)
{
    // What the peer ended is its own direction: ours may go on.
    if (session->state == TL_TLS_HANDSHAKE || session->state == TL_TLS_FAILED)
        return 0;
    ERR_clear_error();
    size_t written = 0;
    int result = SSL_write_ex(session->ssl, bytes, count, &written);
    ERR_clear_error();
    return result == 1 && written == count;
}

void tl_tls_session_close(struct tl_tls_session *session)
{
    ERR_clear_error();
    if (session->state == TL_TLS_OPEN || session->state == TL_TLS_CLOSED)
        SSL_shutdown(session->ssl);
    ERR_clear_error();
}

const uint8_t *tl_tls_session_output(const struct tl_tls_session *session, size_t *count)
{
    char *start = NULL;
    long bytes = BIO_get_mem_data(session->out, &start);
    *count = bytes > 0 ? (size_t)bytes : 0;
    return (const uint8_t *)start;
}

void tl_tls_session_sent(struct tl_tls_session *session)
{
    (void)BIO_reset(session->out);
}

size_t tl_tls_session_peer_names(const struct tl_tls_session *session, uint8_t *out, size_t room)
{
    X509 *x509 = SSL_get0_peer_certificate(session->ssl);
    return x509 == NULL ? 0 : tl_tls_x509_names(x509, out, room);
}

uint8_t tl_tls_session_peer_facts(const struct tl_tls_session *session,
                                  struct tl_tls_facts *facts)
{
    X509 *x509 = SSL_get0_peer_certificate(session->ssl);
    if (x509 == NULL)
        return 0;
    tl_tls_x509_facts(x509, facts);
    return 1;
}

uint8_t tl_tls_session_is_resumed(const struct tl_tls_session *session)
{
    return SSL_session_reused(session->ssl) == 1;
}

const char *tl_tls_session_version(const struct tl_tls_session *session)
{
    return SSL_get_version(session->ssl);
}

const char *tl_tls_session_suite(const struct tl_tls_session *session)
{
    const char *name = SSL_get_cipher_name(session->ssl);
    return name == NULL ? "" : name;
}

struct tl_tls_ticket *tl_tls_session_take_ticket(struct tl_tls_session *session)
{
    if (session->ticket == NULL)
        return NULL;
    struct tl_tls_ticket *ticket = calloc(1, sizeof(*ticket));
    if (ticket != NULL) {
        ticket->session = session->ticket;
        session->ticket = NULL;
    }
    return ticket;
}
