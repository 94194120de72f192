// SPDX-License-Identifier: Apache-2.0
// The polling loop. Each buffer of the send pool holds a whole frame from the start, and a packet
// is a patch over whatever packet the buffer was before: drivers send a buffer's content and give
// it back, and none writes into it (a sealed frame is no such thing: those are made whole). net_memif and net_af_xdp copy it (the latter because the pool
// is not the one it receives into) and give it back at once, so that the same 32 go round and stay
// in the processor's cache.

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "load.h"

enum {
    QUIET_MS = 200,         // the drain is over when nothing has come for so long
    DRAIN_SECONDS_MAX = 10, // of a peer that never stops
    LOOK_MS = 200,          // see struct tl_flight; longer than the machine stops a peer
    // Saturating: after a burst that was not full, so that frames gather and the ring's cache
    // lines are not taken from the one who fills it for a frame or two.
    PAUSE_NS = 1500,
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

static void seal_frames(struct tl_load *load, uint32_t count)
{
    struct tl_frame *frames[TL_BURST];
    uint16_t lengths[TL_BURST];
    for (uint32_t i = 0; i < count; i++)
        frames[i] = rte_pktmbuf_mtod(load->pending[i], struct tl_frame *);
    tl_secure_seal(&load->secure, load->streams, frames, lengths, count);
    for (uint32_t i = 0; i < count; i++) {
        load->pending[i]->data_len = lengths[i];
        load->pending[i]->pkt_len = lengths[i];
    }
}

static void make_frames(struct tl_load *load, uint64_t now, uint32_t limit, int now_due)
{
    struct tl_schedule *schedule = &load->schedule;
    uint32_t count = now_due ? limit : tl_schedule_ready(schedule, now, limit);
    if (count == 0 || rte_pktmbuf_alloc_bulk(load->wire.send_pool, load->pending, count) != 0)
        return; // the driver has all buffers: its ring is full
    for (uint32_t i = 0; i < count; i++) {
        struct rte_mbuf *buffer = load->pending[i];
        if (load->mark != 0 && !now_due)
            tl_histogram_add(&load->measure.lateness, now - tl_schedule_due(schedule));
        struct tl_stream *stream = &load->streams[tl_schedule_take(schedule)];
        buffer->data_len = TL_FRAME_BYTES;
        buffer->pkt_len = TL_FRAME_BYTES;
        struct tl_frame *frame = rte_pktmbuf_mtod(buffer, struct tl_frame *);
        if (load->secure.parties != NULL)
            tl_secure_renew(&load->secure, frame);
        tl_frame_patch(frame, stream, stream->counter++, load->mark, now);
    }
    if (load->secure.parties != NULL)
        seal_frames(load, count);
    load->pending_first = 0;
    load->pending_end = count;
    load->pending_mark = load->mark;
    prefetch_streams(load);
}

uint32_t tl_loop_send(struct tl_load *load, uint64_t now, uint32_t limit, int now_due)
{
    if (load->pending_first == load->pending_end)
        make_frames(load, now, limit, now_due);
    else if (load->secure.parties == NULL) // what is sealed keeps its time: it counts as later
        for (uint32_t i = load->pending_first; i < load->pending_end; i++)
            tl_frame_restamp(rte_pktmbuf_mtod(load->pending[i], struct tl_frame *), now);
    uint32_t wanted = load->pending_end - load->pending_first;
    if (wanted == 0)
        return 0;
    uint32_t taken = rte_eth_tx_burst(load->wire.send_port, 0, &load->pending[load->pending_first],
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
    struct rte_mbuf *buffer;
    if (junk->period == 0 || (int64_t)(now - junk->due) < 0)
        return 0;
    junk->due += junk->period;
    buffer = rte_pktmbuf_alloc(load->wire.junk_pool);
    if (buffer == NULL)
        return 0;
    buffer->data_len = tl_junk_make(junk, rte_pktmbuf_mtod(buffer, struct tl_frame *));
    buffer->pkt_len = buffer->data_len;
    if (rte_eth_tx_burst(load->wire.send_port, 0, &buffer, 1) == 0) {
        rte_pktmbuf_free(buffer); // one more or less: what is refused is not tried again
        return 0;
    }
    load->measure.junk_sent += load->mark != 0;
    return 1;
}

static void open_frames(struct tl_load *load, struct rte_mbuf **buffers, uint16_t count)
{
    struct tl_frame *frames[TL_BURST];
    uint16_t lengths[TL_BURST];
    for (uint16_t i = 0; i < count; i++) {
        frames[i] = rte_pktmbuf_mtod(buffers[i], struct tl_frame *);
        lengths[i] = (uint16_t)rte_pktmbuf_pkt_len(buffers[i]);
    }
    tl_secure_open(&load->secure, frames, lengths, count);
    for (uint16_t i = 0; i < count; i++) {
        buffers[i]->data_len = lengths[i];
        buffers[i]->pkt_len = lengths[i];
    }
}

uint32_t tl_loop_receive(struct tl_load *load)
{
    struct rte_mbuf *buffers[TL_BURST];
    struct tl_checker *checker = &load->checker;
    uint16_t count = rte_eth_rx_burst(load->wire.receive_port, 0, buffers, TL_BURST);
    if (count == 0)
        return 0;
    uint64_t now = rte_rdtsc();
    if (load->secure.parties != NULL)
        open_frames(load, buffers, count);
    for (uint16_t i = 0; i < count; i++)
        rte_prefetch0(tl_check_line(checker, rte_pktmbuf_mtod(buffers[i], const void *)));
    for (uint16_t i = 0; i < count; i++)
        tl_check_frame(checker, rte_pktmbuf_mtod(buffers[i], const void *),
                       rte_pktmbuf_pkt_len(buffers[i]), now);
    rte_pktmbuf_free_bulk(buffers, count);
    return count;
}

static int64_t under_way(const struct tl_load *load)
{
    const struct tl_flight *flight = &load->flight;
    return (int64_t)(flight->sent - load->checker.ours) - load->checker.missing - flight->given_up;
}

static int has_room(struct tl_load *load, uint64_t now)
{
    struct tl_flight *flight = &load->flight;
    if (now >= flight->next_look) {
        // Below zero it is when frames came after they were given up.
        if (load->checker.ours == flight->ours_before || under_way(load) < 0)
            flight->given_up += under_way(load);
        flight->ours_before = load->checker.ours;
        flight->next_look = now + LOOK_MS * load->tsc_hz / 1000;
    }
    return under_way(load) + TL_BURST <= (int64_t)load->options->in_flight;
}

static uint32_t saturate(struct tl_load *load, uint64_t now)
{
    struct tl_flight *flight = &load->flight;
    uint64_t pause = load->tsc_hz / (1000000000 / PAUSE_NS);
    uint32_t sent = 0, received = 0;
    if (now >= flight->next_send && has_room(load, now)) {
        sent = tl_loop_send(load, now, TL_BURST, 1);
        flight->sent += sent;
        flight->next_send = sent < TL_BURST ? now + pause : now;
    }
    if (now >= flight->next_receive) {
        received = tl_loop_receive(load);
        flight->next_receive = received < TL_BURST ? now + pause : now;
    }
    return sent + received;
}

// Turns until `end`. Returns the TSC then.
static uint64_t turn_until(struct tl_load *load, uint64_t now, uint64_t end,
                           int (*stop_count)(void))
{
    int is_saturating = load->options->pace == TL_PACE_SATURATE;
    while (now < end && stop_count() == 0) {
        uint32_t done = is_saturating ? saturate(load, now)
                                      : tl_loop_send(load, now, TL_BURST, 0) +
                                            tl_loop_receive(load);
        done += send_junk(load, now);
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
    while (now < end && stop_count() == 0) {
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
    uint64_t seen = load->checker.ours;
    for (uint64_t last = now; now - last < quiet && now < end && stop_count() < 2;
         now = rte_rdtsc()) {
        tl_loop_receive(load);
        if (load->checker.ours != seen)
            last = now;
        seen = load->checker.ours;
    }
}

void tl_load_run(struct tl_load *load, int (*stop_count)(void))
{
    uint64_t now = rte_rdtsc();
    tl_schedule_start(&load->schedule, now);
    load->junk.due = now;
    now = turn_until(load, now, now + load->options->warm_up * load->tsc_hz, stop_count);
    measure(load, now, stop_count);
    drain(load, stop_count);
}
