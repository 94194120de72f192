// SPDX-License-Identifier: Apache-2.0
//
// Lets go of capabilities once the interfaces run. They belong to threads, and DPDK has made its
// threads by then, so each is interrupted and lets go itself: what the C library does for setuid().

#include "privilege.h"

#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io.h"
#include "say.h"

// How long a thread may take to answer its signal. Those that exist now sleep in system calls.
enum { ANSWER_TRIES = 1000 };

static uint64_t kept;     // capabilities, one bit each. Written before the first signal
static uint32_t answered; // threads that have let go
static uint32_t refused;  // errno of a thread that could not

static uint64_t needed(const struct tl_options *options, const struct tl_ports *ports)
{
    const uint64_t net_admin = 1ull << CAP_NET_ADMIN;
    for (uint32_t i = 0; i < options->geometry.realm_count; i++) {
        const struct tl_realm_options *realm = &options->realms[i];
        // The driver takes its program off with it; the kernel resolves neighbours for it only.
        if (realm->attach == TL_ATTACH_XDP && options->mode == TL_MODE_SERVE)
            return net_admin;
        if (ports->count > 0 && ports->list[ports->of_realm[i]].kernel_index != 0 &&
            !realm->has_gateway_mac)
            return net_admin;
    }
    return 0;
}

// For the calling thread. Only system calls: it runs in a signal handler too.
static int let_go(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    // The bounding set needs CAP_SETPCAP, which a service does not have and does not need: with
    // NoNewPrivileges nothing that it could start would gain anything.
    for (unsigned long capability = 0; capability <= CAP_LAST_CAP; capability++)
        if ((kept >> capability & 1) == 0)
            prctl(PR_CAPBSET_DROP, capability, 0ul, 0ul, 0ul);
    if (syscall(SYS_capget, &header, data) < 0)
        return -1;
    for (int word = 0; word < 2; word++) {
        uint32_t keep = (uint32_t)(kept >> (32 * word));
        data[word].permitted &= keep;
        data[word].effective &= keep;
        data[word].inheritable = 0; // and with it the ambient set
    }
    return (int)syscall(SYS_capset, &header, data);
}

static void on_signal(int signal_number)
{
    int before = errno;
    (void)signal_number;
    if (let_go() < 0)
        __atomic_store_n(&refused, (uint32_t)errno, __ATOMIC_RELAXED);
    __atomic_fetch_add(&answered, 1, __ATOMIC_RELEASE);
    errno = before;
}

// 1 when the thread has let go, or is gone.
static int interrupt(pid_t thread, int signal_number)
{
    uint32_t before = __atomic_load_n(&answered, __ATOMIC_ACQUIRE);
    if (syscall(SYS_tgkill, getpid(), thread, signal_number) < 0)
        return errno == ESRCH;
    for (int i = 0; i < ANSWER_TRIES; i++) {
        if (__atomic_load_n(&answered, __ATOMIC_ACQUIRE) != before)
            return 1;
        tl_io_sleep_ns(TL_MILLISECOND_NS);
    }
    return 0;
}

// The other threads, one by one. None of them makes another one now.
static int interrupt_all(int signal_number)
{
    DIR *threads = opendir("/proc/self/task");
    if (threads == NULL)
        return -1;
    int result = 0;
    for (struct dirent *entry = readdir(threads); entry != NULL; entry = readdir(threads)) {
        pid_t thread = (pid_t)atoi(entry->d_name);
        if (thread <= 0 || thread == (pid_t)syscall(SYS_gettid))
            continue;
        if (!interrupt(thread, signal_number)) {
            errno = ETIME;
            result = -1;
        }
    }
    closedir(threads);
    return result;
}

void tl_privilege_drop(const struct tl_options *options, const struct tl_ports *ports)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    kept = needed(options, ports);
    int result = sigaction(SIGRTMIN, &action, NULL);
    if (result == 0)
        result = interrupt_all(SIGRTMIN);
    if (result == 0)
        result = let_go();
    int cause = refused != 0 ? (int)refused : errno;
    if (result == 0 && refused == 0)
        return;
    tl_say("capabilities that are not needed any more could not be dropped: %s; going on with them",
           strerror(cause));
}
