// SPDX-License-Identifier: Apache-2.0
// The polling loop. Frames are sent from 32 buffers of our own that stay in the processor's
// cache: a reference to each is held, and the next packets are written over the last. That is
// right only because the drivers copy. Read in DPDK 22.11: net_memif copies into the ring's buffers
// (eth_memif_tx; not with zero-copy=yes, which is not used), and net_af_xdp copies every buffer
// that is not of the pool it receives into (af_xdp_tx_zc, which despite its name is what a copying
// socket uses as well). Both then free the buffer, which here only takes a reference away, and
// neither writes into it. Should a driver keep one, its count shows it, and the run is refused.

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "load.h"
#include "say.h"

enum {
    QUIET_MS = 200,         // the drain is over when nothing has come for so long
    DRAIN_SECONDS_MAX = 10, // of a peer that never stops
};

static uint64_t thread_cpu_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

// What the burst after this one will need.
static void prefetch_streams(const struct tl_load *load)
{
    if (load->stream_count < 2 * TL_BURST)
        return;
    for (uint32_t i = 0; i < TL_BURST; i++)
        rte_prefetch0(&load->streams[tl_schedule_peek(&load->schedule, i)]);
}

static void make_frames(struct tl_load *load, uint64_t now, uint32_t limit, int now_due)
{
    struct tl_schedule *schedule = &load->schedule;
    uint32_t count = 0;
    for (; count < limit; count++) {
        uint64_t due = now_due ? now : tl_schedule_due(schedule);
        if ((int64_t)(now - due) < 0)
            break;
        struct tl_stream *stream = &load->streams[tl_schedule_take(schedule)];
        struct rte_mbuf *slot = load->slots[count];
        if (load->mark != 0 && !now_due)
            tl_histogram_add(&load->measure.lateness, now - due);
        load->driver_keeps |= rte_mbuf_refcnt_read(slot) != 1;
        rte_mbuf_refcnt_set(slot, 2);
        tl_frame_patch(rte_pktmbuf_mtod(slot, struct tl_frame *), stream, stream->counter++,
                       load->mark, now);
    }
    load->pending_first = 0;
    load->pending_end = count;
    load->pending_mark = load->mark;
    if (count > 0)
        prefetch_streams(load);
}

uint32_t tl_loop_send(struct tl_load *load, uint64_t now, uint32_t limit, int now_due)
{
    if (load->pending_first == load->pending_end)
        make_frames(load, now, limit, now_due);
    else
        for (uint32_t i = load->pending_first; i < load->pending_end; i++)
            tl_frame_restamp(rte_pktmbuf_mtod(load->slots[i], struct tl_frame *), now);
    uint32_t wanted = load->pending_end - load->pending_first;
    if (wanted == 0)
        return 0;
    uint32_t taken = rte_eth_tx_burst(load->wire.send_port, 0, &load->slots[load->pending_first],
                                      (uint16_t)wanted);
    load->pending_first += taken;
    if (load->pending_mark != 0) {
        load->measure.sent += taken;
        load->measure.tx_refused += wanted - taken;
    }
    return taken;
}

static uint32_t send_junk(struct tl_load *load, uint64_t now)
{
    struct tl_junk *junk = &load->junk;
    uint32_t count = 0;
    if (junk->period == 0 || (int64_t)(now - junk->due) < 0)
        return 0;
    while (count < TL_JUNK_BURST && (int64_t)(now - junk->due) >= 0) {
        struct rte_mbuf *slot = load->junk_slots[count++];
        rte_mbuf_refcnt_set(slot, 2);
        uint16_t length = tl_junk_make(junk, rte_pktmbuf_mtod(slot, struct tl_frame *));
        slot->data_len = length;
        slot->pkt_len = length;
        junk->due += junk->period;
    }
    uint32_t taken = rte_eth_tx_burst(load->wire.send_port, 0, load->junk_slots, (uint16_t)count);
    if (load->mark != 0)
        load->measure.junk_sent += taken; // what was refused is not tried again
    return taken;
}

uint32_t tl_loop_receive(struct tl_load *load)
{
    struct rte_mbuf *buffers[TL_BURST];
    struct tl_checker *checker = &load->checker;
    uint16_t count = rte_eth_rx_burst(load->wire.receive_port, 0, buffers, TL_BURST);
    if (count == 0)
        return 0;
    uint64_t now = rte_rdtsc();
    for (uint16_t i = 0; i < count; i++)
        rte_prefetch0(tl_check_line(checker, rte_pktmbuf_mtod(buffers[i], const void *)));
    for (uint16_t i = 0; i < count; i++)
        tl_check_frame(checker, rte_pktmbuf_mtod(buffers[i], const void *),
                       rte_pktmbuf_pkt_len(buffers[i]), now);
    rte_pktmbuf_free_bulk(buffers, count);
    return count;
}

// Turns until `end`. Returns the TSC then.
static uint64_t turn_until(struct tl_load *load, uint64_t now, uint64_t end,
                           int (*stop_count)(void))
{
    int is_saturating = load->options->pace == TL_PACE_SATURATE;
    while (now < end && stop_count() == 0 && !load->driver_keeps) {
        uint32_t done = tl_loop_send(load, now, TL_BURST, is_saturating);
        done += send_junk(load, now);
        done += tl_loop_receive(load);
        uint64_t next = rte_rdtsc();
        if (done > 0) {
            load->measure.carried += done;
            load->measure.busy += next - now;
        }
        now = next;
    }
    return now;
}

static void show_progress(const struct tl_load *load, uint64_t now)
{
    const struct tl_tally *tally = &load->checker.tally;
    fprintf(stderr, "\r%5.0f s  sent %llu  received %llu  corrupt %llu ",
            (double)(now - load->measure.start) / (double)load->tsc_hz,
            (unsigned long long)load->measure.sent, (unsigned long long)tally->received,
            (unsigned long long)tally->corrupt);
}

static void measure(struct tl_load *load, uint64_t now, int (*stop_count)(void))
{
    uint64_t end = now + load->options->seconds * load->tsc_hz;
    int shows = !load->options->quiet && isatty(STDERR_FILENO);
    load->measure = (struct tl_measure){.start = now, .cpu_start_us = thread_cpu_us()};
    load->mark = TL_TAG_MEASURED;
    load->checker.is_open = 1;
    while (now < end && stop_count() == 0 && !load->driver_keeps) {
        uint64_t second = shows && now + load->tsc_hz < end ? now + load->tsc_hz : end;
        now = turn_until(load, now, second, stop_count);
        if (shows)
            show_progress(load, now);
    }
    if (shows)
        fputc('\n', stderr);
    load->checker.is_open = 0;
    load->measure.stop = now;
    load->measure.cpu_stop_us = thread_cpu_us();
}

static void drain(struct tl_load *load, int (*stop_count)(void))
{
    uint64_t quiet = QUIET_MS * load->tsc_hz / 1000;
    uint64_t now = rte_rdtsc();
    uint64_t end = now + DRAIN_SECONDS_MAX * load->tsc_hz;
    for (uint64_t last = now; now - last < quiet && now < end && stop_count() < 2;
         now = rte_rdtsc())
        if (tl_loop_receive(load) > 0)
            last = now;
}

int tl_load_run(struct tl_load *load, int (*stop_count)(void))
{
    uint64_t now = rte_rdtsc();
    tl_schedule_start(&load->schedule, now);
    load->junk.due = now;
    now = turn_until(load, now, now + load->options->warm_up * load->tsc_hz, stop_count);
    measure(load, now, stop_count);
    drain(load, stop_count);
    if (!load->driver_keeps)
        return TL_EXIT_OK;
    tl_say("the driver keeps frames after it took them, so they cannot be used again");
    return TL_EXIT_DRIVER;
}
