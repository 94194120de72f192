// SPDX-License-Identifier: Apache-2.0
// The probe with a time of the test's own: 1 GHz, so that a cycle is a nanosecond.
//   probe_units FILE    writes FILE; test_probe.py reads it

#include <stdio.h>
#include <stdlib.h>

#include "probe.h"

#define US 1000ull
#define HERTZ 1000000000ull
#define START 1000000ull

static struct tl_probe probe;
static uint64_t now = START;

static void require(int good, const char *what, int line)
{
    if (good)
        return;
    fprintf(stderr, "line %d: %s\n", line, what);
    exit(1);
}
#define REQUIRE(x) require((x), #x, __LINE__)

// A turn: `before` until the receive call, then a burst with these times.
static void turn_with(uint64_t computation, uint64_t driver, uint32_t packets)
{
    tl_probe_turn_begin(&probe, now);
    tl_probe_leave(&probe, now += 100);
    tl_probe_enter(&probe, now += 100);
    tl_probe_burst_begin(&probe, now);
    tl_probe_leave(&probe, now += computation);
    tl_probe_sent(&probe, now += driver, packets);
    tl_probe_burst_end(&probe, now += 100);
    tl_probe_turn_end(&probe, now += 100, packets);
}

static void empty_turn(uint64_t watched, uint64_t driver, uint64_t unwatched)
{
    tl_probe_turn_begin(&probe, now);
    tl_probe_leave(&probe, now += watched);
    tl_probe_enter(&probe, now += driver);
    tl_probe_leave(&probe, now += 50);
    tl_probe_turn_end(&probe, now += unwatched, 0);
}

static void next_window(void)
{
    while (probe.sample_count > 0 || probe.marked)
        empty_turn(100, 100, 100);
}

static uint64_t gaps(void)
{
    return probe.figures->burst.gaps + probe.figures->empty.gaps;
}

static void check_histogram(void)
{
    static struct tl_histogram histogram;
    REQUIRE(tl_histogram_at(&histogram, 0.5) == 0);
    // Every value is told within 3 %, from above.
    for (uint64_t value = 1; value < 1ull << 33; value += 1 + value / 7) {
        static struct tl_histogram one;
        one = (struct tl_histogram){0};
        tl_histogram_add(&one, value, 1);
        tl_histogram_add(&one, 1ull << 40, 1); // so that the longest does not cut it
        uint64_t told = tl_histogram_at(&one, 0.5);
        REQUIRE(told >= value && told - value <= value / 32);
    }
    tl_histogram_add(&histogram, 10, 990);
    tl_histogram_add(&histogram, 5000, 10);
    REQUIRE(tl_histogram_at(&histogram, 0.99) == 10);
    REQUIRE(tl_histogram_at(&histogram, 0.991) == 5000);
    tl_histogram_add(&histogram, 1ull << 60, 1000);
    REQUIRE(tl_histogram_at(&histogram, 0.999) == 1ull << 60);
}

// A slow driver and slow code that is not watched are no gaps, and residence has the driver in it.
static void check_driver_counts(void)
{
    turn_with(2 * US, 500 * US, 32);
    empty_turn(1 * US, 400 * US, 1 * US);
    empty_turn(1 * US, 1 * US, 400 * US);
    REQUIRE(gaps() == 0);
    REQUIRE(probe.figures->residence.total == 32);
    REQUIRE(probe.figures->residence.longest == 502 * US);
    next_window();
    REQUIRE(probe.figures->windows_with_gap == 0);
    REQUIRE(probe.figures->clean.total == 32);
}

static void check_gap_in_burst(void)
{
    uint64_t windows = probe.figures->windows_with_gap;
    turn_with(TL_PROBE_BOUND_NS, 1 * US, 8); // at the bound: none
    REQUIRE(gaps() == 0);
    turn_with(TL_PROBE_BOUND_NS + 1, 1 * US, 8);
    REQUIRE(gaps() == 1 && probe.figures->burst.gap_cycles == TL_PROBE_BOUND_NS + 1);
    turn_with(1 * US, 1 * US, 4); // in the marked window
    next_window();
    REQUIRE(probe.figures->windows_with_gap == windows + 1);
    REQUIRE(probe.figures->residence.total == 52 && probe.figures->clean.total == 32);
    turn_with(3500 * US, 1 * US, 1); // over three ends of windows at least
    next_window();
    REQUIRE(probe.figures->windows_with_gap >= windows + 1 + 3);
    REQUIRE(probe.figures->clean.total == 32);
}

static void check_gap_in_empty_turn(void)
{
    uint64_t before = probe.figures->windows_with_gap;
    empty_turn(20 * US, 1 * US, 1 * US);
    REQUIRE(probe.figures->empty.gaps == 1);
    turn_with(1 * US, 1 * US, 1);
    next_window();
    REQUIRE(probe.figures->windows_with_gap == before + 1);
    // The same in a turn that had something to do (a command, say) counts against us.
    tl_probe_turn_begin(&probe, now);
    tl_probe_turn_end(&probe, now += 20 * US, 1);
    REQUIRE(probe.figures->empty.gaps == 1 && !probe.marked);
}

static void check_periods(const char *path)
{
    tl_probe_end_period(&probe);
    REQUIRE(!tl_probe_period_ended(&probe));
    empty_turn(100, 100, 100);
    REQUIRE(tl_probe_period_ended(&probe));
    REQUIRE(probe.figures->residence.total == 0 && probe.figures->windows == 0);
    REQUIRE(tl_probe_collect(&probe)->residence.total > 50);
    // The next one: known figures, written.
    uint64_t began = now;
    for (int i = 0; i < 100; i++) {
        turn_with(4 * US, 1 * US, 10);
        now += 10 * US; // asleep
        tl_probe_slept(&probe, 10 * US);
        empty_turn(1 * US, 4 * US, 350);
    }
    next_window();
    turn_with(200 * US, 1 * US, 1);
    tl_probe_commands(&probe, 3 * US, 5);
    next_window();
    REQUIRE(probe.figures->cycles == now - began);
    tl_probe_end_period(&probe);
    empty_turn(100, 100, 100);
    struct tl_probe_report report = {7, HERTZ, tl_probe_collect(&probe)};
    REQUIRE(tl_probe_write(path, &report, 1) == 0);
    REQUIRE(tl_probe_write("/nowhere/at/all", &report, 1) < 0);
}

// A window with more transmit calls than the probe can sort: they are said to be unsorted.
static void check_overflow(void)
{
    next_window();
    for (int i = 0; i < TL_PROBE_SAMPLES + 9; i++)
        tl_probe_burst_begin(&probe, now), tl_probe_sent(&probe, now, 3);
    REQUIRE(probe.figures->unsorted == 27);
}

int main(int argc, char **argv)
{
    REQUIRE(argc == 2);
    tl_probe_init(&probe, HERTZ, now);
    check_histogram();
    check_driver_counts();
    check_gap_in_burst();
    check_gap_in_empty_turn();
    check_periods(argv[1]);
    check_overflow();
    return 0;
}
