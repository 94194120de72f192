// SPDX-License-Identifier: Apache-2.0
// A server's question whether a client hears at its address (RFC 6347 section 4.2.1).
#include <openssl/bio.h>
#include <openssl/err.h>
#include <string.h>

#include "cookie.h"
#include "session.h"

static int cookie_give(SSL *ssl, unsigned char *cookie, unsigned int *bytes)
{
    struct tl_dtls_session *session = SSL_get_app_data(ssl);
    if (!session->may_ask)
        return 0;
    memcpy(cookie, session->cookie, sizeof(session->cookie));
    *bytes = sizeof(session->cookie);
    session->is_asking = 1;
    return 1;
}

static int cookie_check(SSL *ssl, const unsigned char *cookie, unsigned int bytes)
{
    struct tl_dtls_session *session = SSL_get_app_data(ssl);
    return bytes == sizeof(session->cookie) && tl_dtls_equal(cookie, session->cookie, bytes);
}

void tl_dtls_cookies_set_up(SSL_CTX *ssl)
{
    SSL_CTX_set_cookie_generate_cb(ssl, cookie_give);
    SSL_CTX_set_cookie_verify_cb(ssl, cookie_check);
}

enum tl_dtls_hello tl_dtls_session_listen(struct tl_dtls_session *session, const uint8_t *datagram,
                                          size_t bytes,
                                          const uint8_t cookie[TL_DTLS_COOKIE_BYTES],
                                          uint8_t may_ask)
{
    BIO_ADDR *unused = BIO_ADDR_new();
    if (unused == NULL)
        return TL_DTLS_HELLO_IGNORED;
    memcpy(session->cookie, cookie, sizeof(session->cookie));
    session->may_ask = may_ask;
    session->is_asking = 0;
    session->link.in = bytes > 0 && bytes <= TL_DTLS_DATAGRAM_MAX ? datagram : NULL;
    session->link.in_bytes = bytes;
    ERR_clear_error();
    int result = DTLSv1_listen(session->ssl, unused);
    ERR_clear_error();
    session->link.in = NULL;
    BIO_ADDR_free(unused);
    if (result > 0)
        return TL_DTLS_HELLO_PROVED;
    return session->is_asking ? TL_DTLS_HELLO_ASKED : TL_DTLS_HELLO_IGNORED;
}
