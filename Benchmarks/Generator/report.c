// SPDX-License-Identifier: Apache-2.0
// The results as one line of JSON.

#include <stdio.h>

#include "load.h"

static double to_us(const struct tl_load *load, uint64_t cycles)
{
    return (double)cycles * 1e6 / (double)load->tsc_hz;
}

static void print_count(const char *name, uint64_t value)
{
    printf("\"%s\":%llu,", name, (unsigned long long)value);
}

static void print_percentiles(const struct tl_load *load, const char *name,
                              const struct tl_histogram *histogram)
{
    static const struct {
        const char *name;
        double share;
    } points[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99_9", 0.999}, {"p99_99", 0.9999}};
    printf("\"%s\":{\"min\":%.3f,", name, to_us(load, histogram->least));
    for (size_t i = 0; i < sizeof(points) / sizeof(*points); i++)
        printf("\"%s\":%.3f,", points[i].name,
               to_us(load, tl_histogram_percentile(histogram, points[i].share)));
    printf("\"max\":%.3f}", to_us(load, histogram->most));
}

static void print_faults(const struct tl_tally *tally)
{
    const char *comma = "";
    printf("\"corrupt_by\":{");
    for (int i = 0; i < TL_FAULT_COUNT; i++) {
        if (tally->corrupt_by[i] == 0)
            continue;
        printf("%s\"%s\":%llu", comma, tl_fault_names[i],
               (unsigned long long)tally->corrupt_by[i]);
        comma = ",";
    }
    printf("},");
}

static uint64_t lost(uint64_t sent, const struct tl_tally *tally)
{
    uint64_t arrived = tally->received - tally->duplicated;
    return sent > arrived ? sent - arrived : 0;
}

// What the generator could carry: frames sent and received, halved since a carried packet is both,
// by the time of those turns of its loop in which it sent or received anything. Turns in which it
// found nothing to do, or a full ring, are waiting and not work. In a busy turn with few frames
// the cost of the turn itself counts, so that the figure is low rather than high when the peer is
// slow; a run in which it is close to the measured rate measured the generator.
static double ceiling_pps(const struct tl_load *load)
{
    const struct tl_measure *measure = &load->measure;
    if (measure->busy == 0)
        return 0;
    return (double)measure->carried / 2 * (double)load->tsc_hz / (double)measure->busy;
}

static void print_rates(const struct tl_load *load)
{
    const struct tl_measure *measure = &load->measure;
    uint64_t cycles = measure->stop - measure->start;
    double seconds = (double)cycles / (double)load->tsc_hz;
    double by = seconds > 0 ? 1 / seconds : 0;
    printf("\"offered_pps\":%.1f,\"received_pps\":%.1f,\"seconds\":%.6f,",
           (double)measure->sent * by, (double)load->checker.tally.arrived * by, seconds);
    printf("\"ceiling_pps\":%.0f,\"busy_share\":%.4f,", ceiling_pps(load),
           cycles > 0 ? (double)measure->busy / (double)cycles : 0);
}

void tl_report_load(const struct tl_load *load)
{
    const struct tl_measure *measure = &load->measure;
    const struct tl_tally *tally = &load->checker.tally;
    printf("{");
    print_count("sent", measure->sent);
    print_count("received", tally->received);
    print_count("lost", lost(measure->sent, tally));
    print_count("duplicated", tally->duplicated);
    print_count("reordered", tally->reordered);
    print_count("corrupt", tally->corrupt);
    print_faults(tally);
    print_count("verified", tally->verified);
    print_count("verify_one_in", load->checker.verify_mask + 1u);
    print_count("foreign", tally->foreign);
    print_count("junk_sent", measure->junk_sent);
    print_count("junk_returned", tally->junk_returned);
    print_count("tx_refused", measure->tx_refused);
    print_rates(load);
    print_percentiles(load, "latency_us", &load->checker.latency);
    printf(",");
    print_percentiles(load, "lateness_us", &measure->lateness);
    printf(",\"calls\":%u,\"cpu_us\":%llu}\n", load->stream_count / 2,
           (unsigned long long)(measure->cpu_stop_us - measure->cpu_start_us));
    fflush(stdout);
}

void tl_report_first_packets(const struct tl_load *load)
{
    const struct tl_tally *tally = &load->checker.tally;
    printf("{");
    print_count("sent", load->measure.sent);
    print_count("received", tally->received);
    print_count("lost", lost(load->measure.sent, tally));
    print_count("corrupt", tally->corrupt);
    print_faults(tally);
    print_count("pause_ms", load->options->pause_ms);
    print_percentiles(load, "latency_us", &load->checker.latency);
    printf("}\n");
    fflush(stdout);
}
