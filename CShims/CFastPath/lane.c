// SPDX-License-Identifier: Apache-2.0
//
// The worker's loop. It blocks in one place, its own sleep when nothing came for a while:
//
//   a flow is live    50 µs; a command waits as long as a packet would, since waking a thread takes
//                     about as long as what is left of such a sleep
//   none is           1 ms, or until the control plane rings for a command (CFlowABI.h, WAKING)
//
// A turn that found something keeps it awake for AWAKE_NS: packets come one behind the other, and
// so do commands (p99 of an install 10 to 20 µs; 100 after a sleep). By time, since what an empty
// turn takes depends on the ports. Longer is run time for nothing, and on a shared core keeps the
// control plane from reading the answer.

#include "lane.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "io.h"
#include "probe.h"

enum {
    COMMANDS_A_TURN = 32,     // of each shard
    TIMERS_A_TURN = 64,
    INBOX_BURSTS = 4,         // a busy inbox must not keep receive queues waiting
    PUBLISH_TURNS = 64,       // without packets, for heartbeat and turns
};
#define SLEEP_WITH_FLOWS_NS 50000u
#define SLEEP_IDLE_NS 1000000u
#define AWAKE_NS 20000u

// Rings ------------------------------------------------------------------------------------------

static void let_go(struct tl_lane *lane)
{
    for (uint32_t shard = 0; shard < lane->worker->shard_count; shard++)
        if (lane->worker->channels[shard].attached)
            tl_channel_detach(&lane->worker->channels[shard]);
    // Before `held`: housekeeping must not take the old fault for one of the next link.
    __atomic_store_n(&lane->control.fault, TL_FAULT_NONE, __ATOMIC_RELAXED);
    __atomic_store_n(&lane->control.held, NULL, __ATOMIC_RELEASE);
}

// The link is held before it is touched, and wanted is looked at again after that: housekeeping
// unmaps only what it wants no more and then finds nobody holding. Both sides store, then load
// (sequentially consistent), so that at least one of them sees the other.
static int hold(struct tl_lane *lane, const struct tl_link *link)
{
    __atomic_store_n(&lane->control.held, link, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&lane->control.wanted, __ATOMIC_SEQ_CST) == link)
        return 1;
    __atomic_store_n(&lane->control.held, NULL, __ATOMIC_RELEASE);
    return 0;
}

static void take_up(struct tl_lane *lane, const struct tl_link *link)
{
    struct tl_channel_views views;
    for (uint32_t shard = 0; shard < lane->worker->shard_count; shard++) {
        tl_channel_views_make(&views, lane->own, lane->own_layout, &link->map, &link->layout,
                              shard, lane->index);
        tl_channel_attach(&lane->worker->channels[shard], &views);
    }
}

// The link to use in this turn, or NULL. The acquire pairs with housekeeping's store of `wanted`.
static const struct tl_link *current_link(struct tl_lane *lane)
{
    const struct tl_link *wanted = __atomic_load_n(&lane->control.wanted, __ATOMIC_ACQUIRE);
    if (TL_UNLIKELY(wanted != lane->control.held)) {
        if (lane->control.held != NULL)
            let_go(lane);
        if (wanted != NULL) {
            if (!hold(lane, wanted))
                return NULL;
            take_up(lane, wanted);
        }
    }
    if (wanted == NULL || lane->control.fault != TL_FAULT_NONE)
        return NULL;
    // Between a restart of the peer and housekeeping noticing it.
    return TL_LIKELY(tl_file_matched(lane->own, &wanted->map)) ? wanted : NULL;
}

// A cursor that lies is a fault only when the peer has not just restarted.
static void report(struct tl_lane *lane, const struct tl_link *link, enum tl_fault fault)
{
    if (fault != TL_FAULT_NONE && tl_file_matched(lane->own, &link->map))
        __atomic_store_n(&lane->control.fault, (uint32_t)fault, __ATOMIC_RELEASE);
}

static uint32_t poll_commands(struct tl_lane *lane, const struct tl_link *link, uint64_t now_ns)
{
    uint32_t answered = 0;
    uint64_t began = lane->probe != NULL ? tl_io_cycles() : 0;
    for (uint32_t shard = 0; shard < lane->worker->shard_count; shard++)
        report(lane, link,
               tl_channel_poll(lane->worker, shard, now_ns, COMMANDS_A_TURN, &answered));
    if (lane->probe != NULL && answered > 0)
        tl_probe_commands(lane->probe, tl_io_cycles() - began, answered);
    return answered;
}

// Stamps of the probe. Each is one branch when there is none -------------------------------------

static inline void unwatched(struct tl_lane *lane)
{
    if (TL_UNLIKELY(lane->probe != NULL))
        tl_probe_leave(lane->probe, tl_io_cycles());
}

static inline void received(struct tl_lane *lane, uint32_t count)
{
    if (TL_LIKELY(lane->probe == NULL))
        return;
    uint64_t now = tl_io_cycles();
    tl_probe_enter(lane->probe, now);
    if (count > 0)
        tl_probe_burst_begin(lane->probe, now);
}

static inline void taken(struct tl_lane *lane)
{
    if (TL_UNLIKELY(lane->probe != NULL))
        tl_probe_burst_begin(lane->probe, tl_io_cycles());
}

static inline void burst_ends(struct tl_lane *lane)
{
    if (TL_UNLIKELY(lane->probe != NULL))
        tl_probe_burst_end(lane->probe, tl_io_cycles());
}

// Packets ----------------------------------------------------------------------------------------

TL_PACKET_CODE static uint32_t receive_all(struct tl_lane *lane, uint64_t now_ns)
{
    uint32_t total = 0;
    const struct tl_ports *ports = lane->ports;
    for (uint16_t p = 0; p < ports->count; p++) {
        const struct tl_port *port = &ports->list[p];
        for (uint32_t q = lane->index; q < port->queue_count; q += lane->worker->worker_count) {
            unwatched(lane);
            uint32_t count =
                tl_io_receive(port->port_id, (uint16_t)q, lane->buffers, TL_BURST_MAX);
            received(lane, count);
            lane->worker->counters.driver_calls++;
            if (count == 0)
                continue;
            tl_burst_received(lane, lane->buffers, count, p, now_ns);
            burst_ends(lane);
            total += count;
        }
    }
    return total;
}

TL_PACKET_CODE uint32_t tl_lane_take_inbox(struct tl_lane *lane, uint64_t now_ns)
{
    uint32_t total = 0;
    for (int i = 0; i < INBOX_BURSTS; i++) {
        uint32_t count = tl_io_take(lane->inbox, lane->buffers, TL_BURST_MAX);
        if (count == 0)
            break;
        taken(lane);
        tl_burst_handed_in(lane, lane->buffers, count, now_ns);
        burst_ends(lane);
        total += count;
    }
    return total;
}

// Worker 0 sends what the kernel's twins want sent: it is signalling, and little.
TL_PACKET_CODE static uint32_t take_twins(struct tl_lane *lane)
{
    uint32_t total = 0;
    for (uint16_t p = 0; lane->index == 0 && p < lane->ports->count; p++) {
        if (lane->ports->list[p].from_twin == NULL)
            continue;
        uint32_t count =
            tl_io_take(lane->ports->list[p].from_twin, lane->buffers, TL_BURST_MAX);
        if (count > 0)
            tl_burst_injected(lane, lane->buffers, count, p);
        total += count;
    }
    return total;
}

uint32_t tl_lane_make(struct tl_lane *lane, uint64_t now_ns)
{
    uint32_t total = 0;
    const struct tl_link *link = current_link(lane);
    for (uint32_t shard = 0; link != NULL && shard < lane->worker->shard_count; shard++) {
        enum tl_fault fault = TL_FAULT_NONE;
        uint32_t capacity = tl_burst_blank(lane);
        uint32_t count =
            tl_channel_inject(lane->worker, shard, lane->made, capacity, &fault);
        tl_burst_made(lane, count);
        report(lane, link, fault);
        total += count;
    }
    uint32_t capacity = tl_burst_blank(lane);
    uint32_t count =
        tl_worker_tick(lane->worker, now_ns, TIMERS_A_TURN, lane->made, capacity);
    tl_burst_made(lane, count);
    return total + count;
}

TL_PACKET_CODE void tl_lane_publish(struct tl_lane *lane, uint64_t now_ns)
{
    tl_counters_publish(&lane->worker->counters, lane->page, now_ns);
    lane->in_hand = 0;
    __atomic_store_n(&lane->page->in_hand, 0, __ATOMIC_RELAXED);
}

// The loop ---------------------------------------------------------------------------------------

// A next hop that nobody had before is wanted before the first packet needs it: housekeeping is
// woken. One system call for each such change of the table, none for packets.
static void tell_hops(struct tl_lane *lane)
{
    uint32_t changes = lane->worker->hops.changes;
    if (changes == lane->hops_told || lane->wake_descriptor < 0)
        return;
    lane->hops_told = changes;
    tl_io_wake(lane->wake_descriptor);
}

uint32_t tl_lane_turn(struct tl_lane *lane, uint64_t now_ns)
{
    const struct tl_link *link = current_link(lane);
    uint32_t done = link != NULL ? poll_commands(lane, link, now_ns) : 0;
    uint32_t packets = receive_all(lane, now_ns);
    packets += tl_lane_take_inbox(lane, now_ns);
    packets += take_twins(lane);
    unwatched(lane);
    packets += tl_lane_make(lane, now_ns);
    struct tl_counters *counters = &lane->worker->counters;
    counters->polls++;
    counters->flows = lane->worker->live;
    tell_hops(lane);
    done += packets;
    if (done > 0) {
        lane->idle_turns = 0;
        lane->last_done_ns = now_ns;
    } else {
        lane->idle_turns++;
    }
    if (lane->idle_turns % PUBLISH_TURNS == 0)
        tl_lane_publish(lane, now_ns);
    return done;
}

static uint64_t begin_turn(struct tl_lane *lane)
{
    if (TL_UNLIKELY(lane->probe != NULL))
        tl_probe_turn_begin(lane->probe, tl_io_cycles());
    return tl_io_now_ns();
}

static void end_turn(struct tl_lane *lane, uint32_t done)
{
    if (TL_UNLIKELY(lane->probe != NULL))
        tl_probe_turn_end(lane->probe, tl_io_cycles(), done);
}

// 1 when a command came since the turn that found none.
static int command_waits(const struct tl_lane *lane)
{
    for (uint32_t shard = 0; shard < lane->worker->shard_count; shard++) {
        const struct tl_channel *channel = &lane->worker->channels[shard];
        if (channel->attached &&
            tl_load_acquire_u32(&channel->views.peer->command_producer.position) !=
                channel->command_position)
            return 1;
    }
    return 0;
}

// CFlowABI.h, WAKING: the worker's half.
static void sleep_until_rung(struct tl_lane *lane, const struct tl_link *link)
{
    const struct tl_channel_control *first =
        tl_section_at(&link->map, &link->layout.channels, lane->index);
    const uint32_t *doorbell = &first->command_producer.doorbell;
    uint32_t seen = tl_load_acquire_u32(doorbell);
    lane->sleep_number += 2; // odd, so that it is never zero
    __atomic_store_n(&lane->page->sleep, lane->sleep_number, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!command_waits(lane) && tl_io_sleep_while(doorbell, seen, SLEEP_IDLE_NS))
        lane->worker->counters.wakes++;
    __atomic_store_n(&lane->page->sleep, 0, __ATOMIC_RELAXED);
}

static void sleep_now(struct tl_lane *lane)
{
    const struct tl_link *link = current_link(lane);
    if (lane->worker->live > 0)
        tl_io_sleep_ns(SLEEP_WITH_FLOWS_NS);
    else if (link == NULL)
        tl_io_sleep_ns(SLEEP_IDLE_NS);
    else
        sleep_until_rung(lane, link);
}

static void rest(struct tl_lane *lane, uint64_t now_ns)
{
    if (now_ns - lane->last_done_ns < AWAKE_NS)
        return;
    lane->worker->counters.sleeps++;
    tl_lane_publish(lane, now_ns);
    uint64_t began = lane->probe != NULL ? tl_io_cycles() : 0;
    sleep_now(lane);
    if (lane->probe != NULL)
        tl_probe_slept(lane->probe, tl_io_cycles() - began);
    // One empty turn is enough to sleep again: being awake was not asked for.
}

int tl_lane_run(void *argument)
{
    struct tl_lane *lane = argument;
    char name[16];
    snprintf(name, sizeof(name), "worker-%u", lane->index);
    pthread_setname_np(pthread_self(), name);
    tl_io_wake_sharply();
    tl_io_probe(lane->probe);
    while (!__atomic_load_n(&lane->control.stop, __ATOMIC_RELAXED)) {
        uint64_t now_ns = begin_turn(lane);
        end_turn(lane, tl_lane_turn(lane, now_ns));
        rest(lane, now_ns);
    }
    let_go(lane);
    tl_lane_publish(lane, tl_io_now_ns());
    return 0;
}
