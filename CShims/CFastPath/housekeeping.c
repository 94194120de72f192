// SPDX-License-Identifier: Apache-2.0
//
// The main thread: everything that may block or take its time. It sleeps in poll() between turns.

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "io.h"
#include "node.h"
#include "notify.h"
#include "probes.h"
#include "say.h"
#include "twin.h"

#define TURN_NS (10 * TL_MILLISECOND_NS)
#define TURN_WITH_TWIN_NS TL_MILLISECOND_NS // signalling goes through it
#define STATISTICS_NS TL_NANOSECONDS

enum { POLL_SIGNALS, POLL_TIMER, POLL_NETLINK, POLL_WAKE, POLL_COUNT };

struct housekeeper {
    struct tl_node *node;
    struct pollfd polled[POLL_COUNT];
    uint64_t watchdog_ns; // half of what the manager asks for; 0 = none
    uint64_t watchdog_due_ns;
    uint64_t statistics_due_ns;
};

static int open_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGUSR1);
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int open_timer(const struct tl_node *node)
{
    uint64_t turn_ns = TURN_NS;
    for (uint16_t i = 0; i < node->ports.count; i++)
        if (node->ports.list[i].twin_descriptor >= 0)
            turn_ns = TURN_WITH_TWIN_NS;
    struct itimerspec period = {
        .it_interval = {.tv_nsec = (long)turn_ns},
        .it_value = {.tv_nsec = (long)turn_ns},
    };
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (timer >= 0)
        timerfd_settime(timer, 0, &period, NULL);
    return timer;
}

static int open_all(struct housekeeper *keeper)
{
    struct pollfd *polled = keeper->polled;
    polled[POLL_SIGNALS] = (struct pollfd){.fd = open_signals(), .events = POLLIN};
    polled[POLL_TIMER] = (struct pollfd){.fd = open_timer(keeper->node), .events = POLLIN};
    polled[POLL_NETLINK] = (struct pollfd){
        .fd = tl_neighbours_descriptor(&keeper->node->neighbours), .events = POLLIN};
    polled[POLL_WAKE] = (struct pollfd){.fd = keeper->node->wake_descriptor, .events = POLLIN};
    if (polled[POLL_SIGNALS].fd >= 0 && polled[POLL_TIMER].fd >= 0)
        return 0;
    tl_say("no timer or signal descriptor could be had: %s", strerror(errno));
    return -1;
}

// The manager is told that all is well only while all workers turn.
static void feed_watchdog(struct housekeeper *keeper, uint64_t now_ns)
{
    const struct tl_node *node = keeper->node;
    if (keeper->watchdog_ns == 0 || now_ns < keeper->watchdog_due_ns)
        return;
    keeper->watchdog_due_ns = now_ns + keeper->watchdog_ns;
    for (uint32_t i = 0; i < node->options->geometry.worker_count; i++) {
        uint64_t beat_ns = __atomic_load_n(&node->lanes[i]->page->heartbeat_ns, __ATOMIC_RELAXED);
        if (now_ns > beat_ns && now_ns - beat_ns > keeper->watchdog_ns)
            return;
    }
    tl_notify("WATCHDOG=1");
}

static void turn(struct housekeeper *keeper)
{
    struct tl_node *node = keeper->node;
    uint64_t now_ns = tl_io_now_ns();
    struct tl_file_header *header = node->own.base;
    __atomic_store_n(&header->heartbeat_ns, now_ns, __ATOMIC_RELAXED);
    tl_linker_turn(&node->linker);
    tl_neighbours_turn(&node->neighbours, now_ns);
    for (uint16_t i = 0; i < node->ports.count; i++)
        tl_twin_turn(&node->ports.list[i], node->pools[0]);
    if (now_ns >= keeper->statistics_due_ns) {
        keeper->statistics_due_ns = now_ns + STATISTICS_NS;
        tl_ports_publish(&node->ports, node->realm_pages, node->options->geometry.realm_count);
    }
    tl_probes_turn(node);
    feed_watchdog(keeper, now_ns);
}

// 1 when the process shall end.
static int take_signal(const struct housekeeper *keeper)
{
    struct signalfd_siginfo signal_info;
    if (read(keeper->polled[POLL_SIGNALS].fd, &signal_info, sizeof(signal_info)) <= 0)
        return 0;
    if (signal_info.ssi_signo != SIGUSR1)
        return 1;
    tl_probes_ask(keeper->node);
    return 0;
}

static void run(struct housekeeper *keeper)
{
    uint64_t expirations, wakes;
    for (;;) {
        if (poll(keeper->polled, POLL_COUNT, -1) < 0 && errno != EINTR)
            tl_say("poll failed: %s", strerror(errno));
        if (take_signal(keeper))
            return;
        if ((keeper->polled[POLL_NETLINK].revents & (POLLIN | POLLERR)) != 0)
            tl_neighbours_changed(&keeper->node->neighbours);
        int woken = read(keeper->polled[POLL_WAKE].fd, &wakes, sizeof(wakes)) > 0;
        if (read(keeper->polled[POLL_TIMER].fd, &expirations, sizeof(expirations)) > 0 ||
            keeper->polled[POLL_NETLINK].revents != 0 || woken)
            turn(keeper);
    }
}

int tl_housekeeping_run(struct tl_node *node)
{
    struct housekeeper keeper = {.node = node, .watchdog_ns = tl_notify_watchdog_ns() / 2};
    if (open_all(&keeper) < 0)
        return TL_EXIT_UNAVAILABLE;
    int result = tl_node_launch(node);
    if (result == 0) {
        tl_node_set_state(node, TL_STATE_RUNNING);
        tl_notify("READY=1");
        run(&keeper);
        tl_notify("STOPPING=1");
    }
    close(keeper.polled[POLL_SIGNALS].fd);
    close(keeper.polled[POLL_TIMER].fd);
    return result;
}
