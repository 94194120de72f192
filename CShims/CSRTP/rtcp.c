// SPDX-License-Identifier: Apache-2.0
// SRTCP, one packet at a time: a session sends one in seconds (RFC 3711 section 3.4, RFC 7714
// section 9). Its keys are expanded for the packet and wiped behind it.
//
// AES-CM: header, rest (encrypted), E and index, MKI, tag over all before the MKI.
// GCM:    header, rest (encrypted), tag, E and index, MKI; E and index are associated data.
#include "engine.h"

#include <string.h>

#define HEADER_BYTES 8u
#define ENCRYPTED    0x80000000u

TL_PACKET_CODE static struct task *task_begin(struct tl_srtp_engine *engine,
                                              const struct tl_srtp_keys *keys, uint8_t *packet,
                                              uint32_t length, uint32_t index, bool encrypted)
{
    struct task *task = &engine->gcm[0];
    uint32_t ssrc = load_32(packet + 4);
    CALL(engine, expand, &engine->rtcp, keys->aead, keys->rtcp_key, keys->key_bytes,
         keys->rtcp_authentication);
    task->expanded = &engine->rtcp;
    task->key_bytes = keys->key_bytes;
    task->data = packet + HEADER_BYTES;
    task->data_bytes = encrypted ? length - HEADER_BYTES : 0;
    if (keys->aead)
        iv_gcm(task->iv, keys->rtcp_salt, ssrc, index);
    else
        iv_cm(task->iv, keys->rtcp_salt, ssrc, index);
    return task;
}

/// Runs GCM. Associated data is the header and the word of E and index, or, where nothing is
/// encrypted, the packet and that word, which then stands behind it for the moment.
TL_PACKET_CODE static void gcm(struct tl_srtp_engine *engine, struct task *task, uint8_t *packet,
                               uint32_t length, uint32_t word, bool seal)
{
    uint8_t associated[HEADER_BYTES + 4];
    if (task->data_bytes > 0 || length == HEADER_BYTES) {
        memcpy(associated, packet, HEADER_BYTES);
        store_32(associated + HEADER_BYTES, word);
        task->authenticated = associated;
        task->authenticated_bytes = sizeof(associated);
    } else {
        store_32(packet + length, word);
        task->authenticated = packet;
        task->authenticated_bytes = length + 4;
    }
    CALL(engine, gcm, task, 1, seal);
}

TL_PACKET_CODE uint32_t tl_srtcp_seal(struct tl_srtp_engine *engine,
                                      const struct tl_srtp_keys *keys, uint8_t *packet,
                                      uint32_t *length, uint32_t index, bool encrypt)
{
    if (*length < HEADER_BYTES)
        return TL_DROP_INDEX_SRTP_SHORT;
    if (index >= TL_SRTCP_INDEX_END)
        return TL_DROP_INDEX_SRTP_INDEX;
    struct task *task = task_begin(engine, keys, packet, *length, index, encrypt);
    uint32_t word = __builtin_bswap32(index | (encrypt ? ENCRYPTED : 0));
    uint8_t *end = packet + *length;
    if (keys->aead) {
        gcm(engine, task, packet, *length, word, true);
        memcpy(end, task->tag, 16);
        store_32(end + 16, word);
    } else {
        CALL(engine, cipher, task, 1, keys->key_bytes);
        store_32(end, word);
        task->authenticated = packet;
        task->authenticated_bytes = *length + 4;
        CALL(engine, hash, task, 1);
        memcpy(end + 4, task->tag, keys->rtcp_tag_bytes);
    }
    *length += 4u + keys->rtcp_tag_bytes;
    expanded_drop(&engine->rtcp, engine->backend);
    return TL_DROP_REASON_COUNT;
}

/// Where the word of E and index stands; 0 = the packet is too short for one.
TL_PACKET_CODE static uint32_t word_offset(const struct tl_srtp_keys *keys, uint32_t length)
{
    uint32_t trailer = 4u + keys->rtcp_tag_bytes + keys->mki_bytes;
    if (length < HEADER_BYTES + trailer)
        return 0;
    return length - trailer + (keys->aead ? keys->rtcp_tag_bytes : 0);
}

TL_PACKET_CODE bool tl_srtcp_index(const struct tl_srtp_keys *keys, const uint8_t *packet,
                                   uint32_t length, uint32_t *index)
{
    uint32_t offset = word_offset(keys, length);
    if (offset == 0)
        return false;
    *index = __builtin_bswap32(load_32(packet + offset)) & ~ENCRYPTED;
    return true;
}

TL_PACKET_CODE static bool open_gcm(struct tl_srtp_engine *engine, struct task *task,
                                    uint8_t *packet, uint32_t inside, uint32_t word)
{
    uint8_t tag[16], *end = packet + inside;
    memcpy(tag, end, sizeof(tag));
    task->expected = tag;
    gcm(engine, task, packet, inside, word, false);
    bool good = task->good;
    if (!good)
        gcm(engine, task, packet, inside, word, true); // encrypted again it is what it was
    memcpy(end, tag, sizeof(tag));
    return good;
}

TL_PACKET_CODE static bool open_cm(struct tl_srtp_engine *engine, const struct tl_srtp_keys *keys,
                                   struct task *task, uint8_t *packet, uint32_t inside)
{
    task->authenticated = packet;
    task->authenticated_bytes = inside + 4;
    CALL(engine, hash, task, 1);
    if (!tags_equal(task->tag, packet + inside + 4 + keys->mki_bytes, keys->rtcp_tag_bytes))
        return false;
    CALL(engine, cipher, task, 1, keys->key_bytes);
    return true;
}

TL_PACKET_CODE uint32_t tl_srtcp_open(struct tl_srtp_engine *engine,
                                      const struct tl_srtp_keys *keys, uint8_t *packet,
                                      uint32_t *length, uint32_t *index, bool plain_allowed)
{
    uint32_t offset = word_offset(keys, *length);
    if (offset == 0)
        return TL_DROP_INDEX_SRTP_SHORT;
    if (memcmp(packet + offset + 4, keys->mki, keys->mki_bytes) != 0)
        return TL_DROP_INDEX_SRTP_MKI;
    uint32_t word = load_32(packet + offset), host = __builtin_bswap32(word);
    if (!(host & ENCRYPTED) && !plain_allowed)
        return TL_DROP_INDEX_SRTCP_PLAIN;
    uint32_t inside = offset - (keys->aead ? keys->rtcp_tag_bytes : 0);
    struct task *task =
        task_begin(engine, keys, packet, inside, host & ~ENCRYPTED, host & ENCRYPTED);
    bool good = keys->aead ? open_gcm(engine, task, packet, inside, word)
                           : open_cm(engine, keys, task, packet, inside);
    expanded_drop(&engine->rtcp, engine->backend);
    if (!good)
        return TL_DROP_INDEX_SRTP_AUTHENTICATION;
    *index = host & ~ENCRYPTED;
    *length = inside;
    return TL_DROP_REASON_COUNT;
}
