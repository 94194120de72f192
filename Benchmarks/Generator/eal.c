// SPDX-License-Identifier: Apache-2.0
#include <sched.h>
#include <stdio.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "eal_arguments.h"
#include "port.h"
#include "say.h"

enum { OWN_MB = 64 };

int tl_eal_start(const struct tl_options *options, uint32_t extra_mb)
{
    static struct tl_eal_arguments arguments;
    char lcores[32];
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0 ||
        !CPU_ISSET(options->core, &allowed)) {
        tl_say("core %u is not on this machine or not allowed for this process; name another with "
               "--core",
               options->core);
        return TL_EXIT_UNAVAILABLE;
    }
    snprintf(lcores, sizeof(lcores), "0@%u", options->core);
    tl_eal_arguments_begin(&arguments, lcores, OWN_MB + extra_mb, options->no_huge);
    tl_eal_arguments_add(&arguments, "--no-pci");
    if (rte_eal_init(arguments.count, arguments.values) >= 0)
        return 0;
    tl_say("DPDK did not start: %s; %u MiB of huge pages are needed, or --no-huge",
           rte_strerror(rte_errno), OWN_MB + extra_mb);
    return TL_EXIT_DRIVER;
}
