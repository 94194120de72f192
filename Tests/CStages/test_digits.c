// SPDX-License-Identifier: Apache-2.0
// Digits between the legs of a call: taken, passed on, sent; the streams that they leave in.
#include "digit_call.h"

enum { TAKE_ON = TL_DTMF_EVENTS | TL_DTMF_TAKE | TL_DTMF_PASS_ON };

static struct tl_counters *counters(const struct ear *ear)
{
    return &ear->world->worker->counters;
}

// Packets of a type that b heard.
static uint32_t heard_of(const struct ear *ear, uint8_t type)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < ear->count; i++)
        count += ear->heard[i].type == type;
    return count;
}

// Without TAKE events go on as they did, one by one, and audio is taken at a glance.
static void test_relayed(void)
{
    struct ear ear = digit_call(ADDRESS_1, "198.18.1.3", TL_DTMF_EVENTS, NULL, NULL);
    struct mouth mouth = {.sequence = 10, .timestamp = 1000};
    CHECK_EQUAL(ear.world->worker->flows[0].ingress.rtp_first, TL_RTP_FIRST);
    say_audio(&ear, &mouth, 1);
    for (uint8_t key = 0; key < 16; key++)
        say_digit(&ear, &mouth, key);
    CHECK_EQUAL(counters(&ear)->digits_by_event, 16);
    CHECK_EQUAL(ear.count, 1 + 16 * 10);
    CHECK_EQUAL(heard_of(&ear, EVENT_TYPE_OUT), 16 * 7);
    CHECK_EQUAL(ear.holes, 0);
    say_event(&ear, &mouth, 99, 160, 0); // no digit: not ours to judge
    CHECK_EQUAL(heard_of(&ear, EVENT_TYPE_OUT), 16 * 7 + 1);
    say_bytes(&ear, &mouth, EVENT_TYPE, 5000, (const uint8_t *)"\1\2\3", 3);
    CHECK_EQUAL(drops(ear.world, TL_DROP_INDEX_DTMF_EVENT), 1);
    CHECK_EQUAL(counters(&ear)->digits_by_event, 16);
    ear_end(&ear);
}

// With it they end here, and nobody sees where they were.
static void test_taken(void)
{
    struct ear ear =
        digit_call(ADDRESS_1, "198.18.1.3", TL_DTMF_EVENTS | TL_DTMF_TAKE, NULL, NULL);
    struct mouth mouth = {.sequence = 65500, .timestamp = 1000};
    say_audio(&ear, &mouth, 1);
    uint32_t offset = ear.heard[0].timestamp - 1000;
    for (uint8_t key = 0; key < 17; key++)
        say_digit(&ear, &mouth, key);
    CHECK_EQUAL(counters(&ear)->digits_by_event, 17);
    CHECK_EQUAL(counters(&ear)->consumed, 17 * 7);
    CHECK_EQUAL(ear.count, 1 + 17 * 3);
    CHECK_EQUAL(ear.holes, 0);
    CHECK_EQUAL(ear.heard[ear.count - 1].timestamp - offset, mouth.timestamp - 160);
    say_event(&ear, &mouth, 99, 160, 0);
    CHECK_EQUAL(drops(ear.world, TL_DROP_INDEX_DTMF_EVENT), 1);
    say_audio(&ear, &mouth, 1);
    CHECK_EQUAL(ear.holes, 0);
    for (uint32_t i = 0; i < 30; i++) {
        mouth.event_timestamp += 10000;
        say_event(&ear, &mouth, 1, 160, 1);
    }
    CHECK(drops(ear.world, TL_DROP_INDEX_DTMF_FLOOD) >= 10);
    say_audio(&ear, &mouth, 1);
    CHECK_EQUAL(ear.holes, 0);
    ear_end(&ear);
}

// Loss, repetition and order of a bad network, audio and events mixed: of what leaves no place is
// used twice and the order is that of the party; each digit is one.
static void test_mixed(void)
{
    enum { COUNT = 1200 };
    for (test_seed = 1; test_seed <= 40; test_seed++) {
        struct ear ear =
            digit_call(ADDRESS_1, "198.18.1.3", TL_DTMF_EVENTS | TL_DTMF_TAKE, NULL, NULL);
        struct { uint16_t number; uint8_t key, step; } order[COUNT];
        uint32_t digits = 0, heard_any[COUNT / 13 + 1] = {0};
        for (uint32_t i = 0; i < COUNT; i++) {
            uint32_t in = i % 13; // seven packets of an event, six of audio, some among them
            order[i].number = (uint16_t)i;
            order[i].key = (uint8_t)(i / 13 % 16);
            order[i].step = in % 2 == 0 ? (uint8_t)(in / 2 + 1) : 0;
        }
        for (uint32_t i = 1; i + 6 < COUNT; i++)
            if (random_below(20) == 0) {
                uint32_t j = i + random_below(6);
                __typeof__(order[0]) one = order[i];
                order[i] = order[j];
                order[j] = one;
            }
        struct mouth mouth = {0};
        for (uint32_t i = 0; i < COUNT; i++) {
            uint32_t number = order[i].number;
            if (number != 0 && random_below(50) == 0)
                continue;
            mouth.sequence = (uint16_t)(65000 + number);
            if (order[i].step != 0) {
                uint32_t told = order[i].step < 5 ? order[i].step : 5;
                heard_any[number / 13]++;
                mouth.event_timestamp = number / 13 * 13 * 160;
                say_event(&ear, &mouth, order[i].key, told * 160, order[i].step >= 5);
            } else {
                uint8_t payload[160] = {(uint8_t)(number >> 8), (uint8_t)number};
                say_bytes(&ear, &mouth, 0, number * 160, payload, sizeof(payload));
            }
            ear_wait(&ear, 10);
        }
        ear_wait(&ear, 400);
        for (uint32_t i = 0; i < COUNT / 13 + 1; i++)
            digits += heard_any[i] != 0;
        CHECK_EQUAL(counters(&ear)->digits_by_event, digits);
        for (uint32_t i = 0; i < ear.count; i++)
            for (uint32_t j = i + 1; j < ear.count && j < i + 40; j++) {
                uint32_t a = get_16(ear.heard[i].payload), b = get_16(ear.heard[j].payload);
                CHECK_EQUAL(a < b, ear.heard[i].index < ear.heard[j].index);
                CHECK(ear.heard[i].index != ear.heard[j].index);
                CHECK_EQUAL(ear.heard[j].timestamp - ear.heard[i].timestamp, (b - a) * 160);
            }
        ear_end(&ear);
    }
    test_seed = 1;
}

// Events that b heard, as digits: each with three ends, 40 ms long at least and 40 ms apart, in one
// stream without a hole.
static uint32_t check_sent(const struct ear *ear, char *keys)
{
    uint32_t count = 0, ends = 0;
    const struct heard *first = NULL;
    for (uint32_t i = 0; i < ear->count; i++) {
        const struct heard *heard = &ear->heard[i];
        if (heard->type != OUT_TYPE)
            continue;
        uint32_t duration = get_16(heard->payload + 2);
        if (first == NULL || heard->timestamp != first->timestamp) {
            CHECK(heard->marker);
            CHECK(first == NULL || ends == 3);
            if (first != NULL)
                CHECK(heard->timestamp - first->timestamp >= 640);
            first = heard;
            ends = 0;
            keys[count++] = (char)('0' + heard->payload[0]);
        } else {
            CHECK(!heard->marker);
        }
        CHECK_EQUAL(heard->payload[0], keys[count - 1] - '0');
        CHECK_EQUAL(heard->payload[1] & 0x3f, 10);
        ends += heard->payload[1] >> 7;
        if (heard->payload[1] >> 7)
            CHECK(duration >= 320);
    }
    CHECK(count == 0 || ends == 3);
    keys[count] = '\0';
    CHECK_EQUAL(ear->holes, 0);
    CHECK_EQUAL(ear->behind, 0);
    return count;
}

// Digits of a reach b in the leg's own stream, and audio is on its time line again afterwards.
static void passed_on(uint32_t address, const char *remote, const struct tl_flow_keys *keys)
{
    struct end end;
    struct ear ear = digit_call(address, remote, TAKE_ON, keys, keys != NULL ? &end : NULL);
    struct mouth mouth = {.sequence = 10, .timestamp = 1000};
    char sent[64];
    for (uint32_t i = 0; i < 5; i++)
        say_audio(&ear, &mouth, 1);
    uint32_t offset = ear.heard[0].timestamp - 1000;
    for (uint8_t key = 0; key < 17; key++)
        say_digit(&ear, &mouth, key);
    for (uint32_t i = 0; i < 20; i++)
        say_audio(&ear, &mouth, 1);
    CHECK_EQUAL(check_sent(&ear, sent), 17);
    CHECK(strcmp(sent, "0123456789:;<=>?@") == 0);
    CHECK_EQUAL(counters(&ear)->digits_by_event, 17);
    CHECK_EQUAL(counters(&ear)->digits_sent, 17);
    CHECK_EQUAL(counters(&ear)->digits_lost, 0);
    CHECK_EQUAL(heard_of(&ear, EVENT_TYPE_OUT), 0);
    CHECK(heard_of(&ear, 0) > 25);
    for (uint32_t i = 0; i < ear.count; i++)
        if (ear.heard[i].type == 0)
            CHECK_EQUAL((ear.heard[i].timestamp - offset - 1000) % 160, 0);
    for (uint32_t i = 1; i < ear.count; i++)
        CHECK((int32_t)(ear.heard[i].timestamp - ear.heard[i - 1].timestamp) >= 0);
    const struct tl_flow_record *record = &ear.world->records[1];
    CHECK_EQUAL(record->tx_packets, ear.count);
    CHECK_EQUAL(counters(&ear)->generated, heard_of(&ear, OUT_TYPE));
    CHECK_EQUAL(record->egress_index, ear.next);
    if (keys != NULL)
        CHECK_EQUAL(counters(&ear)->srtp_sealed, ear.count);
    ear_end(&ear);
}

static void test_passed_on(void)
{
    struct tl_flow_keys cm = keys_make(TL_SUITE_AES_CM_128_HMAC_SHA1_80, 1);
    struct tl_flow_keys gcm = keys_make(TL_SUITE_AEAD_AES_256_GCM, 1);
    passed_on(ADDRESS_1, "198.18.1.3", NULL);
    passed_on(ADDRESS_2, "198.18.2.2", NULL);
    passed_on(ADDRESS_1_V6, "2001:db8:1::3", NULL);
    passed_on(ADDRESS_2, "198.18.2.2", &cm);
    passed_on(ADDRESS_2, "198.18.2.2", &gcm);
}

// An event as long as it lasts: b hears it begin, and end when it does.
static void test_while_it_lasts(void)
{
    struct ear ear = digit_call(ADDRESS_1, "198.18.1.3", TAKE_ON, NULL, NULL);
    struct mouth mouth = {.sequence = 10, .timestamp = 1000};
    char sent[64];
    say_audio(&ear, &mouth, 1);
    mouth.event_timestamp = mouth.timestamp;
    for (uint32_t i = 1; i <= 100; i++) {
        say_event(&ear, &mouth, 5, 160 * i, i == 100);
        mouth.timestamp += 160;
        ear_wait(&ear, 20);
        CHECK(ear.count <= i + 2 && ear.count + 1 >= i);
    }
    ear_wait(&ear, 100);
    CHECK_EQUAL(check_sent(&ear, sent), 1);
    uint32_t duration = get_16(ear.heard[ear.count - 1].payload + 2);
    CHECK(duration >= 16000 && duration <= 16000 + 320);
    // Audio of a time that the digit took gives way; what is behind it passes.
    say_audio(&ear, &mouth, 1);
    CHECK_EQUAL(ear.heard[ear.count - 1].type, OUT_TYPE);
    mouth.timestamp += 640;
    say_audio(&ear, &mouth, 1);
    CHECK_EQUAL(ear.heard[ear.count - 1].type, 0);
    // Its end never comes: silence is one.
    mouth.event_timestamp = mouth.timestamp;
    say_event(&ear, &mouth, 6, 160, 0);
    ear_wait(&ear, 400);
    CHECK_EQUAL(counters(&ear)->digits_by_event, 2);
    CHECK_EQUAL(counters(&ear)->digits_sent, 2);
    CHECK_EQUAL(check_sent(&ear, sent), 2);
    // Nor does it ever stop: the limit is one.
    uint32_t before = ear.count;
    mouth.event_timestamp = mouth.timestamp + 40000;
    for (uint32_t i = 1; i <= 700; i++) {
        say_event(&ear, &mouth, 7, 160 * (i < 400 ? i : 400), 0);
        ear_wait(&ear, 20);
    }
    CHECK_EQUAL(counters(&ear)->digits_by_event, 3);
    CHECK_EQUAL(counters(&ear)->digits_sent, 3);
    CHECK(ear.count - before >= 500 && ear.count - before < 520);
    CHECK_EQUAL(ear.world->worker->flows[1].egress.way & TL_WAY_DIGITS, 0);
    ear_end(&ear);
}

// One packet can claim any length: half a second more than was seen is passed on, late or not.
static void test_claims(void)
{
    struct ear ear = digit_call(ADDRESS_1, "198.18.1.3", TAKE_ON, NULL, NULL);
    struct mouth mouth = {.sequence = 10, .timestamp = 1000};
    char sent[64];
    say_audio(&ear, &mouth, 1);
    mouth.event_timestamp = mouth.timestamp + 1000;
    say_event(&ear, &mouth, 5, 60000, 1); // 7.5 s
    ear_wait(&ear, 2000);
    CHECK_EQUAL(check_sent(&ear, sent), 1);
    CHECK(get_16(ear.heard[ear.count - 1].payload + 2) >= 500 * 8);
    // The next one lasts, and meanwhile all of one before it comes.
    mouth.event_timestamp += 80000;
    for (uint32_t i = 1; i <= 10; i++) {
        say_event(&ear, &mouth, 6, 160 * i, i == 10);
        if (i == 5) {
            mouth.event_timestamp -= 8000;
            say_event(&ear, &mouth, 7, 60000, 1);
            mouth.event_timestamp += 8000;
        }
        ear_wait(&ear, 20);
    }
    ear_wait(&ear, 2000);
    CHECK_EQUAL(check_sent(&ear, sent), 3);
    CHECK(strcmp(sent, "567") == 0);
    uint32_t duration = get_16(ear.heard[ear.count - 1].payload + 2);
    CHECK(duration >= 500 * 8 && duration <= 520 * 8);
    CHECK_EQUAL(counters(&ear)->digits_by_event, 3);
    ear_end(&ear);
}

// A party whose sequence and time line jump back, with the SSRC that it had: its digits are new.
static void test_begins_anew(void)
{
    struct ear ear = digit_call(ADDRESS_1, "198.18.1.3", TAKE_ON, NULL, NULL);
    struct mouth mouth = {.sequence = 10, .timestamp = 1000};
    for (uint32_t round = 1; round <= 3; round++) {
        mouth.sequence = (uint16_t)(round * 20000);
        mouth.timestamp = 1000;
        say_audio(&ear, &mouth, 1);
        say_audio(&ear, &mouth, 1);
        say_digit(&ear, &mouth, 5);
        CHECK_EQUAL(counters(&ear)->digits_by_event, round);
    }
    ear_end(&ear);
}

// Digits of the control plane, on a leg on which nothing was sent yet, and beside audio.
static void test_commanded(void)
{
    struct ear ear = digit_call(ADDRESS_1, "198.18.1.3", 0, NULL, NULL);
    struct mouth mouth = {.sequence = 10, .timestamp = 1000};
    char sent[64];
    CHECK_EQUAL(command_digits(ear.world, 1, "123", 100, 100), TL_STATUS_OK);
    ear_wait(&ear, 1000);
    CHECK_EQUAL(check_sent(&ear, sent), 3);
    CHECK_EQUAL(ear.count, 21);
    CHECK_EQUAL(ear.heard[0].timestamp, 0xfffffff0u);
    for (uint32_t i = 0; i < 10; i++)
        say_audio(&ear, &mouth, 1);
    CHECK_EQUAL(ear.count, 31);
    CHECK_EQUAL(command_digits(ear.world, 1, "456", 100, 100), TL_STATUS_OK);
    uint64_t consumed = counters(&ear)->consumed;
    for (uint32_t i = 0; i < 50; i++)
        say_audio(&ear, &mouth, 1);
    CHECK_EQUAL(check_sent(&ear, sent), 6);
    CHECK(strcmp(sent, "123456") == 0);
    uint64_t gave_way = counters(&ear)->consumed - consumed;
    CHECK(gave_way >= 25 && gave_way <= 30);
    CHECK_EQUAL(heard_of(&ear, 0), 60 - gave_way);
    // Spacing: a packet every 20 ms, as exactly as the wheel turns.
    for (uint32_t i = 1; i < ear.count; i++) {
        uint64_t apart_ns = ear.heard[i].at_ns - ear.heard[i - 1].at_ns;
        if (ear.heard[i].type == OUT_TYPE && ear.heard[i - 1].type == OUT_TYPE &&
            ear.heard[i].timestamp == ear.heard[i - 1].timestamp)
            CHECK(apart_ns >= 15 * MS && apart_ns <= 25 * MS);
    }
    ear_end(&ear);
}

static void test_bad_commands(void)
{
    struct ear ear = digit_call(ADDRESS_1, "198.18.1.3", TL_DTMF_EVENTS, NULL, NULL);
    struct world *world = ear.world;
    const struct tl_flow_dtmf good = how_make(TL_DTMF_EVENTS | TL_DTMF_TONES);
    struct tl_flow_dtmf how;
#define BAD(change)                                                                                \
    how = good;                                                                                    \
    change;                                                                                        \
    CHECK_EQUAL(command_dtmf(world, 0, how), TL_STATUS_BAD_DTMF)
    BAD(how.flags |= 64);
    BAD(how.flags |= TL_DTMF_LOOK_AHEAD);
    BAD(how.send = 3);
    BAD(how.send_type = 128);
    BAD(how.send_volume = 37);
    BAD(how.send_clock_hz = 7999);
    BAD(how.send_clock_hz = 192001);
    BAD(how.send_interval_ms = 9);
    BAD(how.send_interval_ms = 101);
    BAD(how.digit_limit_ms = 999);
    BAD(how.digit_limit_ms = 60001);
    BAD(how.event_types[0].payload_type = TL_NO_PAYLOAD_TYPE);
    BAD(how.event_types[0].payload_type = 128);
    BAD(how.event_types[0].clock_hz = 0);
    BAD(how.event_types[1] = how.event_types[0]);
    BAD(how.audio_types[0].payload_type = TL_NO_PAYLOAD_TYPE);
    BAD(how.audio_types[0].payload_type = EVENT_TYPE);
    BAD(how.audio_types[0].codec = 0);
    BAD(how.audio_types[0].codec = TL_CODECS_MAX);
    BAD(how.audio_types[1] = how.audio_types[0]);
    BAD((how.send = TL_DTMF_SEND_TONES, how.send_codec = 0));
#undef BAD
    CHECK_EQUAL(command_dtmf(world, 0, good), TL_STATUS_OK);
    CHECK_EQUAL(command_any(world, TL_OP_DTMF, 0, &good, 71), TL_STATUS_BAD_SIZE);
    CHECK_EQUAL(command_any(world, TL_OP_DIGITS, 0, &good, 39), TL_STATUS_BAD_SIZE);
    CHECK_EQUAL(command_dtmf(world, 2, good), TL_STATUS_NOT_FOUND);
    CHECK_EQUAL(command_digits(world, 1, "", 100, 100), TL_STATUS_BAD_DTMF);
    CHECK_EQUAL(command_digits(world, 1, "1", 39, 100), TL_STATUS_BAD_DTMF);
    CHECK_EQUAL(command_digits(world, 1, "1", 8001, 100), TL_STATUS_BAD_DTMF);
    CHECK_EQUAL(command_digits(world, 1, "1", 100, 39), TL_STATUS_BAD_DTMF);
    CHECK_EQUAL(command_digits(world, 1, "A", 100, 100), TL_STATUS_BAD_DTMF); // code 17
    CHECK_EQUAL(command_digits(world, 1, "@", 100, 100), TL_STATUS_OK);       // flash
    how = how_make(0);
    how.send = TL_DTMF_SEND_TONES;
    CHECK_EQUAL(command_dtmf(world, 1, how), TL_STATUS_OK);
    CHECK_EQUAL(command_digits(world, 1, "@", 100, 100), TL_STATUS_BAD_DTMF);
    how.send = TL_DTMF_SEND_NONE;
    CHECK_EQUAL(command_dtmf(world, 1, how), TL_STATUS_OK);
    CHECK_EQUAL(command_digits(world, 1, "1", 100, 100), TL_STATUS_BAD_DTMF);
    CHECK_EQUAL(counters(&ear)->digits_lost, 1); // the flash
    ear_wait(&ear, 100);
    CHECK_EQUAL(ear.count, 0);
    ear_end(&ear);
}

static void test_limits(void)
{
    struct ear ear = digit_call(ADDRESS_1, "198.18.1.3", TL_DTMF_EVENTS, NULL, NULL);
    struct world *world = ear.world;
    const struct tl_flow_dtmf nothing = {0};
    CHECK_EQUAL(command_digits(world, 1, "01234567890123456789012345678901", 100, 100),
                TL_STATUS_OK);
    CHECK_EQUAL(command_digits(world, 1, "0", 100, 100), TL_STATUS_DIGITS_FULL);
    ear_wait(&ear, 7000);
    CHECK_EQUAL(counters(&ear)->digits_sent, 32);
    CHECK_EQUAL(command_digits(world, 1, "0", 100, 100), TL_STATUS_OK);
    for (uint32_t i = 2; i <= DTMF_FLOWS; i++) {
        struct tl_flow_spec spec =
            spec_make(ADDRESS_1, (uint16_t)(20000 + 2 * i), "198.18.1.9", 30000);
        CHECK_EQUAL(command(world, TL_OP_ADD, i, 7, &spec), TL_STATUS_OK);
        CHECK_EQUAL(command_dtmf(world, i, how_make(0)),
                    i < DTMF_FLOWS ? TL_STATUS_OK : TL_STATUS_DTMF_FULL);
    }
    CHECK_EQUAL(command_dtmf(world, DTMF_FLOWS, nothing), TL_STATUS_OK); // has none anyway
    CHECK_EQUAL(command_dtmf(world, 2, nothing), TL_STATUS_OK);
    CHECK_EQUAL(command_dtmf(world, DTMF_FLOWS, how_make(0)), TL_STATUS_OK);
    CHECK_EQUAL(command_dtmf(world, 2, how_make(0)), TL_STATUS_DTMF_FULL);
    CHECK_EQUAL(command(world, TL_OP_REMOVE, 3, 7, NULL), TL_STATUS_OK);
    CHECK_EQUAL(command_dtmf(world, 2, how_make(0)), TL_STATUS_OK);
    CHECK_EQUAL(command_dtmf(world, 1, how_make(0)), TL_STATUS_OK); // has one, and keeps it
    ear_end(&ear);
}

// Whoever is told nothing any more, or is gone, is sent nothing, and nothing hangs.
static void test_ends(void)
{
    struct ear ear = digit_call(ADDRESS_1, "198.18.1.3", TAKE_ON, NULL, NULL);
    struct world *world = ear.world;
    struct mouth mouth = {.sequence = 10, .timestamp = 1000};
    struct tl_flow_spec b = world->worker->cold[1].spec;
    say_audio(&ear, &mouth, 1);
    // On hold in the middle of a digit.
    CHECK_EQUAL(command_digits(world, 1, "12345", 100, 100), TL_STATUS_OK);
    ear_wait(&ear, 250);
    uint32_t before = ear.count;
    struct tl_flow_spec held = b;
    held.flags &= ~TL_FLOW_SEND;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 1, 7, &held), TL_STATUS_OK);
    say_digit(&ear, &mouth, 9);
    ear_wait(&ear, 500);
    CHECK_EQUAL(ear.count, before);
    CHECK_EQUAL(counters(&ear)->digits_lost, 4 + 1);
    CHECK_EQUAL(drops(world, TL_DROP_INDEX_NOT_SENDING), 3);
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 1, 7, &b), TL_STATUS_OK);
    mouth.timestamp += 750 * 8;
    say_audio(&ear, &mouth, 1);
    CHECK_EQUAL(ear.count, before + 1);
    CHECK_EQUAL(ear.holes, 0);
    // A modify in the middle of one keeps it.
    CHECK_EQUAL(command_digits(world, 1, "12", 100, 100), TL_STATUS_OK);
    ear_wait(&ear, 50);
    b.dscp = 0;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 1, 7, &b), TL_STATUS_OK);
    CHECK(world->worker->flows[1].egress.way & TL_WAY_DIGITS);
    ear_wait(&ear, 500);
    CHECK_EQUAL(counters(&ear)->digits_sent, 1 + 2);
    CHECK_EQUAL(ear.holes, 0);
    // The party that presses goes while it does: the other one's digit ends.
    mouth.event_timestamp = mouth.timestamp;
    say_event(&ear, &mouth, 8, 160, 0);
    ear_wait(&ear, 30);
    CHECK(world->worker->flows[1].egress.way & TL_WAY_DIGITS);
    CHECK_EQUAL(command(world, TL_OP_REMOVE, 0, 7, NULL), TL_STATUS_OK);
    ear_wait(&ear, 150);
    CHECK_EQUAL(world->worker->flows[1].egress.way & TL_WAY_DIGITS, 0);
    CHECK_EQUAL(counters(&ear)->digits_sent, 1 + 2 + 1);
    // The other goes while it is sent some: nothing more leaves.
    CHECK_EQUAL(command_digits(world, 1, "12", 100, 100), TL_STATUS_OK);
    ear_wait(&ear, 50);
    before = ear.count;
    CHECK_EQUAL(command(world, TL_OP_REMOVE, 1, 7, NULL), TL_STATUS_OK);
    ear_wait(&ear, 500);
    CHECK_EQUAL(ear.count, before);
    CHECK_EQUAL(world->worker->timers.armed, 0);
    ear_end(&ear);
}

// The peer goes while a digit is passed on to it, and another flow takes its place.
static void test_peer_gone(void)
{
    struct ear ear = digit_call(ADDRESS_1, "198.18.1.3", TAKE_ON, NULL, NULL);
    struct world *world = ear.world;
    struct mouth mouth = {.sequence = 10, .timestamp = 1000};
    struct tl_flow_spec b = world->worker->cold[1].spec;
    say_audio(&ear, &mouth, 1);
    mouth.event_timestamp = mouth.timestamp;
    say_event(&ear, &mouth, 8, 160, 0);
    CHECK_EQUAL(command(world, TL_OP_REMOVE, 1, 7, NULL), TL_STATUS_OK);
    CHECK_EQUAL(command(world, TL_OP_ADD, 1, 8, &b), TL_STATUS_OK);
    uint32_t before = ear.count;
    say_event(&ear, &mouth, 8, 800, 1);
    say_digit(&ear, &mouth, 9);
    CHECK_EQUAL(ear.count, before);
    CHECK_EQUAL(counters(&ear)->digits_by_event, 2);
    ear_end(&ear);
}

// Another process has the record: the stream goes on behind, and digits are gone with the first.
static void test_restart(void)
{
    struct tl_flow_keys keys = keys_make(TL_SUITE_AES_CM_128_HMAC_SHA1_80, 1);
    struct end end;
    struct ear ear = digit_call(ADDRESS_2, "198.18.2.2", TAKE_ON, &keys, &end);
    struct world *world = ear.world;
    struct mouth mouth = {.sequence = 10, .timestamp = 1000};
    struct tl_flow_spec a = world->worker->cold[0].spec, b = world->worker->cold[1].spec;
    say_audio(&ear, &mouth, 1);
    CHECK_EQUAL(command_digits(world, 1, "123", 100, 100), TL_STATUS_OK);
    ear_wait(&ear, 250);
    world_restart(world);
    b.key_id = 1;
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, 7, &a), TL_STATUS_OK);
    CHECK_EQUAL(command(world, TL_OP_ADD, 1, 7, &b), TL_STATUS_OK);
    CHECK_EQUAL(command_keys(world, 1, 7, &keys), TL_STATUS_OK);
    say_audio(&ear, &mouth, 1);
    CHECK_EQUAL(command_digits(world, 1, "4", 100, 100), TL_STATUS_BAD_DTMF);
    CHECK_EQUAL(command_dtmf(world, 1, how_make(0)), TL_STATUS_OK);
    CHECK_EQUAL(command_digits(world, 1, "4", 100, 100), TL_STATUS_OK);
    ear_wait(&ear, 300);
    say_audio(&ear, &mouth, 1);
    CHECK_EQUAL(ear.holes, 0);
    CHECK_EQUAL(ear.behind, 0);
    CHECK_EQUAL(ear.heard[ear.count - 1].type, 0);
    ear_end(&ear);
}

// A secure leg without keys never speaks in the clear.
static void test_no_keys(void)
{
    struct ear ear = digit_call(ADDRESS_2, "198.18.2.2", TAKE_ON, NULL, NULL);
    struct tl_flow_spec b = ear.world->worker->cold[1].spec;
    b.flags |= TL_FLOW_SRTP;
    CHECK_EQUAL(command(ear.world, TL_OP_MODIFY, 1, 7, &b), TL_STATUS_OK);
    CHECK_EQUAL(command_digits(ear.world, 1, "12", 100, 100), TL_STATUS_OK);
    ear_wait(&ear, 1000);
    CHECK_EQUAL(ear.count, 0);
    CHECK_EQUAL(counters(&ear)->digits_lost, 2);
    CHECK_EQUAL(counters(&ear)->digits_sent, 0);
    CHECK_EQUAL(ear.world->worker->flows[1].egress.way & TL_WAY_DIGITS, 0);
    ear_end(&ear);
}

// A leg whose party is another flow of this box: what is sent is looped, and counted.
static void test_hairpin(void)
{
    struct ear ear = digit_call(ADDRESS_1, "198.18.1.3", TAKE_ON, NULL, NULL);
    struct world *world = ear.world;
    struct tl_flow_spec b = world->worker->cold[1].spec;
    parse_address("198.18.2.1", b.remote_address);
    b.remote_port = 20010;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 1, 7, &b), TL_STATUS_OK);
    CHECK(world->worker->flows[1].egress.way & TL_VARIANT_HAIRPIN);
    struct mouth mouth = {.sequence = 10, .timestamp = 1000};
    say_audio(&ear, &mouth, 1);
    say_digit(&ear, &mouth, 3);
    ear_wait(&ear, 100);
    char sent[8];
    CHECK_EQUAL(check_sent(&ear, sent), 1);
    CHECK_EQUAL(counters(&ear)->digits_sent, 1);
    CHECK_EQUAL(counters(&ear)->handed_out, ear.count);
    ear_end(&ear);
}

// The transmit queue is full: what was counted is taken back, and the index is used.
static void test_not_taken(void)
{
    struct ear ear = digit_call(ADDRESS_1, "198.18.1.3", 0, NULL, NULL);
    struct world *world = ear.world;
    CHECK_EQUAL(command_digits(world, 1, "1", 100, 100), TL_STATUS_OK);
    world->now_ns += 10 * MS;
    struct tl_packet packet =
        TL_PACKET_VIEW(.data = world->buffers[0] + TL_HEADROOM_BYTES, .buffer = world->buffers[0]);
    CHECK_EQUAL(tl_worker_tick(world->worker, world->now_ns, 256, &packet, 1), 1);
    tl_packet_drop(world->worker, &packet, TL_DROP_INDEX_TX_FULL);
    CHECK_EQUAL(world->records[1].tx_packets, 0);
    CHECK_EQUAL(world->records[1].tx_bytes, 0);
    CHECK_EQUAL(world->records[1].tx_drops, 1);
    CHECK_EQUAL(world->records[1].egress_index, 65531);
    check_identity(world);
    ear_end(&ear);
}

static void tests(void)
{
    test_relayed();
    test_taken();
    test_mixed();
    test_passed_on();
    test_while_it_lasts();
    test_claims();
    test_begins_anew();
    test_commanded();
    test_bad_commands();
    test_limits();
    test_ends();
    test_peer_gone();
    test_restart();
    test_no_keys();
    test_hairpin();
    test_not_taken();
}

int main(void)
{
    with_engine(tests);
    return tests_passed("digits", 0);
}
