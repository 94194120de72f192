// SPDX-License-Identifier: Apache-2.0
//
// One JSON object:
//   {"workers":[{"worker":0,"packets":N,"busy_share":S,"residence_us":P,"residence_clean_us":P,
//     "packets_clean":N,"packets_unsorted":N,"computation_us":P,"bound_us":T,"windows":N,
//     "windows_with_gap":N,"gap_share":S,"empty_gap_share":S,"burst_gap_share":S,
//     "watched_share":S,"seconds":T,"slept_share":S,"commands":N,"command_ns":T}]}
// with P = {"p50":T,"p99":T,"p99_9":T,"p99_99":T,"max":T}. Shares are 0...1. gap_share is the share
// of gaps in the time that was watched, watched_share the share of that in the time not slept.
// probe.h says what each of them means.

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "probe.h"

static double scaled(uint64_t cycles, uint64_t hertz, double units_a_second)
{
    return (double)cycles * units_a_second / (double)hertz;
}

static double share(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : (double)part / (double)whole;
}

static void print_percentiles(FILE *file, const char *name, const struct tl_histogram *histogram,
                              uint64_t hertz)
{
    static const struct {
        const char *name;
        double share;
    } rows[] = {{"p50", 0.5}, {"p99", 0.99}, {"p99_9", 0.999}, {"p99_99", 0.9999}};
    fprintf(file, "\"%s\":{", name);
    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        fprintf(file, "\"%s\":%.3f,", rows[i].name,
                scaled(tl_histogram_at(histogram, rows[i].share), hertz, 1e6));
    fprintf(file, "\"max\":%.3f},", scaled(histogram->longest, hertz, 1e6));
}

static void print_gaps(FILE *file, const struct tl_probe_figures *figures)
{
    uint64_t watched = figures->burst.cycles + figures->empty.cycles;
    uint64_t gaps = figures->burst.gap_cycles + figures->empty.gap_cycles;
    fprintf(file,
            "\"windows\":%llu,\"windows_with_gap\":%llu,\"gap_share\":%.6f,"
            "\"empty_gap_share\":%.6f,\"burst_gap_share\":%.6f,\"watched_share\":%.4f,",
            (unsigned long long)figures->windows, (unsigned long long)figures->windows_with_gap,
            share(gaps, watched), share(figures->empty.gap_cycles, figures->empty.cycles),
            share(figures->burst.gap_cycles, figures->burst.cycles),
            share(watched, figures->cycles - figures->slept_cycles));
}

static void print_worker(FILE *file, const struct tl_probe_report *report)
{
    const struct tl_probe_figures *figures = report->figures;
    uint64_t hertz = report->hertz;
    fprintf(file, "{\"worker\":%u,\"packets\":%llu,\"busy_share\":%.6f,", report->worker,
            (unsigned long long)figures->residence.total,
            share(figures->busy_cycles, figures->cycles - figures->slept_cycles));
    print_percentiles(file, "residence_us", &figures->residence, hertz);
    print_percentiles(file, "residence_clean_us", &figures->clean, hertz);
    fprintf(file, "\"packets_clean\":%llu,\"packets_unsorted\":%llu,",
            (unsigned long long)figures->clean.total, (unsigned long long)figures->unsorted);
    print_percentiles(file, "computation_us", &figures->computation, hertz);
    fprintf(file, "\"bound_us\":%.3f,", TL_PROBE_BOUND_NS / 1e3);
    print_gaps(file, figures);
    fprintf(file, "\"seconds\":%.6f,\"slept_share\":%.6f,\"commands\":%llu,\"command_ns\":%.0f}",
            scaled(figures->cycles, hertz, 1), share(figures->slept_cycles, figures->cycles),
            (unsigned long long)figures->commands, scaled(figures->command_cycles, hertz, 1e9));
}

int tl_probe_write(const char *path, const struct tl_probe_report *reports, uint32_t count)
{
    char fresh[PATH_MAX];
    if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    FILE *file = fopen(fresh, "we");
    if (file == NULL)
        return -1;
    fputs("{\"workers\":[", file);
    for (uint32_t i = 0; i < count; i++) {
        fputs(i > 0 ? "," : "", file);
        print_worker(file, &reports[i]);
    }
    fputs("]}\n", file);
    int failed = ferror(file);
    if (fclose(file) == 0 && !failed && rename(fresh, path) == 0)
        return 0;
    int reason = errno;
    unlink(fresh);
    errno = reason;
    return -1;
}
