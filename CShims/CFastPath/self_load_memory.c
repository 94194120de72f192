// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "self_load.h"

static const char shared_directory[] = "/dev/shm";
static const uint64_t huge_bytes = 2u << 20;

void tl_load_memory_prepare(int no_huge)
{
    if (no_huge || unshare(CLONE_NEWNS) < 0)
        return;
    // Nobody else sees the mount, and it ends with the process.
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
        mount("tmpfs", shared_directory, "tmpfs", 0, "huge=always");
}

void *tl_load_memory_private(uint64_t size_bytes, int no_huge)
{
    const int protection = PROT_READ | PROT_WRITE;
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    uint64_t rounded = (size_bytes + huge_bytes - 1) & ~(huge_bytes - 1);
    void *memory = MAP_FAILED;
    if (!no_huge)
        memory = mmap(NULL, rounded, protection, flags | MAP_HUGETLB | MAP_POPULATE, -1, 0);
    if (memory != MAP_FAILED)
        return memory;
    memory = mmap(NULL, rounded + huge_bytes, protection, flags, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    uint8_t *aligned =
        (uint8_t *)(((uintptr_t)memory + huge_bytes - 1) & ~(uintptr_t)(huge_bytes - 1));
    madvise(aligned, rounded, MADV_HUGEPAGE);
    memset(aligned, 0, rounded);
    return aligned;
}

void *tl_load_memory_shared(uint64_t size_bytes)
{
    int file = open(shared_directory, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    if (file < 0)
        return NULL;
    void *memory = MAP_FAILED;
    if (posix_fallocate(file, 0, (off_t)size_bytes) == 0)
        memory = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (memory == MAP_FAILED)
        return NULL;
    memset(memory, 0, size_bytes);
    return memory;
}

// What the kernel says of a mapping's pages, in one of the three ways that it can be huge.
static int is_huge_line(const char *line)
{
    unsigned long kilobytes = 0;
    return (sscanf(line, "AnonHugePages: %lu kB", &kilobytes) == 1 ||
            sscanf(line, "ShmemPmdMapped: %lu kB", &kilobytes) == 1 ||
            sscanf(line, "KernelPageSize: %lu kB", &kilobytes) == 1) &&
           kilobytes >= huge_bytes / 1024;
}

int tl_load_memory_is_huge(const void *place)
{
    char line[512];
    unsigned long first, end;
    int inside = 0, huge = 0;
    FILE *file = fopen("/proc/self/smaps", "re");
    if (file == NULL)
        return 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "%lx-%lx ", &first, &end) == 2)
            inside = (uintptr_t)place >= first && (uintptr_t)place < end;
        else if (inside)
            huge |= is_huge_line(line);
    }
    fclose(file);
    return huge;
}
