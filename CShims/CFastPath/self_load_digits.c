// SPDX-License-Identifier: Apache-2.0
//
// Self-load of flows with digits.
//
//   events   telephone-events are digits: of each party's packets one in 512 is one, eight in a row
//            for a digit, more of them than callers press. They are relayed, as all the rest is
//   tones    tones are looked for in all audio (load_audio.h), which is relayed as it is
//
// Each flow is somewhere else in all of that. What the worker takes turns with is the same load of
// the same flows while they have no digits: a plain relay of it.

#include <stdlib.h>
#include <string.h>

#include "load_audio.h"
#include "say.h"
#include "self_load.h"

enum {
    DIGIT_EVERY = 4096, // packets of a party; the first eight of them are an event
    DIGIT_PACKETS = 8,
    SAMPLES = TL_LOAD_PAYLOAD_BYTES,
};

_Static_assert(TL_LOAD_AUDIO_SAMPLES == SAMPLES, "a packet of the load is one of its audio");

struct tl_load_digits {
    uint8_t audio[TL_LOAD_AUDIO_PACKETS][TL_LOAD_AUDIO_SAMPLES];
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

int tl_load_digits_init(struct tl_load *load, const struct tl_options *options)
{
    load->digits_mode = options->load_digits;
    if (options->load_digits != TL_LOAD_TONES)
        return 0;
    load->digits = calloc(1, sizeof(*load->digits));
    if (load->digits == NULL)
        return -1;
    tl_load_audio_make(load->digits->audio);
    return 0;
}

static struct tl_flow_dtmf digits_of(const struct tl_load *load)
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
    return how;
}

void tl_load_digits_command(const struct tl_load *load, uint32_t k, int on,
                            struct tl_command *command)
{
    const struct tl_flow_dtmf how = on ? digits_of(load) : (struct tl_flow_dtmf){0};
    *command = (struct tl_command){.size_bytes = sizeof(*command),
                                   .operation = TL_OP_DTMF,
                                   .flow_index = load->lane->worker->first_flow + k,
                                   .generation = 1};
    memcpy((uint8_t *)command + offsetof(struct tl_command, spec), &how, sizeof(how));
}

int tl_load_digits_are_found(const struct tl_load *load)
{
    const struct tl_counters *counters = &load->lane->worker->counters;
    if (load->digits_mode == 0)
        return 1;
    uint64_t found = counters->digits_by_event + counters->digits_by_tone;
    uint64_t every = load->digits_mode == TL_LOAD_TONES ? TL_LOAD_AUDIO_KEY_EVERY : DIGIT_EVERY;
    uint64_t made = (load->packets - load->plain_packets) / every;
    return found >= made / 2 && found <= made * 3;
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
        memcpy(payload, load->digits->audio[tl_load_audio_place(k, number)], SAMPLES);
    else
        memset(payload, TL_LOAD_SILENCE, SAMPLES);
    if (step != 0)
        tl_event_write(payload, (uint8_t)(k % 16), step == DIGIT_PACKETS, 10, step * SAMPLES);
}
