// SPDX-License-Identifier: Apache-2.0
// Codecs against spandsp's, every code and every sample; vectors against plain C; made tones heard
// by both.
#include "audio.h"
#include "checks.h"
#include "judge.h"
#include "spectrum.h"

#include <spandsp.h>

static void g711(void)
{
    uint8_t octets[256 + 13];
    int16_t fast[256 + 13], plain[256 + 13];
    for (uint32_t i = 0; i < sizeof(octets); i++)
        octets[i] = (uint8_t)i;
    for (uint32_t count = 0; count <= sizeof(octets); count++) {
        tl_audio_decode_pcmu(octets, fast, count);
        tl_audio_decode_pcmu_portable(octets, plain, count);
        CHECK(memcmp(fast, plain, count * 2) == 0);
        tl_audio_decode_pcma(octets, fast, count);
        tl_audio_decode_pcma_portable(octets, plain, count);
        CHECK(memcmp(fast, plain, count * 2) == 0);
    }
    for (uint32_t i = 0; i < 256; i++) {
        tl_audio_decode_pcmu(octets + i, fast, 1);
        CHECK_EQUAL(fast[0] * 4, ulaw_to_linear((uint8_t)i));
        tl_audio_decode_pcma(octets + i, fast, 1);
        CHECK_EQUAL(fast[0] * 4, alaw_to_linear((uint8_t)i));
    }
    for (int sample = -8191; sample <= 8191; sample++) {
        CHECK_EQUAL(tl_audio_encode_pcmu(sample), linear_to_ulaw(sample * 4));
        CHECK_EQUAL(tl_audio_encode_pcma(sample), linear_to_alaw(sample * 4));
    }
}

// The lower band alone, as spandsp has it at 8 kHz: its decoder hears ours, and ours its coder.
static void g722(void)
{
    g722_encode_state_t *coder = g722_encode_init(NULL, 64000, G722_SAMPLE_RATE_8000);
    g722_decode_state_t *decoder = g722_decode_init(NULL, 64000, G722_SAMPLE_RATE_8000);
    struct tl_g722_low encoding, decoding;
    tl_g722_reset(&encoding);
    tl_g722_reset(&decoding);
    int16_t sample = 0;
    for (uint32_t i = 0; i < 200000; i++) {
        int step = (int)random_below(4001) - 2000, next = sample + step;
        sample = (int16_t)(next > 16000 || next < -16000 ? sample - step : next);
        sample = (int16_t)(i % 20000 < 4000 ? 0 : sample & ~3);
        uint8_t theirs = 0, ours = tl_g722_encode(&encoding, sample / 4);
        g722_encode(coder, &theirs, &sample, 1);
        CHECK_EQUAL(ours & 63, theirs & 63);
        int16_t their_sample = 0, our_sample = 0;
        g722_decode(decoder, &their_sample, &theirs, 1);
        tl_g722_decode(&decoding, &theirs, &our_sample, 1);
        CHECK(abs(our_sample * 4 - their_sample) <= 4);
    }
    g722_encode_free(coder);
    g722_decode_free(decoder);
}

static void spectra(void)
{
    static int16_t samples[8 * TL_TONE_SEGMENT] __attribute__((aligned(64)));
    static struct spectra fast, plain;
    for (uint32_t round = 0; round < 500; round++) {
        for (uint32_t i = 0; i < 8 * TL_TONE_SEGMENT; i++)
            samples[i] = (int16_t)(round == 0   ? TL_AUDIO_MAX
                                   : round == 1 ? -TL_AUDIO_MAX
                                                : (int)random_below(16319) - TL_AUDIO_MAX);
        spectra_of(samples, &fast);
        spectra_of_portable(samples, &plain);
        CHECK(memcmp(&fast, &plain, sizeof(fast)) == 0);
    }
}

// Made tones are what both detectors expect, in every codec and at every level.
static void made_tones(void)
{
    for (uint8_t codec = 1; codec < TL_CODECS_MAX; codec++) {
        for (uint8_t volume = 3; volume <= 30; volume += 9) {
            static int16_t samples[16 * 1600];
            struct tl_tone_maker maker = {0};
            g722_decode_state_t *decoder = g722_decode_init(NULL, 64000, G722_SAMPLE_RATE_8000);
            tl_g722_reset(&maker.low);
            for (uint32_t at = 0; at < 16 * 1600; at += 160) {
                uint8_t octets[160];
                if (at % 1600 == 0)
                    tl_tone_make_start(&maker);
                tl_tone_make(&maker, (uint8_t)(at / 1600), codec, volume, 800, octets, 160);
                for (uint32_t i = 0; i < 160 && codec != TL_CODEC_G722; i++)
                    samples[at + i] = codec == TL_CODEC_PCMU ? ulaw_to_linear(octets[i])
                                                             : alaw_to_linear(octets[i]);
                if (codec == TL_CODEC_G722)
                    g722_decode(decoder, samples + at, octets, 160);
            }
            g722_decode_free(decoder);
            static struct judged judged;
            struct judge_how how = JUDGE_USUAL;
            memset(&judged, 0, sizeof(judged));
            judge(&judged, &how, samples, 16 * 1600, NULL);
            CHECK(strcmp(judged.ours, "0123456789*#ABCD") == 0);
            CHECK(strcmp(judged.theirs, "0123456789*#ABCD") == 0);
            for (uint32_t i = 0; i < judged.our_count && i < 16; i++) {
                CHECK(abs((int)judged.digits[i].duration_ms - 99) <= 3);
                CHECK(abs(judged.digits[i].volume - volume) <= 1);
            }
        }
    }
}

int main(void)
{
    tl_tone_prepare();
    g711();
    g722();
    spectra();
    made_tones();
    return tests_passed("audio", 0);
}
