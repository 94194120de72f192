// SPDX-License-Identifier: Apache-2.0
// Stands in for the tone detector, its codecs and the maker until they are here: finds no digit.
#include "CDTMF.h"

#include <string.h>

TL_DTMF_CODE void tl_audio_silence(uint8_t codec, uint8_t *octets, uint32_t count)
{
    memset(octets, codec == 2 ? 0xd5 : 0xff, count);
}

TL_DTMF_CODE void tl_tone_make_start(struct tl_tone_maker *maker)
{
    memset(maker, 0, sizeof(*maker));
}

TL_DTMF_CODE void tl_tone_make(struct tl_tone_maker *maker, uint8_t event, uint8_t codec,
                               uint8_t volume, uint32_t last, uint8_t *octets, uint32_t samples)
{
    (void)codec;
    (void)volume;
    for (uint32_t i = 0; i < samples; i++, maker->sample++)
        octets[i] = maker->sample < last ? event : 0xff;
}

TL_DTMF_CODE void tl_tone_reset(struct tl_tone_detector *detector, struct tl_tone_store *store)
{
    memset(detector, 0, sizeof(*detector));
    memset(store, 0, sizeof(*store));
}

TL_DTMF_CODE void tl_tone_fetch(const struct tl_tone_detector *detector,
                                const struct tl_tone_store *store)
{
    (void)detector;
    (void)store;
}

TL_DTMF_CODE void tl_tone_run(struct tl_tone_job *jobs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        jobs[i].silenced = 0;
        jobs[i].change_count = 0;
    }
}

TL_DTMF_CODE int tl_tone_silence(struct tl_tone_detector *detector, uint64_t now_ns,
                                 struct tl_digit_change *change)
{
    (void)detector;
    (void)now_ns;
    (void)change;
    return 0;
}

TL_DTMF_CODE int tl_tone_open(const struct tl_tone_detector *detector)
{
    (void)detector;
    return 0;
}
