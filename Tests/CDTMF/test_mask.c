// SPDX-License-Identifier: Apache-2.0
// The tolerance mask: what has to be found is found, each digit once, and what has to be refused is
// refused; never fewer true digits than spandsp finds.
#include "checks.h"
#include "judge.h"
#include "tones.h"

#ifdef SANITIZED
#define ROUNDS 1u
#else
#define ROUNDS 6u
#endif

static struct judged judged;
static int16_t samples[TONES_SAMPLES_MAX];

enum expectation { FOUND, REFUSED, EITHER };

static void expect(struct tones tones, enum expectation expectation)
{
    uint32_t ours = 0, theirs = 0, all = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (tones.event = 0; tones.event < 16; tones.event++) {
            struct judge_how how = JUDGE_USUAL;
            how.their_filter = tones.dial_tone != 0;
            how.codec = round % 2 ? TL_CODEC_PCMA : TL_CODEC_PCMU;
            memset(&judged, 0, sizeof(judged));
            judge(&judged, &how, samples, tones_make(&tones, samples), NULL);
            for (uint32_t i = 0; i < judged.our_count; i++)
                CHECK_EQUAL(judged.ours[i], tone_names[tones.event]);
            for (uint32_t i = 0; i < judged.their_count; i++)
                theirs += judged.theirs[i] == tone_names[tones.event];
            CHECK(judged.our_count <= tones.count);
            CHECK_EQUAL(judged.begun, judged.our_count);
            ours += judged.our_count;
            all += tones.count;
        }
    }
    if (expectation == FOUND)
        CHECK_EQUAL(ours, all);
    if (expectation == REFUSED)
        CHECK_EQUAL(ours, 0);
    if (expectation != REFUSED)
        CHECK(ours >= (theirs < all ? theirs : all));
}

static void levels_and_twist(void)
{
    for (int level = -40; level <= -3; level++) {
        struct tones tones = TONES_USUAL;
        tones.on_ms = tones.off_ms = 40;
        tones.level = level;
        expect(tones, FOUND);
    }
    for (int level = -46; level >= -60; level -= 2) {
        struct tones tones = TONES_USUAL;
        tones.level = level;
        expect(tones, REFUSED);
    }
    for (int twist = -9; twist <= 9; twist++) {
        struct tones tones = TONES_USUAL;
        tones.on_ms = tones.off_ms = 40;
        tones.twist = twist;
        expect(tones, FOUND);
    }
    for (int twist = -12; twist <= 12; twist += 24) {
        struct tones tones = TONES_USUAL;
        tones.twist = twist;
        expect(tones, REFUSED);
    }
}

static void frequencies(void)
{
    for (int which = 1; which <= 3; which++) {
        for (double off = -6; off <= 6; off += 0.5) {
            struct tones tones = TONES_USUAL;
            tones.on_ms = tones.off_ms = 40;
            tones.row_off = which & 1 ? off : 0;
            tones.column_off = which & 2 ? off : 0;
            double size = off < 0 ? -off : off;
            if (size <= 1.5 || size >= 3.5)
                expect(tones, size <= 1.5 ? FOUND : REFUSED);
        }
    }
    struct tones lasting = TONES_USUAL;
    lasting.on_ms = 500;
    lasting.row_off = lasting.column_off = 3.5;
    expect(lasting, REFUSED);
}

static void times(void)
{
    const double refused[] = {5, 10, 15, 20, 22, 22.9}, found[] = {40, 41, 45, 60, 80, 100, 150};
    for (uint32_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        struct tones tones = TONES_USUAL;
        tones.on_ms = refused[i];
        expect(tones, REFUSED);
    }
    for (uint32_t i = 0; i < sizeof(found) / sizeof(*found); i++) {
        struct tones tones = TONES_USUAL;
        tones.on_ms = found[i];
        tones.off_ms = 40;
        expect(tones, FOUND);
    }
    struct tones gap = TONES_USUAL;
    gap.on_ms = 100;
    gap.gap_ms = 10;
    expect(gap, FOUND);
    struct tones late = TONES_USUAL;
    late.on_ms = 200;
    late.gap_ms = 10;
    expect(late, FOUND);
}

static void what_is_beside(void)
{
    for (double snr = 40; snr >= 12; snr -= 4) {
        struct tones tones = TONES_USUAL;
        tones.snr = snr;
        expect(tones, FOUND);
    }
    struct tones short_ones = TONES_USUAL;
    short_ones.on_ms = short_ones.off_ms = 40;
    short_ones.snr = 15;
    expect(short_ones, FOUND);
    for (double dial = -30; dial <= -13; dial += 4) {
        struct tones tones = TONES_USUAL;
        tones.dial_tone = dial;
        expect(tones, FOUND);
    }
    struct tones harmonic = TONES_USUAL;
    harmonic.harmonic = -20;
    expect(harmonic, FOUND);
    harmonic.harmonic = -15;
    expect(harmonic, FOUND);
    harmonic.harmonic = -9; // a voice
    expect(harmonic, REFUSED);
    harmonic.harmonic = -3;
    expect(harmonic, REFUSED);
}

static void worst_together(void)
{
    uint32_t ours = 0, all = 0;
    for (uint32_t which = 0; which < 8; which++) {
        struct tones tones = TONES_USUAL;
        tones.on_ms = tones.off_ms = 40;
        tones.level = -20;
        tones.snr = 15;
        tones.row_off = which & 1 ? 1.5 : -1.5;
        tones.column_off = which & 2 ? 1.5 : -1.5;
        tones.twist = which & 4 ? 4 : -8;
        for (tones.event = 0; tones.event < 16; tones.event++) {
            struct judge_how how = JUDGE_USUAL;
            memset(&judged, 0, sizeof(judged));
            judge(&judged, &how, samples, tones_make(&tones, samples), NULL);
            ours += judged.our_count;
            all += tones.count;
        }
    }
    CHECK(ours * 100 >= all * 99);
    CHECK(ours <= all);
}

// With a high tone that is off, 1336 Hz comes near to twice 770 and 852 Hz, where a voice has its
// harmonics.
static void loud_high_tones(void)
{
    for (int twist = 4; twist <= 9; twist++)
        for (int off = -1; off <= 1; off++) {
            struct tones tones = TONES_USUAL;
            tones.on_ms = tones.off_ms = 40;
            tones.twist = twist;
            tones.column_off = 1.5 * off;
            expect(tones, FOUND);
            tones.on_ms = 200;
            tones.row_off = -1.5 * off;
            expect(tones, FOUND);
        }
}

static void lengths_are_told(void)
{
    for (double on = 40; on <= 400; on += 37) {
        struct tones tones = TONES_USUAL;
        tones.on_ms = on;
        tones.level = -12;
        tones.twist = -4;
        tones.event = (uint8_t)random_below(16);
        struct judge_how how = JUDGE_USUAL;
        memset(&judged, 0, sizeof(judged));
        judge(&judged, &how, samples, tones_make(&tones, samples), NULL);
        CHECK_EQUAL(judged.our_count, tones.count);
        for (uint32_t i = 0; i < judged.our_count; i++) {
            CHECK(abs((int)judged.digits[i].duration_ms - (int)on) <= 4);
            CHECK_EQUAL(judged.digits[i].volume, 12);
            CHECK(abs(judged.digits[i].twist + 4) <= 1);
            uint64_t after = i == 0 ? 0
                                    : judged.digits[i].started_ns - judged.digits[i - 1].started_ns;
            CHECK(i == 0 || llabs((long long)after - (long long)((on + 50) * 1e6)) <= 5000000);
        }
    }
}

int main(void)
{
    tl_tone_prepare();
    levels_and_twist();
    frequencies();
    times();
    what_is_beside();
    worst_together();
    loud_high_tones();
    lengths_are_told();
    return tests_passed("mask", 0);
}
