// SPDX-License-Identifier: Apache-2.0
// Digits through the pipeline: two calls whose flows take and send them as commands say, media in
// every state that parties can bring it into, time, and digits of the API. Input: steps of
// {what, ...}; the flow is `what` >> 3 & 3, and `what` % 7:
//   0  RTP that goes on from the flow's last, of a type and with bytes that are given
//   1  likewise, with a made tone as its audio
//   2  likewise, with a telephone-event
//   3  time passes, and what is due then
//   4  a command of the flow's digits, begun as a good one and written over
//   5  digits for the flow's party
//   6  the stream jumps: sequence, time stamp, SSRC
#define FUZZ_DTMF_FLOWS 3
#include "fuzz_world.h"

enum { FLOWS = 4, BURST = 8, ROOM = 480, EVENT_TYPE = 101 };

static struct stream {
    uint16_t sequence;
    uint32_t timestamp, ssrc;
    struct tl_tone_maker maker;
} streams[FLOWS];

static struct tl_packet packets[BURST];
static uint32_t count;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void flows_make(void)
{
    fuzz_world_make();
    for (uint32_t i = 0; i < FLOWS; i++) {
        struct tl_flow_spec spec = fuzz_spec(i, (uint16_t)(FUZZ_PORT + 2 * i));
        spec.peer_index = fuzz_first() + (i ^ 1);
        spec.peer_generation = 1;
        spec.payload_types[0] = (struct tl_payload_type){(uint8_t)(i == 2 ? 9 : 0), 0};
        spec.payload_types[1] = (struct tl_payload_type){EVENT_TYPE, 96};
        if (i == 3) { // events first
            spec.payload_types[1] = spec.payload_types[0];
            spec.payload_types[0] = (struct tl_payload_type){EVENT_TYPE, 96};
        }
        fuzz_add(i, &spec);
        streams[i] = (struct stream){.sequence = 65530, .timestamp = 0xffffff00, .ssrc = i};
        tl_g722_reset(&streams[i].maker.low);
    }
}

static void burst_run(void)
{
    tl_pipeline_run(fuzz.worker, packets, count, fuzz.now_ns);
    for (uint32_t i = 0; i < count; i++) {
        FUZZ_CHECK(packets[i].edge != TL_EDGE_NEXT);
        FUZZ_CHECK(packets[i].data >= (uint8_t *)packets[i].buffer);
        tl_packet_done(fuzz.worker, &packets[i]);
        free(packets[i].buffer);
    }
    count = 0;
    fuzz_check();
}

// The buffer ends where the packet ends, so that reading behind it is found.
static void send(uint32_t flow, uint8_t type, uint8_t first, const uint8_t *payload,
                 uint32_t length)
{
    struct stream *stream = &streams[flow];
    uint8_t rtp[12 + ROOM] = {first, type};
    put_16(rtp + 2, stream->sequence++);
    put_16(rtp + 4, stream->timestamp >> 16);
    put_16(rtp + 6, stream->timestamp);
    rtp[11] = (uint8_t)stream->ssrc;
    memcpy(rtp + 12, payload, length);
    uint32_t bytes = fuzz_head_bytes(flow) + 12 + length;
    uint8_t *buffer = malloc(TL_HEADROOM_BYTES + bytes);
    FUZZ_CHECK(buffer != NULL);
    packets[count] = (struct tl_packet){.data = buffer + TL_HEADROOM_BYTES, .buffer = buffer,
                                        .length = (uint16_t)bytes};
    fuzz_frame(&packets[count++], flow, 2, 30000, FUZZ_PORT + 2 * flow, rtp, 12 + length);
}

static void send_given(struct fuzz_input *input, uint32_t flow)
{
    uint8_t payload[ROOM];
    uint8_t type = (uint8_t)fuzz_byte(input), first = (uint8_t)(0x80 ^ fuzz_byte(input));
    uint32_t length = fuzz_byte(input) % 64;
    for (uint32_t i = 0; i < length; i++)
        payload[i] = (uint8_t)fuzz_byte(input);
    send(flow, type, first, payload, length);
    streams[flow].timestamp += length;
}

static void send_tone(struct fuzz_input *input, uint32_t flow)
{
    uint8_t payload[ROOM];
    struct stream *stream = &streams[flow];
    uint32_t what = fuzz_byte(input), event = fuzz_byte(input), length = 16 * (1 + what % 30);
    uint8_t codec = flow == 2 ? TL_CODEC_G722 : TL_CODEC_PCMU;
    if (event & 0x80)
        tl_tone_make_start(&stream->maker);
    if (what & 0x80)
        tl_audio_silence(codec, payload, length);
    else
        tl_tone_make(&stream->maker, event % 16, codec, (uint8_t)(event >> 4 & 7) * 6, UINT32_MAX,
                     payload, length);
    send(flow, flow == 2 ? 9 : 0, 0x80, payload, length);
    stream->timestamp += length;
}

static void send_event(struct fuzz_input *input, uint32_t flow)
{
    uint8_t payload[TL_EVENT_BYTES];
    uint32_t what = fuzz_byte(input), duration = fuzz_byte(input) << (what >> 5);
    tl_event_write(payload, (uint8_t)(what % 20), what >> 4 & 1, 10, duration);
    send(flow, EVENT_TYPE, 0x80, payload, sizeof(payload));
}

static void command_apply(uint32_t flow, uint32_t operation, const void *body, uint32_t size)
{
    struct tl_event answer;
    struct tl_command command = {.size_bytes = sizeof(command), .operation = operation,
                                 .flow_index = fuzz_first() + flow, .generation = 1};
    memcpy((uint8_t *)&command + offsetof(struct tl_command, spec), body, size);
    tl_command_apply(fuzz.worker, 0, &command, fuzz.now_ns, &answer);
}

static void command_how(struct fuzz_input *input, uint32_t flow)
{
    uint32_t how = fuzz_byte(input);
    struct tl_flow_dtmf dtmf = {
        .flags = fuzz_byte(input) & TL_DTMF_FLAGS_ALL, .digit_limit_ms = 1000,
        .send = (uint8_t)(how % 3), .send_type = (uint8_t)(how % 3 == 1 ? 96 : 0),
        .send_codec = (uint8_t)(how % 3 == 2 ? 1 + (how >> 2) % 3 : 0), .send_volume = 10,
        .send_clock_hz = 8000, .send_interval_ms = 20};
    memset(dtmf.audio_types, TL_NO_PAYLOAD_TYPE, sizeof(dtmf.audio_types));
    memset(dtmf.event_types, TL_NO_PAYLOAD_TYPE, sizeof(dtmf.event_types));
    dtmf.audio_types[0].payload_type = flow == 2 ? 9 : 0;
    dtmf.audio_types[0].codec = flow == 2 ? TL_CODEC_G722 : TL_CODEC_PCMU;
    dtmf.event_types[0].payload_type = EVENT_TYPE;
    dtmf.event_types[0].clock_hz = how & 0x80 ? 48000 : 8000;
    if (how == 0)
        memset(&dtmf, 0, sizeof(dtmf));
    fuzz_overwrite(input, &dtmf, sizeof(dtmf));
    command_apply(flow, TL_OP_DTMF, &dtmf, sizeof(dtmf));
}

static void command_digits(struct fuzz_input *input, uint32_t flow)
{
    struct tl_flow_digits digits = {.count = (uint8_t)(1 + fuzz_byte(input) % TL_DIGITS_MAX),
                                    .duration_ms = 40, .pause_ms = 40};
    for (uint32_t i = 0; i < digits.count; i++)
        digits.events[i] = (uint8_t)(i % 16);
    fuzz_overwrite(input, &digits, sizeof(digits));
    command_apply(flow, TL_OP_DIGITS, &digits, sizeof(digits));
}

static void jump(struct fuzz_input *input, uint32_t flow)
{
    streams[flow].sequence = (uint16_t)(streams[flow].sequence + (int8_t)fuzz_byte(input));
    streams[flow].timestamp += (uint32_t)((int8_t)fuzz_byte(input) * 80);
    streams[flow].ssrc += fuzz_byte(input) & 1;
}

static void step(struct fuzz_input *input)
{
    uint32_t what = fuzz_byte(input), flow = what >> 3 & 3;
    switch (what % 7) {
    case 0: send_given(input, flow); break;
    case 1: send_tone(input, flow); break;
    case 2: send_event(input, flow); break;
    case 3:
        burst_run(); // it came before
        fuzz.now_ns += (uint64_t)fuzz_byte(input) << 20;
        fuzz_tick(100);
        break;
    case 4: burst_run(); command_how(input, flow); break;
    case 5: burst_run(); command_digits(input, flow); break;
    default: jump(input, flow); break;
    }
    if (count == BURST)
        burst_run();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, data + size};
    flows_make();
    count = 0;
    while (input.at < input.end)
        step(&input);
    burst_run();
    for (uint32_t i = 0; i < FLOWS; i++) { // a digit that lasts is over with its context
        tl_dtmf_drop(fuzz.worker, i, fuzz.now_ns);
        FUZZ_CHECK(tl_dtmf_of(fuzz.worker, i) == NULL);
        FUZZ_CHECK(fuzz.worker->cold[i].digits_due_ns == 0);
    }
    fuzz_check();
    return 0;
}
