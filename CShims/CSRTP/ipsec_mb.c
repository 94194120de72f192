// SPDX-License-Identifier: Apache-2.0
// The back end on libipsec-mb: many packets at once where the processor has lanes for them.
//
// The only file that calls that library. Its functions are reached by pointers without a mark, so
// the compiler's check of what may block is switched off here, and only here: they compute, in
// memory that they were given.

#include "engine.h"

#include <intel-ipsec-mb.h>
#include <string.h>

#pragma clang diagnostic ignored "-Wfunction-effects"

// What the library writes for HMAC-SHA1: asked for 12 bytes it writes 12 (for 10 it would write
// 20, and its checking interface refuses that).
#define HMAC_BYTES 12

/// Expanded keys of AES-CM: authentication first, the whole of it and the schedule in few lines.
struct expanded_cm {
    uint8_t inner[HASH_BYTES];
    uint8_t outer[HASH_BYTES];
    _Alignas(16) uint8_t schedule[15 * 16];
};

/// Where the expanded keys of GCM begin: schedule and powers of a packet of G.711 fill three lines
/// each then. The library asks for no alignment.
#define GCM_OFFSET 16

static struct gcm_key_data *gcm_of(struct tl_srtp_expanded *expanded)
{
    return (struct gcm_key_data *)(expanded->bytes + GCM_OFFSET);
}

struct state {
    IMB_MGR *manager;
    struct gcm_context_data context;
    IMB_JOB jobs[BURST_MAX];
    _Alignas(64) uint8_t manager_memory[];
};

_Static_assert(GCM_OFFSET + sizeof(struct gcm_key_data) <= sizeof(struct tl_srtp_expanded), "GCM keys");
_Static_assert(sizeof(struct expanded_cm) <= sizeof(struct tl_srtp_expanded), "AES-CM keys");

size_t ipsec_mb_size(void)
{
    return (sizeof(struct state) + imb_get_mb_mgr_size() + 63) & ~(size_t)63;
}

bool ipsec_mb_init(void *memory)
{
    struct state *state = memory;
    state->manager = imb_set_pointers_mb_mgr(state->manager_memory, 0, 1);
    if (state->manager == NULL)
        return false;
    IMB_ARCH arch;
    init_mb_mgr_auto(state->manager, &arch);
    return imb_get_errno(state->manager) == 0;
}

void ipsec_mb_close(void *memory)
{
    wipe(memory, ipsec_mb_size());
}

/// The state of SHA-1 behind a key that is xored with a pad (RFC 2104).
static void hmac_half(const struct state *state, const uint8_t *key, uint8_t pad, uint8_t *half)
{
    uint8_t block[64];
    memset(block, pad, sizeof(block));
    for (uint32_t i = 0; i < HASH_BYTES; i++)
        block[i] ^= key[i];
    IMB_SHA1_ONE_BLOCK(state->manager, block, half);
    wipe(block, sizeof(block));
}

void ipsec_mb_expand(void *memory, struct tl_srtp_expanded *expanded, bool aead, const uint8_t *key,
                     uint32_t key_bytes, const uint8_t *authentication)
{
    const struct state *state = memory;
    if (aead) {
        struct gcm_key_data *gcm = gcm_of(expanded);
        if (key_bytes == 16)
            IMB_AES128_GCM_PRE(state->manager, key, gcm);
        else
            IMB_AES256_GCM_PRE(state->manager, key, gcm);
        return;
    }
    struct expanded_cm *cm = (struct expanded_cm *)expanded->bytes;
    _Alignas(16) uint8_t decrypting[15 * 16];
    if (key_bytes == 16)
        IMB_AES_KEYEXP_128(state->manager, key, cm->schedule, decrypting);
    else
        IMB_AES_KEYEXP_256(state->manager, key, cm->schedule, decrypting);
    wipe(decrypting, sizeof(decrypting));
    hmac_half(state, authentication, 0x36, cm->inner);
    hmac_half(state, authentication, 0x5c, cm->outer);
}

void ipsec_mb_release(struct tl_srtp_expanded *expanded)
{
    (void)expanded; // nothing beyond its bytes
}

void ipsec_mb_gcm(void *memory, struct task *tasks, uint32_t count, bool seal)
{
    struct state *state = memory;
    const IMB_MGR *manager = state->manager;
    aes_gcm_enc_dec_t small = seal ? manager->gcm128_enc : manager->gcm128_dec;
    aes_gcm_enc_dec_t large = seal ? manager->gcm256_enc : manager->gcm256_dec;
    for (uint32_t i = 0; i < count; i++) {
        struct task *task = &tasks[i];
        (task->key_bytes == 16 ? small : large)(gcm_of(task->expanded), &state->context,
                                                task->data, task->data, task->data_bytes,
                                                task->iv, task->authenticated,
                                                task->authenticated_bytes, task->tag, 16);
        if (!seal)
            task->good = tags_equal(task->tag, task->expected, 16);
    }
}

void ipsec_mb_cipher(void *memory, struct task *tasks, uint32_t count, uint32_t key_bytes)
{
    struct state *state = memory;
    uint32_t jobs = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct task *task = &tasks[i];
        if (task->data_bytes == 0 || task->key_bytes != key_bytes)
            continue;
        IMB_JOB *job = &state->jobs[jobs++];
        job->enc_keys = ((const struct expanded_cm *)task->expanded->bytes)->schedule;
        job->src = task->data;
        job->dst = task->data;
        job->cipher_start_src_offset_in_bytes = 0;
        job->msg_len_to_cipher_in_bytes = task->data_bytes;
        job->iv = task->iv;
        job->iv_len_in_bytes = 16;
    }
    if (jobs > 0)
        IMB_SUBMIT_CIPHER_BURST_NOCHECK(state->manager, state->jobs, jobs, IMB_CIPHER_CNTR,
                                        IMB_DIR_ENCRYPT,
                                        key_bytes == 16 ? IMB_KEY_128_BYTES : IMB_KEY_256_BYTES);
}

void ipsec_mb_hash(void *memory, struct task *tasks, uint32_t count)
{
    struct state *state = memory;
    for (uint32_t i = 0; i < count; i++) {
        struct task *task = &tasks[i];
        const struct expanded_cm *cm = (const struct expanded_cm *)task->expanded->bytes;
        IMB_JOB *job = &state->jobs[i];
        job->src = task->authenticated;
        job->hash_start_src_offset_in_bytes = 0;
        job->msg_len_to_hash_in_bytes = task->authenticated_bytes;
        job->auth_tag_output = task->tag;
        job->auth_tag_output_len_in_bytes = HMAC_BYTES;
        job->u.HMAC._hashed_auth_key_xor_ipad = cm->inner;
        job->u.HMAC._hashed_auth_key_xor_opad = cm->outer;
    }
    if (count > 0)
        IMB_SUBMIT_HASH_BURST_NOCHECK(state->manager, state->jobs, count, IMB_AUTH_HMAC_SHA_1);
}
