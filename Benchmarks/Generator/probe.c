// SPDX-License-Identifier: Apache-2.0
#include "probe.h"

#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "say.h"

enum { GAP_US = 20, CALIBRATION_US = 100000 };

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

int tl_probe_run(const struct tl_options *options, int (*stop_count)(void))
{
    struct gaps gaps = {0};
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(options->core, &cores);
    if (sched_setaffinity(0, sizeof(cores), &cores) < 0) {
        tl_say("core %u is not on this machine or not allowed for this process; name another with "
               "--core",
               options->core);
        return TL_EXIT_UNAVAILABLE;
    }
    double hz = measure_hz();
    uint64_t watched = watch(&gaps, (uint64_t)(hz * (double)GAP_US / 1e6),
                             (uint64_t)(hz * options->seconds), stop_count);
    printf("{\"core\":%u,\"seconds\":%.6f,\"gap_over_us\":%d,\"gaps\":%llu,\"gap_share\":%.6f,"
           "\"largest_us\":%.3f}\n",
           options->core, (double)watched / hz, GAP_US, (unsigned long long)gaps.count,
           watched > 0 ? (double)gaps.cycles / (double)watched : 0, (double)gaps.most * 1e6 / hz);
    fflush(stdout);
    return TL_EXIT_OK;
}
