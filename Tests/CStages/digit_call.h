// SPDX-License-Identifier: Apache-2.0
// A call whose legs take and send digits: party a speaks, and what party b is sent is written down.

#ifndef DIGIT_CALL_H
#define DIGIT_CALL_H

#include "secure_call.h"

enum { HEARD_MAX = 4096, EVENT_TYPE = 101, EVENT_TYPE_OUT = 96, OUT_TYPE = 102 };

#define MS TL_MILLISECOND_NS

/// One packet that a party was sent.
struct heard {
    uint64_t at_ns;
    uint64_t index; // of the stream
    uint32_t timestamp;
    uint32_t length; // of the payload
    uint8_t type;
    uint8_t marker;
    uint8_t payload[320];
};

/// What party b hears.
struct ear {
    struct world *world;
    struct end *end; // of a secure leg, else NULL
    uint64_t next;   // index that is expected
    uint32_t holes;  // indexes that were left out
    uint32_t behind; // packets from before an index that was heard
    uint32_t count;
    struct heard *heard;
};

/// EVENTS of party a are digits; what is sent are events.
static inline struct tl_flow_dtmf how_make(uint32_t flags)
{
    struct tl_flow_dtmf how = {.flags = flags, .send = TL_DTMF_SEND_EVENTS, .send_type = OUT_TYPE,
                               .send_codec = TL_CODEC_PCMU, .send_volume = 10,
                               .send_clock_hz = 8000, .send_interval_ms = 20,
                               .digit_limit_ms = 10000};
    for (uint32_t i = 0; i < TL_DTMF_EVENT_TYPES_MAX; i++)
        how.event_types[i].payload_type = TL_NO_PAYLOAD_TYPE;
    for (uint32_t i = 0; i < TL_DTMF_AUDIO_TYPES_MAX; i++)
        how.audio_types[i].payload_type = TL_NO_PAYLOAD_TYPE;
    if (flags & TL_DTMF_EVENTS) {
        how.event_types[0].payload_type = EVENT_TYPE;
        how.event_types[0].clock_hz = 8000;
    }
    if (flags & TL_DTMF_TONES) {
        how.audio_types[0].payload_type = 0;
        how.audio_types[0].codec = TL_CODEC_PCMU;
    }
    return how;
}

static inline int32_t command_any(struct world *world, uint32_t operation, uint32_t index,
                                  const void *body, uint32_t bytes)
{
    struct tl_command message = {.size_bytes = offsetof(struct tl_command, spec) + bytes,
                                 .operation = operation, .flow_index = index, .generation = 7};
    memcpy((uint8_t *)&message + offsetof(struct tl_command, spec), body, bytes);
    struct tl_event answer;
    tl_command_apply(world->worker, 0, &message, world->now_ns, &answer);
    return answer.status;
}

static inline int32_t command_dtmf(struct world *world, uint32_t index, struct tl_flow_dtmf how)
{
    return command_any(world, TL_OP_DTMF, index, &how, sizeof(how));
}

static inline int32_t command_digits(struct world *world, uint32_t index, const char *keys,
                                     uint16_t duration_ms, uint16_t pause_ms)
{
    struct tl_flow_digits digits = {.duration_ms = duration_ms, .pause_ms = pause_ms};
    while (keys[digits.count] != '\0') {
        digits.events[digits.count] = (uint8_t)(keys[digits.count] - '0');
        digits.count++;
    }
    return command_any(world, TL_OP_DIGITS, index, &digits, sizeof(digits));
}

static inline struct ear ear_make(struct world *world, struct end *end)
{
    return (struct ear){.world = world, .end = end, .next = 65530,
                        .heard = calloc(HEARD_MAX, sizeof(struct heard))};
}

// What stands in the view is sent to party b, or not.
static inline void ear_hear(struct ear *ear, const struct tl_packet *packet)
{
    if (packet->edge != TL_EDGE_SEND && packet->edge != TL_EDGE_LOOP)
        return;
    struct frame frame = read_frame(packet->data, packet->length);
    if (frame.source_port != 20002)
        return;
    uint8_t bytes[2048];
    uint32_t length = frame.payload_length;
    memcpy(bytes, frame.payload, length);
    CHECK_EQUAL(get_32(bytes + 8), 0xabc00000u + 20002);
    int16_t ahead = (int16_t)(get_16(bytes + 2) - (uint16_t)ear->next);
    uint64_t index = ear->next + (uint64_t)(int64_t)ahead;
    uint32_t head = 12 + (bytes[0] & 15u) * 4;
    if (bytes[0] & 0x10)
        head += 4 + get_16(bytes + head + 2) * 4u;
    if (ear->end != NULL) {
        struct tl_srtp_job job = {&ear->end->keys, bytes, length, head, index, 0, 0};
        tl_srtp_open(engine, &job, 1);
        CHECK(job.good);
        length = job.length;
    }
    if (bytes[0] & 0x20)
        length -= bytes[length - 1];
    CHECK(ear->count < HEARD_MAX);
    struct heard *heard = &ear->heard[ear->count++];
    *heard = (struct heard){.at_ns = ear->world->now_ns, .index = index,
                            .timestamp = get_32(bytes + 4), .length = length - head,
                            .type = bytes[1] & 0x7f, .marker = bytes[1] >> 7};
    memcpy(heard->payload, bytes + head, heard->length < 320 ? heard->length : 320);
    if (ahead < 0) {
        ear->behind++;
    } else {
        ear->holes += (uint32_t)ahead;
        ear->next = index + 1;
    }
}

/// Runs the burst in hand.
static inline void ear_run(struct ear *ear)
{
    burst_run(ear->world);
    for (uint32_t i = 0; i < ear->world->count; i++)
        ear_hear(ear, &ear->world->packets[i]);
}

/// Lets time pass, in turns of the worker's loop.
static inline void ear_wait(struct ear *ear, uint32_t ms)
{
    struct world *world = ear->world;
    for (uint32_t i = 0; i < ms; i++) {
        world->now_ns += MS;
        struct tl_packet packets[4];
        uint32_t made;
        do {
            for (uint32_t j = 0; j < 4; j++)
                packets[j] = TL_PACKET_VIEW(.data = world->buffers[j] + TL_HEADROOM_BYTES,
                                            .buffer = world->buffers[j]);
            made = tl_worker_tick(world->worker, world->now_ns, 256, packets, 4);
            for (uint32_t j = 0; j < made; j++) {
                ear_hear(ear, &packets[j]);
                tl_packet_done(world->worker, &packets[j]);
            }
        } while (made == 4);
    }
    check_identity(world);
}

/// Party a's stream.
struct mouth {
    uint16_t sequence;
    uint32_t timestamp;
    uint32_t event_timestamp;
};

static inline void say_bytes(struct ear *ear, struct mouth *mouth, uint8_t type,
                             uint32_t timestamp, const uint8_t *payload, uint32_t length)
{
    uint8_t bytes[512] = {0x80, type};
    put_16(bytes + 2, mouth->sequence++);
    put_32(bytes + 4, timestamp);
    put_32(bytes + 8, 77);
    memcpy(bytes + 12, payload, length);
    burst_begin(ear->world);
    add_udp(ear->world, &party_a, bytes, 12 + length);
    ear_run(ear);
}

/// 20 ms of silence, or of `fill`, and the time that it takes.
static inline void say_audio(struct ear *ear, struct mouth *mouth, uint8_t fill)
{
    uint8_t payload[160];
    memset(payload, fill, sizeof(payload));
    say_bytes(ear, mouth, 0, mouth->timestamp, payload, sizeof(payload));
    mouth->timestamp += 160;
    ear_wait(ear, 20);
}

/// One packet of an event; no time passes.
static inline void say_event(struct ear *ear, struct mouth *mouth, uint8_t event,
                             uint32_t duration, int end)
{
    uint8_t payload[4];
    tl_event_write(payload, event, end, 12, duration);
    int first = duration == 160;
    say_bytes(ear, mouth, EVENT_TYPE | (first ? 0x80 : 0), mouth->event_timestamp, payload, 4);
}

/// A digit of 100 ms and 100 ms of audio behind it.
static inline void say_digit(struct ear *ear, struct mouth *mouth, uint8_t event)
{
    mouth->event_timestamp = mouth->timestamp;
    for (uint32_t i = 0; i < 7; i++) {
        say_event(ear, mouth, event, 160 * (i < 5 ? i + 1 : 5), i >= 4);
        mouth->timestamp += 160;
        ear_wait(ear, 20);
    }
    for (uint32_t i = 0; i < 3; i++)
        say_audio(ear, mouth, 0xd5);
}

/// Leg a plain, leg b as told; both have contexts: `a` as told, b sends events.
static inline struct ear digit_call(uint32_t address, const char *remote, uint32_t flags_a,
                                    const struct tl_flow_keys *keys_b, struct end *end)
{
    struct world *world = world_make(1);
    call_make(world, address, remote, keys_b != NULL ? TL_FLOW_SRTP : 0);
    if (keys_b != NULL) {
        struct tl_flow_spec a = world->worker->cold[0].spec;
        a.flags &= ~TL_FLOW_SRTP;
        CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &a), TL_STATUS_OK);
        CHECK_EQUAL(command_keys(world, 1, 7, keys_b), TL_STATUS_OK);
        end_make(end, &keys_b->send);
    }
    CHECK_EQUAL(command_dtmf(world, 0, how_make(flags_a)), TL_STATUS_OK);
    CHECK_EQUAL(command_dtmf(world, 1, how_make(0)), TL_STATUS_OK);
    return ear_make(world, end);
}

static inline void ear_end(struct ear *ear)
{
    check_identity(ear->world);
    world_free(ear->world);
    free(ear->heard);
}

#endif
