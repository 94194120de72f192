// SPDX-License-Identifier: Apache-2.0
// Datagrams through SRTP and SRTCP of every suite. Input: a byte that chooses suite, MKI and what
// it is, then the datagram. A datagram that was only guessed never opens and keeps its bytes; one
// that is sealed and then treated as the input says opens when nothing of it was changed.
//   byte & 7        suite (0 and 7: of the other two GCM and CM ones once more)
//   byte >> 3 & 3   0: RTP as it is, 1: RTCP as it is, 2: RTP sealed first, 3: RTCP sealed first
//   byte >> 5       bytes of MKI
#include "CSRTP.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tl_srtp_engine *engine;

static struct tl_srtp_keys keys_make(uint8_t choice)
{
    static const uint8_t suites[8] = {5, 1, 2, 3, 4, 5, 6, 1};
    struct tl_srtp_key master = {.suite = suites[choice & 7], .mki_bytes = choice >> 5};
    struct tl_srtp_keys keys;
    memset(master.key, 0x5a, sizeof(master.key));
    memset(master.mki, 'M', master.mki_bytes);
    if (tl_srtp_keys_derive(engine, &keys, &master) != TL_STATUS_OK)
        abort();
    return keys;
}

/// Bytes of the header that an RTP packet claims, unchecked: the library must refuse what is off.
static uint32_t header_claimed(const uint8_t *packet, uint32_t length)
{
    if (length < 12)
        return 12;
    uint32_t bytes = 12 + 4u * (packet[0] & 15);
    if (packet[0] & 0x10 && bytes + 4 <= length)
        bytes += 4 + 4u * (uint32_t)(packet[bytes + 2] << 8 | packet[bytes + 3]);
    return bytes;
}

static void guessed(struct tl_srtp_keys *keys, const uint8_t *bytes, uint32_t length, int rtcp)
{
    uint8_t *copy = malloc(length ? length : 1); // ends where the datagram ends
    uint32_t inout = length, index;
    memcpy(copy, bytes, length);
    struct tl_srtp_job job = {.keys = keys, .packet = copy, .length = length};
    job.header_bytes = header_claimed(copy, length);
    if (rtcp) {
        if (tl_srtcp_open(engine, keys, copy, &inout, &index, true) == TL_DROP_REASON_COUNT)
            abort();
    } else {
        tl_srtp_open(engine, &job, 1);
        if (job.good)
            abort();
        inout = job.length;
    }
    if (inout != length || memcmp(copy, bytes, length) != 0)
        abort();
    free(copy);
}

static void sealed(struct tl_srtp_keys *keys, const uint8_t *bytes, uint32_t length, int rtcp)
{
    uint32_t tag = rtcp ? 4u + keys->rtcp_tag_bytes : keys->tag_bytes, inout = length, index;
    uint8_t *copy = malloc(length + tag + keys->mki_bytes);
    memcpy(copy, bytes, length);
    struct tl_srtp_job job = {.keys = keys, .packet = copy, .length = length, .index = 9};
    job.header_bytes = header_claimed(copy, length);
    int done;
    if (rtcp) {
        done = tl_srtcp_seal(engine, keys, copy, &inout, 9, true) == TL_DROP_REASON_COUNT;
    } else {
        tl_srtp_seal(engine, &job, 1);
        done = job.good;
        inout = job.length;
    }
    if (!done) {
        if (inout != length || memcmp(copy, bytes, length) != 0)
            abort();
        free(copy);
        return;
    }
    uint32_t behind = keys->aead ? 0 : rtcp ? keys->rtcp_tag_bytes : keys->tag_bytes;
    memmove(copy + inout - behind + keys->mki_bytes, copy + inout - behind, behind);
    memcpy(copy + inout - behind, keys->mki, keys->mki_bytes);
    inout += keys->mki_bytes;
    job.length = inout;
    if (rtcp) {
        done = tl_srtcp_open(engine, keys, copy, &inout, &index, false) == TL_DROP_REASON_COUNT;
    } else {
        tl_srtp_open(engine, &job, 1);
        done = job.good;
        inout = job.length;
    }
    if (!done || inout != length || memcmp(copy, bytes, length) != 0)
        abort();
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (engine == NULL) {
        void *memory = aligned_alloc(64, tl_srtp_engine_size(TL_SRTP_IPSEC_MB));
        engine = memory ? tl_srtp_engine_init(memory, TL_SRTP_IPSEC_MB) : NULL;
        if (engine == NULL)
            abort();
    }
    if (size == 0)
        return 0;
    struct tl_srtp_keys keys = keys_make(data[0]);
    uint32_t kind = data[0] >> 3 & 3;
    (kind < 2 ? guessed : sealed)(&keys, data + 1, (uint32_t)size - 1, kind & 1);
    tl_srtp_keys_wipe(&keys);
    return 0;
}
