// SPDX-License-Identifier: Apache-2.0
// STUN binding messages as ICE uses them (RFC 5389, RFC 8489, RFC 8445 section 16). Internal to
// CStages. Reading is strict where a message could mean two things, and takes what is only missing:
// a message without FINGERPRINT is one, as a wrong one is not.

#ifndef TL_STUN_H
#define TL_STUN_H

#include "wire.h"

#define STUN_HEAD_BYTES 20u
#define STUN_COOKIE     0x2112a442u
/// Longest message that is read: what fits an unfragmented IPv6 packet of the minimum MTU.
#define STUN_BYTES_MAX 1232u
#define STUN_UNKNOWN_MAX 8u // unknown attributes that an answer names

/// Longest answer: an error with all unknown attributes.
#define STUN_ANSWER_BYTES_MAX 128u
/// By how much an answer is longer than its request at most. A request that is answered has
/// MESSAGE-INTEGRITY and a USERNAME of five bytes or more, 56 bytes with its head. The longest
/// answer names unknown attributes: 86 bytes and 2 for each, which took 4 or more in the request.
#define STUN_GROWTH_MAX 32u

// Classes, as they stand in the type of a binding message.
#define STUN_REQUEST    0x0001u
#define STUN_INDICATION 0x0011u
#define STUN_SUCCESS    0x0101u
#define STUN_ERROR      0x0111u

#define STUN_HAS_PRIORITY     (1u << 0)
#define STUN_HAS_USERNAME     (1u << 1)
#define STUN_USE_CANDIDATE    (1u << 2)
#define STUN_ICE_CONTROLLED   (1u << 3)
#define STUN_ICE_CONTROLLING  (1u << 4)
#define STUN_HAS_FINGERPRINT  (1u << 5)
#define STUN_HAS_ROLE         (STUN_ICE_CONTROLLED | STUN_ICE_CONTROLLING)

#define STUN_UNKNOWN_ATTRIBUTE 420u // RFC 5389 section 15.6
#define STUN_ROLE_CONFLICT     487u // RFC 8445 section 7.3.1.1

/// A message that was read. It points into the bytes.
struct stun {
    const uint8_t *bytes;
    const uint8_t *username;
    uint32_t length;
    uint32_t flags;         // STUN_HAS_* and the like
    uint32_t priority;
    uint16_t type;          // class
    uint16_t integrity;     // where MESSAGE-INTEGRITY begins; 0 = none
    uint16_t username_bytes;
    uint16_t unknown_count; // unknown attributes that must be understood
    uint16_t unknown[STUN_UNKNOWN_MAX];
};

/// Reads a binding message. 1: well-formed, and its FINGERPRINT, if any, is right.
TL_PACKET_CODE int tl_stun_read(struct tl_hmac *hmac, const uint8_t *bytes, uint32_t length,
                                struct stun *stun);

/// The USERNAME of what looks like a binding message, or NULL. Nothing else of it is checked.
TL_PACKET_CODE const uint8_t *tl_stun_username(const uint8_t *bytes, uint32_t length,
                                               uint32_t *username_bytes);

/// 1 when the message has a MESSAGE-INTEGRITY that is right under `key`. In constant time.
TL_PACKET_CODE int tl_stun_authenticate(struct tl_hmac *hmac, const struct stun *stun,
                                        const struct tl_hmac_key *key);

/// Writes a success response: XOR-MAPPED-ADDRESS of the request's source, MESSAGE-INTEGRITY,
/// FINGERPRINT. Returns its length, at most STUN_ANSWER_BYTES_MAX.
TL_PACKET_CODE uint32_t tl_stun_success(struct tl_hmac *hmac, const struct stun *request,
                                        const struct tl_hmac_key *key, const uint8_t address[16],
                                        uint16_t port, uint8_t *answer);

/// Likewise an error response: 420 with UNKNOWN-ATTRIBUTES, or 487.
TL_PACKET_CODE uint32_t tl_stun_error(struct tl_hmac *hmac, const struct stun *request,
                                      const struct tl_hmac_key *key, uint32_t code,
                                      uint8_t *answer);

#endif
