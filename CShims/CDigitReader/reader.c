// SPDX-License-Identifier: Apache-2.0
#include "CDigitReader.h"

#include "CDTMF.h"
#include "CFlowABI.h"

#include <stdlib.h>
#include <string.h>

#define LIMIT_MS 60000u // the longest that a flow may ask for

struct tl_digit_reader {
    struct tl_tone_detector detector;
    struct tl_tone_store store;
    struct tl_event_receiver events;
    struct tl_tone_changes changes;
};

struct tl_digit_reader *tl_digit_reader_make(void)
{
    tl_tone_prepare();
    struct tl_digit_reader *reader =
        aligned_alloc(64, (sizeof(struct tl_digit_reader) + 63u) & ~(size_t)63);
    if (reader == NULL)
        return NULL;
    memset(reader, 0, sizeof(*reader));
    tl_tone_reset(&reader->detector);
    return reader;
}

void tl_digit_reader_free(struct tl_digit_reader *reader)
{
    free(reader);
}

static uint32_t found_put(const struct tl_digit_change *change, struct tl_digit_found *found,
                          uint32_t count)
{
    if (change->kind != TL_DIGIT_ENDED || count == TL_DIGITS_FOUND_MAX)
        return count;
    found[count] = (struct tl_digit_found){
        .event = change->event,
        .volume = change->volume,
        .twist = change->twist,
        .duration_ms = change->duration_ms,
        .started_ns = change->started_ns,
    };
    return count + 1;
}

uint32_t tl_digit_reader_audio(struct tl_digit_reader *reader, uint8_t codec,
                               const uint8_t *octets, uint32_t length, uint32_t missing,
                               uint64_t now_ns, struct tl_digit_found *found)
{
    uint8_t payload[TL_PACKET_BYTES_MAX]; // a detector may write into what it is given
    uint32_t count = 0;
    if (length > sizeof(payload))
        length = sizeof(payload);
    memcpy(payload, octets, length);
    struct tl_tone_job job = {
        .detector = &reader->detector,
        .store = &reader->store,
        .payload = payload,
        .length = length,
        .missing = missing,
        .now_ns = now_ns,
        .limit_ms = LIMIT_MS,
        .codec = codec,
    };
    tl_tone_run(&job, 1, &reader->changes);
    for (uint32_t i = 0; i < reader->changes.count; i++)
        count = found_put(&reader->changes.of[i], found, count);
    return count;
}

static uint32_t events_expire(struct tl_digit_reader *reader, uint64_t now_ns,
                              struct tl_digit_found *found)
{
    struct tl_digit_change change;
    if (tl_event_due(&reader->events) <= now_ns &&
        tl_event_silence(&reader->events, now_ns, &change))
        return found_put(&change, found, 0);
    return 0;
}

uint32_t tl_digit_reader_event(struct tl_digit_reader *reader, const uint8_t *payload,
                               uint32_t length, uint32_t ssrc, uint32_t timestamp,
                               uint32_t clock_hz, uint64_t now_ns, struct tl_digit_found *found)
{
    struct tl_digit_change changes[TL_EVENT_CHANGES_MAX];
    uint32_t change_count = 0, count = events_expire(reader, now_ns, found);
    struct tl_event_arrival arrival = {
        .payload = payload,
        .length = length,
        .ssrc = ssrc,
        .timestamp = timestamp,
        .clock_hz = clock_hz,
        .now_ns = now_ns,
        .limit_ms = LIMIT_MS,
    };
    tl_event_receive(&reader->events, &arrival, changes, &change_count);
    for (uint32_t i = 0; i < change_count; i++)
        count = found_put(&changes[i], found, count);
    return count;
}

uint32_t tl_digit_reader_end(struct tl_digit_reader *reader,
                             struct tl_digit_found *found)
{
    struct tl_digit_change change;
    uint32_t count = 0;
    if (tl_tone_silence(&reader->detector, &change))
        count = found_put(&change, found, count);
    if (tl_event_stop(&reader->events, &change))
        count = found_put(&change, found, count);
    return count;
}

uint8_t tl_digit_reader_pcmu(int16_t sample)
{
    return tl_audio_encode_pcmu(sample / 4);
}

int16_t tl_digit_reader_sample(uint8_t codec, uint8_t octet)
{
    int16_t sample;
    if (codec == TL_CODEC_PCMA)
        tl_audio_decode_pcma(&octet, &sample, 1);
    else
        tl_audio_decode_pcmu(&octet, &sample, 1);
    return (int16_t)(sample * 4); // of 14 bits
}
