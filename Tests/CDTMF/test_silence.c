// SPDX-License-Identifier: Apache-2.0
// What is taken does not reach the other party: hardly any tone leaks, none at all with look-ahead,
// and nothing of it is heard there as a digit. Payloads of any size.
#include "checks.h"
#include "judge.h"
#include "tones.h"

static struct judged judged;
static int16_t samples[TONES_SAMPLES_MAX], left[TONES_SAMPLES_MAX];

// Milliseconds in which more than `floor` of a digit's audio left, the most of any digit; 30 ms of
// silence part two.
static double leak_of(uint32_t count, int floor)
{
    uint32_t run = 0, quiet = 0, most = 0;
    for (uint32_t i = 0; i < count; i++) {
        int loud = abs(left[i]) > floor;
        quiet = loud ? 0 : quiet + 1;
        if (quiet > 240)
            run = 0;
        run += (uint32_t)loud;
        most = run > most ? run : most;
    }
    return most / 8.0;
}

static void take(uint8_t codec, uint32_t octets, int look_ahead)
{
    struct judge_how how = JUDGE_USUAL;
    how.codec = codec;
    how.octets = octets;
    how.take = how.judge_after = 1;
    how.look_ahead = look_ahead != 0;
    for (uint8_t event = 0; event < 16; event++) {
        struct tones tones = TONES_USUAL;
        tones.event = event;
        tones.on_ms = 40 + random_below(100);
        tones.off_ms = 60;
        memset(&judged, 0, sizeof(judged));
        uint32_t count = tones_make(&tones, samples);
        judge(&judged, &how, samples, count, left);
        CHECK_EQUAL(judged.our_count, tones.count);
        CHECK_EQUAL(judged.their_count, 0);
        // Until it is 30 dB below the tone: a decoder of G.722 rings on behind its octets.
        double leak = codec == TL_CODEC_G722 ? leak_of(count, 450) : leak_of(count, 64);
        CHECK(look_ahead ? leak == 0 : leak < (codec == TL_CODEC_G722 ? 36 : 20));
    }
}

static void delayed_audio_is_whole(void)
{
    struct judge_how how = JUDGE_USUAL;
    how.take = how.judge_after = how.look_ahead = 1;
    how.octets = 0;
    for (uint32_t i = 0; i < 8000; i++)
        samples[i] = (int16_t)((i * 7919) % 2000); // no tone
    memset(&judged, 0, sizeof(judged));
    judge(&judged, &how, samples, 8000, left);
    uint32_t same = 0;
    for (uint32_t i = 160; i < 8000; i++)
        same += abs(left[i] - samples[i - 160]) <= 64;
    CHECK_EQUAL(same, 8000 - 160);
    CHECK_EQUAL(judged.our_count, 0);
}

static void sizes(void)
{
    const uint32_t octets[] = {80, 160, 240, 320, 480, 33, 7, 0};
    for (uint32_t i = 0; i < sizeof(octets) / sizeof(*octets); i++) {
        take(TL_CODEC_PCMU, octets[i], 0);
        take(TL_CODEC_PCMA, octets[i], 1);
    }
    for (uint32_t octets_g722 = 80; octets_g722 <= 480; octets_g722 += 80)
        take(TL_CODEC_G722, octets_g722, 0);
}

static void a_stuck_tone_ends(void)
{
    struct judge_how how = JUDGE_USUAL;
    how.limit_ms = 2000;
    struct tones tones = TONES_USUAL;
    tones.on_ms = 6000;
    tones.count = 2;
    memset(&judged, 0, sizeof(judged));
    judge(&judged, &how, samples, tones_make(&tones, samples), NULL);
    CHECK_EQUAL(judged.our_count, 2);
    CHECK(judged.digits[0].duration_ms >= 1990 && judged.digits[0].duration_ms <= 2020);
}

// What was lost is neither tone nor pause, up to a point.
static void losses(void)
{
    static struct tl_tone_changes changes;
    for (uint32_t lost_payloads = 1; lost_payloads <= 8; lost_payloads++) {
        struct tones tones = TONES_USUAL;
        tones.on_ms = 400;
        tones.count = 1;
        uint32_t count = tones_make(&tones, samples), ended = 0;
        struct tl_tone_detector detector;
        struct tl_tone_store store = {0};
        tl_tone_reset(&detector);
        uint32_t missing = 0;
        for (uint32_t at = 0; at + 160 <= count; at += 160) {
            uint8_t octets[160];
            uint32_t place = at / 160;
            if (place >= 35 && place < 35 + lost_payloads) {
                missing += 160;
                continue;
            }
            for (uint32_t i = 0; i < 160; i++)
                octets[i] = tl_audio_encode_pcmu(samples[at + i] / 4);
            struct tl_tone_job job = {.detector = &detector, .store = &store, .payload = octets,
                                      .length = 160, .missing = missing,
                                      .now_ns = 1000000000u + at * 125000ull, .limit_ms = 20000,
                                      .codec = TL_CODEC_PCMU};
            missing = 0;
            tl_tone_run(&job, 1, &changes);
            for (uint32_t i = 0; i < changes.count; i++)
                ended += changes.of[i].kind == TL_DIGIT_ENDED;
        }
        CHECK_EQUAL(ended, lost_payloads <= 3 ? 1 : 2);
    }
}

int main(void)
{
    tl_tone_prepare();
    sizes();
    delayed_audio_is_whole();
    a_stuck_tone_ends();
    losses();
    return tests_passed("silence", 0);
}
