// SPDX-License-Identifier: Apache-2.0
#include "tl_tone_maker.h"

#include "CFlowABI.h"
#include "tone_table.h"

#include <math.h>

#define SINES  4096u // of a turn
#define FADE   16u   // samples, 2 ms: no click at either end
#define VOLUMES 64u

static float sines[SINES];
static float amplitudes[VOLUMES]; // of 0 to -63 dBm0

void tone_maker_prepare(void)
{
    for (uint32_t i = 0; i < SINES; i++)
        sines[i] = (float)sin(2 * M_PI * i / SINES);
    for (uint32_t i = 0; i < VOLUMES; i++)
        amplitudes[i] = TL_AUDIO_0_DBM0 * (float)pow(10, -(double)i / 20);
}

TL_DTMF_CODE void tl_tone_make_start(struct tl_tone_maker *maker)
{
    maker->phase[0] = maker->phase[1] = 0;
    maker->sample = 0;
}

static uint32_t step_of(uint32_t tone)
{
    return (uint32_t)(((uint64_t)spectrum_frequencies[tone] << 32) / TL_DTMF_RATE_HZ);
}

// 0...1 at a sample of a tone that ends before `last`.
static float envelope(uint32_t sample, uint32_t last)
{
    uint32_t left = last > sample ? last - sample : 0;
    uint32_t near = sample + 1 < left ? sample + 1 : left;
    return near < FADE ? (float)near / FADE : 1;
}

static uint8_t encode(struct tl_tone_maker *maker, uint8_t codec, float sample)
{
    int32_t whole = (int32_t)(sample < 0 ? sample - 0.5f : sample + 0.5f);
    if (codec == TL_CODEC_PCMU)
        return tl_audio_encode_pcmu(whole);
    if (codec == TL_CODEC_PCMA)
        return tl_audio_encode_pcma(whole);
    return tl_g722_encode(&maker->low, whole);
}

TL_DTMF_CODE void tl_tone_make(struct tl_tone_maker *maker, uint8_t event, uint8_t codec,
                               uint8_t volume, uint32_t last, uint8_t *octets, uint32_t samples)
{
    uint32_t row = tone_rows[event & 15], column = tone_columns[event & 15];
    uint32_t steps[2] = {step_of(row), step_of(column)};
    float amplitude = amplitudes[volume % VOLUMES];
    for (uint32_t i = 0; i < samples; i++) {
        float sum = sines[maker->phase[0] / (UINT32_MAX / SINES + 1)] +
                    sines[maker->phase[1] / (UINT32_MAX / SINES + 1)];
        float sample = sum * amplitude * envelope(maker->sample, last);
        octets[i] = encode(maker, codec, sample);
        maker->phase[0] += steps[0];
        maker->phase[1] += steps[1];
        maker->sample++;
    }
}
