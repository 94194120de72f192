// SPDX-License-Identifier: Apache-2.0
//
// Self-load of flows with digits.
//
//   events   telephone-events are digits: of each party's packets one in 512 is one, eight in a row
//            for a digit, more of them than callers press. They are relayed, as all the rest is
//   tones    tones are looked for in all audio: noise whose loudness changes as a voice's does, and
//            between, for a twentieth of the time, keys. It is relayed as it is
//
// Each flow is somewhere else in all of that.

#include <stdlib.h>
#include <string.h>

#include "say.h"
#include "self_load.h"

enum {
    AUDIO_PACKETS = 1000, // 20 s, over and over
    KEY_EVERY = 100,      // packets; the first five of them are a key's tone
    KEY_PACKETS = 5,
    DIGIT_EVERY = 4096, // packets of a party; the first eight of them are an event
    DIGIT_PACKETS = 8,
    SAMPLES = TL_LOAD_PAYLOAD_BYTES,
};

struct tl_load_digits {
    uint8_t audio[AUDIO_PACKETS][TL_LOAD_PAYLOAD_BYTES];
};

int tl_load_digits_read(const char *name, uint8_t *digits)
{
    static const char *const names[] = {
        [TL_LOAD_EVENTS] = "events", [TL_LOAD_TONES] = "tones"};
    for (uint8_t i = TL_LOAD_EVENTS; i <= TL_LOAD_TONES; i++)
        if (strcmp(name, names[i]) == 0) {
            *digits = i;
            return 0;
        }
    tl_say("--self-load: digits=%s is not known; write events or tones", name);
    return -1;
}

// Noise through a one-pole low-pass, as loud as a slow random walk says.
static void make_noise(uint8_t *payload, uint64_t *state, int32_t *sample, int32_t *loudness)
{
    *loudness += (int32_t)(tl_load_random(state) % 801) - 400;
    *loudness = *loudness < 40 ? 40 : *loudness > 4000 ? 4000 : *loudness;
    for (uint32_t i = 0; i < SAMPLES; i++) {
        int32_t fresh = (int32_t)(tl_load_random(state) % 2001) - 1000;
        *sample += (fresh * *loudness / 500 - *sample) / 4;
        payload[i] = tl_audio_encode_pcmu(*sample);
    }
}

static void make_audio(struct tl_load_digits *digits)
{
    struct tl_tone_maker maker = {0};
    uint64_t state = 7;
    int32_t sample = 0, loudness = 400;
    for (uint32_t i = 0; i < AUDIO_PACKETS; i++) {
        uint32_t place = i % KEY_EVERY;
        if (place == 0)
            tl_tone_make_start(&maker);
        if (place < KEY_PACKETS)
            tl_tone_make(&maker, (uint8_t)(i / KEY_EVERY % 16), TL_CODEC_PCMU, 10,
                         KEY_PACKETS * SAMPLES, digits->audio[i], SAMPLES);
        else
            make_noise(digits->audio[i], &state, &sample, &loudness);
    }
}

int tl_load_digits_init(struct tl_load *load, const struct tl_options *options)
{
    load->digits_mode = options->load_digits;
    if (options->load_digits != TL_LOAD_TONES)
        return 0;
    load->digits = calloc(1, sizeof(*load->digits));
    if (load->digits == NULL)
        return -1;
    make_audio(load->digits);
    return 0;
}

void tl_load_digits_command(const struct tl_load *load, uint32_t k, struct tl_command *command)
{
    struct tl_flow_dtmf how = {.digit_limit_ms = 60000};
    memset(how.event_types, TL_NO_PAYLOAD_TYPE, sizeof(how.event_types));
    memset(how.audio_types, TL_NO_PAYLOAD_TYPE, sizeof(how.audio_types));
    if (load->digits_mode == TL_LOAD_EVENTS) {
        how.flags = TL_DTMF_EVENTS;
        how.event_types[0].payload_type = TL_LOAD_EVENT_TYPE;
        how.event_types[0].clock_hz = TL_DTMF_RATE_HZ;
    } else {
        how.flags = TL_DTMF_TONES;
        how.audio_types[0].payload_type = 0;
        how.audio_types[0].codec = TL_CODEC_PCMU;
    }
    *command = (struct tl_command){.size_bytes = sizeof(*command),
                                   .operation = TL_OP_DTMF,
                                   .flow_index = load->lane->worker->first_flow + k,
                                   .generation = 1};
    memcpy((uint8_t *)command + offsetof(struct tl_command, spec), &how, sizeof(how));
}

uint32_t tl_load_digit_step(const struct tl_load *load, uint32_t k, uint32_t number)
{
    uint32_t place = (number + k * 37) % DIGIT_EVERY;
    // A digit that a flow would begin with in its middle is none.
    return load->digits_mode == TL_LOAD_EVENTS && place < DIGIT_PACKETS && number >= place
               ? place + 1
               : 0;
}

void tl_load_digits_payload(const struct tl_load *load, uint32_t k, uint32_t number,
                            uint8_t payload[TL_LOAD_PAYLOAD_BYTES])
{
    uint32_t step = tl_load_digit_step(load, k, number);
    if (load->digits != NULL)
        memcpy(payload, load->digits->audio[(number + k * 37) % AUDIO_PACKETS], SAMPLES);
    else
        memset(payload, TL_LOAD_SILENCE, SAMPLES);
    if (step != 0)
        tl_event_write(payload, (uint8_t)(k % 16), step == DIGIT_PACKETS, 10, step * SAMPLES);
}
