// SPDX-License-Identifier: Apache-2.0
// Tones in the audio of a leg: found, silenced and passed on, wherever the audio stands in its
// packets; and tones for a party. What b hears a detector of our own judges.
#include "digit_call.h"

enum { TONES_ON = TL_DTMF_TONES | TL_DTMF_TAKE | TL_DTMF_PASS_ON };

struct voice {
    struct mouth mouth;
    struct tl_tone_maker maker;
    uint32_t noise;
};

static struct tl_counters *counters(const struct ear *ear)
{
    return &ear->world->worker->counters;
}

static struct voice voice_make(void)
{
    struct voice voice = {.mouth = {.sequence = 10, .timestamp = 1000}};
    tl_g722_reset(&voice.maker.low);
    return voice;
}

// 20 ms: a key's tone up to `last` of its samples, or (key 16) soft noise.
static void fill(struct voice *voice, uint8_t key, uint32_t last, uint8_t payload[160])
{
    if (key < 16) {
        tl_tone_make(&voice->maker, key, TL_CODEC_PCMU, 9, last, payload, 160);
        return;
    }
    for (uint32_t i = 0; i < 160; i++) {
        voice->noise = voice->noise * 1664525 + 1013904223;
        payload[i] = tl_audio_encode_pcmu((int32_t)(voice->noise >> 24) - 128);
    }
}

// RTP around 160 bytes: plain, or with contributing sources, an extension and padding.
static uint32_t wrap(struct mouth *mouth, int dressed, const uint8_t *payload, uint8_t *bytes)
{
    uint32_t at = 12;
    memset(bytes, 0, 400);
    bytes[0] = dressed ? 0xb2 : 0x80;
    put_16(bytes + 2, mouth->sequence++);
    put_32(bytes + 4, mouth->timestamp);
    put_32(bytes + 8, 77);
    if (dressed) {
        put_16(bytes + 20, 0xbede);
        put_16(bytes + 22, 2);
        at = 32;
    }
    memcpy(bytes + at, payload, 160);
    at += 160;
    if (dressed) {
        bytes[at + 3] = 4;
        at += 4;
    }
    mouth->timestamp += 160;
    return at;
}

static void say(struct ear *ear, struct voice *voice, uint8_t key, uint32_t last, int dressed)
{
    uint8_t payload[160], bytes[400];
    fill(voice, key, last, payload);
    uint32_t length = wrap(&voice->mouth, dressed, payload, bytes);
    burst_begin(ear->world);
    add_udp(ear->world, &party_a, bytes, length);
    ear_run(ear);
    ear_wait(ear, 20);
}

static void say_key(struct ear *ear, struct voice *voice, uint8_t key, int dressed)
{
    tl_tone_make_start(&voice->maker);
    for (uint32_t i = 0; i < 5; i++)
        say(ear, voice, key, 800, dressed);
    for (uint32_t i = 0; i < 5; i++)
        say(ear, voice, 16, 0, dressed);
}

// Digits that a detector finds in the audio that b heard.
static uint32_t judge(const struct ear *ear, char *keys)
{
    static struct tl_tone_detector detector;
    static struct tl_tone_store store;
    static struct tl_tone_changes changes;
    uint32_t count = 0, timestamp = 0;
    tl_tone_reset(&detector);
    for (uint32_t i = 0; i < ear->count; i++) {
        uint8_t payload[320];
        if (ear->heard[i].type != 0)
            continue;
        uint32_t length = ear->heard[i].length;
        memcpy(payload, ear->heard[i].payload, length);
        struct tl_tone_job job = {.detector = &detector, .store = &store, .payload = payload,
                                  .length = length, .limit_ms = 60000, .codec = TL_CODEC_PCMU,
                                  .missing = i == 0 ? 0 : ear->heard[i].timestamp - timestamp};
        if ((int32_t)job.missing < 0)
            job.missing = 8000;
        timestamp = ear->heard[i].timestamp + length;
        tl_tone_run(&job, 1, &changes);
        for (uint32_t j = 0; j < changes.count; j++)
            if (changes.of[j].kind == TL_DIGIT_BEGAN)
                keys[count++] = (char)('0' + changes.of[j].event);
    }
    keys[count] = '\0';
    return count;
}

static uint32_t events_heard(const struct ear *ear, char *keys)
{
    uint32_t count = 0, timestamp = 0;
    for (uint32_t i = 0; i < ear->count; i++)
        if (ear->heard[i].type == OUT_TYPE &&
            (count == 0 || ear->heard[i].timestamp != timestamp)) {
            keys[count++] = (char)('0' + ear->heard[i].payload[0]);
            timestamp = ear->heard[i].timestamp;
        }
    keys[count] = '\0';
    return count;
}

// Tones of a become events for b, and no tone of them is left.
static void tones_to_events(uint32_t flags, int dressed, const struct tl_flow_keys *keys)
{
    struct end end;
    struct ear ear = digit_call(keys != NULL ? ADDRESS_2 : ADDRESS_1,
                                keys != NULL ? "198.18.2.2" : "198.18.1.3", flags, keys,
                                keys != NULL ? &end : NULL);
    struct voice voice = voice_make();
    char sent[64];
    CHECK(ear.world->worker->flows[0].ingress.type_in & TL_TYPE_LOOKS);
    for (uint32_t i = 0; i < 5; i++)
        say(&ear, &voice, 16, 0, dressed);
    CHECK_EQUAL(ear.count, 5);
    for (uint8_t key = 0; key < 16; key++)
        say_key(&ear, &voice, key, dressed);
    CHECK_EQUAL(counters(&ear)->digits_by_tone, 16);
    CHECK(counters(&ear)->tones_silenced > 16 * 4);
    CHECK_EQUAL(events_heard(&ear, sent), 16);
    CHECK(strcmp(sent, "0123456789:;<=>?") == 0);
    CHECK_EQUAL(judge(&ear, sent), 0);
    CHECK_EQUAL(ear.holes, 0);
    CHECK_EQUAL(ear.behind, 0);
    CHECK_EQUAL(counters(&ear)->digits_sent, 16);
    // One that does not end: its packets stay away.
    tl_tone_make_start(&voice.maker);
    for (uint32_t i = 0; i < 5; i++)
        say(&ear, &voice, 5, UINT32_MAX, dressed);
    ear_wait(&ear, 400);
    CHECK_EQUAL(counters(&ear)->digits_by_tone, 17);
    CHECK_EQUAL(counters(&ear)->digits_sent, 17);
    ear_end(&ear);
}

// Without PASS_ON and TAKE a flow whose tones are looked for relays every bit as it was.
static void test_only_heard(void)
{
    struct ear ear = digit_call(ADDRESS_1, "198.18.1.3", TL_DTMF_TONES, NULL, NULL);
    struct voice voice = voice_make();
    char sent[64];
    for (uint8_t key = 0; key < 16; key++)
        say_key(&ear, &voice, key, 0);
    CHECK_EQUAL(counters(&ear)->digits_by_tone, 16);
    CHECK_EQUAL(counters(&ear)->tones_silenced, 0);
    CHECK_EQUAL(judge(&ear, sent), 16);
    CHECK_EQUAL(ear.count, 160);
    for (uint32_t i = 1; i < ear.count; i++)
        CHECK_EQUAL(ear.heard[i].timestamp - ear.heard[i - 1].timestamp, 160);
    ear_end(&ear);
}

// Many packets of one flow in a burst, among those of another and of RTCP: the order stays.
static void test_bursts(void)
{
    struct ear ear = digit_call(ADDRESS_1, "198.18.1.3", TL_DTMF_TONES, NULL, NULL);
    struct voice voice = voice_make();
    uint16_t other = 0;
    const struct sender back = {"198.18.1.3", 30002, "198.18.1.1", 20002, 0, 0};
    for (uint32_t i = 0; i < 16; i++) {
        tl_tone_make_start(&voice.maker);
        for (uint32_t part = 0; part < 4; part++) {
            burst_begin(ear.world);
            for (uint32_t j = 0; j < 3; j++) {
                uint8_t payload[160], bytes[400];
                int tone = part * 3 + j < 5;
                fill(&voice, tone ? (uint8_t)i : 16, 800, payload);
                uint32_t length = wrap(&voice.mouth, 0, payload, bytes);
                add_udp(ear.world, &party_a, bytes, length);
                add_rtp(ear.world, &back, (struct rtp){.sequence = other++, .ssrc = 5});
            }
            ear_run(&ear);
            ear_wait(&ear, 60);
        }
    }
    CHECK_EQUAL(counters(&ear)->digits_by_tone, 16);
    CHECK_EQUAL(ear.count, 16 * 12);
    CHECK_EQUAL(ear.holes + ear.behind, 0);
    CHECK_EQUAL(ear.world->records[0].tx_packets, 16 * 12);
    ear_end(&ear);
}

// A secure party's tones, found once the audio is open.
static void test_secure_party(void)
{
    struct tl_flow_keys keys = keys_make(TL_SUITE_AES_CM_128_HMAC_SHA1_80, 1);
    struct end from;
    struct world *world = secure_call(&keys);
    struct voice voice = voice_make();
    end_make(&from, &keys.receive);
    CHECK_EQUAL(command_dtmf(world, 1, how_make(TONES_ON)), TL_STATUS_OK);
    CHECK_EQUAL(command_dtmf(world, 0, how_make(0)), TL_STATUS_OK);
    struct ear ear = ear_make(world, NULL);
    for (uint8_t key = 0; key < 16; key++) {
        tl_tone_make_start(&voice.maker);
        for (uint32_t i = 0; i < 10; i++) {
            uint8_t payload[160], bytes[512];
            fill(&voice, i < 5 ? key : 16, 800, payload);
            uint64_t index = voice.mouth.sequence;
            uint32_t length = wrap(&voice.mouth, 0, payload, bytes);
            struct tl_srtp_job job = {&from.keys, bytes, length, 12, index, 0, 0};
            tl_srtp_seal(engine, &job, 1);
            burst_begin(world);
            add_udp(world, &party_b, bytes, job.length);
            burst_run(world);
            ear_wait(&ear, 20);
        }
    }
    CHECK_EQUAL(world->worker->counters.digits_by_tone, 16);
    CHECK_EQUAL(world->worker->counters.digits_sent, 16);
    CHECK_EQUAL(world->worker->counters.srtp_opened, 160);
    ear_end(&ear);
}

// What b is sent are tones: one stream of audio, in which they are found.
static void events_to_tones(uint8_t codec, uint16_t interval_ms)
{
    struct ear ear = digit_call(ADDRESS_1, "198.18.1.3",
                                TL_DTMF_EVENTS | TL_DTMF_TAKE | TL_DTMF_PASS_ON, NULL, NULL);
    struct tl_flow_dtmf how = how_make(0);
    struct mouth mouth = {.sequence = 10, .timestamp = 1000};
    char sent[64];
    how.send = TL_DTMF_SEND_TONES;
    how.send_type = 0;
    how.send_codec = codec;
    how.send_interval_ms = interval_ms;
    CHECK_EQUAL(command_dtmf(ear.world, 1, how), TL_STATUS_OK);
    for (uint32_t i = 0; i < 5; i++)
        say_audio(&ear, &mouth, 0xff);
    for (uint8_t key = 0; key < 16; key++)
        say_digit(&ear, &mouth, key);
    for (uint32_t i = 0; i < 10; i++)
        say_audio(&ear, &mouth, 0xff);
    CHECK_EQUAL(counters(&ear)->digits_sent, 16);
    CHECK_EQUAL(ear.holes + ear.behind, 0);
    for (uint32_t i = 1; i < ear.count; i++)
        CHECK((int32_t)(ear.heard[i].timestamp - ear.heard[i - 1].timestamp) > 0);
    // No part of a packet's time is another one's.
    for (uint32_t i = 1; i < ear.count; i++)
        CHECK(ear.heard[i].timestamp - ear.heard[i - 1].timestamp >= ear.heard[i - 1].length);
    if (interval_ms == 20)
        for (uint32_t i = 1; i < ear.count; i++)
            CHECK_EQUAL((ear.heard[i].timestamp - ear.heard[i - 1].timestamp) % 160, 0);
    if (codec == TL_CODEC_PCMU) {
        CHECK_EQUAL(judge(&ear, sent), 16);
        CHECK(strcmp(sent, "0123456789:;<=>?") == 0);
    }
    // A key cannot be a flash.
    say_digit(&ear, &mouth, 16);
    CHECK_EQUAL(counters(&ear)->digits_by_event, 17);
    CHECK_EQUAL(counters(&ear)->digits_sent, 16);
    ear_end(&ear);
}

// A party that sends both forms of a digit presses it once.
static void test_both_forms(void)
{
    struct ear ear = digit_call(ADDRESS_1, "198.18.1.3", TL_DTMF_EVENTS | TONES_ON, NULL, NULL);
    struct voice voice = voice_make();
    char sent[64];
    for (uint8_t key = 0; key < 16; key++) {
        tl_tone_make_start(&voice.maker);
        voice.mouth.event_timestamp = voice.mouth.timestamp;
        for (uint32_t i = 0; i < 10; i++) {
            // In the first digit the tone is found before the first event comes.
            uint32_t step = key == 0 ? i - 2 : i;
            say(&ear, &voice, i < 5 ? key : 16, 800, 0);
            if (step < 7)
                say_event(&ear, &voice.mouth, key, 160 * (step < 5 ? step + 1 : 5), step >= 4);
        }
    }
    ear_wait(&ear, 400);
    CHECK_EQUAL(counters(&ear)->digits_by_tone + counters(&ear)->digits_by_event, 16);
    CHECK_EQUAL(counters(&ear)->digits_by_tone, 1);
    CHECK_EQUAL(events_heard(&ear, sent), 16);
    CHECK(strcmp(sent, "0123456789:;<=>?") == 0);
    CHECK_EQUAL(judge(&ear, sent), 0);
    ear_end(&ear);
}

// A gateway lets 60 ms of each tone through before its event, which comes when the tone is over
// already; keys are pressed twice. Each press is one, in whatever form came first.
static void test_leaked_tones(uint32_t late)
{
    struct ear ear = digit_call(ADDRESS_1, "198.18.1.3", TL_DTMF_EVENTS | TONES_ON, NULL, NULL);
    struct voice voice = voice_make();
    char sent[64];
    for (uint32_t press = 0; press < 12; press++) {
        uint8_t key = (uint8_t)(press / 2);
        tl_tone_make_start(&voice.maker);
        voice.mouth.event_timestamp = voice.mouth.timestamp;
        for (uint32_t i = 0; i < 24; i++) {
            uint32_t step = i - late;
            say(&ear, &voice, press != 3 && i < 3 ? key : 16, 480, 0); // once nothing leaks
            if (step < 7)
                say_event(&ear, &voice.mouth, key, 160 * (step < 5 ? step + 1 : 5), step >= 4);
        }
    }
    ear_wait(&ear, 400);
    CHECK_EQUAL(counters(&ear)->digits_by_tone + counters(&ear)->digits_by_event, 12);
    CHECK(counters(&ear)->digits_by_tone >= 8);
    CHECK_EQUAL(events_heard(&ear, sent), 12);
    CHECK(strcmp(sent, "001122334455") == 0);
    ear_end(&ear);
}

// A party that has sent an event may send tones afterwards: who is behind it may have changed.
static void test_events_then_tones(void)
{
    struct ear ear = digit_call(ADDRESS_1, "198.18.1.3", TL_DTMF_EVENTS | TONES_ON, NULL, NULL);
    struct voice voice = voice_make();
    char sent[64];
    say_key(&ear, &voice, 16, 0);
    say_digit(&ear, &voice.mouth, 5);
    for (uint8_t key = 5; key < 10; key++)
        say_key(&ear, &voice, key, 0);
    ear_wait(&ear, 400);
    CHECK_EQUAL(counters(&ear)->digits_by_event, 1);
    CHECK_EQUAL(counters(&ear)->digits_by_tone, 5);
    CHECK_EQUAL(events_heard(&ear, sent), 6);
    CHECK(strcmp(sent, "556789") == 0);
    ear_end(&ear);
}

// A network that stops a while, and then brings what it held: a tone that goes on in the time of
// its stream is the same digit, and the next one is another.
static void test_held_up(uint32_t ms)
{
    struct ear ear = digit_call(ADDRESS_1, "198.18.1.3", TONES_ON, NULL, NULL);
    struct voice voice = voice_make();
    char sent[64];
    say(&ear, &voice, 16, 0, 0);
    for (uint8_t key = 0; key < 16; key++) {
        tl_tone_make_start(&voice.maker);
        for (uint32_t i = 0; i < 3; i++)
            say(&ear, &voice, key, 1120, 0);
        ear_wait(&ear, ms);
        for (uint32_t i = 0; i < 4; i++)
            say(&ear, &voice, key, 1120, 0);
        for (uint32_t i = 0; i < 5; i++)
            say(&ear, &voice, 16, 0, 0);
    }
    say_key(&ear, &voice, 15, 0);
    ear_wait(&ear, 400);
    CHECK_EQUAL(counters(&ear)->digits_by_tone, 17);
    CHECK_EQUAL(events_heard(&ear, sent), 17);
    CHECK(strcmp(sent, "0123456789:;<=>??") == 0);
    ear_end(&ear);
}

// The packet in which a tone begins is overtaken by the next one: it cannot be looked at any more,
// and is silenced like what came before it.
static void test_overtaken(int in_one_burst)
{
    struct ear ear = digit_call(ADDRESS_1, "198.18.1.3", TONES_ON, NULL, NULL);
    struct voice voice = voice_make();
    uint8_t first[400], payload[160], bytes[400];
    for (uint8_t key = 0; key < 16; key++) {
        say(&ear, &voice, 16, 0, 0);
        tl_tone_make_start(&voice.maker);
        fill(&voice, key, 800, payload);
        uint32_t length = wrap(&voice.mouth, 0, payload, first);
        fill(&voice, key, 800, payload);
        wrap(&voice.mouth, 0, payload, bytes);
        burst_begin(ear.world);
        add_udp(ear.world, &party_a, bytes, length);
        if (!in_one_burst) {
            ear_run(&ear);
            ear_wait(&ear, 1);
            burst_begin(ear.world);
        }
        add_udp(ear.world, &party_a, first, length);
        ear_run(&ear);
        ear_wait(&ear, 39);
        for (uint32_t i = 0; i < 3; i++)
            say(&ear, &voice, key, 800, 0);
        for (uint32_t i = 0; i < 5; i++)
            say(&ear, &voice, 16, 0, 0);
    }
    CHECK_EQUAL(counters(&ear)->digits_by_tone, 16);
    uint32_t loud = 0, most = 0; // samples of a digit that left as they came
    for (uint32_t i = 0; i < ear.count; i++) {
        if (ear.heard[i].type != 0)
            continue;
        uint32_t before = loud;
        for (uint32_t at = 0; at < ear.heard[i].length; at++) {
            int16_t sample;
            tl_audio_decode_pcmu(ear.heard[i].payload + at, &sample, 1);
            loud += abs(sample) > 150;
        }
        loud = loud == before ? 0 : loud;
        most = loud > most ? loud : most;
    }
    CHECK(most < 120);
    ear_end(&ear);
}

// Another stream begins in the middle of a digit; a packet comes late; the clock goes back.
static void test_streams(void)
{
    struct ear ear = digit_call(ADDRESS_1, "198.18.1.3", TL_DTMF_TONES | TL_DTMF_TAKE, NULL, NULL);
    struct voice voice = voice_make();
    uint8_t payload[160], bytes[400];
    tl_tone_make_start(&voice.maker);
    for (uint32_t i = 0; i < 5; i++)
        say(&ear, &voice, 1, UINT32_MAX, 0);
    fill(&voice, 1, UINT32_MAX, payload);
    uint32_t length = wrap(&voice.mouth, 0, payload, bytes);
    put_32(bytes + 8, 78);
    burst_begin(ear.world);
    add_udp(ear.world, &party_a, bytes, length);
    ear_run(&ear);
    CHECK_EQUAL(counters(&ear)->digits_by_tone, 1);
    ear_wait(&ear, 300);
    for (uint32_t i = 0; i < 10; i++)
        say(&ear, &voice, 16, 0, 0);
    tl_tone_make_start(&voice.maker);
    struct mouth before = {0};
    for (uint32_t i = 0; i < 8; i++) {
        if (i == 5)
            before = voice.mouth;
        say(&ear, &voice, 2, UINT32_MAX, 0);
    }
    uint64_t silenced = counters(&ear)->tones_silenced;
    tl_tone_make(&voice.maker, 2, TL_CODEC_PCMU, 9, UINT32_MAX, payload, 160);
    length = wrap(&before, 0, payload, bytes);
    burst_begin(ear.world);
    add_udp(ear.world, &party_a, bytes, length);
    ear_run(&ear);
    CHECK_EQUAL(counters(&ear)->tones_silenced, silenced + 1);
    CHECK_EQUAL(ear.heard[ear.count - 1].payload[7], 0xff);
    voice.mouth.timestamp -= 100000;
    for (uint32_t i = 0; i < 10; i++)
        say(&ear, &voice, 16, 0, 0);
    CHECK_EQUAL(counters(&ear)->digits_by_tone, 2);
    say_key(&ear, &voice, 3, 0);
    CHECK_EQUAL(counters(&ear)->digits_by_tone, 3);
    ear_end(&ear);
}

// Settings change in the middle of a call.
static void test_switched(void)
{
    struct ear ear = digit_call(ADDRESS_1, "198.18.1.3", TL_DTMF_TONES, NULL, NULL);
    const struct tl_flow_dtmf nothing = {0};
    struct voice voice = voice_make();
    say_key(&ear, &voice, 1, 0);
    CHECK_EQUAL(command_dtmf(ear.world, 0, how_make(TL_DTMF_EVENTS)), TL_STATUS_OK);
    say_key(&ear, &voice, 2, 0);
    CHECK_EQUAL(counters(&ear)->digits_by_tone, 1);
    CHECK_EQUAL(ear.world->worker->flows[0].ingress.rtp_first, TL_RTP_FIRST);
    CHECK_EQUAL(command_dtmf(ear.world, 0, how_make(TL_DTMF_TONES)), TL_STATUS_OK);
    say_key(&ear, &voice, 3, 0);
    CHECK_EQUAL(counters(&ear)->digits_by_tone, 2);
    struct tl_flow_spec a = ear.world->worker->cold[0].spec;
    CHECK_EQUAL(command(ear.world, TL_OP_MODIFY, 0, 7, &a), TL_STATUS_OK);
    say_key(&ear, &voice, 4, 0);
    CHECK_EQUAL(counters(&ear)->digits_by_tone, 3);
    tl_tone_make_start(&voice.maker);
    for (uint32_t i = 0; i < 5; i++)
        say(&ear, &voice, 5, UINT32_MAX, 0);
    CHECK_EQUAL(command_dtmf(ear.world, 0, nothing), TL_STATUS_OK); // in the middle of one
    CHECK_EQUAL(counters(&ear)->digits_by_tone, 4);
    say_key(&ear, &voice, 6, 0);
    CHECK_EQUAL(counters(&ear)->digits_by_tone, 4);
    CHECK_EQUAL(ear.count, 55);
    ear_end(&ear);
}

static void tests(void)
{
    struct tl_flow_keys keys = keys_make(TL_SUITE_AEAD_AES_128_GCM, 1);
    test_only_heard();
    tones_to_events(TONES_ON, 0, NULL);
    tones_to_events(TONES_ON | TL_DTMF_LOOK_AHEAD, 0, NULL);
    tones_to_events(TONES_ON, 1, NULL);
    tones_to_events(TONES_ON, 1, &keys);
    tones_to_events(TONES_ON | TL_DTMF_LOOK_AHEAD, 0, &keys);
    test_bursts();
    test_secure_party();
    events_to_tones(TL_CODEC_PCMU, 20);
    events_to_tones(TL_CODEC_PCMU, 30);
    events_to_tones(TL_CODEC_G722, 20);
    test_both_forms();
    for (uint32_t late = 4; late < 12; late++)
        test_leaked_tones(late);
    test_events_then_tones();
    test_held_up(100);
    test_held_up(250);
    test_held_up(1000);
    test_overtaken(0);
    test_overtaken(1);
    test_streams();
    test_switched();
}

int main(void)
{
    with_engine(tests);
    return tests_passed("tone_flow", 0);
}
