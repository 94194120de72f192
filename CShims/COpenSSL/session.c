// SPDX-License-Identifier: Apache-2.0
#include <openssl/err.h>
#include <openssl/srtp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "certificate.h"
#include "context.h"
#include "session.h"

static const char label[] = "EXTRACTOR-dtls_srtp"; // RFC 5764 section 4.2

#define STEPS_MAX 64 // a datagram's records, and then some

// OpenSSL asks with 0 for the first timeout of a flight, and with the last one for the next.
static unsigned int timeout_us(SSL *ssl, unsigned int last_us)
{
    struct tl_dtls_session *session = SSL_get_app_data(ssl);
    if (last_us == 0)
        return session->first_timeout_us;
    session->retransmissions++;
    return last_us < session->longest_timeout_us / 2 ? 2 * last_us : session->longest_timeout_us;
}

static int session_set_up(struct tl_dtls_session *session,
                          const struct tl_dtls_certificate *certificate,
                          const struct tl_dtls_session_options *options)
{
    SSL *ssl = session->ssl;
    SSL_set_app_data(ssl, session);
    BIO *bio = tl_dtls_link_bio(&session->link);
    if (bio == NULL)
        return 0;
    SSL_set_bio(ssl, bio, bio);
    if (SSL_use_certificate(ssl, certificate->x509) != 1 ||
        SSL_use_PrivateKey(ssl, certificate->key) != 1)
        return 0;
    if (SSL_set_tlsext_use_srtp(ssl, options->profiles) != 0) // 0 is good here
        return 0;
    if (!DTLS_set_link_mtu(ssl, (long)options->datagram_bytes_max))
        return 0;
    DTLS_set_timer_cb(ssl, timeout_us);
    if (options->is_server)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    return 1;
}

struct tl_dtls_session *tl_dtls_session_new(struct tl_dtls_context *context,
                                            const struct tl_dtls_certificate *certificate,
                                            const struct tl_dtls_session_options *options)
{
    struct tl_dtls_session *session = calloc(1, sizeof(*session));
    if (session == NULL)
        return NULL;
    session->first_timeout_us = options->first_timeout_ms * 1000;
    session->longest_timeout_us = options->longest_timeout_ms * 1000;
    session->ssl = SSL_new(context->ssl);
    if (session->ssl != NULL && session_set_up(session, certificate, options))
        return session;
    tl_dtls_session_free(session);
    return NULL;
}

void tl_dtls_session_free(struct tl_dtls_session *session)
{
    if (session == NULL)
        return;
    SSL_free(session->ssl);
    tl_dtls_link_clear(&session->link);
    free(session);
}

// The oldest error is the one that says what happened; the others say where.
static enum tl_dtls_state session_fail(struct tl_dtls_session *session)
{
    unsigned long error = ERR_peek_error();
    const char *reason = ERR_reason_error_string(error);
    if (reason == NULL)
        reason = "unknown";
    strncpy(session->reason, reason, sizeof(session->reason) - 1);
    session->is_alerted =
        ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) >= SSL_AD_REASON_OFFSET;
    ERR_clear_error();
    return TL_DTLS_FAILED;
}

static enum tl_dtls_state session_state(const struct tl_dtls_session *session)
{
    return SSL_is_init_finished(session->ssl) ? TL_DTLS_OPEN : TL_DTLS_HANDSHAKE;
}

// One step with what there is to read. What applications would send is nothing we use; reading it
// answers what is left of handshakes, and alerts. `more`: another step may find something.
static enum tl_dtls_state session_step(struct tl_dtls_session *session, uint8_t *more)
{
    uint8_t ignored[2048];
    int result = SSL_is_init_finished(session->ssl)
                     ? SSL_read(session->ssl, ignored, sizeof(ignored))
                     : SSL_do_handshake(session->ssl);
    *more = 0;
    switch (SSL_get_error(session->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return session_state(session);
    case SSL_ERROR_NONE:
        *more = 1;
        return session_state(session);
    case SSL_ERROR_ZERO_RETURN:
        session->is_closed = 1;
        return TL_DTLS_CLOSED;
    default:
        // With neither, OpenSSL has dropped a record that does not authenticate. The queue alone
        // does not tell: OpenSSL takes back what decryption put there, in error all the same.
        if (ERR_peek_error() != 0 || strcmp(SSL_state_string(session->ssl), "SSLERR") == 0)
            return session_fail(session);
        *more = 1;
        return session_state(session);
    }
}

enum tl_dtls_state tl_dtls_session_receive(struct tl_dtls_session *session, const uint8_t *datagram,
                                           size_t bytes)
{
    if (session->is_closed)
        return TL_DTLS_CLOSED;
    ERR_clear_error();
    session->link.in = bytes > 0 && bytes <= TL_DTLS_DATAGRAM_MAX ? datagram : NULL;
    session->link.in_bytes = bytes;
    uint8_t more = 1;
    enum tl_dtls_state state = session_state(session);
    for (uint32_t step = 0; more && step < STEPS_MAX; step++)
        state = session_step(session, &more);
    session->link.in = NULL;
    return state;
}

enum tl_dtls_state tl_dtls_session_timeout(struct tl_dtls_session *session)
{
    ERR_clear_error();
    if (DTLSv1_handle_timeout(session->ssl) < 0)
        return session_fail(session);
    return session_state(session);
}

int64_t tl_dtls_session_timer_ms(struct tl_dtls_session *session)
{
    struct timeval left;
    if (!DTLSv1_get_timeout(session->ssl, &left))
        return -1;
    // Rounded up: a call before its time would do nothing. A clock that was set back does not
    // make it longer than a timeout is.
    int64_t us = (int64_t)left.tv_sec * 1000000 + left.tv_usec;
    int64_t longest = session->longest_timeout_us > session->first_timeout_us
                          ? session->longest_timeout_us
                          : session->first_timeout_us;
    return ((us < longest ? us : longest) + 999) / 1000;
}

uint32_t tl_dtls_session_retransmissions(const struct tl_dtls_session *session)
{
    return session->retransmissions;
}

void tl_dtls_session_close(struct tl_dtls_session *session)
{
    ERR_clear_error();
    SSL_shutdown(session->ssl);
    ERR_clear_error();
}

const char *tl_dtls_session_reason(const struct tl_dtls_session *session)
{
    return session->reason;
}

uint8_t tl_dtls_session_is_alerted(const struct tl_dtls_session *session)
{
    return session->is_alerted;
}

uint32_t tl_dtls_session_sends(const struct tl_dtls_session *session)
{
    return session->link.count;
}

const uint8_t *tl_dtls_session_send(const struct tl_dtls_session *session, uint32_t index,
                                    size_t *bytes)
{
    const struct tl_dtls_link *link = &session->link;
    uint32_t start = index == 0 ? 0 : link->ends[index - 1];
    *bytes = link->ends[index] - start;
    return link->out + start;
}

void tl_dtls_session_sent(struct tl_dtls_session *session)
{
    tl_dtls_link_clear(&session->link);
}

uint32_t tl_dtls_session_refused(const struct tl_dtls_session *session)
{
    return session->link.refused;
}

uint16_t tl_dtls_session_profile(const struct tl_dtls_session *session)
{
    const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(session->ssl);
    return profile == NULL ? 0 : (uint16_t)profile->id;
}

uint8_t tl_dtls_session_export(struct tl_dtls_session *session, uint8_t *out, size_t bytes)
{
    return SSL_export_keying_material(session->ssl, out, bytes, label, sizeof(label) - 1, NULL, 0,
                                      0) == 1;
}

size_t tl_dtls_session_peer_digest(const struct tl_dtls_session *session, uint32_t hash_bits,
                                   uint8_t digest[64])
{
    return tl_dtls_x509_digest(SSL_get0_peer_certificate(session->ssl), hash_bits, digest);
}
