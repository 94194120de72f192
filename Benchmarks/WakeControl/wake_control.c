// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CWakeControl.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000ull

struct tl_wake_control {
    pthread_t thread;
    uint32_t bell;   // who rings writes it, the thread sleeps on it
    uint32_t answer; // the bell as the thread last saw it
    uint32_t ending; // written before the last ring
};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

static void *answer(void *argument)
{
    struct tl_wake_control *control = argument;
    uint32_t seen = 0;
    while (!__atomic_load_n(&control->ending, __ATOMIC_ACQUIRE)) {
        syscall(SYS_futex, &control->bell, FUTEX_WAIT, seen, NULL, NULL, 0);
        seen = __atomic_load_n(&control->bell, __ATOMIC_ACQUIRE);
        __atomic_store_n(&control->answer, seen, __ATOMIC_RELEASE);
    }
    return NULL;
}

static int start_there(struct tl_wake_control *control, uint32_t core)
{
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    int failed = pthread_attr_setaffinity_np(&attributes, sizeof(cores), &cores) != 0 ||
                 pthread_create(&control->thread, &attributes, answer, control) != 0;
    pthread_attr_destroy(&attributes);
    struct sched_param first = {.sched_priority = 1};
    if (!failed)
        (void)pthread_setschedparam(control->thread, SCHED_FIFO, &first);
    return failed ? -1 : 0;
}

struct tl_wake_control *tl_wake_control_start(uint32_t core)
{
    struct tl_wake_control *control = calloc(1, sizeof(*control));
    if (control != NULL && (core >= CPU_SETSIZE || start_there(control, core) < 0)) {
        free(control);
        return NULL;
    }
    return control;
}

static uint32_t ring(struct tl_wake_control *control)
{
    uint32_t number = __atomic_add_fetch(&control->bell, 1, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &control->bell, FUTEX_WAKE, 1, NULL, NULL, 0);
    return number;
}

uint64_t tl_wake_control_ring(struct tl_wake_control *control)
{
    uint64_t start_ns = now_ns();
    uint32_t number = ring(control);
    while (__atomic_load_n(&control->answer, __ATOMIC_ACQUIRE) != number)
        if (now_ns() - start_ns > SECOND_NS)
            return UINT64_MAX;
    return now_ns() - start_ns;
}

void tl_wake_control_stop(struct tl_wake_control *control)
{
    if (control == NULL)
        return;
    __atomic_store_n(&control->ending, 1, __ATOMIC_RELEASE);
    ring(control);
    pthread_join(control->thread, NULL);
    free(control);
}
