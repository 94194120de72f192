// SPDX-License-Identifier: Apache-2.0
// Keys that follow each other without a pause, as some machines dial: each is a digit with a start
// and a length of its own. The same digits however audio is cut into packets, packets into runs.
// And as many digits at once as there can be.
#include "checks.h"
#include "judge.h"
#include "tones.h"

enum { KEYS = 40, MOST_SAMPLES = TL_TONE_SEGMENTS_MAX * TL_TONE_SEGMENT };

static struct judged judged;
static int16_t samples[TONES_SAMPLES_MAX];

static void follow(uint32_t ms)
{
    uint8_t events[KEYS];
    uint32_t count = 4000 + random_below(80);
    memset(samples, 0, sizeof(samples));
    for (uint32_t i = 0; i < KEYS; i++) {
        do
            events[i] = (uint8_t)random_below(16);
        while (i > 0 && events[i] == events[i - 1]);
        tones_key(events[i], -10, samples + count, ms * 8);
        count += ms * 8;
    }
    struct judge_how how = JUDGE_USUAL;
    memset(&judged, 0, sizeof(judged));
    judge(&judged, &how, samples, count + 4000, NULL);
    CHECK_EQUAL(judged.our_count, KEYS);
    CHECK_EQUAL(judged.begun, KEYS);
    for (uint32_t i = 0; i < KEYS; i++) {
        const struct tl_digit_change *digit = &judged.digits[i];
        CHECK_EQUAL(judged.ours[i], tone_names[events[i]]);
        CHECK(abs((int)digit->duration_ms - (int)ms) <= 10);
        if (i > 0) {
            uint64_t after_ns = digit->started_ns - digit[-1].started_ns;
            // A start is that of a segment.
            CHECK(llabs((long long)after_ns - ms * 1000000ll) <= 10100000);
        }
    }
}

// Keys of all lengths, some too short, and pauses, some too short, in noise.
static void make_keys(uint32_t count)
{
    uint32_t at = 0;
    while (at < count) {
        uint32_t on = 8 * (20 + random_below(80)), off = 8 * (10 + random_below(90));
        on = on < count - at ? on : count - at;
        tones_key((uint8_t)random_below(16), -10 - (double)random_below(15), samples + at, on);
        at += on + off;
    }
    for (at = 0; at < count; at++)
        samples[at] = (int16_t)(samples[at] + (int)random_below(801) - 400);
}

enum { LOST_SAMPLES = 480 };

// What is found with payloads of so many octets, `packets` of them in a run. Of `lost` spans of
// LOST_SAMPLES the last one is lost; 0: none is.
static uint32_t find(uint32_t count, uint32_t octets, uint32_t packets, uint32_t lost,
                     struct tl_digit_change *found)
{
    static uint8_t payloads[TONES_SAMPLES_MAX];
    static struct tl_tone_changes changes;
    struct tl_tone_detector detector;
    struct tl_tone_store store = {0};
    uint32_t total = 0, missing = 0;
    tl_tone_reset(&detector);
    for (uint32_t at = 0; at < count; at++)
        payloads[at] = tl_audio_encode_pcmu(samples[at] / 4);
    for (uint32_t at = 0; at < count;) {
        struct tl_tone_job jobs[TL_TONE_JOBS_MAX];
        uint32_t some = 0;
        for (; some < packets && at < count; at += octets) {
            if (lost != 0 && at / LOST_SAMPLES % lost == lost - 1) {
                missing += octets;
                continue;
            }
            jobs[some++] = (struct tl_tone_job){
                .detector = &detector, .store = &store, .payload = payloads + at,
                .length = octets, .missing = missing,
                .now_ns = 1000000000ull + (at + octets) * 125000ull, .limit_ms = 60000,
                .codec = TL_CODEC_PCMU};
            missing = 0;
        }
        tl_tone_run(jobs, some, &changes);
        memcpy(found + total, changes.of, changes.count * sizeof(*found));
        total += changes.count;
    }
    return total;
}

// Audio that was lost long before a digit is none of it.
static void loss_before(void)
{
    static uint8_t payload[160];
    static struct tl_tone_changes changes;
    struct tl_tone_detector detector;
    struct tl_tone_store store = {0};
    uint32_t digits = 0;
    tl_tone_reset(&detector);
    memset(samples, 0, sizeof(samples));
    tones_key(5, -10, samples + 40 * 160, 800);
    for (uint32_t at = 0; at < 60; at++) {
        for (uint32_t i = 0; i < 160; i++)
            payload[i] = tl_audio_encode_pcmu(samples[at * 160 + i] / 4);
        struct tl_tone_job job = {.detector = &detector, .store = &store, .payload = payload,
                                  .length = 160, .missing = at == 1 || at == 40 ? 480 : 0,
                                  .now_ns = 1000000000ull + at * 20000000ull, .limit_ms = 60000,
                                  .codec = TL_CODEC_PCMU};
        tl_tone_run(&job, 1, &changes);
        for (uint32_t i = 0; i < changes.count; i++) {
            if (changes.of[i].kind != TL_DIGIT_ENDED)
                continue;
            CHECK(abs((int)changes.of[i].duration_ms - 100) <= 10);
            digits++;
        }
    }
    CHECK_EQUAL(digits, 1);
}

// Payloads that fill what is worked at a time, and one whose rest and what waits for it are nearly
// a segment more: the sanitizer watches.
static void as_much_as_has_room(void)
{
    static struct tl_tone_detector detectors[5];
    static struct tl_tone_store stores[5];
    static struct tl_tone_changes changes;
    static uint8_t payloads[5][1500];
    const uint32_t lengths[5] = {1440, 1440, 1440, 640, 159};
    struct tl_tone_job jobs[5];
    for (uint32_t i = 0; i < 5; i++) {
        tl_tone_reset(&detectors[i]);
        jobs[i] = (struct tl_tone_job){.detector = &detectors[i], .store = &stores[i],
                                       .payload = payloads[i], .length = lengths[i],
                                       .now_ns = 1000000000, .limit_ms = 60000,
                                       .codec = TL_CODEC_PCMU};
    }
    jobs[4].length = 79;
    tl_tone_run(&jobs[4], 1, &changes);
    CHECK_EQUAL(detectors[4].part_samples, 79);
    jobs[4].length = lengths[4];
    tl_tone_run(jobs, 5, &changes);
    CHECK_EQUAL(detectors[4].part_samples, 78);
}

static void cut_otherwise(uint32_t lost)
{
    enum { COUNT = 115200 }; // a multiple of all payloads below
    static struct tl_digit_change usual[JUDGE_DIGITS_MAX], found[JUDGE_DIGITS_MAX];
    // The last four do not divide what is lost.
    const uint32_t cuts[][2] = {{160, 1}, {160, 2}, {160, 7}, {240, 1}, {240, 3}, {480, 2},
                                {40, 1},  {320, 1}, {1600, 1}, {100, 9}, {90, 1}};
    const uint32_t all = sizeof(cuts) / sizeof(*cuts), some = all - 4;
    memset(samples, 0, sizeof(samples));
    make_keys(COUNT);
    uint32_t count = find(COUNT, 80, 1, lost, usual); // each segment is looked at
    CHECK(count > 150);
    for (uint32_t i = 0; i < (lost != 0 ? some : all); i++) {
        CHECK_EQUAL(find(COUNT, cuts[i][0], cuts[i][1], lost, found), count);
        for (uint32_t k = 0; k < count; k++) {
            CHECK_EQUAL(found[k].kind, usual[k].kind);
            CHECK_EQUAL(found[k].event, usual[k].event);
            CHECK_EQUAL(found[k].volume, usual[k].volume);
            CHECK_EQUAL(found[k].duration_ms, usual[k].duration_ms);
            CHECK_EQUAL(found[k].started_ns, usual[k].started_ns);
        }
    }
}

// Payloads of the greatest length, whose keys change with every third segment, for all flows of a
// run: what becomes of them has room.
static void as_many_as_there_can_be(void)
{
    static struct tl_tone_detector detectors[TL_TONE_JOBS_MAX];
    static struct tl_tone_store stores[TL_TONE_JOBS_MAX];
    static uint8_t payloads[TL_TONE_JOBS_MAX][MOST_SAMPLES];
    struct tl_tone_changes *changes = malloc(sizeof(*changes)); // whose end the sanitizer watches
    struct tl_tone_job jobs[TL_TONE_JOBS_MAX];
    uint32_t most = 0;
    for (uint32_t i = 0; i < TL_TONE_JOBS_MAX; i++)
        tl_tone_reset(&detectors[i]);
    for (uint32_t round = 0; round < 6; round++) {
        for (uint32_t i = 0; i < TL_TONE_JOBS_MAX; i++) {
            uint32_t start = round * TL_TONE_SEGMENTS_MAX;
            for (uint32_t segment = 0; segment < TL_TONE_SEGMENTS_MAX; segment++) {
                int16_t *at = samples + segment * TL_TONE_SEGMENT;
                uint32_t within = (start + segment) % 3;
                if (within == 0 || segment == 0)
                    tones_key((uint8_t)((start + segment + i) / 3 * 5 % 16), -10,
                              at, (3 - within) * TL_TONE_SEGMENT);
            }
            for (uint32_t at = 0; at < MOST_SAMPLES; at++)
                payloads[i][at] = tl_audio_encode_pcmu(samples[at] / 4);
            jobs[i] = (struct tl_tone_job){
                .detector = &detectors[i], .store = &stores[i], .payload = payloads[i],
                .length = MOST_SAMPLES, .now_ns = (round + 1) * 320000000ull, .limit_ms = 60000,
                .codec = TL_CODEC_PCMU};
        }
        tl_tone_run(jobs, TL_TONE_JOBS_MAX, changes);
        CHECK(changes->count <= TL_TONE_CHANGES_MAX);
        most = changes->count > most ? changes->count : most;
    }
    CHECK(most * 10 >= TL_TONE_CHANGES_MAX * 8); // near the bound that stands there
    free(changes);
}

int main(void)
{
    tl_tone_prepare();
    for (uint32_t round = 0; round < 10; round++) {
        follow(60);
        follow(80);
        follow(100);
        follow(190);
    }
    for (uint32_t round = 0; round < 10; round++) {
        cut_otherwise(0);
        cut_otherwise(7);
    }
    as_much_as_has_room();
    loss_before();
    as_many_as_there_can_be();
    return tests_passed("follow", 0);
}
