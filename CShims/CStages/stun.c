// SPDX-License-Identifier: Apache-2.0
#include "stun.h"

// Attributes (RFC 5389 section 18.2, RFC 8445 section 21.2).
#define MAPPED_ADDRESS     0x0001u
#define USERNAME           0x0006u
#define MESSAGE_INTEGRITY  0x0008u
#define ERROR_CODE         0x0009u
#define UNKNOWN_ATTRIBUTES 0x000au
#define REALM              0x0014u
#define NONCE              0x0015u
#define XOR_MAPPED_ADDRESS 0x0020u
#define PRIORITY           0x0024u
#define USE_CANDIDATE      0x0025u
#define FINGERPRINT        0x8028u
#define ICE_CONTROLLED     0x8029u
#define ICE_CONTROLLING    0x802au
#define OPTIONAL           0x8000u // from here on need not be understood

#define ATTRIBUTE_BYTES   4u // head
#define INTEGRITY_BYTES   (ATTRIBUTE_BYTES + TL_HMAC_BYTES)
#define FINGERPRINT_BYTES (ATTRIBUTE_BYTES + 4u)
#define FINGERPRINT_XOR   0x5354554eu

static const char role_conflict[] = "Role Conflict";
static const char unknown_attribute[] = "Unknown Attribute";

static uint32_t padded(uint32_t bytes)
{
    return (bytes + 3u) & ~3u;
}

// What one attribute before MESSAGE-INTEGRITY says. 0: a size that it cannot have.
static int take(struct stun *stun, uint32_t type, const uint8_t *value, uint32_t size)
{
    switch (type) {
    case USERNAME:
        if (stun->flags & STUN_HAS_USERNAME)
            return 1; // of two the first counts (RFC 5389 section 15)
        stun->username = value;
        stun->username_bytes = (uint16_t)size;
        stun->flags |= STUN_HAS_USERNAME;
        return 1;
    case PRIORITY:
        if (size == 4 && !(stun->flags & STUN_HAS_PRIORITY))
            stun->priority = wire_get_32(value);
        stun->flags |= STUN_HAS_PRIORITY;
        return size == 4;
    case USE_CANDIDATE:
        stun->flags |= STUN_USE_CANDIDATE;
        return size == 0;
    case ICE_CONTROLLED:
        stun->flags |= STUN_ICE_CONTROLLED;
        return size == 8;
    case ICE_CONTROLLING:
        stun->flags |= STUN_ICE_CONTROLLING;
        return size == 8;
    case MAPPED_ADDRESS:
    case ERROR_CODE:
    case UNKNOWN_ATTRIBUTES:
    case REALM:
    case NONCE:
    case XOR_MAPPED_ADDRESS:
        return 1; // understood, and no matter here
    default:
        if (type < OPTIONAL && stun->unknown_count < STUN_UNKNOWN_MAX)
            stun->unknown[stun->unknown_count++] = (uint16_t)type;
        return 1;
    }
}

// The last attribute; over everything before it.
static int fingerprint_is_right(struct tl_hmac *hmac, const struct stun *stun, uint32_t at,
                                uint32_t size)
{
    return size == 4 && at + FINGERPRINT_BYTES == stun->length &&
           wire_get_32(stun->bytes + at + ATTRIBUTE_BYTES) ==
               (tl_hmac_crc(hmac, stun->bytes, at) ^ FINGERPRINT_XOR);
}

static int read_attributes(struct tl_hmac *hmac, struct stun *stun)
{
    uint32_t at = STUN_HEAD_BYTES;
    while (at < stun->length) {
        const uint8_t *head = stun->bytes + at;
        uint32_t type = wire_get_16(head), size = wire_get_16(head + 2);
        uint32_t whole = ATTRIBUTE_BYTES + padded(size);
        if (whole > stun->length - at) // a multiple of 4 is left: the head is there
            return 0;
        if (type == FINGERPRINT) {
            if (!fingerprint_is_right(hmac, stun, at, size))
                return 0;
            stun->flags |= STUN_HAS_FINGERPRINT;
        } else if (stun->integrity != 0) {
            // Whatever stands behind MESSAGE-INTEGRITY, anybody may have added.
        } else if (type == MESSAGE_INTEGRITY) {
            if (size != TL_HMAC_BYTES)
                return 0;
            stun->integrity = (uint16_t)at;
        } else if (!take(stun, type, head + ATTRIBUTE_BYTES, size)) {
            return 0;
        }
        at += whole;
    }
    return 1;
}

TL_PACKET_CODE int tl_stun_read(struct tl_hmac *hmac, const uint8_t *bytes, uint32_t length,
                                struct stun *stun)
{
    memset(stun, 0, sizeof(*stun));
    if (length < STUN_HEAD_BYTES || length > STUN_BYTES_MAX || length % 4 != 0 ||
        wire_get_16(bytes + 2) != length - STUN_HEAD_BYTES ||
        wire_get_32(bytes + 4) != STUN_COOKIE)
        return 0;
    stun->bytes = bytes;
    stun->length = length;
    stun->type = wire_get_16(bytes);
    if ((stun->type & ~(STUN_ERROR ^ STUN_REQUEST)) != STUN_REQUEST) // two bits are the class
        return 0;
    return read_attributes(hmac, stun);
}

TL_PACKET_CODE const uint8_t *tl_stun_username(const uint8_t *bytes, uint32_t length,
                                               uint32_t *username_bytes)
{
    if (length < STUN_HEAD_BYTES || length > STUN_BYTES_MAX ||
        wire_get_32(bytes + 4) != STUN_COOKIE)
        return NULL;
    uint32_t at = STUN_HEAD_BYTES;
    while (at + ATTRIBUTE_BYTES <= length) {
        uint32_t size = wire_get_16(bytes + at + 2), value = at + ATTRIBUTE_BYTES;
        if (size > length - value)
            return NULL;
        if (wire_get_16(bytes + at) == USERNAME) {
            *username_bytes = size;
            return bytes + value;
        }
        at = value + padded(size);
    }
    return NULL;
}

TL_PACKET_CODE int tl_stun_authenticate(struct tl_hmac *hmac, const struct stun *stun,
                                        const struct tl_hmac_key *key)
{
    uint8_t copy[STUN_BYTES_MAX], tag[TL_HMAC_BYTES];
    uint32_t covered = stun->integrity;
    if (covered == 0)
        return 0;
    // As if MESSAGE-INTEGRITY were the last attribute (RFC 5389 section 15.4).
    memcpy(copy, stun->bytes, covered);
    wire_put_16(copy + 2, covered + INTEGRITY_BYTES - STUN_HEAD_BYTES);
    tl_hmac_tag(hmac, key, copy, covered, tag);
    const uint8_t *found = stun->bytes + covered + ATTRIBUTE_BYTES;
    uint32_t different = 0;
    for (uint32_t i = 0; i < TL_HMAC_BYTES; i++)
        different |= (uint32_t)(tag[i] ^ found[i]);
    return different == 0;
}

static uint8_t *put_head(uint8_t *at, uint32_t type, uint32_t size)
{
    wire_put_16(at, type);
    wire_put_16(at + 2, size);
    return at + ATTRIBUTE_BYTES;
}

// Magic cookie and transaction are the request's.
static uint8_t *answer_begin(const struct stun *request, uint32_t type, uint8_t *answer)
{
    wire_put_16(answer, type);
    memcpy(answer + 4, request->bytes + 4, STUN_HEAD_BYTES - 4);
    return answer + STUN_HEAD_BYTES;
}

static uint32_t answer_end(struct tl_hmac *hmac, const struct tl_hmac_key *key, uint8_t *answer,
                           uint8_t *at)
{
    uint32_t covered = (uint32_t)(at - answer);
    wire_put_16(answer + 2, covered + INTEGRITY_BYTES - STUN_HEAD_BYTES);
    at = put_head(at, MESSAGE_INTEGRITY, TL_HMAC_BYTES);
    tl_hmac_tag(hmac, key, answer, covered, at);
    at += TL_HMAC_BYTES;
    covered += INTEGRITY_BYTES;
    wire_put_16(answer + 2, covered + FINGERPRINT_BYTES - STUN_HEAD_BYTES);
    wire_put_32(put_head(at, FINGERPRINT, 4),
                tl_hmac_crc(hmac, answer, covered) ^ FINGERPRINT_XOR);
    return covered + FINGERPRINT_BYTES;
}

// Xored with the cookie, and of IPv6 with the transaction behind it, as they stand in the head.
TL_PACKET_CODE uint32_t tl_stun_success(struct tl_hmac *hmac, const struct stun *request,
                                        const struct tl_hmac_key *key, const uint8_t address[16],
                                        uint16_t port, uint8_t *answer)
{
    int ipv4 = tl_address_is_ipv4(address);
    uint32_t bytes = ipv4 ? 4 : 16;
    const uint8_t *from = address + 16 - bytes;
    uint8_t *at = answer_begin(request, STUN_SUCCESS, answer);
    at = put_head(at, XOR_MAPPED_ADDRESS, 4 + bytes);
    at[0] = 0;
    at[1] = ipv4 ? 1 : 2;
    wire_put_16(at + 2, port ^ (STUN_COOKIE >> 16));
    for (uint32_t i = 0; i < bytes; i++)
        at[4 + i] = from[i] ^ answer[4 + i];
    return answer_end(hmac, key, answer, at + 4 + bytes);
}

TL_PACKET_CODE uint32_t tl_stun_error(struct tl_hmac *hmac, const struct stun *request,
                                      const struct tl_hmac_key *key, uint32_t code,
                                      uint8_t *answer)
{
    const char *reason = code == STUN_ROLE_CONFLICT ? role_conflict : unknown_attribute;
    uint32_t bytes = (uint32_t)strlen(reason);
    uint8_t *at = answer_begin(request, STUN_ERROR, answer);
    at = put_head(at, ERROR_CODE, 4 + bytes);
    wire_put_32(at, code / 100 << 8 | code % 100);
    memset(at + 4, 0, padded(bytes));
    memcpy(at + 4, reason, bytes);
    at += 4 + padded(bytes);
    if (code == STUN_UNKNOWN_ATTRIBUTE) {
        at = put_head(at, UNKNOWN_ATTRIBUTES, 2u * request->unknown_count);
        for (uint32_t i = 0; i < request->unknown_count; i++, at += 2)
            wire_put_16(at, request->unknown[i]);
        if (request->unknown_count % 2 != 0) {
            wire_put_16(at, 0);
            at += 2;
        }
    }
    return answer_end(hmac, key, answer, at);
}
