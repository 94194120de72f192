// SPDX-License-Identifier: Apache-2.0
// DTLS 1.2 sessions of OpenSSL 3.0 without sockets: datagrams in, datagrams out. OpenSSL's own
// types, macros and callbacks stay behind this header.
#ifndef COPENSSL_H
#define COPENSSL_H

#include <stddef.h>
#include <stdint.h>

#include "digest_hash.h"
#include "tl_tls.h"

#define TL_DTLS_DATAGRAM_MAX  16384u // bytes of a received datagram that are looked at
#define TL_DTLS_DATAGRAMS_MAX 32u    // waiting to be taken; one more is lost, as on a wire
#define TL_DTLS_REASON_MAX    128u   // with its zero
#define TL_DTLS_COOKIE_BYTES  16u

// An SSL_CTX: what all sessions share.
struct tl_dtls_context;
struct tl_dtls_context *tl_dtls_context_new(void);
void tl_dtls_context_free(struct tl_dtls_context *context);

// A self-signed ECDSA P-256 certificate and its key; null with the error queue filled.
struct tl_dtls_certificate;
struct tl_dtls_certificate *tl_dtls_certificate_new(int64_t backdate_s, int64_t valid_s);
void tl_dtls_certificate_free(struct tl_dtls_certificate *certificate);
// Of the DER form; `hash_bits` 256, 384 or 512. Returns the digest's length, 0 where it failed.
size_t tl_dtls_certificate_digest(const struct tl_dtls_certificate *certificate, uint32_t hash_bits,
                                  uint8_t digest[64]);

struct tl_dtls_session;

struct tl_dtls_session_options {
    const char *profiles;        // as SSL_set_tlsext_use_srtp takes them
    uint32_t datagram_bytes_max; // of what is sent: 256...16384
    uint32_t first_timeout_ms;   // doubles with each retransmission
    uint32_t longest_timeout_ms;
    uint8_t is_server;
};

// The session holds what it needs of context and certificate. Null where it failed.
struct tl_dtls_session *tl_dtls_session_new(struct tl_dtls_context *context,
                                            const struct tl_dtls_certificate *certificate,
                                            const struct tl_dtls_session_options *options);
void tl_dtls_session_free(struct tl_dtls_session *session);

enum tl_dtls_state {
    TL_DTLS_HANDSHAKE, // goes on
    TL_DTLS_OPEN,      // the handshake is finished
    TL_DTLS_CLOSED,    // the peer said so
    TL_DTLS_FAILED,    // tl_dtls_session_reason says why
};

enum tl_dtls_hello {
    TL_DTLS_HELLO_IGNORED, // none, or a cookie may not be asked for
    TL_DTLS_HELLO_ASKED,   // one without this cookie: a HelloVerifyRequest is to be sent
    TL_DTLS_HELLO_PROVED,  // the handshake goes on: tl_dtls_session_receive
};

// Of a server: a datagram whose first record may be a hello. The session is as new unless it is
// proved, and does without until then.
enum tl_dtls_hello tl_dtls_session_listen(struct tl_dtls_session *session, const uint8_t *datagram,
                                          size_t bytes,
                                          const uint8_t cookie[TL_DTLS_COOKIE_BYTES],
                                          uint8_t may_ask);

// Starts a client's handshake, or goes on with what OpenSSL has (bytes 0).
enum tl_dtls_state tl_dtls_session_receive(struct tl_dtls_session *session, const uint8_t *datagram,
                                           size_t bytes);
// Retransmits if OpenSSL's timer has run down.
enum tl_dtls_state tl_dtls_session_timeout(struct tl_dtls_session *session);
// Milliseconds to the next timeout, -1 without one.
int64_t tl_dtls_session_timer_ms(struct tl_dtls_session *session);
uint32_t tl_dtls_session_retransmissions(const struct tl_dtls_session *session);
// Sends close_notify.
void tl_dtls_session_close(struct tl_dtls_session *session);
const char *tl_dtls_session_reason(const struct tl_dtls_session *session);
// The peer ended the handshake by an alert that was protected.
uint8_t tl_dtls_session_is_alerted(const struct tl_dtls_session *session);

// Of a client, before its ServerHello: whether a ServerKeyExchange (its body) is signed by the
// certificate (DER) for our hello and this server's random.
uint8_t tl_dtls_session_is_signed(const struct tl_dtls_session *session,
                                  const uint8_t server_random[32], const uint8_t *certificate,
                                  size_t certificate_bytes, const uint8_t *exchange,
                                  size_t exchange_bytes);

// Datagrams to send, and forgetting them.
uint32_t tl_dtls_session_sends(const struct tl_dtls_session *session);
const uint8_t *tl_dtls_session_send(const struct tl_dtls_session *session, uint32_t index,
                                    size_t *bytes);
void tl_dtls_session_sent(struct tl_dtls_session *session);
// Datagrams that found no room.
uint32_t tl_dtls_session_refused(const struct tl_dtls_session *session);

// Of the finished handshake. The profile's IANA number, 0 without one.
uint16_t tl_dtls_session_profile(const struct tl_dtls_session *session);
// Fills `bytes` with keying material of RFC 5764 section 4.2; 0 where it failed.
uint8_t tl_dtls_session_export(struct tl_dtls_session *session, uint8_t *out, size_t bytes);
// The digest of the peer's certificate: as tl_dtls_certificate_digest.
size_t tl_dtls_session_peer_digest(const struct tl_dtls_session *session, uint32_t hash_bits,
                                   uint8_t digest[64]);

// Comparison in constant time, and bytes overwritten for good.
uint8_t tl_dtls_equal(const void *left, const void *right, size_t bytes);
void tl_dtls_wipe(void *bytes, size_t count);

#endif
