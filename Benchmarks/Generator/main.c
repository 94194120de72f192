// SPDX-License-Identifier: Apache-2.0
// trunkline-bench: reading order is main.c, frame.h, load.c, loop.c, check.c, report.c.

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "load.h"
#include "probe.h"
#include "say.h"

enum { MADE_UP_CALLS = 1000 };

static volatile sig_atomic_t stops;

static void on_signal(int number)
{
    (void)number;
    stops++;
}

static int stop_count(void)
{
    return stops;
}

static int open_plan(struct tl_plan *plan, const struct tl_options *options)
{
    if (options->plan_path == NULL) {
        if (tl_plan_make(plan, options->calls != 0 ? options->calls : MADE_UP_CALLS) == 0)
            return 0;
        tl_say("no memory for %u calls", options->calls);
        return TL_EXIT_UNAVAILABLE;
    }
    FILE *file = fopen(options->plan_path, "re");
    if (file == NULL) {
        tl_say("%s cannot be read: %s", options->plan_path, strerror(errno));
        return TL_EXIT_USAGE;
    }
    uint32_t most = options->calls != 0 ? options->calls : TL_CALLS_MAX;
    int result = tl_plan_read(plan, file, options->plan_path, options->calls != 0 ? most : 1, most);
    fclose(file);
    return result < 0 ? TL_EXIT_USAGE : 0;
}

static int run(const struct tl_options *options, const struct tl_plan *plan)
{
    static struct tl_load load;
    int result = tl_wire_open(&load.wire, options, stop_count);
    if (result == 0)
        result = tl_load_init(&load, options, plan);
    if (result == 0 && options->first_packet) {
        tl_load_first_packets(&load, stop_count);
        tl_report_first_packets(&load);
    } else if (result == 0) {
        tl_load_run(&load, stop_count);
        tl_report_load(&load);
    }
    tl_wire_close(&load.wire, options);
    return result;
}

// The generator against itself: saturation between the two ends of a memif.
static void set_ceiling(struct tl_options *options)
{
    const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
    options->interface = TL_INTERFACE_NONE;
    options->pace = TL_PACE_SATURATE;
    options->expect = TL_EXPECT_ECHO;
    options->plan_path = NULL;
    options->first_packet = 0;
    memcpy(options->own_mac, mac, 6);
    memcpy(options->relay_mac, mac, 6);
}

int main(int argc, char **argv)
{
    struct tl_options options;
    struct tl_plan plan;
    int result;
    const struct sigaction action = {.sa_handler = on_signal};
    if (tl_options_read(&options, argc, argv, &result) < 0)
        return result;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    if (options.verb == TL_VERB_PROBE)
        return tl_probe_run(&options, stop_count);
    if (options.verb == TL_VERB_CEILING)
        set_ceiling(&options);
    result = open_plan(&plan, &options);
    if (result != 0)
        return result;
    result = tl_eal_start(&options, tl_load_memory_mb(&plan));
    if (result == 0)
        result = run(&options, &plan);
    tl_plan_free(&plan);
    // Not through the libraries' own ends: nothing of DPDK's is outside the process.
    fflush(stdout);
    _exit(result);
}
