// SPDX-License-Identifier: Apache-2.0
// What is never taken at a glance (usual.h), whatever it looks like: RTP, also of version 0, on
// secure legs, on flows without payload types, with types that look like RTCP, with events as first
// type.
#include "digit_call.h"

enum { SEALED = 100, SSRC = 9, UNKNOWN_TYPE = 127 };

static void header(uint8_t *bytes, uint8_t type, uint32_t sequence)
{
    bytes[0] = 0; // version 0
    bytes[1] = type;
    put_16(bytes + 2, sequence);
    put_32(bytes + 4, sequence * 160);
    put_32(bytes + 8, SSRC);
}

static uint32_t send_bare(struct world *world, const struct sender *from, uint8_t type,
                          uint32_t sequence)
{
    uint8_t bytes[172] = {0};
    header(bytes, type, sequence);
    return send_udp(world, from, bytes, sizeof(bytes));
}

// Nobody without keys may say anything, and least of all press a key.
static void secure_leg(int tones, uint8_t first)
{
    struct tl_flow_keys keys = keys_make(TL_SUITE_AEAD_AES_128_GCM, 1);
    struct world *world = secure_call(&keys);
    struct tl_tone_maker maker = {0};
    struct end to_box;
    end_make(&to_box, &keys.receive);
    if (tones)
        CHECK_EQUAL(command_dtmf(world, 1, how_make(TL_DTMF_TONES)), TL_STATUS_OK);
    CHECK_EQUAL(send_sealed(world, &to_box, SEALED, SSRC, 1), TL_DROP_REASON_COUNT);
    uint64_t before = world->worker->counters.forwarded;
    tl_tone_make_start(&maker);
    for (uint32_t i = 0; i < 20; i++) {
        uint8_t bytes[172];
        world->now_ns += 20 * MS;
        header(bytes, 0, SEALED + 1 + i);
        bytes[0] = first;
        tl_tone_make(&maker, 5, TL_CODEC_PCMU, 10, 800, bytes + 12, 160);
        CHECK(send_udp(world, &party_b, bytes, sizeof(bytes)) != TL_DROP_REASON_COUNT);
    }
    CHECK_EQUAL(world->worker->counters.forwarded, before);
    CHECK_EQUAL(world->worker->counters.digits_by_tone, 0);
    CHECK_EQUAL(send_sealed(world, &to_box, SEALED + 1, SSRC, 1), TL_DROP_REASON_COUNT);
    world_free(world);
}

// A flow of party a that has received one good packet of its first type.
static struct world *started(uint8_t type)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_1, "198.18.1.3", 0);
    struct tl_flow_spec spec = world->worker->cold[0].spec;
    spec.payload_types[0] = (struct tl_payload_type){type, 96};
    spec.payload_types[1] = (struct tl_payload_type){TL_NO_PAYLOAD_TYPE, TL_NO_PAYLOAD_TYPE};
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &spec), TL_STATUS_OK);
    uint8_t bytes[172] = {0};
    header(bytes, type, 10);
    bytes[0] = 0x80;
    CHECK_EQUAL(send_udp(world, &party_a, bytes, sizeof(bytes)), TL_DROP_REASON_COUNT);
    return world;
}

static void events_first(void)
{
    struct world *world = started(EVENT_TYPE);
    struct tl_flow_dtmf how = how_make(TL_DTMF_EVENTS | TL_DTMF_TAKE);
    CHECK_EQUAL(command_dtmf(world, 0, how), TL_STATUS_OK);
    CHECK(send_bare(world, &party_a, UNKNOWN_TYPE, 11) != TL_DROP_REASON_COUNT);
    CHECK(send_bare(world, &party_a, EVENT_TYPE, 11) != TL_DROP_REASON_COUNT);
    world_free(world);
}

static void no_types(void)
{
    struct world *world = started(0);
    struct tl_flow_spec spec = world->worker->cold[0].spec;
    memset(spec.payload_types, TL_NO_PAYLOAD_TYPE, sizeof(spec.payload_types));
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &spec), TL_STATUS_OK);
    CHECK(send_bare(world, &party_a, UNKNOWN_TYPE, 11) != TL_DROP_REASON_COUNT);
    uint8_t bytes[172] = {0};
    header(bytes, UNKNOWN_TYPE, 11);
    bytes[0] = 0x80;
    CHECK(send_udp(world, &party_a, bytes, sizeof(bytes)) != TL_DROP_REASON_COUNT);
    world_free(world);
}

static void types_like_rtcp(void)
{
    struct world *world = started(72);
    CHECK(send_bare(world, &party_a, 72, 11) != TL_DROP_REASON_COUNT);
    CHECK(send_bare(world, &party_a, 72 | 0x80, 12) != TL_DROP_REASON_COUNT);
    world_free(world);
}

static void tests(void)
{
    for (int tones = 0; tones <= 1; tones++) {
        secure_leg(tones, 0);
        secure_leg(tones, 0x80);
    }
    events_first();
    no_types();
    types_like_rtcp();
}

int main(void)
{
    with_engine(tests);
    return tests_passed("glance", 0);
}
