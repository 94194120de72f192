// SPDX-License-Identifier: Apache-2.0
// trunkline-fastpath: reading order is main.c, node.c, lane.c, burst.c, then CStages.

#include <signal.h>
#include <sys/eventfd.h>

#include "node.h"
#include "privilege.h"
#include "probes.h"
#include "say.h"

static struct tl_options options;
static struct tl_node node;

// Before the first thread is made, so that all inherit it: signals are read by housekeeping.
static void block_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int serve(void)
{
    block_signals();
    node.wake_descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    // The file first: it holds the lock that keeps a second process from the same interfaces.
    int result = tl_node_files(&node);
    if (result == 0)
        result = tl_node_dpdk(&node);
    if (result == 0)
        result = tl_node_pool(&node, 0);
    if (result == 0)
        result = tl_ports_start(&node.ports, &options, node.pools);
    if (result != 0)
        return result;
    tl_node_realms(&node);
    result = tl_node_lanes(&node);
    if (result == 0)
        result = tl_probes_make(&node);
    if (result != 0)
        return result;
    if (tl_neighbours_open(&node.neighbours, &options, &node.ports, node.workers) < 0)
        return TL_EXIT_UNAVAILABLE;
    tl_privilege_drop(&options, &node.ports);
    tl_linker_init(&node.linker, options.directory, &node.own, &node.own_layout, node.lanes,
                   options.geometry.worker_count);
    return tl_housekeeping_run(&node);
}

int main(int argc, char **argv)
{
    int exit_code;
    if (tl_options_read(&options, argc, argv, &exit_code) < 0)
        return exit_code;
    node.options = &options;
    node.wake_descriptor = -1;
    tl_file_guard("control plane");
    if (options.mode == TL_MODE_SELF_LOAD)
        exit_code = tl_self_load_run(&node);
    else if (options.mode == TL_MODE_REPLAY)
        exit_code = tl_replay_run(&node);
    else
        exit_code = serve();
    tl_node_stop(&node);
    return exit_code;
}
