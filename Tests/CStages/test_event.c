// SPDX-License-Identifier: Apache-2.0
// Telephone-events as a network delivers them: whatever is lost, repeated or late, each is one
// digit.
#include "../checks/checks.h"
#include "CDTMF.h"
#include "CFlowABI.h"

#define MS 1000000ull

enum { CLOCK = 8000, LIMIT_MS = 20000, TRAIL_MAX = 4096 };

// What came out of a receiver.
struct trail {
    struct tl_event_receiver receiver;
    uint64_t now_ns;
    uint32_t clock_hz;
    uint32_t began;
    uint32_t ended;
    struct tl_digit_change changes[TRAIL_MAX]; // the ends
};

static struct trail *trail_new(void)
{
    struct trail *trail = calloc(1, sizeof(*trail));
    trail->now_ns = 1000000 * MS;
    trail->clock_hz = CLOCK;
    return trail;
}

static void note(struct trail *trail, const struct tl_digit_change *changes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        CHECK(trail->ended < TRAIL_MAX);
        if (changes[i].kind == TL_DIGIT_BEGAN)
            trail->began++;
        else
            trail->changes[trail->ended++] = changes[i];
        CHECK(trail->began - trail->ended <= 2);
    }
}

struct event {
    uint32_t ssrc;
    uint32_t timestamp;
    uint32_t duration;
    uint8_t event;
    uint8_t end;
    uint8_t marker;
};

static uint32_t receive(struct trail *trail, struct event event)
{
    uint8_t payload[TL_EVENT_BYTES];
    struct tl_digit_change changes[TL_EVENT_CHANGES_MAX];
    uint32_t count = 0;
    tl_event_write(payload, event.event, event.end, 10, event.duration);
    struct tl_event_arrival arrival = {.payload = payload, .length = sizeof(payload),
                                       .ssrc = event.ssrc, .timestamp = event.timestamp,
                                       .clock_hz = trail->clock_hz, .now_ns = trail->now_ns,
                                       .limit_ms = LIMIT_MS, .marker = event.marker};
    uint32_t result = tl_event_receive(&trail->receiver, &arrival, changes, &count);
    note(trail, changes, count);
    return result;
}

static void wait_ms(struct trail *trail, uint32_t ms)
{
    struct tl_digit_change change;
    trail->now_ns += ms * MS;
    if (tl_event_silence(&trail->receiver, trail->now_ns, &change))
        note(trail, &change, 1);
}

static void check_digit(const struct trail *trail, uint32_t place, uint8_t event, uint32_t ms)
{
    CHECK(place < trail->ended);
    CHECK_EQUAL(trail->changes[place].event, event);
    CHECK_EQUAL(trail->changes[place].duration_ms, ms);
}

static void check_count(const struct trail *trail, uint32_t count)
{
    CHECK_EQUAL(trail->began, count);
    CHECK_EQUAL(trail->ended, count);
}

// A whole digit of 100 ms, but for the packets that `lost` names by bit: five, and two more ends.
static void digit(struct trail *trail, uint32_t timestamp, uint8_t event, uint32_t lost)
{
    for (uint32_t i = 0; i < 7; i++) {
        uint32_t told = i < 4 ? i + 1 : 5;
        if (!(lost >> i & 1))
            receive(trail, (struct event){.ssrc = 1, .timestamp = timestamp, .event = event,
                                          .duration = told * 160, .end = i >= 4,
                                          .marker = i == 0});
        wait_ms(trail, 20);
    }
}

// Whatever of a digit is lost, it is one, as long as one packet comes.
static void test_losses(void)
{
    for (uint32_t lost = 0; lost < 127; lost++) {
        struct trail *trail = trail_new();
        digit(trail, 5000, 7, lost);
        wait_ms(trail, 300);
        check_count(trail, 1);
        CHECK_EQUAL(trail->changes[0].event, 7);
        if ((lost & 0x70) != 0x70)
            CHECK_EQUAL(trail->changes[0].duration_ms, 100);
        free(trail);
    }
}

static void test_repetitions(void)
{
    struct trail *trail = trail_new();
    for (uint32_t i = 0; i < 5; i++)
        digit(trail, 5000, 1, 0);
    check_count(trail, 1);
    digit(trail, 7000, 1, 0); // the same key again
    check_count(trail, 2);
    digit(trail, 5000, 1, 0);
    check_count(trail, 2);
    receive(trail, (struct event){.ssrc = 2, .timestamp = 7000, .duration = 800, .event = 1,
                                  .end = 1}); // of another stream it is another
    check_count(trail, 3);
    free(trail);
}

// The end is lost: the next digit is the end, or silence is.
static void test_lost_end(void)
{
    struct trail *trail = trail_new();
    digit(trail, 5000, 1, 0x70);
    CHECK_EQUAL(trail->ended, 0);
    digit(trail, 6600, 2, 0);
    check_count(trail, 2);
    check_digit(trail, 0, 1, 80);
    check_digit(trail, 1, 2, 100);
    digit(trail, 8200, 3, 0x70);
    CHECK_EQUAL(trail->ended, 2);
    CHECK(tl_event_due(&trail->receiver) != UINT64_MAX);
    wait_ms(trail, TL_EVENT_SILENCE_MS);
    CHECK_EQUAL(tl_event_due(&trail->receiver), UINT64_MAX);
    check_count(trail, 3);
    digit(trail, 8200, 3, 0); // that was only a hole in the network
    check_count(trail, 3);
    free(trail);
}

// The last packets of a digit come behind the first of the next, and a digit behind another.
static void test_across_digits(void)
{
    struct trail *trail = trail_new();
    digit(trail, 5000, 1, 0x70);
    receive(trail, (struct event){1, 6600, 160, 2, 0, 1});
    receive(trail, (struct event){1, 5000, 800, 1, 1, 0});
    receive(trail, (struct event){1, 6600, 320, 2, 0, 0});
    receive(trail, (struct event){1, 5000, 800, 1, 1, 0});
    receive(trail, (struct event){1, 6600, 800, 2, 1, 0});
    check_count(trail, 2);
    receive(trail, (struct event){1, 9000, 160, 4, 0, 1});
    receive(trail, (struct event){1, 8000, 800, 3, 1, 0}); // all that came of it
    receive(trail, (struct event){1, 8000, 800, 3, 1, 0});
    receive(trail, (struct event){1, 9000, 800, 4, 1, 0});
    check_count(trail, 4);
    CHECK_EQUAL(trail->changes[2].event, 3);
    CHECK_EQUAL(trail->changes[3].event, 4);
    free(trail);
}

// Longer than 16 bits say: in segments (RFC 4733 section 2.5.1.3).
static void segments(uint32_t lost_every)
{
    struct trail *trail = trail_new();
    uint32_t begin = 5000, sent = 0;
    for (uint32_t ms = 50; ms < 18000; ms += 50) {
        uint32_t units = ms * 8 - (begin - 5000);
        if (units > 0xffff) {
            if (lost_every == 0 || sent++ % lost_every != 0)
                receive(trail, (struct event){1, begin, 0xffff, 9, 0, 0});
            begin += 0xffff;
            units -= 0xffff;
        }
        if (lost_every == 0 || sent++ % lost_every != 0)
            receive(trail, (struct event){1, begin, units, 9, 0, ms == 50});
        wait_ms(trail, 50);
    }
    CHECK_EQUAL(trail->began, 1);
    CHECK_EQUAL(trail->ended, 0);
    receive(trail, (struct event){1, begin, 18000 * 8 - (begin - 5000), 9, 1, 0});
    receive(trail, (struct event){1, 5000, 0xffff, 9, 0, 0}); // an old segment, late
    check_count(trail, 1);
    CHECK(trail->changes[0].duration_ms >= 17999 && trail->changes[0].duration_ms <= 18000);
    free(trail);
}

// Some let the field wrap instead.
static void test_wrap(void)
{
    struct trail *trail = trail_new();
    for (uint32_t ms = 50; ms <= 18000; ms += 50) {
        receive(trail, (struct event){1, 5000, ms * 8 & 0xffff, 9, ms == 18000, ms == 50});
        wait_ms(trail, 50);
    }
    check_count(trail, 1);
    check_digit(trail, 0, 9, 18000);
    free(trail);
}

// What does not end is ended, once, whatever goes on over there.
static void test_limit(void)
{
    struct trail *trail = trail_new();
    uint32_t begin = 5000;
    for (uint32_t ms = 50; ms <= 60000; ms += 50) {
        uint32_t units = ms * 8 - (begin - 5000);
        if (units > 0xffff) {
            begin += 0xffff;
            units -= 0xffff;
        }
        receive(trail, (struct event){1, begin, units, 9, 0, 0});
        wait_ms(trail, 50);
        CHECK_EQUAL(trail->ended, ms >= LIMIT_MS);
    }
    wait_ms(trail, 300);
    check_count(trail, 1);
    check_digit(trail, 0, 9, LIMIT_MS);
    // One whose duration stands still, by the clock.
    for (uint32_t ms = 50; ms <= 30000; ms += 50) {
        receive(trail, (struct event){1, 3000000, 160, 8, 0, 0});
        wait_ms(trail, 50);
    }
    check_count(trail, 2);
    receive(trail, (struct event){1, 3000000, 160, 8, 1, 0});
    check_count(trail, 2);
    free(trail);
}

static void test_absurd(void)
{
    struct trail *trail = trail_new();
    trail->clock_hz = 8000;
    receive(trail, (struct event){1, 5000, 0xffff, 1, 1, 1});
    check_digit(trail, 0, 1, 8191);
    receive(trail, (struct event){1, 6000, 0, 2, 1, 1});
    check_digit(trail, 1, 2, 0);
    check_count(trail, 2);
    CHECK_EQUAL(receive(trail, (struct event){1, 7000, 160, 17, 0, 0}), TL_EVENT_OTHER);
    CHECK_EQUAL(receive(trail, (struct event){1, 7000, 160, 255, 1, 0}), TL_EVENT_OTHER);
    check_count(trail, 2);
    struct tl_digit_change changes[TL_EVENT_CHANGES_MAX];
    uint32_t count = 7;
    struct tl_event_arrival arrival = {.payload = (const uint8_t *)"\1\2\3", .length = 3,
                                       .clock_hz = 8000, .limit_ms = 1000};
    CHECK_EQUAL(tl_event_receive(&trail->receiver, &arrival, changes, &count), TL_EVENT_SHORT);
    CHECK_EQUAL(count, 0);
    free(trail);
}

// A name is known for a while only, since a clock may step back; and not at all in a stream that
// began anew.
static void test_names_end(void)
{
    struct trail *trail = trail_new();
    digit(trail, 5000, 1, 0);
    wait_ms(trail, TL_EVENT_RECENT_MS - 200);
    digit(trail, 5000, 1, 0);
    check_count(trail, 1);
    wait_ms(trail, TL_EVENT_RECENT_MS + 1);
    digit(trail, 5000, 1, 0);
    check_count(trail, 2);
    tl_event_forget(&trail->receiver);
    digit(trail, 5000, 1, 0);
    check_count(trail, 3);
    free(trail);
}

// Another payload type with another clock, in the middle of a digit.
static void test_clock_change(void)
{
    struct trail *trail = trail_new();
    receive(trail, (struct event){1, 5000, 160, 1, 0, 1});
    trail->clock_hz = 48000;
    receive(trail, (struct event){1, 5000, 1920, 1, 0, 0});
    receive(trail, (struct event){1, 5000, 4800, 1, 1, 0});
    check_count(trail, 1);
    check_digit(trail, 0, 1, 100);
    free(trail);
}

static void test_flood(void)
{
    struct trail *trail = trail_new();
    uint32_t good = 0;
    for (uint32_t i = 0; i < 1000; i++)
        good += receive(trail, (struct event){1, 1000 * i, 160, (uint8_t)(i % 16), 1, 1}) ==
                TL_EVENT_GOOD;
    CHECK_EQUAL(good, TL_EVENT_BURST);
    wait_ms(trail, 10000);
    good = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        good += receive(trail, (struct event){1, 5000000 + 1000 * i, 160, 3, 1, 1}) ==
                TL_EVENT_GOOD;
        wait_ms(trail, 10);
    }
    CHECK_EQUAL(good, TL_EVENT_BURST + 10 * TL_EVENT_PER_SECOND - 1);
    free(trail);
}

// Several events in one packet (RFC 4733 section 2.5.1.5), and what only looks like more of them.
static void test_packed(void)
{
    static const uint8_t two[12] = {1, 0x8a, 3, 0x20, 2, 0x8a, 3, 0x20, 0, 0, 0, 0};
    struct trail *trail = trail_new();
    struct tl_digit_change changes[TL_EVENT_CHANGES_MAX];
    uint32_t count;
    struct tl_event_arrival arrival = {.payload = two, .length = sizeof(two), .ssrc = 1,
                                       .timestamp = 1000, .clock_hz = CLOCK,
                                       .now_ns = trail->now_ns, .limit_ms = LIMIT_MS};
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_EQUAL(tl_event_receive(&trail->receiver, &arrival, changes, &count), TL_EVENT_GOOD);
        note(trail, changes, count);
    }
    check_count(trail, 2);
    check_digit(trail, 0, 1, 100);
    check_digit(trail, 1, 2, 100);
    CHECK_EQUAL(trail->receiver.left_out, 0);
    free(trail);
}

// More of them than are read, and more than a flow may have: what is left out is counted.
static void test_packed_too_much(void)
{
    uint8_t six[24];
    struct trail *trail = trail_new();
    struct tl_digit_change changes[TL_EVENT_CHANGES_MAX];
    uint32_t count, rounds = 5;
    for (uint8_t i = 0; i < 6; i++)
        tl_event_write(six + 4 * i, i, 1, 10, 800);
    for (uint32_t i = 0; i < rounds; i++) {
        struct tl_event_arrival arrival = {.payload = six, .length = sizeof(six), .ssrc = 1,
                                           .timestamp = 10000 * (i + 1), .clock_hz = CLOCK,
                                           .now_ns = trail->now_ns, .limit_ms = LIMIT_MS};
        uint32_t result = tl_event_receive(&trail->receiver, &arrival, changes, &count);
        CHECK_EQUAL(result, i < 4 ? TL_EVENT_GOOD : TL_EVENT_FLOOD);
        note(trail, changes, count);
    }
    check_count(trail, TL_EVENT_BURST);
    CHECK_EQUAL(trail->receiver.left_out, 4 * 2);
    tl_event_write(six + 4, 99, 1, 10, 800); // no digit
    wait_ms(trail, 60); // room for one
    struct tl_event_arrival arrival = {.payload = six, .length = sizeof(six), .ssrc = 1,
                                       .timestamp = 100000, .clock_hz = CLOCK,
                                       .now_ns = trail->now_ns, .limit_ms = LIMIT_MS};
    CHECK_EQUAL(tl_event_receive(&trail->receiver, &arrival, changes, &count), TL_EVENT_GOOD);
    note(trail, changes, count);
    check_count(trail, TL_EVENT_BURST + 1);
    CHECK_EQUAL(trail->receiver.left_out, 4 * 2 + 4);
    free(trail);
}

// Random digits, with loss, repetition and reordering, against what was sent.
enum { DIGITS = 200, PACKETS = DIGITS * 40 };

static void test_random(void)
{
    for (test_seed = 1; test_seed <= 300; test_seed++) {
        struct trail *trail = trail_new();
        struct { struct event event; uint64_t at; } *sent = calloc(PACKETS, sizeof(*sent));
        uint32_t count = 0, heard[DIGITS] = {0}, expected = 0;
        uint8_t keys[DIGITS];
        uint64_t at = trail->now_ns;
        for (uint32_t i = 0; i < DIGITS; i++) {
            uint32_t steps = 3 + random_below(10);
            uint32_t timestamp = (uint32_t)(at / MS * 8);
            keys[i] = (uint8_t)random_below(17);
            for (uint32_t j = 0; j < steps + 2; j++, at += 20 * MS) {
                uint32_t told = j < steps ? j + 1 : steps;
                if (random_below(100) < 2)
                    continue;
                heard[i]++;
                uint64_t late = random_below(100) < 5 ? random_below(70) * MS : 0;
                sent[count].at = at + late;
                sent[count++].event = (struct event){9, timestamp, told * 160, keys[i],
                                                     j + 1 >= steps, j == 0};
            }
            at += (uint64_t)random_below(60) * MS;
            expected += heard[i] != 0;
        }
        for (uint32_t i = 1; i < count; i++) // by arrival, as little out of order as they are
            for (uint32_t j = i; j > 0 && sent[j].at < sent[j - 1].at; j--) {
                struct event event = sent[j].event;
                uint64_t time = sent[j].at;
                sent[j] = sent[j - 1];
                sent[j - 1].event = event;
                sent[j - 1].at = time;
            }
        for (uint32_t i = 0; i < count; i++) {
            wait_ms(trail, (uint32_t)((sent[i].at - trail->now_ns) / MS));
            CHECK_EQUAL(receive(trail, sent[i].event), TL_EVENT_GOOD);
        }
        wait_ms(trail, 300);
        check_count(trail, expected);
        uint32_t seen[17] = {0}, wanted[17] = {0};
        for (uint32_t i = 0; i < DIGITS; i++) {
            wanted[keys[i]] += heard[i] != 0;
            if (i < trail->ended)
                seen[trail->changes[i].event]++;
        }
        CHECK(memcmp(seen, wanted, sizeof(seen)) == 0);
        free(sent);
        free(trail);
    }
    test_seed = 1;
}

// Any bytes: never more changes than there is room for, each digit ends once.
static void test_noise(void)
{
    struct trail *trail = trail_new();
    for (uint32_t i = 0; i < 200000; i++) {
        uint8_t payload[24];
        struct tl_digit_change changes[TL_EVENT_CHANGES_MAX];
        uint32_t count;
        for (uint32_t j = 0; j < sizeof(payload); j++)
            payload[j] = (uint8_t)(random_below(3) == 0 ? random_below(256) : random_below(4));
        struct tl_event_arrival arrival = {
            .payload = payload, .length = random_below(25), .ssrc = random_below(2),
            .timestamp = random_below(4) * 0xffff, .clock_hz = 8000u << random_below(3),
            .now_ns = trail->now_ns, .limit_ms = 1000 + random_below(2) * 9000,
            .marker = random_below(2)};
        tl_event_receive(&trail->receiver, &arrival, changes, &count);
        CHECK(count <= TL_EVENT_CHANGES_MAX);
        for (uint32_t j = 0; j < count; j++) {
            CHECK(changes[j].event <= TL_DTMF_EVENT_MAX);
            CHECK(changes[j].duration_ms <= arrival.limit_ms);
            trail->began += changes[j].kind == TL_DIGIT_BEGAN;
            trail->ended += changes[j].kind == TL_DIGIT_ENDED;
        }
        CHECK(trail->began - trail->ended <= 1);
        trail->now_ns += random_below(40) * MS;
    }
    free(trail);
}

int main(void)
{
    test_losses();
    test_repetitions();
    test_lost_end();
    test_across_digits();
    segments(0);
    segments(7);
    test_wrap();
    test_limit();
    test_absurd();
    test_names_end();
    test_clock_change();
    test_flood();
    test_packed();
    test_packed_too_much();
    test_random();
    test_noise();
    return tests_passed("event", 0);
}
