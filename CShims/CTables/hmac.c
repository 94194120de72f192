// SPDX-License-Identifier: Apache-2.0
#include "CTables.h"

#include <intel-ipsec-mb.h>

// The library neither allocates nor locks nor calls the system behind its jobs and hashes; nothing
// in its header says so.
#pragma clang diagnostic ignored "-Wfunction-effects"

struct tl_hmac {
    IMB_MGR *manager;
};

_Static_assert(sizeof(struct tl_hmac) <= TL_LINE_BYTES, "it has a line before the library's");

uint64_t tl_hmac_size(void)
{
    return TL_LINE_BYTES + imb_get_mb_mgr_size();
}

struct tl_hmac *tl_hmac_init(void *memory)
{
    struct tl_hmac *hmac = memory;
    hmac->manager = imb_set_pointers_mb_mgr((uint8_t *)memory + TL_LINE_BYTES, 0, 1);
    init_mb_mgr_sse(hmac->manager);
    return hmac;
}

static void state_make(struct tl_hmac *hmac, const uint8_t *bytes, uint32_t count, uint8_t pad,
                       uint32_t state[5])
{
    uint8_t block[TL_HMAC_BLOCK_BYTES];
    memset(block, pad, sizeof(block));
    for (uint32_t i = 0; i < count; i++)
        block[i] ^= bytes[i];
    IMB_SHA1_ONE_BLOCK(hmac->manager, block, state);
    imb_clear_mem(block, sizeof(block));
}

TL_PACKET_CODE void tl_hmac_key_make(struct tl_hmac *hmac, const uint8_t *bytes, uint32_t count,
                                     struct tl_hmac_key *key)
{
    state_make(hmac, bytes, count, 0x36, key->inner);
    state_make(hmac, bytes, count, 0x5c, key->outer);
}

TL_PACKET_CODE void tl_hmac_tag(struct tl_hmac *hmac, const struct tl_hmac_key *key,
                                const uint8_t *bytes, uint32_t count, uint8_t tag[TL_HMAC_BYTES])
{
    IMB_MGR *manager = hmac->manager;
    IMB_JOB *job = IMB_GET_NEXT_JOB(manager);
    job->cipher_mode = IMB_CIPHER_NULL;
    job->cipher_direction = IMB_DIR_ENCRYPT;
    job->chain_order = IMB_ORDER_HASH_CIPHER;
    job->hash_alg = IMB_AUTH_HMAC_SHA_1;
    job->src = bytes;
    job->hash_start_src_offset_in_bytes = 0;
    job->msg_len_to_hash_in_bytes = count;
    job->auth_tag_output = tag;
    job->auth_tag_output_len_in_bytes = TL_HMAC_BYTES;
    job->u.HMAC._hashed_auth_key_xor_ipad = (const uint8_t *)key->inner;
    job->u.HMAC._hashed_auth_key_xor_opad = (const uint8_t *)key->outer;
    // No other job is ever in the manager: what is flushed is this one.
    if (IMB_SUBMIT_JOB_NOCHECK(manager) == NULL)
        IMB_FLUSH_JOB(manager);
}

TL_PACKET_CODE uint32_t tl_hmac_crc(struct tl_hmac *hmac, const uint8_t *bytes, uint32_t count)
{
    return IMB_CRC32_ETHERNET_FCS(hmac->manager, bytes, count);
}
