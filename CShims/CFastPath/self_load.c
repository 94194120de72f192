// SPDX-License-Identifier: Apache-2.0
//
// Drives the workers' real functions with frames made in the process: no driver, no system call.
//
// A round makes ROUND_FRAMES fresh frames of 214 bytes (G.711, 20 ms) for flows in random order,
// then runs them through the worker in bursts as the loop does: packets, made packets, publication.
// Only the second part is timed. Making a round of frames first means that a frame has left the
// first-level cache when the worker meets it, as one has that a NIC wrote.
//
// The bare memory loop of the same run touches, for the same frames in the same order, the lines
// that a relay cannot do without: the frame's four, four of flow and peer, two of their records and
// the port table's. It reads and writes them and does nothing else.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_mbuf.h>

#include "eal.h"
#include "io.h"
#include "node.h"
#include "say.h"
#include "self_load.h"

enum { LINE_WORDS = TL_LINE_BYTES / sizeof(uint64_t), PARTS_MEASURED = 4 };

static uint64_t now_cycles(void)
{
    return tl_io_cycles();
}

static void empty_sink(struct tl_load *load)
{
    tl_io_free(load->sink.buffers, load->sink.count);
    load->sink.count = 0;
}

// Each flow once. Every frame must leave, and by the right flow.
static int verify(struct tl_load *load)
{
    struct tl_lane *lane = load->lane;
    load->verified = 0;
    for (uint32_t done = 0; done < load->flow_count; done += TL_BURST_MAX) {
        uint32_t count = load->flow_count - done;
        count = count < TL_BURST_MAX ? count : TL_BURST_MAX;
        if (tl_load_frames(load, load->buffers, count) < 0)
            return -1;
        tl_burst_received(lane, load->buffers, count, 0, tl_io_now_ns());
        for (uint32_t i = 0; i < load->sink.count; i++)
            load->verified += (uint32_t)tl_load_check(load, load->sink.buffers[i]);
        empty_sink(load);
    }
    tl_lane_publish(lane, tl_io_now_ns());
    return load->verified == load->flow_count ? 0 : -1;
}

static void run_round(struct tl_load *load)
{
    struct tl_lane *lane = load->lane;
    if (tl_load_frames(load, load->buffers, TL_LOAD_ROUND_FRAMES) < 0)
        return;
    for (uint32_t at = 0; at < TL_LOAD_ROUND_FRAMES; at += TL_BURST_MAX) {
        uint64_t start = now_cycles();
        uint64_t now_ns = tl_io_now_ns();
        tl_burst_received(lane, load->buffers + at, TL_BURST_MAX, 0, now_ns);
        tl_lane_make(lane, now_ns);
        tl_lane_publish(lane, now_ns);
        load->worker_cycles += now_cycles() - start;
        load->packets += TL_BURST_MAX;
        load->sent += load->sink.count;
        empty_sink(load);
    }
}

static inline void touch(void *line)
{
    volatile uint64_t *words = line;
    words[0] = words[0] + words[LINE_WORDS - 1];
}

// Prefetches a burst's lines and then touches them, as the stages do.
static void memory_burst(struct tl_load *load, struct rte_mbuf **buffers, const uint32_t *slots,
                         uint32_t count)
{
    struct tl_load_lines *lines = load->lines;
    for (uint32_t i = 0; i < count; i++) {
        __builtin_prefetch(rte_pktmbuf_mtod(buffers[i], uint8_t *));
        for (uint32_t l = 0; l < TL_LOAD_LINES; l++)
            __builtin_prefetch(lines[slots[i]].words[l], 1);
    }
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *frame = rte_pktmbuf_mtod(buffers[i], uint8_t *);
        for (uint32_t at = 0; at < TL_LOAD_FRAME_BYTES; at += TL_LINE_BYTES)
            touch(frame + at);
        for (uint32_t l = 0; l < TL_LOAD_LINES; l++)
            touch(lines[slots[i]].words[l]);
    }
}

static void memory_round(struct tl_load *load)
{
    uint32_t first = load->next;
    if (tl_load_frames(load, load->buffers, TL_LOAD_ROUND_FRAMES) < 0)
        return;
    uint32_t slots[TL_BURST_MAX];
    for (uint32_t at = 0; at < TL_LOAD_ROUND_FRAMES; at += TL_BURST_MAX) {
        for (uint32_t i = 0; i < TL_BURST_MAX; i++)
            slots[i] = load->order[(first + at + i) % load->flow_count];
        uint64_t start = now_cycles();
        memory_burst(load, load->buffers + at, slots, TL_BURST_MAX);
        load->memory_cycles += now_cycles() - start;
        load->memory_packets += TL_BURST_MAX;
        tl_io_free(load->buffers + at, TL_BURST_MAX);
    }
}

// The lane's thread. Worker and memory loop take turns, so that both meet the same machine.
static int run_load(void *argument)
{
    struct tl_load *load = argument;
    load->failed = tl_load_install(load) < 0 || verify(load) < 0;
    uint64_t end_ns = tl_io_now_ns() + load->seconds * TL_NANOSECONDS;
    while (!load->failed && tl_io_now_ns() < end_ns) {
        for (int i = 0; i < PARTS_MEASURED; i++)
            run_round(load);
        for (int i = 0; i < PARTS_MEASURED; i++)
            memory_round(load);
    }
    return 0;
}

static double nanoseconds(uint64_t cycles, uint64_t packets)
{
    double hertz = (double)rte_get_tsc_hz();
    return packets == 0 ? 0 : (double)cycles * 1e9 / hertz / (double)packets;
}

// 1 when every packet is accounted for.
static int is_exact(const struct tl_load *load)
{
    const struct tl_counters *counters = &load->lane->worker->counters;
    uint64_t expected = load->packets + load->flow_count;
    return !load->failed && tl_counters_imbalance(counters) == 0 &&
           counters->received == expected && counters->forwarded == expected &&
           load->sent == load->packets &&
           counters->sent == counters->forwarded + counters->generated + counters->injected;
}

static void print(const struct tl_options *options, const struct tl_load *load, int exact)
{
    double worker_ns = nanoseconds(load->worker_cycles, load->packets);
    double memory_ns = nanoseconds(load->memory_cycles, load->memory_packets);
    const char *format =
        options->json
            ? "{\"worker\":%u,\"sessions\":%u,\"verified\":%u,\"packets\":%llu,"
              "\"ns_per_packet\":%.1f,\"memory_ns_per_packet\":%.1f,\"ratio\":%.2f,"
              "\"identity\":\"%s\"}\n"
            : "worker %u: %u sessions, %u packets found their way one by one; %llu packets, "
              "%.1f ns a packet, bare memory loop %.1f ns, ratio %.2f; identity %s\n";
    printf(format, load->lane->index, load->flow_count / 2, load->verified,
           (unsigned long long)load->packets, worker_ns, memory_ns,
           memory_ns > 0 ? worker_ns / memory_ns : 0, exact ? "exact" : "broken");
}

static int run_all(struct tl_node *node)
{
    static struct tl_load loads[TL_WORKERS_MAX];
    const struct tl_options *options = node->options;
    uint32_t count = options->geometry.worker_count;
    int result = 0;
    for (uint32_t i = 0; i < count && result == 0; i++)
        result = tl_load_init(&loads[i], node->lanes[i], options);
    for (uint32_t i = 0; i < count && result == 0; i++)
        rte_eal_remote_launch(run_load, &loads[i], TL_LCORE_OF_WORKER(i));
    tl_node_wait(node);
    for (uint32_t i = 0; i < count && result == 0; i++) {
        int exact = is_exact(&loads[i]);
        print(options, &loads[i], exact);
        result = exact ? 0 : TL_EXIT_MISCOUNT;
    }
    return result;
}

int tl_self_load_run(struct tl_node *node)
{
    uint32_t workers = node->options->geometry.worker_count;
    int result = tl_node_files(node);
    if (result == 0)
        result = tl_node_dpdk(node);
    if (result == 0)
        result = tl_node_pool(node, workers * 4 * TL_LOAD_ROUND_FRAMES);
    if (result != 0)
        return result;
    node->ports.count = 0;
    memcpy(node->ports.list[0].mac, "\x02\x00\x00\x00\x00\x02", 6);
    tl_node_realms(node);
    result = tl_node_lanes(node);
    return result == 0 ? run_all(node) : result;
}
