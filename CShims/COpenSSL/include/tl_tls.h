// SPDX-License-Identifier: Apache-2.0
// TLS 1.2 and 1.3 sessions of OpenSSL 3.0 without sockets: octets of the wire in, octets out.
#ifndef TL_TLS_H
#define TL_TLS_H

#include <stddef.h>
#include <stdint.h>

#define TL_TLS_REASON_MAX 128u  // with its zero
#define TL_TLS_SUBJECT_MAX 512u // bytes of a subject's line, with its zero
#define TL_TLS_NAMES_MAX  8192u // bytes that the names of a certificate may take

// A certificate with the chain that is shown with it, and its key.
struct tl_tls_identity;

enum tl_tls_fault {
    TL_TLS_GOOD,
    TL_TLS_CERTIFICATE_UNREADABLE, // errno says why
    TL_TLS_CERTIFICATE_NONE,       // no PEM certificate in the file
    TL_TLS_KEY_UNREADABLE,         // errno says why
    TL_TLS_KEY_NONE,               // no PEM key, or one behind a passphrase
    TL_TLS_MISMATCH,               // the key is not that of the first certificate
    TL_TLS_WEAK,                   // refused by the security level of our sessions
    TL_TLS_MEMORY,
};

// Null where `fault` says why. The file of the certificate begins with it; its chain follows.
// Without a key (null) it is for looking at, not for a context.
struct tl_tls_identity *tl_tls_identity_read(const char *certificate, const char *key,
                                             enum tl_tls_fault *fault);
void tl_tls_identity_free(struct tl_tls_identity *identity);

// What a certificate says of itself. Times in seconds since 1970.
struct tl_tls_facts {
    int64_t not_before_s;
    int64_t not_after_s;
    uint32_t key_bits;
    uint8_t is_rsa;
    uint8_t for_servers; // its usages let a server show it
    uint8_t for_clients;
    uint8_t sha256[32]; // of its DER form
};
void tl_tls_identity_facts(const struct tl_tls_identity *identity, struct tl_tls_facts *facts);
// Writes names one behind the other: a kind ('d' DNS, 'u' URI, 'c' common name), the length in two
// octets, high one first, the name. Returns the octets written; names that find no room are left
// out.
size_t tl_tls_identity_names(const struct tl_tls_identity *identity, uint8_t *out, size_t room);

// Certificates of the chain behind the first one, in the order of the file.
uint32_t tl_tls_identity_chain(const struct tl_tls_identity *identity);
// Of one of them, or of the first (0).
void tl_tls_identity_facts_at(const struct tl_tls_identity *identity, uint32_t at,
                              struct tl_tls_facts *facts);
// Its subject or issuer in a line with a zero at its end, cut where there is no room.
void tl_tls_identity_subject_at(const struct tl_tls_identity *identity, uint32_t at, char *out,
                                size_t room);
void tl_tls_identity_issuer_at(const struct tl_tls_identity *identity, uint32_t at, char *out,
                               size_t room);
// 1 where the second one issued the first one, by names and key identifiers.
uint8_t tl_tls_identity_is_issued(const struct tl_tls_identity *identity, uint32_t at,
                                  uint32_t by);

// Authorities that are believed; each certificate of the file counts as one.
struct tl_tls_trust;
struct tl_tls_trust *tl_tls_trust_read(const char *path, enum tl_tls_fault *fault);
void tl_tls_trust_free(struct tl_tls_trust *trust);
uint32_t tl_tls_trust_count(const struct tl_tls_trust *trust);
// When the last of them ends; seconds since 1970.
int64_t tl_tls_trust_not_after_s(const struct tl_tls_trust *trust);

// What sessions of one role share. A server's first identity is for clients that ask for no name
// or for none that an identity has; a client has one identity or none.
struct tl_tls_context;
struct tl_tls_context *tl_tls_context_new(uint8_t is_server,
                                          const struct tl_tls_identity *const *identities,
                                          size_t count);
void tl_tls_context_free(struct tl_tls_context *context);

// A session of an earlier connection that a client can go on with.
struct tl_tls_ticket;
void tl_tls_ticket_free(struct tl_tls_ticket *ticket);

struct tl_tls_options {
    const char *host;               // of a client: the name to ask for; null for none
    const struct tl_tls_ticket *ticket; // of a client; null for none
    uint8_t asks_certificate;       // of a server
    uint8_t requires_certificate;   // of a server
    uint8_t accepts_server_only;    // of a server: a certificate for servers only is good
    uint8_t session_group[32];      // of a server: sessions go on within the same group only
};

struct tl_tls_session;
// The session holds what it needs of context and trust. Null where it failed.
struct tl_tls_session *tl_tls_session_new(struct tl_tls_context *context,
                                          const struct tl_tls_trust *trust,
                                          const struct tl_tls_options *options);
void tl_tls_session_free(struct tl_tls_session *session);

enum tl_tls_state {
    TL_TLS_HANDSHAKE, // goes on
    TL_TLS_OPEN,      // the handshake is finished
    TL_TLS_CLOSED,    // the peer said that no more comes
    TL_TLS_FAILED,    // tl_tls_session_reason says why
};

// Takes octets of the wire (none: a client's start) and goes on with the handshake.
enum tl_tls_state tl_tls_session_receive(struct tl_tls_session *session, const uint8_t *bytes,
                                         size_t count);
// Reads what the peer sent, after tl_tls_session_receive and until it gives 0.
size_t tl_tls_session_read(struct tl_tls_session *session, uint8_t *out, size_t room);
enum tl_tls_state tl_tls_session_state(const struct tl_tls_session *session);
const char *tl_tls_session_reason(const struct tl_tls_session *session);
// An open session's octets for the peer; 0 where it failed.
uint8_t tl_tls_session_write(struct tl_tls_session *session, const uint8_t *bytes, size_t count);
// Says to the peer that no more comes.
void tl_tls_session_close(struct tl_tls_session *session);

// Octets for the wire, and forgetting them.
const uint8_t *tl_tls_session_output(const struct tl_tls_session *session, size_t *count);
void tl_tls_session_sent(struct tl_tls_session *session);

// Of an open session. No certificate: 0 names, and `facts` is left alone with 0 returned.
size_t tl_tls_session_peer_names(const struct tl_tls_session *session, uint8_t *out, size_t room);
uint8_t tl_tls_session_peer_facts(const struct tl_tls_session *session,
                                  struct tl_tls_facts *facts);
uint8_t tl_tls_session_is_resumed(const struct tl_tls_session *session);
const char *tl_tls_session_version(const struct tl_tls_session *session);
const char *tl_tls_session_suite(const struct tl_tls_session *session);
// The newest ticket that the server gave; null without a new one.
struct tl_tls_ticket *tl_tls_session_take_ticket(struct tl_tls_session *session);

#endif
