// SPDX-License-Identifier: Apache-2.0
//
// Runs captures through one worker on virtual time: the clock is the captures'. Between two packets
// it goes on in steps, so that reports and time-outs come when they would have come. The first
// packet finds the flows of the commands file installed at its own time.
//
// What leaves is written with the time at which it left. The same captures and commands give the
// same output, byte for byte.

#include "replay.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "eal.h"
#include "io.h"
#include "say.h"

#define STEP_NS (5 * TL_MILLISECOND_NS)
// A gap in a capture beyond this is crossed in one step.
#define GAP_NS (300 * TL_NANOSECONDS)

static struct tl_replay replay;

static int run_commands(struct tl_replay *run, const char *path)
{
    struct tl_command command;
    struct tl_event answer;
    FILE *file = path != NULL ? fopen(path, "re") : NULL;
    if (path == NULL)
        return 0;
    if (file == NULL) {
        tl_say("%s cannot be read: %s", path, strerror(errno));
        return TL_EXIT_UNAVAILABLE;
    }
    while (fread(&command, sizeof(command), 1, file) == 1) {
        run->commands++;
        tl_command_apply(run->lane->worker, 0, &command, run->now_ns, &answer);
        if (answer.status == TL_STATUS_OK)
            continue;
        run->refused++;
        tl_say("%s: command %u is refused: %s", path, run->commands,
               tl_status_text(answer.status));
    }
    fclose(file);
    return 0;
}

// Hairpins come back through the inbox; a packet makes so many rounds at most.
static void settle(struct tl_replay *run)
{
    tl_captures_write(run);
    for (uint32_t i = 0; i <= TL_HAIRPIN_HOPS_MAX; i++) {
        if (tl_lane_take_inbox(run->lane, run->now_ns) == 0)
            return;
        tl_captures_write(run);
    }
}

static void step_to(struct tl_replay *run, uint64_t to_ns)
{
    if (to_ns > run->now_ns + GAP_NS)
        run->now_ns = to_ns - STEP_NS;
    while (run->now_ns + STEP_NS < to_ns) {
        run->now_ns += STEP_NS;
        // Until there is nothing left: a turn looks at so many timers only.
        while (tl_lane_make(run->lane, run->now_ns) > 0)
            settle(run);
        settle(run);
    }
    // Captures of several interfaces may run back a little against each other.
    run->now_ns = to_ns > run->now_ns ? to_ns : run->now_ns;
}

static void run_captures(struct tl_replay *run)
{
    struct tl_capture *capture;
    while ((capture = tl_captures_earliest(run)) != NULL) {
        step_to(run, capture->time_ns);
        uint16_t port = capture->port;
        struct rte_mbuf *buffer = tl_capture_take(run, capture);
        tl_burst_received(run->lane, &buffer, 1, port, run->now_ns);
        settle(run);
        tl_lane_publish(run->lane, run->now_ns);
    }
}

static void print_result(const struct tl_replay *run)
{
    const struct tl_counters *counters = &run->lane->worker->counters;
    printf("{\"commands_run\":%u,\"commands_refused\":%u,\"written\":%llu,\"identity\":\"%s\"",
           run->commands, run->refused, (unsigned long long)run->written,
           tl_counters_imbalance(counters) == 0 ? "exact" : "broken");
    const char *before = ",\"counters\":{";
#define TL_PRINT(name, text)                                                                       \
    printf("%s\"" #name "\":%llu", before, (unsigned long long)counters->name);                    \
    before = ",";
    TL_WORKER_COUNTERS(TL_PRINT)
#undef TL_PRINT
    before = "},\"drops\":{";
    for (uint32_t i = 0; i < TL_DROP_REASON_COUNT; i++) {
        if (counters->drops[i] == 0)
            continue;
        printf("%s\"%s\":%llu", before, tl_drop_name(i), (unsigned long long)counters->drops[i]);
        before = ",";
    }
    printf("%s}}\n", before[0] == ',' ? "" : before);
}

static int run_replay(struct tl_node *node)
{
    replay.node = node;
    replay.lane = node->lanes[0];
    replay.lane->sink = &replay.sink;
    int result = tl_captures_open(&replay);
    if (result != 0)
        return result;
    const struct tl_capture *first = tl_captures_earliest(&replay);
    replay.now_ns = first != NULL ? first->time_ns : tl_io_now_ns();
    result = run_commands(&replay, node->options->commands_path);
    if (result != 0)
        return result;
    run_captures(&replay);
    replay.lane->worker->counters.flows = replay.lane->worker->live;
    tl_lane_publish(replay.lane, replay.now_ns);
    print_result(&replay);
    int exact = tl_counters_imbalance(&replay.lane->worker->counters) == 0;
    if (tl_captures_close(&replay) < 0)
        return TL_EXIT_UNAVAILABLE;
    return exact && replay.refused == 0 ? TL_EXIT_OK : TL_EXIT_MISCOUNT;
}

int tl_replay_run(struct tl_node *node)
{
    int result = tl_node_files(node);
    if (result == 0)
        result = tl_node_dpdk(node);
    if (result == 0)
        result = tl_node_pool(node, 0);
    if (result == 0)
        result = tl_ports_start(&node->ports, node->options, node->pools);
    if (result != 0)
        return result;
    tl_node_realms(node);
    result = tl_node_lanes(node);
    return result == 0 ? run_replay(node) : result;
}
