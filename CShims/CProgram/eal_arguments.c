// SPDX-License-Identifier: Apache-2.0
#include "eal_arguments.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void tl_eal_arguments_add(struct tl_eal_arguments *arguments, const char *text)
{
    if (arguments->count < TL_EAL_ARGUMENTS_MAX)
        arguments->values[arguments->count++] = strdup(text);
}

void tl_eal_arguments_begin(struct tl_eal_arguments *arguments, const char *lcores,
                            uint32_t memory_mb, int no_huge)
{
    char megabytes[16];
    snprintf(megabytes, sizeof(megabytes), "%u", memory_mb);
    // What DPDK has to say about a failure it says as an error; its notices are noise.
    const char *const always[] = {program_invocation_short_name, "--lcores", lcores,
                                  "--main-lcore", "0", "--no-telemetry", "--log-level=*:error",
                                  "-m", megabytes};
    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
        tl_eal_arguments_add(arguments, always[i]);
    // --no-huge and --in-memory exclude each other in the EAL; these are the two sets that work.
    // In both nothing is left in a file system and no second process can attach.
    if (no_huge) {
        tl_eal_arguments_add(arguments, "--no-huge");
        tl_eal_arguments_add(arguments, "--no-shconf");
        tl_eal_arguments_add(arguments, "--iova-mode=va");
    } else {
        tl_eal_arguments_add(arguments, "--in-memory");
    }
}
