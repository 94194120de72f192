// SPDX-License-Identifier: Apache-2.0
#include "probe.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "histogram.h"
#include "say.h"

enum {
    GAP_US = 20,
    CALIBRATION_US = 100000,
    ROUNDS = 100, // of which one figure is the mean
};

// Two lines that two cores write to, one each.
struct table {
    _Alignas(128) uint64_t ball;
    _Alignas(128) uint64_t returned;
    _Alignas(128) int core;
    int is_over;
};

struct gaps {
    uint64_t count, cycles, most;
};

static uint64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC_RAW, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

// Cycles a second, without DPDK's environment.
static double measure_hz(void)
{
    uint64_t start_ns = now_ns(), start = rte_rdtsc();
    usleep(CALIBRATION_US);
    uint64_t stop_ns = now_ns(), stop = rte_rdtsc();
    return (double)(stop - start) * 1e9 / (double)(stop_ns - start_ns);
}

static uint64_t watch(struct gaps *gaps, uint64_t gap, uint64_t length, int (*stop_count)(void))
{
    uint64_t start = rte_rdtsc();
    uint64_t last = start;
    while (last - start < length && stop_count() == 0) {
        uint64_t now = rte_rdtsc();
        uint64_t step = now - last;
        if (step > gaps->most)
            gaps->most = step;
        if (step > gap) {
            gaps->count++;
            gaps->cycles += step;
        }
        last = now;
    }
    return last - start;
}

static int pin(int core)
{
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    return sched_setaffinity(0, sizeof(cores), &cores);
}

static void *return_balls(void *argument)
{
    struct table *table = argument;
    uint64_t last = 0;
    int result = pin(table->core);
    __atomic_store_n(&table->returned, result < 0 ? UINT64_MAX : 0, __ATOMIC_RELEASE);
    while (result == 0 && !__atomic_load_n(&table->is_over, __ATOMIC_RELAXED)) {
        uint64_t ball = __atomic_load_n(&table->ball, __ATOMIC_ACQUIRE);
        if (ball != last)
            __atomic_store_n(&table->returned, ball, __ATOMIC_RELEASE);
        last = ball;
    }
    return NULL;
}

static void play(struct table *table, struct tl_histogram *trips, uint64_t length,
                 int (*stop_count)(void))
{
    uint64_t start = rte_rdtsc(), now = start, ball = 0;
    while (now - start < length && stop_count() == 0) {
        for (int i = 0; i < ROUNDS; i++) {
            __atomic_store_n(&table->ball, ++ball, __ATOMIC_RELEASE);
            while (__atomic_load_n(&table->returned, __ATOMIC_ACQUIRE) != ball)
                if (stop_count() != 0)
                    return;
        }
        uint64_t next = rte_rdtsc();
        tl_histogram_add(trips, (next - now) / ROUNDS);
        now = next;
    }
}

// Round trips of a cache line between the two cores. Returns 0 or the exit code, said why.
static int measure_trips(const struct tl_options *options, double hz, struct tl_histogram *trips,
                         int (*stop_count)(void))
{
    static struct table table = {.returned = 1};
    pthread_t thread;
    table.core = options->other_core;
    if (pthread_create(&thread, NULL, return_balls, &table) != 0) {
        tl_say("no second thread could be started");
        return TL_EXIT_UNAVAILABLE;
    }
    while (__atomic_load_n(&table.returned, __ATOMIC_ACQUIRE) == 1)
        sched_yield();
    int is_pinned = table.returned == 0;
    if (is_pinned)
        play(&table, trips, (uint64_t)(hz * options->seconds), stop_count);
    else
        tl_say("core %d is not on this machine or not allowed for this process",
               options->other_core);
    __atomic_store_n(&table.is_over, 1, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    return is_pinned ? 0 : TL_EXIT_UNAVAILABLE;
}

static void print_trips(const struct tl_histogram *trips, double hz)
{
    double ns = 1e9 / hz;
    printf(",\"round_trip_ns\":{\"min\":%.0f,\"p50\":%.0f,\"p90\":%.0f,\"p99\":%.0f}",
           (double)trips->least * ns, (double)tl_histogram_percentile(trips, 0.5) * ns,
           (double)tl_histogram_percentile(trips, 0.9) * ns,
           (double)tl_histogram_percentile(trips, 0.99) * ns);
}

int tl_probe_run(const struct tl_options *options, int (*stop_count)(void))
{
    struct gaps gaps = {0};
    static struct tl_histogram trips;
    if (pin((int)options->core) < 0) {
        tl_say("core %u is not on this machine or not allowed for this process; name another with "
               "--core",
               options->core);
        return TL_EXIT_UNAVAILABLE;
    }
    double hz = measure_hz();
    uint64_t watched = watch(&gaps, (uint64_t)(hz * (double)GAP_US / 1e6),
                             (uint64_t)(hz * options->seconds), stop_count);
    if (options->other_core >= 0) {
        int result = measure_trips(options, hz, &trips, stop_count);
        if (result != 0)
            return result;
    }
    printf("{\"core\":%u,\"seconds\":%.6f,\"gap_over_us\":%d,\"gaps\":%llu,\"gap_share\":%.6f,"
           "\"largest_us\":%.3f",
           options->core, (double)watched / hz, GAP_US, (unsigned long long)gaps.count,
           watched > 0 ? (double)gaps.cycles / (double)watched : 0, (double)gaps.most * 1e6 / hz);
    if (options->other_core >= 0)
        print_trips(&trips, hz);
    puts("}");
    fflush(stdout);
    return TL_EXIT_OK;
}
