// SPDX-License-Identifier: Apache-2.0
//
// The only file in which -Wfunction-effects is off: DPDK's functions carry no attribute that the
// compiler could check. What they do was read instead: receive and transmit bursts of the drivers
// that are used here copy or pass on buffers; af_xdp and af_packet make one system call a burst to
// kick the kernel, without waiting (the worker counts driver calls); pools and rings are lock-free
// (a pool's common ring spins for a competitor's few instructions).

#include "io.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "probe.h"

#pragma clang diagnostic ignored "-Wfunction-effects"

#define SLICE_NS 100000u // the shortest that the kernel gives

// The kernel's `struct sched_attr`, first version: its header and <sched.h> exclude each other.
struct thread_schedule {
    uint32_t size_bytes;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t slice_ns;
    uint64_t deadline_ns;
    uint64_t period_ns;
};

static __thread struct tl_probe *probe;

void tl_io_probe(struct tl_probe *of_this_thread)
{
    probe = of_this_thread;
}

static uint64_t from_timespec(const struct timespec *time)
{
    return (uint64_t)time->tv_sec * TL_NANOSECONDS + (uint64_t)time->tv_nsec;
}

TL_PACKET_CODE uint64_t tl_io_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return from_timespec(&now);
}

TL_PACKET_CODE uint64_t tl_io_cycles(void)
{
    return rte_rdtsc();
}

TL_PACKET_CODE uint16_t tl_io_receive(uint16_t port_id, uint16_t queue, struct rte_mbuf **buffers,
                                      uint16_t count)
{
    return rte_eth_rx_burst(port_id, queue, buffers, count);
}

TL_PACKET_CODE uint16_t tl_io_transmit(uint16_t port_id, uint16_t queue, struct rte_mbuf **buffers,
                                       uint16_t count)
{
    if (TL_LIKELY(probe == NULL))
        return rte_eth_tx_burst(port_id, queue, buffers, count);
    tl_probe_leave(probe, tl_io_cycles());
    uint16_t taken = rte_eth_tx_burst(port_id, queue, buffers, count);
    tl_probe_sent(probe, tl_io_cycles(), taken);
    return taken;
}

TL_PACKET_CODE int tl_io_allocate(struct rte_mempool *pool, struct rte_mbuf **buffers,
                                  uint32_t count)
{
    return rte_pktmbuf_alloc_bulk(pool, buffers, count) == 0;
}

TL_PACKET_CODE void tl_io_free(struct rte_mbuf **buffers, uint32_t count)
{
    if (count > 0)
        rte_pktmbuf_free_bulk(buffers, count);
}

TL_PACKET_CODE uint32_t tl_io_take(struct rte_ring *ring, struct rte_mbuf **buffers,
                                   uint32_t count)
{
    return rte_ring_dequeue_burst(ring, (void **)buffers, count, NULL);
}

TL_PACKET_CODE uint32_t tl_io_give(struct rte_ring *ring, struct rte_mbuf **buffers,
                                   uint32_t count)
{
    return rte_ring_enqueue_burst(ring, (void **)buffers, count, NULL);
}

void tl_io_sleep_ns(uint64_t duration_ns)
{
    struct timespec duration = {.tv_sec = 0, .tv_nsec = (long)(duration_ns % TL_NANOSECONDS)};
    nanosleep(&duration, NULL);
}

int tl_io_sleep_while(const uint32_t *word, uint32_t value, uint64_t duration_ns)
{
    struct timespec duration = {.tv_sec = 0, .tv_nsec = (long)(duration_ns % TL_NANOSECONDS)};
    // Not FUTEX_PRIVATE_FLAG: who wakes is another process.
    if (syscall(SYS_futex, word, FUTEX_WAIT, value, &duration, NULL, 0) == 0 || errno == EAGAIN)
        return 1;
    if (errno != ETIMEDOUT && errno != EINTR)
        nanosleep(&duration, NULL); // never a loop of failing calls
    return 0;
}

void tl_io_wake(int descriptor)
{
    // A full counter means that it is awake already.
    uint64_t one = 1;
    ssize_t written = write(descriptor, &one, sizeof(one));
    (void)written;
}

// Linux 6.12 and later: of the threads of a core that may run, one that asks for short slices goes
// before one that does not, and need not wait for the end of the other's slice of some
// milliseconds. Its share is what it was, and it needs no privilege. Real-time priority would do
// as well for a sleeper, but a worker that polls would keep the kernel's own threads away.
static void shorten_slice(void)
{
    struct thread_schedule now;
    if (syscall(SYS_sched_getattr, 0, &now, sizeof(now), 0) < 0)
        return;
    if (now.policy != SCHED_OTHER) // what an operator has chosen for it stays
        return;
    struct thread_schedule wanted = {
        .size_bytes = sizeof(wanted), .nice = now.nice, .slice_ns = SLICE_NS};
    // Older kernels take no notice of it, and preempt for one that was asleep anyway.
    syscall(SYS_sched_setattr, 0, &wanted, 0);
}

void tl_io_wake_sharply(void)
{
    // A slack of zero would mean the default.
    prctl(PR_SET_TIMERSLACK, 1ul);
    shorten_slice();
}
