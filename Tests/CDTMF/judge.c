// SPDX-License-Identifier: Apache-2.0
#include "judge.h"

#include "checks.h"

#include <spandsp.h>

#define OCTETS_MAX 480u

// What both ends of a leg have.
struct leg {
    struct tl_g722_low coder;
    g722_decode_state_t *decoder;
    dtmf_rx_state_t *theirs;
    struct tl_tone_detector detector;
    struct tl_tone_store store;
};

static uint8_t encode(struct leg *leg, uint8_t codec, int16_t sample)
{
    if (codec == TL_CODEC_PCMU)
        return linear_to_ulaw(sample);
    if (codec == TL_CODEC_PCMA)
        return linear_to_alaw(sample);
    return tl_g722_encode(&leg->coder, sample / 4);
}

static void decode(struct leg *leg, uint8_t codec, const uint8_t *octets, int16_t *samples,
                   uint32_t count)
{
    for (uint32_t i = 0; i < count && codec != TL_CODEC_G722; i++)
        samples[i] = codec == TL_CODEC_PCMU ? ulaw_to_linear(octets[i]) : alaw_to_linear(octets[i]);
    if (codec == TL_CODEC_G722)
        g722_decode(leg->decoder, samples, octets, (int)count);
}

static void hear_theirs(struct judged *judged, struct leg *leg, int16_t *samples, uint32_t count)
{
    char found[128];
    dtmf_rx(leg->theirs, samples, (int)count);
    size_t got = dtmf_rx_get(leg->theirs, found, sizeof(found) - 1);
    for (size_t i = 0; i < got && judged->their_count < JUDGE_DIGITS_MAX; i++)
        judged->theirs[judged->their_count++] = found[i];
}

static void note(struct judged *judged, const struct tl_digit_change *change)
{
    judged->begun += change->kind == TL_DIGIT_BEGAN;
    if (change->kind != TL_DIGIT_ENDED || judged->our_count == JUDGE_DIGITS_MAX)
        return;
    judged->digits[judged->our_count] = *change;
    judged->ours[judged->our_count++] = "0123456789*#ABCD"[change->event];
}

void judge(struct judged *judged, const struct judge_how *how, const int16_t *samples,
           uint32_t count, int16_t *left)
{
    static struct tl_tone_changes changes;
    struct leg leg;
    memset(&leg, 0, sizeof(leg));
    tl_g722_reset(&leg.coder);
    tl_tone_reset(&leg.detector);
    leg.decoder = g722_decode_init(NULL, 64000, G722_SAMPLE_RATE_8000);
    leg.theirs = dtmf_rx_init(NULL, NULL, NULL);
    if (how->their_filter)
        dtmf_rx_parms(leg.theirs, 1, -1, -1, -99);
    for (uint32_t at = 0; at < count;) {
        uint8_t octets[OCTETS_MAX];
        int16_t heard[OCTETS_MAX];
        uint32_t some = how->octets != 0 ? how->octets : 1 + random_below(OCTETS_MAX);
        some = some < count - at ? some : count - at;
        for (uint32_t i = 0; i < some; i++)
            octets[i] = encode(&leg, how->codec, samples[at + i]);
        if (!how->judge_after)
            decode(&leg, how->codec, octets, heard, some);
        struct tl_tone_job job = {.detector = &leg.detector, .store = &leg.store,
                                  .payload = octets, .length = some,
                                  .now_ns = 1000000000u + (at + some) * 125000ull,
                                  .limit_ms = how->limit_ms, .codec = how->codec,
                                  .take = how->take, .look_ahead = how->look_ahead};
        tl_tone_run(&job, 1, &changes);
        for (uint32_t i = 0; i < changes.count; i++)
            note(judged, &changes.of[i]);
        if (how->judge_after)
            decode(&leg, how->codec, octets, heard, some);
        hear_theirs(judged, &leg, heard, some);
        if (left != NULL)
            memcpy(left + at, heard, some * sizeof(*heard));
        judged->silenced_ms += job.silenced ? some / 8.0 : 0;
        at += some;
    }
    struct tl_digit_change last;
    if (tl_tone_silence(&leg.detector, &last))
        note(judged, &last);
    judged->seconds += count / 8000.0;
    judged->ours[judged->our_count] = judged->theirs[judged->their_count] = 0;
    dtmf_rx_free(leg.theirs);
    g722_decode_free(leg.decoder);
}

uint32_t audio_read(const char *folder, const char *name, int16_t **samples)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    *samples = NULL;
    if (file == NULL)
        return 0;
    fseek(file, 0, SEEK_END);
    size_t bytes = (size_t)ftell(file);
    rewind(file);
    *samples = malloc(bytes + 2);
    size_t got = fread(*samples, 2, bytes / 2, file);
    fclose(file);
    return (uint32_t)got;
}
