// SPDX-License-Identifier: Apache-2.0
// What a worker's time went into (--probe FILE). Off, it costs a branch a driver call.
//
// RESIDENCE of a packet: time stamp counter from the return of the receive call that brought it to
// the return of the transmit call that took it. So the driver's transmit call counts in full, and
// so does the wait for the rest of the burst. A packet that another worker handed over, or that a
// hairpin looped, counts from when it was taken from the inbox. Dropped, consumed and delivered
// packets have no residence, and neither has what the box makes itself.
//
// THE GAP PROBE shows what the machine stole (another thread's slice, the hypervisor, an interrupt)
// without asking the residence, so that nothing of ours can be excused by it. It watches code that
// the compiler proves not to block (-Wfunction-effects), and whose work has a bound:
//   * between the return of a receive call and the first transmit call, between transmit calls, and
//     from the last one to the end of the burst: at most 32 packets through the stages;
//   * in a turn of the loop that found nothing to do: reading clock, rings and cursors.
// A watched piece longer than TL_PROBE_BOUND_NS is a gap. Driver calls, timers, commands and
// publication are not watched: when they are slow, or the machine takes the core away in them,
// that counts against us. So gap times are a lower bound. Two figures let a reader judge the bound:
// `computation_us` (the pieces within bursts, gaps included) has to lie far below it, and gaps have
// to be as frequent in empty turns as in bursts (`empty_gap_share`, `burst_gap_share`): if our own
// packet code made them, bursts would have more.
//
// WINDOWS: a grid of 1 ms. A turn that began in one window and ended in another counts as all of
// them. Windows with a gap are marked; the `clean` residence is that of packets outside of them. A
// packet belongs to the turn in which it was sent. A window that runs when a period ends is in
// `residence` and `clean`, but not among the windows.
//
// BUSY SHARE: cycles of turns that did something / all cycles not spent in the worker's own sleep.
//
// Threads: the worker's, but for tl_probe_collect and what it gives.

#ifndef TL_PROBE_H
#define TL_PROBE_H

#include "CTables.h"

#define TL_PROBE_BOUND_NS 10000u
#define TL_PROBE_WINDOW_NS 1000000u

enum {
    TL_PROBE_SUB_BITS = 5, // 32 buckets an octave: at most 3 % wide
    TL_PROBE_TOP_BIT = 32, // values from 2^33 cycles (2 to 4 s) on share the last bucket
    TL_PROBE_BUCKETS = (TL_PROBE_TOP_BIT - TL_PROBE_SUB_BITS + 2) << TL_PROBE_SUB_BITS,
    TL_PROBE_SAMPLES = 4096, // transmit calls of a turn's window that can be told clean or not
};

// Log-linear, in cycles.
struct tl_histogram {
    uint64_t counts[TL_PROBE_BUCKETS];
    uint64_t total;
    uint64_t longest;
};

// One kind of watched code.
struct tl_probe_watch {
    uint64_t cycles; // watched, gaps included
    uint64_t gap_cycles;
    uint64_t gaps;
};

// What one period collected.
struct tl_probe_figures {
    struct tl_histogram residence;
    struct tl_histogram clean;
    struct tl_histogram computation;
    struct tl_probe_watch burst;
    struct tl_probe_watch empty;
    uint64_t windows;
    uint64_t windows_with_gap;
    uint64_t unsorted; // packets beyond TL_PROBE_SAMPLES of a window: in `residence` alone
    uint64_t cycles;
    uint64_t busy_cycles;
    uint64_t slept_cycles;
    uint64_t commands;
    uint64_t command_cycles; // in tl_channel_poll, of turns that answered commands
};

struct tl_probe {
    uint64_t bound_cycles;
    uint64_t window_cycles;
    uint64_t hertz;
    uint64_t window_start;
    uint64_t turn_start;
    uint64_t watched_since; // 0: not watching
    uint64_t arrived;       // 0: no received burst is in hand
    struct tl_probe_watch turn; // watched outside bursts in this turn
    uint32_t sample_count;
    uint32_t marked;
    struct tl_probe_figures *figures; // of the running period
    uint64_t samples[TL_PROBE_SAMPLES]; // cycles << 8 | packets
    uint32_t periods_wanted; // collector: rw (release)
    uint32_t periods_ended;  // worker: rw (release)
    struct tl_probe_figures periods[2]; // by number of the period, modulo 2
};

// `memory` is zeroed.
void tl_probe_init(struct tl_probe *probe, uint64_t hertz, uint64_t now);

// The worker's stamps; `now` is the time stamp counter. ------------------------------------------

TL_PACKET_CODE void tl_probe_turn_begin(struct tl_probe *probe, uint64_t now);
TL_PACKET_CODE void tl_probe_turn_end(struct tl_probe *probe, uint64_t now, uint32_t done);

// What is not watched begins (a driver call, timers), and ends.
TL_PACKET_CODE void tl_probe_leave(struct tl_probe *probe, uint64_t now);
TL_PACKET_CODE void tl_probe_enter(struct tl_probe *probe, uint64_t now);

// A receive call, or the inbox, gave packets; all of them went their ways.
TL_PACKET_CODE void tl_probe_burst_begin(struct tl_probe *probe, uint64_t now);
TL_PACKET_CODE void tl_probe_burst_end(struct tl_probe *probe, uint64_t now);

// A transmit call returned and took so many packets. Watching begins again.
TL_PACKET_CODE void tl_probe_sent(struct tl_probe *probe, uint64_t now, uint32_t count);

TL_PACKET_CODE void tl_probe_commands(struct tl_probe *probe, uint64_t cycles, uint32_t answered);

// The worker slept. Between turns.
TL_PACKET_CODE void tl_probe_slept(struct tl_probe *probe, uint64_t cycles);

// The collector's, any one thread. ----------------------------------------------------------------

// Asks the worker to end its period at its next turn. Only when the last one that was asked for
// has ended.
void tl_probe_end_period(struct tl_probe *probe);

// 1 when it has.
int tl_probe_period_ended(const struct tl_probe *probe);

// The figures of the period that ended last. They are the caller's until the next call of
// tl_probe_end_period.
const struct tl_probe_figures *tl_probe_collect(const struct tl_probe *probe);

// Upper end of the bucket in which the value at this share (0...1) of all stands, in cycles; 0 when
// there is none. Never above the longest value.
uint64_t tl_histogram_at(const struct tl_histogram *histogram, double share);
TL_PACKET_CODE void tl_histogram_add(struct tl_histogram *histogram, uint64_t value,
                                     uint64_t weight);

// What stands for one worker in the file.
struct tl_probe_report {
    uint32_t worker;
    uint64_t hertz;
    const struct tl_probe_figures *figures;
};

// Writes the file anew, whole or not at all (it is renamed into its place). 0, or -1 with errno.
int tl_probe_write(const char *path, const struct tl_probe_report *reports, uint32_t count);

#endif
