// SPDX-License-Identifier: Apache-2.0
// A BIO that keeps the borders of datagrams; memory BIOs of OpenSSL 3.0 do not.
#ifndef COPENSSL_LINK_H
#define COPENSSL_LINK_H

#include <openssl/bio.h>

#include "COpenSSL.h"

struct tl_dtls_link {
    const uint8_t *in; // the datagram that the next read takes whole, null without one
    size_t in_bytes;
    uint8_t *out; // the queue's bytes, one datagram after the other
    size_t out_bytes;
    size_t out_room;
    uint32_t ends[TL_DTLS_DATAGRAMS_MAX]; // where each ends in `out`
    uint32_t count;
    uint32_t refused;
};

// A BIO on `link`, which must outlive it. Null where OpenSSL has no memory.
BIO *tl_dtls_link_bio(struct tl_dtls_link *link);
// Wipes nothing: what leaves is no secret.
void tl_dtls_link_clear(struct tl_dtls_link *link);

#endif
