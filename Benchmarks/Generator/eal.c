// SPDX-License-Identifier: Apache-2.0
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "port.h"
#include "say.h"

enum { ARGUMENTS_MAX = 20, OWN_MB = 64 };

struct arguments {
    char *values[ARGUMENTS_MAX + 1];
    int count;
};

// The EAL's getopt wants writable strings and may keep them, so they are never freed.
static void add(struct arguments *arguments, const char *text)
{
    if (arguments->count < ARGUMENTS_MAX)
        arguments->values[arguments->count++] = strdup(text);
}

int tl_eal_start(const struct tl_options *options, uint32_t extra_mb)
{
    static struct arguments arguments;
    char text[32];
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0 ||
        !CPU_ISSET(options->core, &allowed)) {
        tl_say("core %u is not on this machine or not allowed for this process; name another with "
               "--core",
               options->core);
        return TL_EXIT_UNAVAILABLE;
    }
    add(&arguments, "trunkline-bench");
    add(&arguments, "--lcores");
    snprintf(text, sizeof(text), "0@%u", options->core);
    add(&arguments, text);
    add(&arguments, "--no-telemetry");
    add(&arguments, "--no-pci");
    add(&arguments, "--log-level=*:error");
    add(&arguments, "-m");
    snprintf(text, sizeof(text), "%u", OWN_MB + extra_mb);
    add(&arguments, text);
    // Nothing is left in a file system either way.
    if (options->no_huge) {
        add(&arguments, "--no-huge");
        add(&arguments, "--no-shconf");
        add(&arguments, "--iova-mode=va");
    } else {
        add(&arguments, "--in-memory");
    }
    if (rte_eal_init(arguments.count, arguments.values) >= 0)
        return 0;
    tl_say("DPDK did not start: %s; %u MiB of huge pages are needed, or --no-huge",
           rte_strerror(rte_errno), OWN_MB + extra_mb);
    return TL_EXIT_DRIVER;
}
