// SPDX-License-Identifier: Apache-2.0
#include "port_memif_guard.h"

#include <dlfcn.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_interrupts.h>
#include <rte_launch.h>

#include "eal.h"
#include "io.h"

#define PAUSE_NS 20000u

static struct tl_lane *const *lanes;
static uint32_t lane_count;

void tl_memif_guard_watch(struct tl_lane *const *of_node, uint32_t count)
{
    lanes = of_node;
    lane_count = count;
}

// The heartbeat is the time at which a turn began, written when the turn has ended.
static int has_turned(uint32_t worker, uint64_t since_ns)
{
    const struct tl_worker_page *page = lanes[worker]->page;
    return __atomic_load_n(&page->heartbeat_ns, __ATOMIC_ACQUIRE) > since_ns ||
           rte_eal_get_lcore_state(TL_LCORE_OF_WORKER(worker)) != RUNNING;
}

static void wait_for_workers(void)
{
    // What the driver wrote is seen by every turn that begins from now on.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    uint64_t now_ns = tl_io_now_ns();
    for (uint32_t i = 0; i < lane_count; i++)
        while (!has_turned(i, now_ns))
            tl_io_sleep_ns(PAUSE_NS);
}

int rte_intr_callback_unregister(const struct rte_intr_handle *handle,
                                 rte_intr_callback_fn callback, void *argument)
{
    __typeof__(&rte_intr_callback_unregister) next =
        (__typeof__(next))dlsym(RTLD_NEXT, "rte_intr_callback_unregister");
    wait_for_workers();
    return next != NULL ? next(handle, callback, argument) : -ENOENT;
}

// Nobody but the driver has such a socket here.
static int is_memif(int socket)
{
    int type = 0;
    socklen_t length = sizeof(type);
    return getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_SEQPACKET;
}

ssize_t sendmsg(int socket, const struct msghdr *message, int flags)
{
    int memif = is_memif(socket);
    if (memif)
        wait_for_workers();
    ssize_t sent = syscall(SYS_sendmsg, socket, message, flags);
    if (sent >= 0 || errno != EPIPE || !memif)
        return sent;
    sent = 0;
    for (size_t i = 0; i < message->msg_iovlen; i++)
        sent += (ssize_t)message->msg_iov[i].iov_len;
    return sent;
}
