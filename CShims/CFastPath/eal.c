// SPDX-License-Identifier: Apache-2.0
#include "eal.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "eal_arguments.h"
#include "port.h"
#include "say.h"

enum { CORES_BYTES = 4096, COMMON_ARGUMENTS = 16 };
_Static_assert(COMMON_ARGUMENTS + 2 * TL_REALMS_MAX <= TL_EAL_ARGUMENTS_MAX, "a NIC a realm");

uint32_t tl_eal_memory_mb(const struct tl_options *options)
{
    // A buffer takes 2.5 KiB with its heads, and DPDK some memory of its own. Buffers do not cross
    // pages, and only one fits into a small page.
    uint32_t buffers_kb = tl_ports_buffers(options) * (options->no_huge ? 32 : 21) / 8;
    return options->memory_mb != 0 ? options->memory_mb : 48 + buffers_kb / 1024;
}

static int add_list(char *text, size_t size_bytes, int length, uint32_t core)
{
    const char *comma = length > 0 && text[length - 1] != '(' ? "," : "";
    return length + snprintf(text + length, size_bytes - (size_t)length, "%s%u", comma, core);
}

static int is_worker_core(const struct tl_options *options, uint32_t core)
{
    for (uint32_t i = 0; i < options->geometry.worker_count; i++)
        if (options->cores[i] == core)
            return 1;
    return 0;
}

// "0@(0,2),1@1": the main thread on whatever is no worker's, each worker pinned to its core. On a
// machine with nothing but worker cores the main thread shares them: it sleeps nearly always.
static int make_lcores(const struct tl_options *options, char *text, size_t size_bytes)
{
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0) {
        tl_say("cannot read which cores this process may use: %s", strerror(errno));
        return TL_EXIT_UNAVAILABLE;
    }
    for (uint32_t i = 0; i < options->geometry.worker_count; i++) {
        if (!CPU_ISSET((int)options->cores[i], &allowed)) {
            tl_say("core %u is not on this machine or not allowed for this process; name others "
                   "as cores",
                   options->cores[i]);
            return TL_EXIT_UNAVAILABLE;
        }
    }
    int length = snprintf(text, size_bytes, "0@(");
    int others = 0;
    for (int pass = 0; pass < 2 && others == 0; pass++) {
        for (uint32_t core = 0; core < CPU_SETSIZE; core++) {
            int chosen = options->housekeeping_core >= 0
                             ? core == (uint32_t)options->housekeeping_core
                             : pass == 1 || !is_worker_core(options, core);
            // A list of the first cores is enough; the text has its limit.
            if (chosen && CPU_ISSET((int)core, &allowed) && others < 64) {
                length = add_list(text, size_bytes, length, core);
                others++;
            }
        }
    }
    if (others == 0) {
        tl_say("core %d is not on this machine or not allowed for this process; name another "
               "as housekeeping-core",
               options->housekeeping_core);
        return TL_EXIT_UNAVAILABLE;
    }
    length += snprintf(text + length, size_bytes - (size_t)length, ")");
    for (uint32_t i = 0; i < options->geometry.worker_count; i++)
        length += snprintf(text + length, size_bytes - (size_t)length, ",%u@%u",
                           TL_LCORE_OF_WORKER(i), options->cores[i]);
    return 0;
}

// Free huge pages of the default size, in MiB.
static uint64_t free_huge_mb(void)
{
    char line[128];
    unsigned long long pages = 0;
    unsigned long long size_kb = 0;
    FILE *file = fopen("/proc/meminfo", "re");
    if (file == NULL)
        return 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "HugePages_Free: %llu", &pages) == 1)
            continue;
        if (sscanf(line, "Hugepagesize: %llu kB", &size_kb) == 1)
            continue;
    }
    fclose(file);
    return pages * size_kb / 1024;
}

static int check_memory(const struct tl_options *options, uint32_t memory_mb)
{
    uint64_t free_mb = options->no_huge ? UINT64_MAX : free_huge_mb();
    if (free_mb >= memory_mb)
        return 0;
    tl_say("%u MiB of huge pages are needed and %llu MiB are free: write %u to "
           "/proc/sys/vm/nr_hugepages, or set huge-pages: false (--no-huge)",
           memory_mb, (unsigned long long)free_mb, (memory_mb + 1) / 2);
    return TL_EXIT_UNAVAILABLE;
}

// Only the NICs that a realm names are touched, and no bus is looked at when none is.
static void add_devices(const struct tl_options *options, struct tl_eal_arguments *arguments)
{
    int any = 0;
    for (uint32_t i = 0; i < options->geometry.realm_count; i++) {
        if (options->realms[i].attach != TL_ATTACH_PCI)
            continue;
        any = 1;
        tl_eal_arguments_add(arguments, "-a");
        tl_eal_arguments_add(arguments, options->realms[i].interface);
    }
    if (!any)
        tl_eal_arguments_add(arguments, "--no-pci");
}

int tl_eal_start(const struct tl_options *options)
{
    static struct tl_eal_arguments arguments;
    char lcores[CORES_BYTES];
    uint32_t memory_mb = tl_eal_memory_mb(options);
    int result = make_lcores(options, lcores, sizeof(lcores));
    if (result == 0)
        result = check_memory(options, memory_mb);
    if (result != 0)
        return result;
    tl_eal_arguments_begin(&arguments, lcores, memory_mb, options->no_huge);
    add_devices(options, &arguments);
    if (rte_eal_init(arguments.count, arguments.values) >= 0)
        return 0;
    tl_say("DPDK did not start: %s; its own messages stand above", rte_strerror(rte_errno));
    return TL_EXIT_DRIVER;
}
