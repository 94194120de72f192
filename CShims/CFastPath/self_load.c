// SPDX-License-Identifier: Apache-2.0
//
// Drives the workers' real functions with frames made in the process: no driver, no system call.
//
// A round makes ROUND_FRAMES fresh frames of 214 bytes (G.711, 20 ms) for flows in random order,
// then runs them through the worker in bursts as the loop does: packets, made packets, publication.
// Making the frames is in neither this time nor that of the bare memory loop (self_load_bare.c),
// which takes turns with it in the same thread; it is timed for itself, by the same code in both,
// and the figures `with_frame` have it in both. That a round of frames is made first means that a
// frame has left the first-level cache when it is met, as one has that a NIC wrote.
//
// With secure calls, frames of secure parties arrive sealed, and what the worker takes turns with
// is the SRTP stage alone on each of its back ends (self_load_stage.c). Of flows with digits it is
// the same load while they have none.
//
// A turn of either goes over all flows several times, so that each finds its own tables in the
// caches as far as they fit, not the other's.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_mbuf.h>
#include <rte_pause.h>

#include "eal.h"
#include "io.h"
#include "node.h"
#include "say.h"
#include "self_load.h"

// Where all workers meet before each turn, so that what one measures is measured beside the same
// work of the others, not beside their making of frames or their memory loops.
static struct {
    uint32_t workers;
    uint32_t arrived;
    uint32_t meetings;
    uint32_t stop; // a worker failed, or the time is over. Stored before a meeting, read behind it
} gate;

static void meet(void)
{
    uint32_t meeting = __atomic_load_n(&gate.meetings, __ATOMIC_ACQUIRE);
    if (__atomic_add_fetch(&gate.arrived, 1, __ATOMIC_ACQ_REL) == gate.workers) {
        gate.arrived = 0;
        __atomic_store_n(&gate.meetings, meeting + 1, __ATOMIC_RELEASE);
    }
    while (__atomic_load_n(&gate.meetings, __ATOMIC_ACQUIRE) == meeting)
        rte_pause();
}

// Meets, and says whether to go on; all workers get the same answer.
static int meet_again(int ends)
{
    if (ends)
        __atomic_store_n(&gate.stop, 1, __ATOMIC_RELAXED);
    meet();
    return !__atomic_load_n(&gate.stop, __ATOMIC_RELAXED);
}

enum { TURN_FRAMES_MIN = 1 << 16, TURN_FLOWS = 10, SMALL_FILE_BYTES = 2 << 20 };

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
        uint64_t cycles = 0; // nothing is measured here
        if (tl_load_frames(load, load->buffers, count, &cycles) < 0)
            return -1;
        tl_burst_received(lane, load->buffers, count, 0, tl_io_now_ns());
        for (uint32_t i = 0; i < load->sink.count; i++)
            load->verified += (uint32_t)tl_load_check_first(load, load->sink.buffers[i]);
        empty_sink(load);
    }
    tl_lane_publish(lane, tl_io_now_ns());
    if (load->verified == load->flow_count)
        return 0;
    tl_say("self-load: of %u packets %u found their way one by one", load->flow_count,
           load->verified);
    return -1;
}

// One packet of each burst, a different one each time, in nobody's time.
static void sample(struct tl_load *load)
{
    uint64_t burst = load->packets / TL_BURST_MAX;
    if (load->failed || load->sink.count == 0 ||
        tl_load_check(load, load->sink.buffers[burst % load->sink.count]))
        return;
    tl_say("self-load: a packet of burst %llu is not what its flow must send",
           (unsigned long long)burst);
    load->failed = 1;
}

static void run_round(struct tl_load *load)
{
    struct tl_lane *lane = load->lane;
    if (tl_load_frames(load, load->buffers, TL_LOAD_ROUND_FRAMES, &load->frame_cycles) < 0)
        return;
    for (uint32_t at = 0; at < TL_LOAD_ROUND_FRAMES; at += TL_BURST_MAX) {
        uint64_t start = now_cycles();
        uint64_t now_ns = tl_io_now_ns();
        tl_burst_received(lane, load->buffers + at, TL_BURST_MAX, 0, now_ns);
        tl_lane_make(lane, now_ns);
        tl_lane_publish(lane, now_ns);
        load->cycles += now_cycles() - start;
        load->packets += TL_BURST_MAX;
        load->sent += load->sink.count;
        sample(load);
        empty_sink(load);
    }
}

// Rounds of one turn.
static uint32_t rounds(const struct tl_load *load)
{
    uint32_t frames = TURN_FLOWS * load->flow_count;
    frames = frames > TURN_FRAMES_MIN ? frames : TURN_FRAMES_MIN;
    return frames / TL_LOAD_ROUND_FRAMES;
}

// The same load, while flows have no digits.
static void run_plain(struct tl_load *load)
{
    uint64_t cycles = load->cycles, packets = load->packets;
    load->failed |= tl_load_digits_switch(load, 0) < 0;
    for (uint32_t i = rounds(load); i > 0; i--)
        run_round(load);
    load->plain_packets += load->packets - packets;
    load->plain_cycles += load->cycles - cycles;
    load->cycles = cycles;
    load->failed |= tl_load_digits_switch(load, 1) < 0;
}

// What the worker takes turns with.
static void run_beside(struct tl_load *load)
{
    if (load->digits_mode != 0) {
        run_plain(load);
        return;
    }
    if (load->secure == NULL) {
        for (uint32_t i = rounds(load); i > 0; i--)
            tl_load_bare_round(load);
        return;
    }
    for (uint32_t backend = 0; backend < TL_LOAD_BACKENDS; backend++)
        for (uint32_t i = rounds(load); i > 0; i--)
            tl_load_stage_round(load, backend);
}

// The lane's thread. Worker and what is beside it take turns: both meet the same machine.
static int run_load(void *argument)
{
    struct tl_load *load = argument;
    load->failed = tl_load_install(load) < 0 || verify(load) < 0;
    int goes_on = meet_again(load->failed);
    uint64_t end_ns = tl_io_now_ns() + load->seconds * TL_NANOSECONDS;
    while (goes_on) {
        for (uint32_t i = rounds(load); i > 0; i--)
            run_round(load);
        meet();
        run_beside(load);
        goes_on = meet_again(load->failed || tl_io_now_ns() >= end_ns);
    }
    return 0;
}

// 1 when every packet is accounted for.
static int is_exact(const struct tl_load *load)
{
    const struct tl_counters *counters = &load->lane->worker->counters;
    uint64_t expected = load->packets + load->flow_count;
    return !load->failed && tl_counters_imbalance(counters) == 0 &&
           tl_load_secure_is_exact(load) && tl_load_digits_are_found(load) &&
           counters->received == expected && counters->forwarded == expected &&
           load->sent == load->packets &&
           counters->sent == counters->forwarded + counters->generated + counters->injected;
}

static double each(uint64_t cycles, uint64_t packets)
{
    return packets == 0 ? 0 : (double)cycles / (double)packets;
}

// Of secure calls.
static void print_secure(const struct tl_options *options, const struct tl_load *load, int exact)
{
    double ns_a_cycle = 1e9 / (double)rte_get_tsc_hz();
    double stages[TL_LOAD_BACKENDS];
    for (uint32_t i = 0; i < TL_LOAD_BACKENDS; i++)
        stages[i] = each(load->stages[i].cycles, load->stages[i].packets) * ns_a_cycle;
    double ratio = stages[TL_SRTP_OPENSSL] / stages[TL_SRTP_IPSEC_MB];
    const char *format =
        options->json
            ? "{\"worker\":%u,\"sessions\":%u,\"suite\":\"%s\",\"pairing\":\"%s\",\"verified\":%u,"
              "\"packets\":%llu,\"ns_per_packet\":%.1f,\"stage_ns_per_packet\":%.1f,"
              "\"stage_openssl_ns_per_packet\":%.1f,\"ratio_to_openssl\":%.2f,"
              "\"huge_pages\":%s,\"identity\":\"%s\"}\n"
            : "worker %u: %u sessions, %s, %s; %u packets found their way one by one; %llu "
              "packets, %.1f ns a packet; SRTP stage alone %.1f ns, on OpenSSL %.1f ns, ratio "
              "%.2f; huge pages: %s; identity %s\n";
    int huge = tl_load_memory_is_huge(load->lane->worker->secures);
    printf(format, load->lane->index, load->flow_count / 2,
           tl_load_suite_name(options->load_suite),
           options->load_both_legs ? "srtp-srtp" : "rtp-srtp", load->verified,
           (unsigned long long)load->packets, each(load->cycles, load->packets) * ns_a_cycle,
           stages[TL_SRTP_IPSEC_MB], stages[TL_SRTP_OPENSSL], ratio,
           options->json ? huge ? "true" : "false" : huge ? "yes" : "no",
           exact ? "exact" : "broken");
}

// Of flows with digits.
static void print_digits(const struct tl_options *options, const struct tl_load *load, int exact)
{
    const struct tl_counters *counters = &load->lane->worker->counters;
    double ns_a_cycle = 1e9 / (double)rte_get_tsc_hz();
    double ns = each(load->cycles, load->packets - load->plain_packets) * ns_a_cycle;
    double plain_ns = each(load->plain_cycles, load->plain_packets) * ns_a_cycle;
    int is_tones = load->digits_mode == TL_LOAD_TONES;
    int huge = tl_load_memory_is_huge(load->lane->worker->flows);
    const char *format =
        options->json
            ? "{\"worker\":%u,\"sessions\":%u,\"digits\":\"%s\",\"verified\":%u,\"packets\":%llu,"
              "\"ns_per_packet\":%.1f,\"plain_ns_per_packet\":%.1f,\"found\":%llu,"
              "\"huge_pages\":%s,\"identity\":\"%s\"}\n"
            : "worker %u: %u sessions, %s; %u packets found their way one by one; %llu packets, "
              "%.1f ns a packet, %.1f ns without digits; %llu digits; huge pages: %s; "
              "identity %s\n";
    printf(format, load->lane->index, load->flow_count / 2, is_tones ? "tones" : "events",
           load->verified, (unsigned long long)load->packets, ns, plain_ns,
           (unsigned long long)(counters->digits_by_event + counters->digits_by_tone),
           options->json ? huge ? "true" : "false" : huge ? "yes" : "no",
           exact ? "exact" : "broken");
}

static void print(const struct tl_options *options, const struct tl_load *load, int exact)
{
    if (load->digits_mode != 0) {
        print_digits(options, load, exact);
        return;
    }
    if (load->secure != NULL) {
        print_secure(options, load, exact);
        return;
    }
    const struct tl_load_bare *bare = &load->bare;
    double ns_a_cycle = 1e9 / (double)rte_get_tsc_hz();
    double cycles = each(load->cycles, load->packets);
    double bare_cycles = each(bare->cycles, bare->packets);
    double ratio = bare_cycles > 0 ? cycles / bare_cycles : 0;
    double framed = cycles + each(load->frame_cycles, load->packets);
    double bare_framed = bare_cycles + each(bare->frame_cycles, bare->packets);
    // Both kinds of memory that a relayed packet touches; a file below a huge page cannot have one.
    int huge = tl_load_memory_is_huge(load->lane->worker->flows) &&
               (load->lane->own->size_bytes < SMALL_FILE_BYTES ||
                tl_load_memory_is_huge(load->lane->worker->records));
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const char *format =
        options->json
            ? "{\"worker\":%u,\"sessions\":%u,\"verified\":%u,\"packets\":%llu,"
              "\"ns_per_packet\":%.1f,\"cycles_per_packet\":%.0f,"
              "\"memory_ns_per_packet\":%.1f,\"memory_cycles_per_packet\":%.0f,"
              "\"ratio\":%.2f,\"with_frame_ns_per_packet\":%.1f,"
              "\"with_frame_memory_ns_per_packet\":%.1f,\"with_frame_ratio\":%.2f,"
              "\"huge_pages\":%s,\"cores\":%ld,\"identity\":\"%s\"}\n"
            : "worker %u: %u sessions, %u packets found their way one by one; %llu packets, "
              "%.1f ns (%.0f cycles) a packet, bare memory loop %.1f ns (%.0f cycles), "
              "ratio %.2f; with making the frame %.1f and %.1f ns, ratio %.2f; "
              "huge pages: %s; %ld cores; identity %s\n";
    printf(format, load->lane->index, load->flow_count / 2, load->verified,
           (unsigned long long)load->packets, cycles * ns_a_cycle, cycles,
           bare_cycles * ns_a_cycle, bare_cycles, ratio, framed * ns_a_cycle,
           bare_framed * ns_a_cycle, bare_framed > 0 ? framed / bare_framed : 0,
           options->json ? huge ? "true" : "false" : huge ? "yes" : "no", cores,
           exact ? "exact" : "broken");
}

// Of several workers together: each one's rate, added up. They ran at the same time.
static void print_sum(const struct tl_options *options, const struct tl_load *loads,
                      uint32_t count)
{
    double hertz = (double)rte_get_tsc_hz(), mpps = 0;
    unsigned long long packets = 0;
    uint32_t sessions = 0;
    for (uint32_t i = 0; i < count; i++) {
        double cycles = each(loads[i].cycles, loads[i].packets);
        mpps += cycles > 0 ? hertz / cycles / 1e6 : 0;
        packets += loads[i].packets;
        sessions += loads[i].flow_count / 2;
    }
    printf(options->json
               ? "{\"workers\":%u,\"sessions\":%u,\"packets\":%llu,\"mpps\":%.2f}\n"
               : "%u workers: %u sessions; %llu packets, %.2f million a second in sum\n",
           count, sessions, packets, mpps);
}

static int run_all(struct tl_node *node)
{
    static struct tl_load loads[TL_WORKERS_MAX];
    const struct tl_options *options = node->options;
    uint32_t count = options->geometry.worker_count;
    int result = 0;
    for (uint32_t i = 0; i < count && result == 0; i++)
        result = tl_load_init(&loads[i], node->lanes[i], options);
    gate.workers = count;
    for (uint32_t i = 0; i < count && result == 0; i++)
        rte_eal_remote_launch(run_load, &loads[i], TL_LCORE_OF_WORKER(i));
    tl_node_wait(node);
    for (uint32_t i = 0; i < count && result == 0; i++) {
        int exact = is_exact(&loads[i]);
        if (!loads[i].failed) // what failed has said why, and has no figures
            print(options, &loads[i], exact);
        result = exact ? 0 : TL_EXIT_MISCOUNT;
    }
    if (count > 1 && result == 0)
        print_sum(options, loads, count);
    return result;
}

int tl_self_load_run(struct tl_node *node)
{
    uint32_t workers = node->options->geometry.worker_count;
    tl_load_memory_prepare(node->options->no_huge);
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
