// SPDX-License-Identifier: Apache-2.0
// The command line with which a program starts DPDK's environment.

#ifndef TL_EAL_ARGUMENTS_H
#define TL_EAL_ARGUMENTS_H

#include <stdint.h>

enum { TL_EAL_ARGUMENTS_MAX = 80 };

/// For rte_eal_init, which may keep the strings: they are never freed.
struct tl_eal_arguments {
    char *values[TL_EAL_ARGUMENTS_MAX + 1];
    int count;
};

/// What every program of ours asks for: these lcores, of which 0 is the main thread, so much memory
/// in huge pages or without any, and nothing left in a file system. `arguments` is zeroed.
void tl_eal_arguments_begin(struct tl_eal_arguments *arguments, const char *lcores,
                            uint32_t memory_mb, int no_huge);

/// One more. What is too many is left out.
void tl_eal_arguments_add(struct tl_eal_arguments *arguments, const char *text);

#endif
