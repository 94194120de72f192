// SPDX-License-Identifier: Apache-2.0
// The parties of secure calls: they seal what they send and open what reaches them, by CSRTP and
// with keys of their own, never in the time of the worker.
//
// Parties share KEY_SETS master keys, by turns of their flows, so that sealing frames for 10,000 of
// them does not empty the caches that the worker's own keys stand in: a NIC that delivers sealed
// frames does not either. The worker knows nothing of that: each flow has expanded keys of its own.

#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "say.h"
#include "self_load.h"
#include "suites.h"

enum { KEY_SETS = 64 };
enum { TO_BOX, FROM_BOX, DIRECTIONS };

struct tl_load_secure {
    struct tl_srtp_keys keys[DIRECTIONS][KEY_SETS];
    struct tl_srtp_engine *engine; // the parties'
    uint64_t sealed;               // by parties
    struct tl_srtp_job jobs[TL_LOAD_ROUND_FRAMES];
    uint32_t count; // of jobs
    uint8_t suite;
    uint8_t both_legs;
};

static const struct {
    const char *name;
    uint8_t suite;
} suites[] = {
    {"cm80", TL_SUITE_AES_CM_128_HMAC_SHA1_80},     {"cm32", TL_SUITE_AES_CM_128_HMAC_SHA1_32},
    {"cm256_80", TL_SUITE_AES_256_CM_HMAC_SHA1_80}, {"cm256_32", TL_SUITE_AES_256_CM_HMAC_SHA1_32},
    {"gcm128", TL_SUITE_AEAD_AES_128_GCM},          {"gcm256", TL_SUITE_AEAD_AES_256_GCM},
};
enum { SUITES = sizeof(suites) / sizeof(suites[0]) };

int tl_load_suite_read(const char *name, uint8_t *suite)
{
    for (uint32_t i = 0; i < SUITES; i++) {
        if (strcmp(suites[i].name, name) == 0) {
            *suite = suites[i].suite;
            return 0;
        }
    }
    tl_say("--self-load: srtp=%s is not known; write cm80, cm32, cm256_80, cm256_32, gcm128 or "
           "gcm256",
           name);
    return -1;
}

const char *tl_load_suite_name(uint8_t suite)
{
    for (uint32_t i = 0; i < SUITES; i++)
        if (suites[i].suite == suite)
            return suites[i].name;
    return "none";
}

// Bytes that look random and are the same in each run; what a suite does not use is zero.
static struct tl_srtp_key master_of(uint8_t suite, uint32_t k, uint32_t direction)
{
    uint64_t state = (uint64_t)(k % KEY_SETS) * DIRECTIONS + direction;
    struct tl_srtp_key key = {.suite = suite};
    for (uint32_t i = 0; i < tl_suite_key_bytes(suite); i++)
        key.key[i] = (uint8_t)tl_load_random(&state);
    for (uint32_t i = 0; i < tl_suite_salt_bytes(suite); i++)
        key.salt[i] = (uint8_t)tl_load_random(&state);
    return key;
}

int tl_load_keys_derive(struct tl_srtp_engine *engine, struct tl_srtp_keys *keys, uint8_t suite,
                        uint32_t k, int to_box)
{
    struct tl_srtp_key master = master_of(suite, k, to_box ? TO_BOX : FROM_BOX);
    return tl_srtp_keys_derive(engine, keys, &master) == TL_STATUS_OK ? 0 : -1;
}

int tl_load_secure_init(struct tl_load *load, const struct tl_options *options)
{
    if (options->load_suite == 0)
        return 0;
    struct tl_load_secure *secure = tl_load_memory_private(sizeof(*secure), options->no_huge);
    void *memory = tl_load_memory_private(tl_srtp_engine_size(TL_SRTP_IPSEC_MB), options->no_huge);
    if (secure == NULL || memory == NULL)
        return -1;
    secure->suite = options->load_suite;
    secure->both_legs = options->load_both_legs;
    secure->engine = tl_srtp_engine_init(memory, TL_SRTP_IPSEC_MB);
    if (secure->engine == NULL)
        return -1;
    for (uint32_t i = 0; i < DIRECTIONS * KEY_SETS; i++) {
        uint32_t direction = i / KEY_SETS, k = i % KEY_SETS;
        if (tl_load_keys_derive(secure->engine, &secure->keys[direction][k], secure->suite, k,
                                direction == TO_BOX) < 0)
            return -1;
    }
    load->secure = secure;
    return 0;
}

int tl_load_is_secure(const struct tl_load *load, uint32_t k)
{
    return load->secure != NULL && (load->secure->both_legs || (k & 1));
}

uint32_t tl_load_tag_bytes(const struct tl_load *load, uint32_t k)
{
    return tl_load_is_secure(load, k) ? load->secure->keys[TO_BOX][0].tag_bytes : 0;
}

void tl_load_keys_command(const struct tl_load *load, uint32_t k, struct tl_command *command)
{
    uint8_t suite = load->secure->suite;
    struct tl_flow_keys keys = {.key_id = k + 1,
                                .receive = master_of(suite, k, TO_BOX),
                                .send = master_of(suite, k, FROM_BOX)};
    *command = (struct tl_command){
        .size_bytes = sizeof(*command),
        .operation = TL_OP_KEYS,
        .sequence = k + 1,
        .flow_index = load->lane->worker->first_flow + k,
        .generation = 1,
    };
    memcpy((uint8_t *)command + offsetof(struct tl_command, spec), &keys, sizeof(keys));
}

static struct tl_srtp_job job_of(struct tl_srtp_keys *keys, uint8_t *rtp, uint32_t length,
                                 uint64_t index)
{
    return (struct tl_srtp_job){
        .keys = keys, .packet = rtp, .length = length, .header_bytes = 12, .index = index};
}

void tl_load_seal_later(struct tl_load *load, uint32_t k, uint8_t *rtp, uint32_t length,
                        uint64_t index)
{
    struct tl_load_secure *secure = load->secure;
    secure->jobs[secure->count++] = job_of(&secure->keys[TO_BOX][k % KEY_SETS], rtp, length, index);
}

void tl_load_seal(struct tl_load *load)
{
    struct tl_load_secure *secure = load->secure;
    uint32_t good = 0;
    if (secure == NULL)
        return;
    tl_srtp_seal(secure->engine, secure->jobs, secure->count);
    for (uint32_t i = 0; i < secure->count; i++)
        good += secure->jobs[i].good;
    if (good != secure->count) {
        tl_say("self-load: of %u packets %u could be sealed", secure->count, good);
        load->failed = 1;
    }
    secure->sealed += secure->count;
    secure->count = 0;
}

int tl_load_open(const struct tl_load *load, uint32_t k, uint8_t *rtp, uint32_t length,
                 uint64_t index)
{
    struct tl_load_secure *secure = load->secure;
    struct tl_srtp_job job = job_of(&secure->keys[FROM_BOX][k % KEY_SETS], rtp, length, index);
    tl_srtp_open(secure->engine, &job, 1);
    return job.good;
}

int tl_load_secure_is_exact(const struct tl_load *load)
{
    const struct tl_counters *counters = &load->lane->worker->counters;
    const struct tl_load_secure *secure = load->secure;
    if (secure == NULL)
        return counters->srtp_opened == 0 && counters->srtp_sealed == 0;
    uint64_t leaving = counters->forwarded - (secure->both_legs ? 0 : secure->sealed);
    return counters->srtp_opened == secure->sealed && counters->srtp_sealed == leaving;
}
