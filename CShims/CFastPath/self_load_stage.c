// SPDX-License-Identifier: Apache-2.0
// The SRTP stage alone, on both back ends: bursts of RTP packets are sealed, then opened again with
// key sets of their own, each packet by the next flow in the order of the load. What libipsec-mb is
// worth is the time of OpenSSL's EVP over that of libipsec-mb; the two take turns.

#include <string.h>

#include "io.h"
#include "say.h"
#include "self_load.h"

enum { PACKET_BYTES = 172, PACKET_ROOM = 256 };

int tl_load_stages_init(struct tl_load *load, const struct tl_options *options)
{
    if (options->load_suite == 0)
        return 0;
    uint64_t bytes = (uint64_t)load->flow_count * sizeof(struct tl_srtp_keys);
    for (uint32_t i = 0; i < TL_LOAD_BACKENDS; i++) {
        struct tl_load_stage *stage = &load->stages[i];
        enum tl_srtp_backend backend = (enum tl_srtp_backend)i;
        void *memory = tl_load_memory_private(tl_srtp_engine_size(backend), options->no_huge);
        stage->seal = tl_load_memory_private(bytes, options->no_huge);
        stage->open = tl_load_memory_private(bytes, options->no_huge);
        stage->engine = memory != NULL ? tl_srtp_engine_init(memory, backend) : NULL;
        if (stage->engine == NULL || stage->seal == NULL || stage->open == NULL)
            return -1;
        for (uint32_t k = 0; k < load->flow_count; k++) {
            // Of the worker's keys there are as many, so this many shall be met here.
            if (!tl_load_is_secure(load, k))
                continue;
            if (tl_load_keys_derive(stage->engine, &stage->seal[k], options->load_suite, k, 1) < 0 ||
                tl_load_keys_derive(stage->engine, &stage->open[k], options->load_suite, k, 1) < 0)
                return -1;
        }
    }
    return 0;
}

// The next secure flows in order.
static void choose(struct tl_load *load, struct tl_load_stage *stage, uint32_t *flows)
{
    for (uint32_t i = 0; i < TL_BURST_MAX;) {
        uint32_t k = load->order[stage->next];
        stage->next = stage->next + 1 < load->flow_count ? stage->next + 1 : 0;
        if (tl_load_is_secure(load, k))
            flows[i++] = k;
    }
}

static uint32_t count_good(const struct tl_srtp_job *jobs)
{
    uint32_t good = 0;
    for (uint32_t i = 0; i < TL_BURST_MAX; i++)
        good += jobs[i].good;
    return good;
}

static void burst(struct tl_load *load, struct tl_load_stage *stage)
{
    static _Thread_local uint8_t packets[TL_BURST_MAX][PACKET_ROOM];
    struct tl_srtp_job jobs[TL_BURST_MAX];
    uint32_t flows[TL_BURST_MAX];
    choose(load, stage, flows);
    for (uint32_t i = 0; i < TL_BURST_MAX; i++) {
        packets[i][0] = 0x80;
        jobs[i] = (struct tl_srtp_job){.keys = &stage->seal[flows[i]],
                                       .packet = packets[i],
                                       .length = PACKET_BYTES,
                                       .header_bytes = 12,
                                       .index = stage->packets};
    }
    uint64_t start = tl_io_cycles();
    tl_srtp_seal(stage->engine, jobs, TL_BURST_MAX);
    stage->cycles += tl_io_cycles() - start;
    uint32_t good = count_good(jobs);
    for (uint32_t i = 0; i < TL_BURST_MAX; i++)
        jobs[i].keys = &stage->open[flows[i]];
    start = tl_io_cycles();
    tl_srtp_open(stage->engine, jobs, TL_BURST_MAX);
    stage->cycles += tl_io_cycles() - start;
    stage->packets += 2 * TL_BURST_MAX;
    if (good + count_good(jobs) != 2 * TL_BURST_MAX && !load->failed) {
        tl_say("self-load: a burst of the SRTP stage was not sealed, or not opened");
        load->failed = 1;
    }
}

void tl_load_stage_round(struct tl_load *load, uint32_t backend)
{
    for (uint32_t at = 0; at < TL_LOAD_ROUND_FRAMES; at += TL_BURST_MAX)
        burst(load, &load->stages[backend]);
}
