// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "load.h"
#include "random.h"
#include "say.h"

enum {
    VERIFY_PACED_MASK = 0,     // every packet
    VERIFY_SATURATE_MASK = 63, // one in 64: reading each byte of all would measure ourselves
    EXTRA_MB = 8,
};

// Phases and order are the same in every run. Tag, sequence numbers and SSRCs are a run's own:
// frames of a run before it are strangers, and a relay that kept its flows sees new streams.
#define SEED 0x7472756e6b6c696eull

uint32_t tl_load_memory_mb(const struct tl_plan *plan)
{
    uint64_t each = sizeof(struct tl_stream) + sizeof(struct tl_arrival) + sizeof(uint64_t) +
                    sizeof(uint32_t);
    uint64_t bytes = 2 * (uint64_t)plan->count * each + tl_secure_bytes(plan);
    return EXTRA_MB + (uint32_t)(bytes >> 20);
}

static int take_memory(struct tl_load *load, struct tl_arrival **arrivals)
{
    uint32_t count = load->stream_count;
    load->streams = rte_zmalloc(NULL, count * sizeof(*load->streams), TL_LINE_BYTES);
    *arrivals = rte_zmalloc(NULL, count * sizeof(**arrivals), TL_LINE_BYTES);
    load->schedule.order = rte_zmalloc(NULL, count * sizeof(uint32_t), TL_LINE_BYTES);
    load->schedule.phases = rte_zmalloc(NULL, count * sizeof(uint64_t), TL_LINE_BYTES);
    if (load->streams != NULL && *arrivals != NULL && load->schedule.order != NULL &&
        load->schedule.phases != NULL)
        return 0;
    tl_say("no memory for %u streams", count);
    return TL_EXIT_UNAVAILABLE;
}

static void make_schedule(struct tl_load *load)
{
    const struct tl_options *options = load->options;
    if (options->pace == TL_PACE_STREAMS)
        tl_schedule_streams(&load->schedule, load->stream_count, options->stream_pps, load->tsc_hz,
                            SEED);
    else // the phases mean nothing where everything is due always
        tl_schedule_rate(&load->schedule, load->stream_count,
                         options->pace == TL_PACE_RATE ? options->rate : load->stream_count,
                         load->tsc_hz, SEED);
}

// Every buffer of the pool holds a frame for good; see loop.c.
static void prepare_buffer(struct rte_mempool *pool, void *prepared, void *object, unsigned int i)
{
    struct rte_mbuf *buffer = object;
    (void)pool;
    (void)i;
    memcpy((uint8_t *)buffer->buf_addr + RTE_PKTMBUF_HEADROOM, prepared, TL_FRAME_BYTES);
}

int tl_load_init(struct tl_load *load, const struct tl_options *options,
                 const struct tl_plan *plan)
{
    uint32_t magic = (uint32_t)rte_rdtsc();
    uint64_t random = SEED ^ magic;
    struct tl_arrival *arrivals;
    load->options = options;
    load->stream_count = 2 * plan->count;
    load->tsc_hz = rte_get_tsc_hz();
    struct tl_frame prepared;
    int result = take_memory(load, &arrivals);
    if (result != 0)
        return result;
    tl_frame_prepare(&prepared, options->relay_mac, options->own_mac, magic);
    rte_mempool_obj_iter(load->wire.send_pool, prepare_buffer, &prepared);
    for (uint32_t i = 0; i < plan->count; i++)
        tl_stream_init(&load->streams[2 * i], i, &plan->calls[i], magic, &random);
    if (tl_secure_init(&load->secure, plan, &prepared) < 0)
        return TL_EXIT_UNAVAILABLE;
    make_schedule(load);
    tl_check_init(&load->checker, load->streams, arrivals, load->stream_count, options->expect,
                  options->own_mac, options->relay_mac, magic);
    load->checker.verify_mask =
        options->pace == TL_PACE_SATURATE ? VERIFY_SATURATE_MASK : VERIFY_PACED_MASK;
    if (options->junk_rate > 0) {
        tl_junk_init(&load->junk, load->streams, load->stream_count, options->relay_mac,
                     options->own_mac, magic);
        load->junk.kinds = options->junk_no_flow ? 1 : TL_JUNK_KINDS;
        load->junk.period = load->tsc_hz / options->junk_rate;
    }
    return 0;
}

void tl_load_first_packets(struct tl_load *load, int (*stop_count)(void))
{
    const struct tl_options *options = load->options;
    const struct timespec pause = {.tv_sec = options->pause_ms / 1000,
                                   .tv_nsec = options->pause_ms % 1000 * 1000000l};
    load->mark = TL_TAG_MEASURED;
    for (uint32_t i = 0; i < options->count && stop_count() == 0; i++) {
        nanosleep(&pause, NULL);
        while (tl_loop_receive(load) > 0)
            ; // what came too late for its turn
        uint64_t start = rte_rdtsc();
        uint64_t before = load->checker.tally.received;
        while (tl_loop_send(load, rte_rdtsc(), 1, 1) == 0 && rte_rdtsc() - start < load->tsc_hz)
            ;
        while (load->checker.tally.received == before && rte_rdtsc() - start < load->tsc_hz)
            tl_loop_receive(load);
    }
}
