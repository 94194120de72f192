// SPDX-License-Identifier: Apache-2.0
// The back end on OpenSSL's EVP, one packet after the other: what libipsec-mb is measured against,
// and a second opinion in tests. Each key set holds contexts with its keys expanded, as a good
// user of EVP has it; a packet sets an initialisation vector and no key, and allocates nothing.
//
// OpenSSL's functions have no mark for the compiler's check of what may block, so it is switched
// off here.

#include "engine.h"

#include <openssl/evp.h>
#include <string.h>

#pragma clang diagnostic ignored "-Wfunction-effects"

struct state {
    EVP_CIPHER *gcm[2]; // keys of 16 and of 32 bytes
    EVP_CIPHER *counter[2];
    EVP_MD *sha1;
    EVP_MD_CTX *digest;
};

/// Expanded keys: EVP's context, and for HMAC the key in both pads (RFC 2104). EVP_MAC would copy
/// a context, which allocates, for every packet.
struct expanded_evp {
    EVP_CIPHER_CTX *cipher;
    uint8_t inner[64];
    uint8_t outer[64];
};

size_t openssl_size(void)
{
    return (sizeof(struct state) + 63) & ~(size_t)63;
}

bool openssl_init(void *memory)
{
    struct state *state = memory;
    state->gcm[0] = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    state->gcm[1] = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    state->counter[0] = EVP_CIPHER_fetch(NULL, "AES-128-CTR", NULL);
    state->counter[1] = EVP_CIPHER_fetch(NULL, "AES-256-CTR", NULL);
    state->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    state->digest = EVP_MD_CTX_new();
    return state->gcm[0] && state->gcm[1] && state->counter[0] && state->counter[1] &&
           state->sha1 && state->digest && EVP_DigestInit_ex(state->digest, state->sha1, NULL);
}

void openssl_close(void *memory)
{
    struct state *state = memory;
    for (uint32_t i = 0; i < 2; i++) {
        EVP_CIPHER_free(state->gcm[i]);
        EVP_CIPHER_free(state->counter[i]);
    }
    EVP_MD_CTX_free(state->digest);
    EVP_MD_free(state->sha1);
    wipe(state, sizeof(*state));
}

void openssl_expand(void *memory, struct tl_srtp_expanded *expanded, bool aead, const uint8_t *key,
                    uint32_t key_bytes, const uint8_t *authentication)
{
    const struct state *state = memory;
    struct expanded_evp *evp = (struct expanded_evp *)expanded->bytes;
    const EVP_CIPHER *cipher = (aead ? state->gcm : state->counter)[key_bytes == 32];
    evp->cipher = EVP_CIPHER_CTX_new();
    EVP_CipherInit_ex(evp->cipher, cipher, NULL, key, NULL, 1);
    memset(evp->inner, 0x36, sizeof(evp->inner));
    memset(evp->outer, 0x5c, sizeof(evp->outer));
    for (uint32_t i = 0; i < HASH_BYTES && !aead; i++) {
        evp->inner[i] ^= authentication[i];
        evp->outer[i] ^= authentication[i];
    }
}

void openssl_release(struct tl_srtp_expanded *expanded)
{
    EVP_CIPHER_CTX_free(((struct expanded_evp *)expanded->bytes)->cipher);
}

static void gcm_one(struct task *task, bool seal)
{
    EVP_CIPHER_CTX *context = ((struct expanded_evp *)task->expanded->bytes)->cipher;
    int bytes;
    EVP_CipherInit_ex(context, NULL, NULL, NULL, task->iv, seal);
    EVP_CipherUpdate(context, NULL, &bytes, task->authenticated, (int)task->authenticated_bytes);
    if (task->data_bytes > 0)
        EVP_CipherUpdate(context, task->data, &bytes, task->data, (int)task->data_bytes);
    if (seal) {
        EVP_CipherFinal_ex(context, task->tag, &bytes);
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, task->tag);
    } else {
        memcpy(task->tag, task->expected, 16);
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, task->tag);
        task->good = EVP_CipherFinal_ex(context, task->tag, &bytes) == 1;
    }
}

void openssl_gcm(void *memory, struct task *tasks, uint32_t count, bool seal)
{
    (void)memory;
    for (uint32_t i = 0; i < count; i++)
        gcm_one(&tasks[i], seal);
}

void openssl_cipher(void *memory, struct task *tasks, uint32_t count, uint32_t key_bytes)
{
    (void)memory;
    for (uint32_t i = 0; i < count; i++) {
        struct task *task = &tasks[i];
        if (task->data_bytes == 0 || task->key_bytes != key_bytes)
            continue;
        EVP_CIPHER_CTX *context = ((struct expanded_evp *)task->expanded->bytes)->cipher;
        int bytes;
        EVP_CipherInit_ex(context, NULL, NULL, NULL, task->iv, 1);
        EVP_CipherUpdate(context, task->data, &bytes, task->data, (int)task->data_bytes);
    }
}

void openssl_hash(void *memory, struct task *tasks, uint32_t count)
{
    EVP_MD_CTX *digest = ((struct state *)memory)->digest;
    for (uint32_t i = 0; i < count; i++) {
        struct task *task = &tasks[i];
        const struct expanded_evp *evp = (const struct expanded_evp *)task->expanded->bytes;
        EVP_DigestInit_ex(digest, NULL, NULL);
        EVP_DigestUpdate(digest, evp->inner, sizeof(evp->inner));
        EVP_DigestUpdate(digest, task->authenticated, task->authenticated_bytes);
        EVP_DigestFinal_ex(digest, task->tag, NULL);
        EVP_DigestInit_ex(digest, NULL, NULL);
        EVP_DigestUpdate(digest, evp->outer, sizeof(evp->outer));
        EVP_DigestUpdate(digest, task->tag, HASH_BYTES);
        EVP_DigestFinal_ex(digest, task->tag, NULL);
    }
}
