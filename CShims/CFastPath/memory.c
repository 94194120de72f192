// SPDX-License-Identifier: Apache-2.0
#include "memory.h"

#include <errno.h>
#include <numa.h>
#include <numaif.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 // Linux 6.1; younger than Debian 12's C library
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum { NODES_MAX = 1024, WORD_BITS = 8 * sizeof(unsigned long) };
#define HUGE_BYTES  (2ull << 20)

uint32_t tl_memory_nodes(void)
{
    int nodes = numa_available() < 0 ? 1 : numa_num_configured_nodes();
    return nodes < 1 ? 1 : (uint32_t)nodes;
}

uint32_t tl_memory_node(uint32_t core)
{
    int node = numa_available() < 0 ? 0 : numa_node_of_cpu((int)core);
    return node < 0 || node >= NODES_MAX ? 0 : (uint32_t)node;
}

void tl_memory_near(void *memory, uint64_t size_bytes, uint32_t core)
{
    unsigned long nodes[NODES_MAX / WORD_BITS] = {0};
    uint32_t node = tl_memory_node(core);
    uintptr_t page = 4096;
    uintptr_t begin = (uintptr_t)memory & ~(page - 1);
    if (tl_memory_nodes() == 1)
        return;
    nodes[node / WORD_BITS] = 1ul << (node % WORD_BITS);
    // A refusal (a sandbox, a cpuset) leaves the memory where the kernel puts it.
    (void)mbind((void *)begin, (uintptr_t)memory + size_bytes - begin, MPOL_PREFERRED, nodes,
                NODES_MAX + 1, MPOL_MF_MOVE);
}

static uint8_t *round_up(const void *memory)
{
    return (uint8_t *)(((uintptr_t)memory + HUGE_BYTES - 1) & ~(uintptr_t)(HUGE_BYTES - 1));
}

void tl_memory_collapse(void *memory, uint64_t size_bytes)
{
    uint8_t *end = (uint8_t *)memory + size_bytes;
    // One by one: the call stops at the first that it cannot make.
    for (uint8_t *at = round_up(memory); at + HUGE_BYTES <= end; at += HUGE_BYTES)
        if (madvise(at, HUGE_BYTES, MADV_COLLAPSE) < 0 && (errno == EINVAL || errno == ENOSYS))
            return;
}

int tl_memory_is_huge(const void *memory)
{
    char line[256];
    uintptr_t wanted = (uintptr_t)round_up(memory);
    int found = 0, inside = 0;
    FILE *file = fopen("/proc/self/smaps", "re");
    while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL) {
        unsigned long begin, end, kilobytes;
        if (sscanf(line, "%lx-%lx ", &begin, &end) == 2)
            inside = wanted >= begin && wanted < end;
        else if (inside && (sscanf(line, "ShmemPmdMapped: %lu", &kilobytes) == 1 ||
                            sscanf(line, "AnonHugePages: %lu", &kilobytes) == 1 ||
                            sscanf(line, "Private_Hugetlb: %lu", &kilobytes) == 1))
            found = kilobytes > 0;
    }
    if (file != NULL)
        fclose(file);
    return found;
}

static void *take_reserved(uint64_t size_bytes, uint32_t core)
{
    void *memory = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    tl_memory_near(memory, size_bytes, core);
    // Asked for, since a touch that finds no page (a control group's limit) would end the process.
    // A kernel that does not know the question (before 5.14) is touched.
    if (madvise(memory, size_bytes, MADV_POPULATE_WRITE) == 0)
        return memory;
    if (errno == EINVAL)
        return memset(memory, 0, size_bytes);
    munmap(memory, size_bytes);
    return NULL;
}

void *tl_memory_take(uint64_t size_bytes, uint64_t at_once, const struct tl_options *options,
                     uint32_t core, enum tl_pages *pages)
{
    uint64_t rounded = (size_bytes + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1);
    void *memory = options->no_huge ? NULL : take_reserved(rounded, core);
    *pages = memory != NULL ? TL_PAGES_RESERVED : TL_PAGES_TRANSPARENT;
    if (memory != NULL)
        return memory;
    memory = mmap(NULL, rounded + HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                  -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    uint8_t *aligned = round_up(memory);
    tl_memory_near(aligned, rounded, core);
    madvise(aligned, rounded, MADV_HUGEPAGE);
    return memset(aligned, 0, at_once);
}
