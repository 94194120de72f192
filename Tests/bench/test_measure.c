// SPDX-License-Identifier: Apache-2.0
// Histogram, window and schedule.

#include "expect.h"
#include "histogram.h"
#include "random.h"
#include "schedule.h"
#include "window.h"

static struct tl_histogram histogram;

static void test_buckets(void)
{
    uint32_t last = 0;
    for (uint64_t value = 0; value < 1u << 16; value++) {
        uint32_t bucket = tl_histogram_bucket(value);
        CHECK(bucket == last || bucket == last + 1);
        last = bucket;
    }
    CHECK_EQUAL(tl_histogram_bucket((1ull << TL_HISTOGRAM_POWERS) - 1), TL_HISTOGRAM_BUCKETS - 1);
    CHECK_EQUAL(tl_histogram_bucket(UINT64_MAX), TL_HISTOGRAM_BUCKETS - 1);
}

static void test_percentiles(void)
{
    CHECK_EQUAL(tl_histogram_percentile(&histogram, 0.5), 0);
    for (uint64_t value = 1; value <= 100000; value++)
        tl_histogram_add(&histogram, value);
    CHECK_EQUAL(histogram.count, 100000);
    CHECK_EQUAL(histogram.least, 1);
    const double shares[] = {0.1, 0.5, 0.9, 0.99, 0.999};
    for (size_t i = 0; i < sizeof(shares) / sizeof(*shares); i++) {
        double exact = shares[i] * 100000;
        double value = (double)tl_histogram_percentile(&histogram, shares[i]);
        CHECK(value >= exact && value <= exact + exact / (double)TL_HISTOGRAM_STEPS);
    }
    CHECK_EQUAL(tl_histogram_percentile(&histogram, 1), 100000);
    tl_histogram_add(&histogram, UINT64_MAX);
    CHECK_EQUAL(histogram.most, UINT64_MAX);
    CHECK_EQUAL(tl_histogram_percentile(&histogram, 1), UINT64_MAX);
}

static void test_window(void)
{
    struct tl_window window = {0};
    CHECK_EQUAL(tl_window_note(&window, 0), TL_ORDER_NEXT);
    CHECK_EQUAL(tl_window_note(&window, 0), TL_ORDER_DUPLICATE);
    CHECK_EQUAL(tl_window_note(&window, 3), TL_ORDER_NEXT);
    CHECK_EQUAL(tl_window_note(&window, 1), TL_ORDER_LATE);
    CHECK_EQUAL(tl_window_note(&window, 1), TL_ORDER_DUPLICATE);
    CHECK_EQUAL(tl_window_note(&window, 66), TL_ORDER_NEXT);
    CHECK_EQUAL(tl_window_note(&window, 3), TL_ORDER_DUPLICATE); // the oldest that it knows
    CHECK_EQUAL(tl_window_note(&window, 2), TL_ORDER_LATE);      // too old to know
    CHECK_EQUAL(tl_window_note(&window, 130), TL_ORDER_NEXT);
    CHECK_EQUAL(tl_window_note(&window, 67), TL_ORDER_LATE);
    CHECK_EQUAL(tl_window_note(&window, UINT64_MAX - 1), TL_ORDER_NEXT);
    CHECK_EQUAL(tl_window_note(&window, UINT64_MAX - 2), TL_ORDER_LATE);
}

// Against the plainest model: every counter of a shuffled run is once new and then a duplicate.
static void test_window_model(void)
{
    enum { COUNT = 4096, NEAR = 60 };
    static uint8_t seen[COUNT];
    struct tl_window window = {0};
    uint64_t random = 3, highest = 0;
    for (int i = 0; i < 100000; i++) {
        uint64_t low = highest > NEAR ? highest - NEAR : 0;
        uint64_t counter = low + tl_random_below(&random, NEAR + 4);
        if (counter >= COUNT)
            break;
        enum tl_order order = tl_window_note(&window, counter);
        CHECK_EQUAL(order == TL_ORDER_DUPLICATE, seen[counter]);
        seen[counter] = 1;
        highest = counter > highest ? counter : highest;
    }
    CHECK(highest > COUNT / 2);
}

enum { STREAMS = 1000, HZ = 1000000 };

static uint32_t order[STREAMS];
static uint64_t phases[STREAMS];

// Drives a schedule over whole rounds with a clock of steps of `step` cycles.
static void check_rounds(struct tl_schedule *schedule, uint32_t rounds, uint64_t step)
{
    static uint32_t counts[STREAMS];
    uint64_t now = 5000, total = 0;
    for (uint32_t i = 0; i < STREAMS; i++)
        counts[i] = 0;
    tl_schedule_start(schedule, now);
    uint64_t end = now + rounds * schedule->period;
    for (; now < end; now += step) {
        uint32_t ready = tl_schedule_ready(schedule, now, 32);
        for (uint32_t i = 0; i < ready; i++) {
            CHECK(tl_schedule_due(schedule) <= now);
            uint32_t ahead = tl_schedule_peek(schedule, 0);
            CHECK_EQUAL(tl_schedule_take(schedule), ahead);
            counts[ahead]++;
            total++;
        }
    }
    CHECK(total + 40 >= rounds * STREAMS && total <= rounds * STREAMS);
    for (uint32_t i = 0; i < STREAMS; i++)
        CHECK(counts[i] + 1 >= rounds && counts[i] <= rounds);
}

static void test_schedule(void)
{
    struct tl_schedule schedule = {.order = order, .phases = phases};
    tl_schedule_streams(&schedule, STREAMS, 50, HZ, 1);
    CHECK_EQUAL(schedule.period, HZ / 50);
    for (uint32_t i = 1; i < STREAMS; i++)
        CHECK(phases[i - 1] <= phases[i] && phases[i] < schedule.period);
    check_rounds(&schedule, 10, 3);
    tl_schedule_rate(&schedule, STREAMS, 10000, HZ, 1);
    CHECK_EQUAL(schedule.period, HZ / 10);
    CHECK_EQUAL(phases[1] - phases[0], 100);
    check_rounds(&schedule, 5, 37);
}

// What is overdue after a pause goes at twice the rate, after one burst.
static void test_pause(void)
{
    struct tl_schedule schedule = {.order = order, .phases = phases};
    tl_schedule_rate(&schedule, STREAMS, 10000, HZ, 1);
    tl_schedule_start(&schedule, 0);
    uint64_t now = 500 * 100;
    uint32_t ready = tl_schedule_ready(&schedule, now, 1000);
    CHECK_EQUAL(ready, TL_SCHEDULE_BURST);
    for (uint32_t i = 0; i < ready; i++)
        tl_schedule_take(&schedule);
    CHECK_EQUAL(tl_schedule_ready(&schedule, now, 1000), 0);
    uint32_t sent = 0;
    for (uint64_t end = now + 1000; now < end; now++)
        for (ready = tl_schedule_ready(&schedule, now, 1000); ready > 0; ready--, sent++)
            tl_schedule_take(&schedule);
    CHECK(sent >= 18 && sent <= 21);
}

int main(void)
{
    test_buckets();
    test_percentiles();
    test_window();
    test_window_model();
    test_schedule();
    test_pause();
    return tests_passed("measure");
}
