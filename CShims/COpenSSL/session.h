// SPDX-License-Identifier: Apache-2.0
#ifndef TL_DTLS_SESSION_H
#define TL_DTLS_SESSION_H

#include <openssl/ssl.h>

#include "link.h"

struct tl_dtls_session {
    SSL *ssl;
    struct tl_dtls_link link;
    uint32_t first_timeout_us;
    uint32_t longest_timeout_us;
    uint32_t retransmissions;
    uint8_t cookie[TL_DTLS_COOKIE_BYTES]; // while it listens
    uint8_t may_ask;
    uint8_t is_asking;
    uint8_t is_closed;
    uint8_t is_alerted;
    char reason[TL_DTLS_REASON_MAX];
};

#endif
