// SPDX-License-Identifier: Apache-2.0
// Engines and keys.
#include "engine.h"

#include <string.h>

// Labels of the derivation function (RFC 3711 section 4.3.2).
enum { LABEL_RTP, LABEL_RTCP = 3 };
enum { LABEL_CHECK = 255 }; // far from those that are taken (RFC 6904 has 6 and 7)
enum { LABEL_KEY, LABEL_AUTHENTICATION, LABEL_SALT };

struct suite {
    uint8_t key_bytes, salt_bytes, tag_bytes, rtcp_tag_bytes;
};

#define SUITE(id, value, name, key, salt, tag, rtcp_tag) [value] = {key, salt, tag, rtcp_tag},
static const struct suite suites[TL_SUITES_MAX] = {TL_SRTP_SUITES(SUITE)};
#undef SUITE

static size_t engine_bytes(void)
{
    return (sizeof(struct tl_srtp_engine) + 63) & ~(size_t)63;
}

size_t tl_srtp_engine_size(enum tl_srtp_backend backend)
{
    return engine_bytes() + (backend == TL_SRTP_IPSEC_MB ? ipsec_mb_size() : openssl_size());
}

struct tl_srtp_engine *tl_srtp_engine_init(void *memory, enum tl_srtp_backend backend)
{
    struct tl_srtp_engine *engine = memory;
    memset(engine, 0, tl_srtp_engine_size(backend));
    engine->state = (uint8_t *)memory + engine_bytes();
    engine->backend = (uint8_t)backend;
    bool made =
        backend == TL_SRTP_IPSEC_MB ? ipsec_mb_init(engine->state) : openssl_init(engine->state);
    return made ? engine : NULL;
}

void tl_srtp_engine_close(struct tl_srtp_engine *engine)
{
    if (engine->backend == TL_SRTP_IPSEC_MB)
        ipsec_mb_close(engine->state);
    else
        openssl_close(engine->state);
    wipe(engine, sizeof(*engine));
}

/// Derives `bytes` bytes for a label, with the master key expanded in the engine (section 4.3.3).
TL_PACKET_CODE static void derive(struct tl_srtp_engine *engine, const struct tl_srtp_key *master,
                                  const struct suite *suite, uint8_t label, uint8_t *out,
                                  uint32_t bytes)
{
    struct task *task = &engine->cm[0];
    memset(out, 0, bytes);
    memset(task->iv, 0, sizeof(task->iv));
    memcpy(task->iv, master->salt, suite->salt_bytes);
    task->iv[7] ^= label; // the index divided by a rate of zero is zero
    task->expanded = &engine->rtcp;
    task->key_bytes = suite->key_bytes;
    task->data = out;
    task->data_bytes = bytes;
    CALL(engine, cipher, task, 1, suite->key_bytes);
}

TL_PACKET_CODE int32_t tl_srtp_keys_derive(struct tl_srtp_engine *engine, struct tl_srtp_keys *keys,
                                           const struct tl_srtp_key *master)
{
    memset(keys, 0, sizeof(*keys));
    if (master->suite >= TL_SUITES_MAX || suites[master->suite].key_bytes == 0 ||
        master->mki_bytes > TL_SRTP_MKI_BYTES_MAX)
        return TL_STATUS_BAD_KEYS;
    const struct suite *suite = &suites[master->suite];
    keys->suite = master->suite;
    keys->tag_bytes = suite->tag_bytes;
    keys->rtcp_tag_bytes = suite->rtcp_tag_bytes;
    keys->key_bytes = suite->key_bytes;
    keys->aead = suite->salt_bytes == 12;
    keys->backend = engine->backend;
    keys->mki_bytes = master->mki_bytes;
    memcpy(keys->mki, master->mki, master->mki_bytes);

    uint8_t key[32], authentication[HASH_BYTES] = {0};
    CALL(engine, expand, &engine->rtcp, false, master->key, suite->key_bytes, authentication);
    derive(engine, master, suite, LABEL_RTP + LABEL_KEY, key, suite->key_bytes);
    derive(engine, master, suite, LABEL_RTP + LABEL_AUTHENTICATION, authentication, HASH_BYTES);
    derive(engine, master, suite, LABEL_RTP + LABEL_SALT, keys->salt, suite->salt_bytes);
    derive(engine, master, suite, LABEL_RTCP + LABEL_KEY, keys->rtcp_key, suite->key_bytes);
    derive(engine, master, suite, LABEL_RTCP + LABEL_AUTHENTICATION, keys->rtcp_authentication,
           HASH_BYTES);
    derive(engine, master, suite, LABEL_RTCP + LABEL_SALT, keys->rtcp_salt, suite->salt_bytes);
    uint8_t check[sizeof(keys->check)];
    derive(engine, master, suite, LABEL_CHECK, check, sizeof(check));
    memcpy(&keys->check, check, sizeof(check));
    keys->check |= 1;
    expanded_drop(&engine->rtcp, engine->backend);

    CALL(engine, expand, &keys->expanded, keys->aead, key, suite->key_bytes, authentication);
    wipe(key, sizeof(key));
    wipe(authentication, sizeof(authentication));
    return TL_STATUS_OK;
}

TL_PACKET_CODE void tl_srtp_wipe(void *memory, size_t bytes)
{
    wipe(memory, bytes);
}

TL_PACKET_CODE void tl_srtp_keys_wipe(struct tl_srtp_keys *keys)
{
    if (keys->suite != 0 && keys->backend == TL_SRTP_OPENSSL)
        openssl_release(&keys->expanded);
    wipe(keys, sizeof(*keys));
}
