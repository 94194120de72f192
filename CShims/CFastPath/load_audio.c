// SPDX-License-Identifier: Apache-2.0
#include "load_audio.h"

#include "CDTMF.h"
#include "CFlowABI.h"

enum {
    KEY_PACKETS = 5, // of a key's tone
    LOUDNESS_MIN = 40,
    LOUDNESS_MAX = 4000,
};

// Less than a limit (xorshift64*).
static int32_t random_below(uint64_t *state, uint32_t limit)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (int32_t)((*state * 0x2545f4914f6cdd1dull >> 32) % limit);
}

// Noise through a one-pole low-pass, as loud as a slow random walk says.
static void make_noise(uint8_t *payload, uint64_t *state, int32_t *sample, int32_t *loudness)
{
    *loudness += random_below(state, 801) - 400;
    *loudness = *loudness < LOUDNESS_MIN ? LOUDNESS_MIN
        : *loudness > LOUDNESS_MAX       ? LOUDNESS_MAX
                                         : *loudness;
    for (uint32_t i = 0; i < TL_LOAD_AUDIO_SAMPLES; i++) {
        int32_t fresh = random_below(state, 2001) - 1000;
        *sample += (fresh * *loudness / 500 - *sample) / 4;
        payload[i] = tl_audio_encode_pcmu(*sample);
    }
}

void tl_load_audio_make(uint8_t audio[TL_LOAD_AUDIO_PACKETS][TL_LOAD_AUDIO_SAMPLES])
{
    struct tl_tone_maker maker = {0};
    uint64_t state = 7;
    int32_t sample = 0, loudness = 400;
    for (uint32_t i = 0; i < TL_LOAD_AUDIO_PACKETS; i++) {
        uint32_t place = i % TL_LOAD_AUDIO_KEY_EVERY;
        if (place == 0)
            tl_tone_make_start(&maker);
        if (place < KEY_PACKETS)
            tl_tone_make(&maker, (uint8_t)(i / TL_LOAD_AUDIO_KEY_EVERY % 16), TL_CODEC_PCMU, 10,
                         KEY_PACKETS * TL_LOAD_AUDIO_SAMPLES, audio[i], TL_LOAD_AUDIO_SAMPLES);
        else
            make_noise(audio[i], &state, &sample, &loudness);
    }
}
