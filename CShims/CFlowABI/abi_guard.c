// SPDX-License-Identifier: Apache-2.0
// The end of a process whose mapped file was cut short. Ranges are written by whoever maps, read by
// the signal handler of any thread: each word is one atomic, and a size is set after its base.
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi_private.h"

enum { GUARD_SLOTS = 64 };

struct range {
    uintptr_t base;      // 0 = free, 1 = being written
    uint64_t size_bytes; // 0 = not valid yet
    int32_t is_peer;
};

static struct range ranges[GUARD_SLOTS];
static const char *peer;

int tl_guard_add(struct tl_map *map, int is_peer)
{
    for (uint32_t i = 0; i < GUARD_SLOTS; i++) {
        uintptr_t none = 0;
        if (!__atomic_compare_exchange_n(&ranges[i].base, &none, 1, 0, __ATOMIC_ACQ_REL,
                                         __ATOMIC_RELAXED))
            continue;
        __atomic_store_n(&ranges[i].is_peer, is_peer, __ATOMIC_RELAXED);
        __atomic_store_n(&ranges[i].base, (uintptr_t)map->base, __ATOMIC_RELAXED);
        __atomic_store_n(&ranges[i].size_bytes, map->size_bytes, __ATOMIC_RELEASE);
        map->guard_slot = i;
        return 0;
    }
    errno = ENFILE;
    return -1;
}

void tl_guard_remove(const struct tl_map *map)
{
    __atomic_store_n(&ranges[map->guard_slot].size_bytes, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&ranges[map->guard_slot].base, 0, __ATOMIC_RELEASE);
}

// Only what is safe in a signal handler. ThreadSanitizer may hold a lock of its own at the store
// that faulted, so that neither its loads nor its wrappers of libc's calls may run here.
#define TL_HANDLER __attribute__((disable_sanitizer_instrumentation))

TL_HANDLER static void say(const char *text)
{
    size_t length = 0;
    while (text[length] != '\0')
        length++;
    long written = syscall(SYS_write, STDERR_FILENO, text, length);
    (void)written;
}

TL_HANDLER static void on_bus_error(int signal_number, siginfo_t *info, void *context)
{
    (void)context;
    uintptr_t address = (uintptr_t)info->si_addr;
    for (uint32_t i = 0; i < GUARD_SLOTS; i++) {
        uint64_t size_bytes = __atomic_load_n(&ranges[i].size_bytes, __ATOMIC_ACQUIRE);
        uintptr_t base = __atomic_load_n(&ranges[i].base, __ATOMIC_RELAXED);
        if (size_bytes == 0 || address < base || address - base >= size_bytes)
            continue;
        say("the shared file of ");
        say(__atomic_load_n(&ranges[i].is_peer, __ATOMIC_RELAXED) ? peer : "this process");
        say(" was cut short while it was mapped; exit for a restart\n");
        syscall(SYS_exit_group, TL_EXIT_PEER_FILE);
    }
    // Not ours: the fault is taken again, with the default action.
    signal(signal_number, SIG_DFL);
}

void tl_file_guard(const char *peer_name)
{
    struct sigaction action = {0};
    peer = peer_name;
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    // Cannot fail: the signal exists and may be caught.
    sigaction(SIGBUS, &action, NULL);
}
