// SPDX-License-Identifier: Apache-2.0
// Reports of digits to the control plane: each once, when it is over, and none lost while there is
// room for it.
#include "digit_call.h"
#include "rings.h"

static struct tl_digit digit_of(const struct tl_event *event)
{
    struct tl_digit digit;
    memcpy(&digit, event->address, sizeof(digit));
    return digit;
}

static struct ear reporting_call(struct rings *rings)
{
    struct ear ear = digit_call(ADDRESS_1, "198.18.1.3",
                                TL_DTMF_EVENTS | TL_DTMF_TAKE | TL_DTMF_REPORT, NULL, NULL);
    rings_attach(rings, ear.world->worker, 0xfffffffe);
    return ear;
}

static void test_each(void)
{
    static struct rings rings;
    struct ear ear = reporting_call(&rings);
    struct mouth mouth = {.sequence = 10, .timestamp = 1000};
    struct tl_event event;
    for (uint8_t key = 0; key < 17; key++) {
        uint64_t before_ns = ear.world->now_ns;
        say_digit(&ear, &mouth, key);
        CHECK_EQUAL(rings_poll(ear.world), TL_FAULT_NONE);
        CHECK(rings_event(&rings, &event));
        CHECK_EQUAL(event.kind, TL_EVENT_DIGIT);
        CHECK_EQUAL(event.flow_index, 0);
        CHECK_EQUAL(event.generation, 7);
        struct tl_digit digit = digit_of(&event);
        CHECK_EQUAL(digit.event, key);
        CHECK_EQUAL(digit.form, TL_DIGIT_BY_EVENT);
        CHECK_EQUAL(digit.volume, 12);
        CHECK_EQUAL(digit.duration_ms, 100);
        CHECK_EQUAL(digit.started_ns, before_ns - 20 * MS);
        CHECK(!rings_event(&rings, &event));
    }
    ear_end(&ear);
}

// Nobody reads: they wait, as many as there is room for, and what is beyond is counted.
static void test_full(void)
{
    static struct rings rings;
    struct ear ear = reporting_call(&rings);
    struct mouth mouth = {.sequence = 10, .timestamp = 1000};
    struct tl_event event;
    uint32_t told = 0;
    for (uint32_t i = 0; i < EVENT_SLOTS + TL_DTMF_TOLD_MAX + 5; i++) {
        say_digit(&ear, &mouth, (uint8_t)(i % 16));
        CHECK_EQUAL(rings_poll(ear.world), TL_FAULT_NONE);
    }
    CHECK_EQUAL(ear.world->worker->counters.digits_lost, 5);
    CHECK(ear.world->worker->counters.events_deferred != 0);
    for (uint32_t turn = 0; turn < 20; turn++) {
        while (rings_event(&rings, &event)) {
            CHECK_EQUAL(digit_of(&event).event, told % 16);
            told++;
        }
        CHECK_EQUAL(rings_poll(ear.world), TL_FAULT_NONE);
    }
    CHECK_EQUAL(told, EVENT_SLOTS + TL_DTMF_TOLD_MAX);
    ear_end(&ear);
}

// A flow that goes, or is told of no digits any more, has none to report; its slot is another's.
static void test_gone(void)
{
    static struct rings rings;
    struct ear ear = reporting_call(&rings);
    struct mouth mouth = {.sequence = 10, .timestamp = 1000};
    const struct tl_flow_dtmf nothing = {0};
    struct tl_event event;
    say_digit(&ear, &mouth, 1);
    CHECK_EQUAL(command_dtmf(ear.world, 0, nothing), TL_STATUS_OK);
    CHECK_EQUAL(rings_poll(ear.world), TL_FAULT_NONE);
    CHECK(!rings_event(&rings, &event));
    CHECK_EQUAL(ear.world->worker->counters.digits_lost, 1);
    CHECK_EQUAL(command_dtmf(ear.world, 0, how_make(TL_DTMF_EVENTS | TL_DTMF_REPORT)),
                TL_STATUS_OK);
    say_digit(&ear, &mouth, 2);
    CHECK_EQUAL(command(ear.world, TL_OP_REMOVE, 0, 7, NULL), TL_STATUS_OK);
    CHECK_EQUAL(rings_poll(ear.world), TL_FAULT_NONE);
    CHECK(!rings_event(&rings, &event));
    CHECK_EQUAL(ear.world->worker->counters.digits_lost, 2);
    ear_end(&ear);
}

// In the middle of a digit the settings change: it is over, and told.
static void test_changed(void)
{
    static struct rings rings;
    struct ear ear = reporting_call(&rings);
    struct mouth mouth = {.sequence = 10, .timestamp = 1000, .event_timestamp = 1000};
    struct tl_event event;
    say_event(&ear, &mouth, 3, 160, 0);
    CHECK_EQUAL(command_dtmf(ear.world, 0, how_make(TL_DTMF_TONES | TL_DTMF_REPORT)),
                TL_STATUS_OK);
    CHECK_EQUAL(rings_poll(ear.world), TL_FAULT_NONE);
    CHECK(rings_event(&rings, &event));
    CHECK_EQUAL(digit_of(&event).event, 3);
    CHECK_EQUAL(digit_of(&event).duration_ms, 20);
    ear_end(&ear);
}

static void tests(void)
{
    test_each();
    test_full();
    test_gone();
    test_changed();
}

int main(void)
{
    with_engine(tests);
    return tests_passed("digit_reports", 0);
}
