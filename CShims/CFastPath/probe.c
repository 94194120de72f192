// SPDX-License-Identifier: Apache-2.0
#include "probe.h"

#include <string.h>

static uint64_t to_cycles(uint64_t nanoseconds, uint64_t hertz)
{
    return (uint64_t)((double)nanoseconds * (double)hertz / (double)TL_NANOSECONDS);
}

void tl_probe_init(struct tl_probe *probe, uint64_t hertz, uint64_t now)
{
    probe->hertz = hertz;
    probe->bound_cycles = to_cycles(TL_PROBE_BOUND_NS, hertz);
    probe->window_cycles = to_cycles(TL_PROBE_WINDOW_NS, hertz);
    probe->window_start = now;
    probe->turn_start = now;
    probe->figures = &probe->periods[0];
}

// Histogram --------------------------------------------------------------------------------------

// Values below 64 have buckets of their own; above, the five bits behind the top one tell.
static uint32_t bucket_of(uint64_t value)
{
    if (value < 2u << TL_PROBE_SUB_BITS)
        return (uint32_t)value;
    uint32_t top = 63u - (uint32_t)__builtin_clzll(value);
    if (top > TL_PROBE_TOP_BIT)
        return TL_PROBE_BUCKETS - 1;
    uint32_t shift = top - TL_PROBE_SUB_BITS;
    return (shift << TL_PROBE_SUB_BITS) + (uint32_t)(value >> shift);
}

static uint64_t bucket_end(uint32_t bucket)
{
    if (bucket < 2u << TL_PROBE_SUB_BITS)
        return bucket;
    uint32_t shift = (bucket >> TL_PROBE_SUB_BITS) - 1;
    uint64_t mantissa = (bucket & ((1u << TL_PROBE_SUB_BITS) - 1)) + (1u << TL_PROBE_SUB_BITS);
    return ((mantissa + 1) << shift) - 1;
}

TL_PACKET_CODE void tl_histogram_add(struct tl_histogram *histogram, uint64_t value,
                                     uint64_t weight)
{
    histogram->counts[bucket_of(value)] += weight;
    histogram->total += weight;
    if (value > histogram->longest)
        histogram->longest = value;
}

uint64_t tl_histogram_at(const struct tl_histogram *histogram, double share)
{
    double rank = share * (double)histogram->total;
    uint64_t passed = 0;
    for (uint32_t bucket = 0; bucket + 1 < TL_PROBE_BUCKETS; bucket++) {
        passed += histogram->counts[bucket];
        if (passed > 0 && (double)passed >= rank)
            return bucket_end(bucket) < histogram->longest ? bucket_end(bucket)
                                                           : histogram->longest;
    }
    return histogram->longest;
}

// Stamps -----------------------------------------------------------------------------------------

// What was watched since `watched_since` ends. Outside bursts only the end of the turn tells
// whether it had work to do, and then nothing of it counts.
static void watch_end(struct tl_probe *probe, uint64_t now)
{
    if (probe->watched_since == 0)
        return;
    uint64_t piece = now - probe->watched_since;
    int in_burst = probe->arrived != 0;
    struct tl_probe_watch *watch = in_burst ? &probe->figures->burst : &probe->turn;
    probe->watched_since = 0;
    watch->cycles += piece;
    if (in_burst)
        tl_histogram_add(&probe->figures->computation, piece, 1);
    if (piece <= probe->bound_cycles)
        return;
    watch->gap_cycles += piece;
    watch->gaps++;
    if (in_burst)
        probe->marked = 1;
}

TL_PACKET_CODE void tl_probe_turn_begin(struct tl_probe *probe, uint64_t now)
{
    probe->figures->cycles += now - probe->turn_start; // what stood between turns
    probe->turn_start = now;
    probe->watched_since = now;
    probe->turn = (struct tl_probe_watch){0};
}

TL_PACKET_CODE void tl_probe_leave(struct tl_probe *probe, uint64_t now)
{
    watch_end(probe, now);
}

TL_PACKET_CODE void tl_probe_enter(struct tl_probe *probe, uint64_t now)
{
    probe->watched_since = now;
}

TL_PACKET_CODE void tl_probe_burst_begin(struct tl_probe *probe, uint64_t now)
{
    watch_end(probe, now);
    probe->arrived = now;
    probe->watched_since = now;
}

TL_PACKET_CODE void tl_probe_burst_end(struct tl_probe *probe, uint64_t now)
{
    watch_end(probe, now);
    probe->arrived = 0;
    probe->watched_since = now;
}

TL_PACKET_CODE void tl_probe_sent(struct tl_probe *probe, uint64_t now, uint32_t count)
{
    probe->watched_since = now;
    if (probe->arrived == 0 || count == 0)
        return;
    uint64_t stayed = now - probe->arrived;
    tl_histogram_add(&probe->figures->residence, stayed, count);
    if (probe->sample_count < TL_PROBE_SAMPLES)
        probe->samples[probe->sample_count++] = stayed << 8 | count;
    else
        probe->figures->unsorted += count;
}

TL_PACKET_CODE void tl_probe_commands(struct tl_probe *probe, uint64_t cycles, uint32_t answered)
{
    probe->figures->commands += answered;
    probe->figures->command_cycles += cycles;
}

TL_PACKET_CODE void tl_probe_slept(struct tl_probe *probe, uint64_t cycles)
{
    probe->figures->slept_cycles += cycles;
}

// Windows and periods ----------------------------------------------------------------------------

static void window_end(struct tl_probe *probe, uint64_t count)
{
    struct tl_probe_figures *figures = probe->figures;
    figures->windows += count;
    figures->windows_with_gap += probe->marked ? count : 0;
    for (uint32_t i = 0; !probe->marked && i < probe->sample_count; i++)
        tl_histogram_add(&figures->clean, probe->samples[i] >> 8, probe->samples[i] & 0xff);
    probe->sample_count = 0;
    probe->marked = 0;
}

static void period_end(struct tl_probe *probe, uint64_t now)
{
    uint32_t wanted = __atomic_load_n(&probe->periods_wanted, __ATOMIC_ACQUIRE);
    if (TL_LIKELY(wanted == probe->periods_ended))
        return;
    window_end(probe, 0); // the running window is counted where it ends
    probe->window_start = now;
    probe->figures = &probe->periods[wanted % 2];
    __atomic_store_n(&probe->periods_ended, wanted, __ATOMIC_RELEASE);
}

TL_PACKET_CODE void tl_probe_turn_end(struct tl_probe *probe, uint64_t now, uint32_t done)
{
    struct tl_probe_figures *figures = probe->figures;
    watch_end(probe, now);
    figures->cycles += now - probe->turn_start;
    if (done > 0) {
        figures->busy_cycles += now - probe->turn_start;
    } else {
        figures->empty.cycles += probe->turn.cycles;
        figures->empty.gap_cycles += probe->turn.gap_cycles;
        figures->empty.gaps += probe->turn.gaps;
        probe->marked |= probe->turn.gaps > 0;
    }
    probe->turn_start = now;
    uint64_t passed = (now - probe->window_start) / probe->window_cycles;
    if (passed > 0) {
        window_end(probe, passed);
        probe->window_start += passed * probe->window_cycles;
    }
    period_end(probe, now);
}

void tl_probe_end_period(struct tl_probe *probe)
{
    uint32_t next = probe->periods_wanted + 1;
    memset(&probe->periods[next % 2], 0, sizeof(probe->periods[0]));
    __atomic_store_n(&probe->periods_wanted, next, __ATOMIC_RELEASE);
}

int tl_probe_period_ended(const struct tl_probe *probe)
{
    return __atomic_load_n(&probe->periods_ended, __ATOMIC_ACQUIRE) == probe->periods_wanted;
}

const struct tl_probe_figures *tl_probe_collect(const struct tl_probe *probe)
{
    return &probe->periods[(probe->periods_wanted + 1) % 2];
}
