// SPDX-License-Identifier: Apache-2.0
// A call whose leg b is secure, and its party's end of it.

#ifndef SECURE_CALL_H
#define SECURE_CALL_H

#include "frames.h"

static const struct sender party_b = {"198.18.2.2", 30002, "198.18.2.1", 20002, 1, 100};

static struct tl_srtp_engine *engine; // the parties'

static inline struct tl_srtp_key master(uint8_t suite, uint8_t name)
{
    struct tl_srtp_key key = {.suite = suite};
    int aead = suite == TL_SUITE_AEAD_AES_128_GCM || suite == TL_SUITE_AEAD_AES_256_GCM;
    int long_key = suite == TL_SUITE_AES_256_CM_HMAC_SHA1_80 ||
                   suite == TL_SUITE_AES_256_CM_HMAC_SHA1_32 || suite == TL_SUITE_AEAD_AES_256_GCM;
    for (uint32_t i = 0; i < (long_key ? 32u : 16u); i++)
        key.key[i] = (uint8_t)(name + 3 * i + suite);
    for (uint32_t i = 0; i < (aead ? 12u : 14u); i++)
        key.salt[i] = (uint8_t)(name ^ (5 * i));
    return key;
}

static inline struct tl_flow_keys keys_make(uint8_t suite, uint64_t id)
{
    return (struct tl_flow_keys){.key_id = id, .overlap_ms = 2000,
                                 .receive = master(suite, (uint8_t)(10 * id)),
                                 .send = master(suite, (uint8_t)(10 * id + 1))};
}

static inline int32_t command_keys(struct world *world, uint32_t index, uint32_t generation,
                            const struct tl_flow_keys *keys)
{
    struct tl_command message = {.size_bytes = sizeof(message), .operation = TL_OP_KEYS,
                                 .flow_index = index, .generation = generation};
    memcpy((uint8_t *)&message + offsetof(struct tl_command, spec), keys, sizeof(*keys));
    struct tl_event answer;
    tl_command_apply(world->worker, 0, &message, world->now_ns, &answer);
    return answer.status;
}

// Leg a plain, leg b secure.
static inline struct world *secure_call(const struct tl_flow_keys *keys)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", TL_FLOW_SRTP);
    struct tl_flow_spec a = world->worker->cold[0].spec;
    a.flags &= ~TL_FLOW_SRTP;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &a), TL_STATUS_OK);
    if (keys != NULL)
        CHECK_EQUAL(command_keys(world, 1, 7, keys), TL_STATUS_OK);
    return world;
}

// The party's end of one direction.
struct end {
    struct tl_srtp_keys keys;
};

static inline void end_make(struct end *end, const struct tl_srtp_key *key)
{
    memset(end, 0, sizeof(*end));
    CHECK_EQUAL(tl_srtp_keys_derive(engine, &end->keys, key), TL_STATUS_OK);
}

// Sends 160 bytes of `fill` as the secure party; returns the reason.
static inline uint32_t send_sealed_from(struct world *world, const struct sender *sender,
                                 struct end *end, uint64_t index, uint32_t ssrc, uint8_t fill)
{
    uint8_t bytes[512] = {0x80, 0};
    put_16(bytes + 2, (uint32_t)index & 0xffff);
    put_32(bytes + 4, (uint32_t)index * 160);
    put_32(bytes + 8, ssrc);
    memset(bytes + 12, fill, 160);
    struct tl_srtp_job job = {&end->keys, bytes, 172, 12, index, 0, 0};
    tl_srtp_seal(engine, &job, 1);
    CHECK(job.good);
    return send_udp(world, sender, bytes, job.length);
}

static inline uint32_t send_sealed(struct world *world, struct end *end, uint64_t index,
                                   uint32_t ssrc, uint8_t fill)
{
    return send_sealed_from(world, &party_b, end, index, ssrc, fill);
}

// Opens what the box sent; the payload's first byte, or -1.
static inline int open_sent(struct world *world, struct end *end, uint64_t index)
{
    struct frame frame = read_frame(world->packets[0].data, world->packets[0].length);
    uint8_t bytes[512];
    memcpy(bytes, frame.payload, frame.payload_length);
    CHECK_EQUAL(get_16(bytes + 2), index & 0xffff);
    struct tl_srtp_job job = {&end->keys, bytes, frame.payload_length, 12, index, 0, 0};
    tl_srtp_open(engine, &job, 1);
    return job.good ? bytes[12] : -1;
}

// Makes the parties' engine, runs the tests, and gives it back.
static inline void with_engine(void (*tests)(void))
{
    void *memory = aligned_alloc(64, (tl_srtp_engine_size(TL_SRTP_IPSEC_MB) + 63) & ~63ul);
    engine = tl_srtp_engine_init(memory, TL_SRTP_IPSEC_MB);
    CHECK(engine != NULL);
    tests();
    tl_srtp_engine_close(engine);
    free(memory);
}

#endif
