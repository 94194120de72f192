// SPDX-License-Identifier: Apache-2.0
// Talk-off: speech is no digit, however fast and loud; one voice, with some 25 minutes of text. And
// recordings of digits that others made.
#include "checks.h"
#include "judge.h"

#include <math.h>

static struct judged judged;

// 568 files of speech at seven speeds and four levels: twelve hours. No gain is a power of two.
static uint32_t talk_off(const char *folder)
{
    static const char *const names[] = {"0.85", "0.90", "0.95", "1.00", "1.05", "1.10", "1.15"};
    static const double levels[] = {1, 0.31, 0.097, 2.3};
    uint32_t absent = 0;
#ifdef SANITIZED
    uint32_t speeds = 1, level_count = 1;
#else
    uint32_t speeds = sizeof(names) / sizeof(*names), level_count = 4;
#endif
    memset(&judged, 0, sizeof(judged));
    for (uint32_t i = 0; i < speeds * level_count; i++) {
        char name[64];
        int16_t *samples;
        snprintf(name, sizeof(name), "speech/%s.raw", names[i % speeds]);
        uint32_t count = audio_read(folder, name, &samples);
        for (uint32_t at = 0; at < count; at++) {
            double loud = samples[at] * levels[i / speeds];
            samples[at] = (int16_t)(loud > 32767 ? 32767 : loud < -32768 ? -32768 : loud);
        }
        struct judge_how how = JUDGE_USUAL;
        how.take = 1;
        how.codec = i % 3 == 2 ? TL_CODEC_PCMA : TL_CODEC_PCMU;
        if (count != 0)
            judge(&judged, &how, samples, count, NULL);
        absent += count == 0;
        free(samples);
    }
    printf("speech: %.1f hours, digits: ours %u, spandsp %u; silenced %.1f ms a minute\n",
           judged.seconds / 3600, judged.our_count, judged.their_count,
           judged.seconds > 0 ? judged.silenced_ms / (judged.seconds / 60) : 0);
    CHECK(judged.our_count <= judged.seconds / 36000);
    CHECK(judged.our_count <= judged.their_count);
    CHECK(judged.silenced_ms <= 50 * judged.seconds / 60);
    return absent;
}

// Each line: file, digits.
static uint32_t recordings(const char *folder)
{
    static char text[4096];
    int64_t length = data_read("dtmf/TRUTH.tsv", text, sizeof(text) - 1);
    if (length < 0)
        return 1;
    text[length] = 0;
    uint32_t read = 0;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char *digits = strchr(line, '\t'), *slash = strchr(line, '/');
        if (digits == NULL || slash == NULL || slash > digits)
            continue;
        *digits++ = 0;
        *slash = '+';
        char *end = strchr(digits, '\t');
        if (end != NULL)
            *end = 0;
        char name[256];
        int16_t *samples;
        snprintf(name, sizeof(name), "digits/%s.raw", line);
        uint32_t count = audio_read(folder, name, &samples);
        struct judge_how how = JUDGE_USUAL;
        memset(&judged, 0, sizeof(judged));
        judge(&judged, &how, samples, count, NULL);
        CHECK(count > 0);
        CHECK(strcmp(judged.ours, digits) == 0);
        read++;
        free(samples);
    }
    CHECK(read >= 12);
    return 0;
}

int main(int count, char **words)
{
    CHECK_EQUAL(count, 2);
    tl_tone_prepare();
    uint32_t left_out = recordings(words[1]);
    left_out += talk_off(words[1]);
    return tests_passed("speech", left_out);
}
