// SPDX-License-Identifier: Apache-2.0
// Digits on their way out: what the packets say, and when they are sent.
#include "../checks/checks.h"
#include "CDTMF.h"

#define MS 1000000ull

enum { SENT_MAX = 8192 };

struct sent {
    uint64_t at_ms;
    struct tl_sender_packet packet;
    uint32_t duration; // of events
    uint8_t event;
    uint8_t end;
};

struct world {
    struct tl_sender sender;
    struct tl_flow_dtmf how;
    uint64_t now_ns;
    uint32_t is_used; // audio is sent at each moment that digits are
    uint32_t count;
    struct sent *sent;
};

static struct world *world_new(uint8_t send, uint16_t interval_ms)
{
    struct world *world = calloc(1, sizeof(*world));
    world->sent = calloc(SENT_MAX, sizeof(*world->sent));
    world->now_ns = 5000 * MS;
    world->how = (struct tl_flow_dtmf){.send = send, .send_type = 101, .send_volume = 10,
                                       .send_codec = TL_CODEC_PCMU, .send_clock_hz = 8000,
                                       .send_interval_ms = interval_ms, .digit_limit_ms = 10000};
    tl_sender_reset(&world->sender);
    return world;
}

static void world_end(struct world *world)
{
    free(world->sent);
    free(world);
}

static int put(struct world *world, const char *keys, uint32_t ms, uint16_t pause_ms)
{
    struct tl_sender_digit digits[TL_DIGITS_MAX];
    uint32_t count = 0;
    for (; keys[count] != '\0'; count++)
        digits[count] = (struct tl_sender_digit){
            .duration_ms = ms, .pause_ms = pause_ms, .event = (uint8_t)(keys[count] - '0')};
    return tl_sender_put(&world->sender, digits, count, world->now_ns);
}

// The line of the leg is the time in samples.
static void run_ms(struct world *world, uint32_t ms, uint32_t step_ms)
{
    for (uint32_t i = 0; i < ms; i += step_ms, world->now_ns += step_ms * MS)
        while (world->sender.due_ns <= world->now_ns) {
            struct sent *sent = &world->sent[world->count];
            const uint32_t timestamp = (uint32_t)(world->now_ns / MS * 8);
            const struct tl_sender_line line = {timestamp, timestamp, 8000, world->is_used};
            tl_sender_next(&world->sender, &world->how, line, world->now_ns, &sent->packet);
            if (sent->packet.length == 0)
                continue;
            CHECK(world->count + 1 < SENT_MAX);
            world->count++;
            sent->at_ms = world->now_ns / MS - 5000;
            const uint8_t *payload = sent->packet.payload;
            sent->event = payload[0];
            sent->end = payload[1] >> 7;
            sent->duration = (uint32_t)payload[2] << 8 | payload[3];
        }
}

static void test_event(void)
{
    struct world *world = world_new(TL_DTMF_SEND_EVENTS, 20);
    CHECK(put(world, "5", 100, 50));
    run_ms(world, 400, 1);
    CHECK_EQUAL(world->count, 7);
    for (uint32_t i = 0; i < 7; i++) {
        const struct sent *sent = &world->sent[i];
        CHECK_EQUAL(sent->at_ms, 20 * i);
        CHECK_EQUAL(sent->packet.length, 4);
        CHECK_EQUAL(sent->packet.timestamp, 5000 * 8);
        CHECK_EQUAL(sent->packet.payload_type, 101);
        CHECK_EQUAL(sent->packet.marker, i == 0);
        CHECK_EQUAL(sent->event, 5);
        CHECK_EQUAL(sent->packet.payload[1] & 0x7f, 10);
        CHECK_EQUAL(sent->end, i >= 4);
        CHECK_EQUAL(sent->duration, i < 4 ? 160 * (i + 1) : 800);
        CHECK_EQUAL(sent->packet.digit_over, i == 4);
        CHECK_EQUAL(sent->packet.idle, i == 6);
    }
    CHECK_EQUAL(world->sender.due_ns, UINT64_MAX);
    world_end(world);
}

// Each digit has its packets, whatever interval and pause are, and the pauses are kept.
static void test_queue(uint16_t interval_ms, uint32_t ms, uint16_t pause_ms)
{
    struct world *world = world_new(TL_DTMF_SEND_EVENTS, interval_ms);
    CHECK(put(world, "0123456789", ms, pause_ms));
    run_ms(world, 10 * (ms + pause_ms + 4u * interval_ms) + 1000, 1);
    uint32_t ends = 0, overs = 0, last = 0;
    for (uint32_t i = 0; i < world->count; i++) {
        const struct sent *sent = &world->sent[i];
        if (i > 0 && sent->packet.marker) {
            CHECK_EQUAL(world->sent[i - 1].end, 1);
            CHECK_EQUAL(sent->event, world->sent[i - 1].event + 1);
            CHECK(sent->at_ms - last >= ms + pause_ms);
            // What the time stamps say, too.
            CHECK(sent->packet.timestamp - world->sent[i - 1].packet.timestamp >=
                  8 * (ms + pause_ms));
            CHECK_EQUAL(ends, 3);
            ends = 0;
        }
        if (sent->packet.marker)
            last = (uint32_t)sent->at_ms;
        CHECK(sent->duration <= 8 * ms);
        if (sent->end)
            CHECK_EQUAL(sent->duration, 8 * ms);
        ends += sent->end;
        overs += sent->packet.digit_over;
        CHECK_EQUAL(sent->packet.idle, i + 1 == world->count);
    }
    CHECK_EQUAL(ends, 3);
    CHECK_EQUAL(overs, 10);
    // No later than it must be: nobody waits for end packets.
    CHECK(last <= 9 * (ms + pause_ms) + 9);
    world_end(world);
}

// A digit that is passed on while it lasts ends when it does, and by itself if nobody ends it.
static void test_open(void)
{
    struct world *world = world_new(TL_DTMF_SEND_EVENTS, 20);
    CHECK(put(world, "7", TL_SENDER_OPEN, 40));
    run_ms(world, 205, 1);
    CHECK_EQUAL(world->count, 11);
    CHECK(put(world, "8", 40, 40)); // waits behind it
    tl_sender_close(&world->sender, 210);
    run_ms(world, 500, 1);
    CHECK_EQUAL(world->sent[11].end, 1);
    CHECK_EQUAL(world->sent[11].duration, 220 * 8); // so much was told before
    CHECK_EQUAL(world->sent[13].end, 1);
    CHECK_EQUAL(world->sent[14].event, 8);
    world->count = 0;
    CHECK(put(world, "9", TL_SENDER_OPEN, 40));
    tl_sender_close(&world->sender, 3); // a digit has 40 ms at least
    run_ms(world, 500, 1);
    CHECK_EQUAL(world->sent[world->count - 1].duration, 320);
    world->count = 0;
    CHECK(put(world, "9", TL_SENDER_OPEN, 40));
    run_ms(world, 11000, 1);
    const struct sent *last = &world->sent[world->count - 1];
    CHECK_EQUAL(last->end, 1);
    CHECK_EQUAL(last->packet.timestamp + last->duration - world->sent[0].packet.timestamp, 80000);
    CHECK_EQUAL(world->sender.due_ns, UINT64_MAX);
    world_end(world);
}

// Segments of a long event follow each other without a hole (RFC 4733 section 2.5.1.3).
static void test_segments(uint32_t clock_hz, uint16_t interval_ms)
{
    struct world *world = world_new(TL_DTMF_SEND_EVENTS, interval_ms);
    world->how.send_clock_hz = clock_hz;
    world->how.digit_limit_ms = 60000;
    CHECK(put(world, "7", TL_SENDER_OPEN, 40));
    run_ms(world, 30000, 1);
    tl_sender_close(&world->sender, 30000);
    run_ms(world, 1000, 1);
    uint32_t begin = world->sent[0].packet.timestamp, markers = 0, ends = 0;
    for (uint32_t i = 0; i < world->count; i++) {
        const struct sent *sent = &world->sent[i];
        markers += sent->packet.marker;
        ends += sent->end;
        if (i > 0 && sent->packet.timestamp != begin) {
            CHECK_EQUAL(sent->packet.timestamp - begin, 0xffff);
            CHECK_EQUAL(world->sent[i - 1].duration, 0xffff);
            CHECK_EQUAL(world->sent[i - 1].end, 0);
            begin = sent->packet.timestamp;
        }
    }
    const struct sent *last = &world->sent[world->count - 1];
    uint64_t total = (uint64_t)(last->packet.timestamp - world->sent[0].packet.timestamp) +
                     last->duration;
    CHECK(total >= 30 * (uint64_t)clock_hz);
    CHECK(total <= 30 * (uint64_t)clock_hz + clock_hz / 10);
    CHECK_EQUAL(markers, 1);
    CHECK_EQUAL(ends, 3);
    world_end(world);
}

// A worker that is away for a moment sends the same, a little later.
static void test_late(void)
{
    struct world *world = world_new(TL_DTMF_SEND_EVENTS, 20);
    CHECK(put(world, "12", 100, 50));
    run_ms(world, 2000, 90);
    CHECK_EQUAL(world->count, 14);
    for (uint32_t i = 0; i < 14; i++)
        CHECK_EQUAL(world->sent[i].event, i < 7 ? 1 : 2);
    CHECK_EQUAL(world->sent[7].packet.timestamp - world->sent[0].packet.timestamp, 150 * 8);
    world->count = 0;
    CHECK(put(world, "34", 100, 50)); // away for longer than that: no burst afterwards
    run_ms(world, 3000, 500);
    CHECK(world->count >= 8 && world->count <= 14);
    uint32_t ends = 0;
    for (uint32_t i = 0; i < world->count; i++)
        ends += world->sent[i].end;
    CHECK_EQUAL(ends, 6);
    world_end(world);
}

// However late a worker is, two digits of one key are two events: one begins behind the other's end
// and its pause (RFC 4733 section 2.3.3), whatever of them leaves in one burst.
static void test_late_twins(uint32_t ms, uint16_t pause_ms, uint32_t late_ms, uint32_t clock_hz)
{
    struct world *world = world_new(TL_DTMF_SEND_EVENTS, 20);
    world->how.send_clock_hz = clock_hz;
    CHECK(put(world, "555", ms, pause_ms));
    run_ms(world, 1 + late_ms % 7, 1);
    world->now_ns += late_ms * MS;
    run_ms(world, 2000, 1);
    uint32_t markers = 0, before = 0;
    for (uint32_t i = 0; i < world->count; i++) {
        const struct sent *sent = &world->sent[i];
        if (!sent->packet.marker) {
            CHECK_EQUAL(sent->packet.timestamp, before);
            continue;
        }
        CHECK(markers == 0 || sent->packet.timestamp - before >= 8 * (ms + pause_ms));
        CHECK(i == 0 || sent->packet.timestamp - world->sent[i - 1].packet.until >= 8u * pause_ms);
        before = sent->packet.timestamp;
        markers++;
    }
    CHECK_EQUAL(markers, 3);
    const struct sent *last = &world->sent[world->count - 1];
    CHECK_EQUAL(last->packet.until - last->packet.timestamp, 8 * ms);
    CHECK((uint32_t)(world->now_ns / MS * 8) - last->packet.until < 0x80000000u);
    world_end(world);
}

static void test_full(void)
{
    struct world *world = world_new(TL_DTMF_SEND_EVENTS, 20);
    CHECK(put(world, "0123456789012345678901234567890", 40, 40));
    CHECK(!put(world, "12", 40, 40));
    CHECK(put(world, "1", 40, 40));
    CHECK(!put(world, "1", 40, 40));
    run_ms(world, 40, 1);
    CHECK(!put(world, "1", 40, 40));
    run_ms(world, 60, 1);
    CHECK(put(world, "1", 40, 40));
    world_end(world);
}

// Tones: audio without a hole from the first digit to the last, and none behind it.
static void test_tones(uint16_t interval_ms)
{
    struct world *world = world_new(TL_DTMF_SEND_TONES, interval_ms);
    world->how.send_type = 0;
    CHECK(put(world, "123", 100, 70));
    run_ms(world, 2000, 1);
    uint32_t samples = 8u * interval_ms, overs = 0;
    for (uint32_t i = 0; i < world->count; i++) {
        const struct sent *sent = &world->sent[i];
        CHECK_EQUAL(sent->packet.length, samples);
        CHECK_EQUAL(sent->packet.payload_type, 0);
        overs += sent->packet.digit_over;
        CHECK_EQUAL(sent->packet.idle, i + 1 == world->count);
        if (i > 0) {
            CHECK_EQUAL(sent->packet.timestamp - world->sent[i - 1].packet.timestamp, samples);
            CHECK(sent->at_ms - world->sent[i - 1].at_ms <= interval_ms + 1u);
        }
    }
    CHECK_EQUAL(overs, 3);
    CHECK(world->count * interval_ms >= 3 * 100 + 2 * 70);
    CHECK(world->count * interval_ms <= 3 * 100 + 2 * 70 + 5 * interval_ms);
    CHECK_EQUAL(world->sender.due_ns, UINT64_MAX);
    world->count = 0;
    uint64_t before = world->now_ns / MS;
    CHECK(put(world, "4", 100, 70));
    run_ms(world, 2000, 1);
    CHECK_EQUAL(world->sent[0].packet.timestamp, before * 8);
    world->count = 0;
    world->is_used = 1; // its packet is an interval long
    before = world->now_ns / MS;
    CHECK(put(world, "5", 100, 70));
    run_ms(world, 2000, 1);
    CHECK_EQUAL(world->sent[0].packet.timestamp, before * 8 + samples);
    world_end(world);
}

int main(void)
{
    test_event();
    test_queue(20, 100, 50);
    test_queue(20, 40, 40);
    test_queue(50, 40, 40);
    test_queue(100, 40, 40);
    test_queue(10, 40, 40);
    test_queue(30, 100, 40);
    test_open();
    test_segments(8000, 20);
    test_segments(48000, 50);
    test_segments(192000, 100);
    test_late();
    for (uint32_t late_ms = 0; late_ms < 400; late_ms += 3) {
        test_late_twins(40, 40, late_ms, 8000);
        test_late_twins(40, 70, late_ms, 48000);
        test_late_twins(100, 40, late_ms, 16000);
    }
    test_full();
    test_tones(20);
    test_tones(30);
    test_tones(100);
    return tests_passed("sender", 0);
}
