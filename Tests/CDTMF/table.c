// SPDX-License-Identifier: Apache-2.0
// What both detectors find over the tolerance mask, as a table in Markdown; 3,200 digits a row.
#include "checks.h"
#include "judge.h"
#include "tones.h"

static struct judged judged;
static int16_t samples[TONES_SAMPLES_MAX];

static void row(const char *what, struct tones tones)
{
    uint32_t ours = 0, theirs = 0, all = 0, twice = 0;
    for (uint32_t round = 0; round < 20; round++) {
        for (tones.event = 0; tones.event < 16; tones.event++) {
            struct judge_how how = JUDGE_USUAL;
            how.their_filter = tones.dial_tone != 0;
            memset(&judged, 0, sizeof(judged));
            judge(&judged, &how, samples, tones_make(&tones, samples), NULL);
            uint32_t their_own = 0;
            for (uint32_t i = 0; i < judged.their_count; i++)
                their_own += judged.theirs[i] == tone_names[tones.event];
            ours += judged.our_count;
            twice += their_own > tones.count ? their_own - tones.count : 0;
            theirs += their_own < tones.count ? their_own : tones.count;
            all += tones.count;
        }
    }
    char doubled[32] = "";
    if (twice != 0)
        snprintf(doubled, sizeof(doubled), ", %u twice", twice);
    printf("| %s | %.1f %% | %.1f %%%s |\n", what, 100.0 * ours / all, 100.0 * theirs / all,
           doubled);
    fflush(stdout);
}

#define ROW(what, ...)                                                                             \
    do {                                                                                           \
        struct tones tones = TONES_USUAL;                                                          \
        tones.on_ms = tones.off_ms = 40;                                                           \
        __VA_ARGS__;                                                                               \
        row(what, tones);                                                                          \
    } while (0)

int main(void)
{
    tl_tone_prepare();
    printf("| 40 ms on, 40 ms off, -10 dBm0, unless it says otherwise | Trunkline | spandsp |\n"
           "| --- | --- | --- |\n");
    ROW("as they should be", tones.level = -10);
    ROW("level -3 dBm0", tones.level = -3);
    ROW("level -25 dBm0", tones.level = -25);
    ROW("level -40 dBm0", tones.level = -40);
    ROW("level -55 dBm0 (refused)", tones.level = -55);
    ROW("high tone 4 dB above the low one", tones.twist = 4);
    ROW("high tone 8 dB below", tones.twist = -8);
    ROW("both tones 1.5 % high", tones.row_off = tones.column_off = 1.5);
    ROW("both tones 1.5 % low", tones.row_off = tones.column_off = -1.5);
    ROW("low tone 3.5 % high (refused)", tones.row_off = 3.5);
    ROW("low tone 3.5 % low (refused)", tones.row_off = -3.5);
    ROW("high tone 3.5 % high (refused)", tones.column_off = 3.5);
    ROW("high tone 3.5 % low (refused)", tones.column_off = -3.5);
    ROW("23 ms on (refused)", tones.on_ms = 22.9);
    ROW("30 ms on", tones.on_ms = 30);
    ROW("100 ms on with a gap of 10 ms", tones.on_ms = 100, tones.gap_ms = 10);
    ROW("noise at 15 dB", tones.snr = 15);
    ROW("noise at 10 dB", tones.snr = 10);
    ROW("dial tone beside, -13 dBm0 each", tones.dial_tone = -13);
    ROW("1.5 % high and low, 8 dB twist, -20 dBm0, noise at 15 dB", tones.row_off = 1.5,
        tones.column_off = -1.5, tones.twist = -8, tones.level = -20, tones.snr = 15);
    return 0;
}
