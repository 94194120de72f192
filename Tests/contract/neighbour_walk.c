// SPDX-License-Identifier: Apache-2.0
// How much the kernel is asked when next hops come and change: a question has a sequence number.
// Usage: neighbour_walk INTERFACE, with a route by it to 203.0.113.0/24 and a permanent neighbour
// behind that.
#include <stdio.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "neighbour.h"

enum { HOPS = 256, TAKEN = 100 };

static struct tl_worker worker;
static struct tl_neighbours neighbours;
static const struct tl_realm realm;

static void take(uint8_t last)
{
    const uint8_t address[16] = {[10] = 0xff, [11] = 0xff, 203, 0, 113, last};
    tl_next_hop_take(&worker.hops, &realm, 0, address);
}

static void turn_asks(const char *what, uint64_t now_ms, uint32_t expected)
{
    uint32_t before = neighbours.sequence;
    tl_neighbours_turn(&neighbours, now_ms * TL_MILLISECOND_NS);
    if (neighbours.sequence - before != expected)
        printf("%s: %u questions, not %u\n", what, neighbours.sequence - before, expected);
}

int main(int argc, char **argv)
{
    static uint64_t words[HOPS];
    static struct tl_next_hop entries[HOPS];
    static uint32_t heads[HOPS];
    struct tl_worker *workers[1] = {&worker};
    if (argc != 2)
        return 2;
    tl_next_hops_init(&worker.hops, words, entries, heads, HOPS);
    neighbours = (struct tl_neighbours){.realm_count = 1, .workers = workers, .worker_count = 1,
                                        .dirty = 1, .events = tl_netlink_open(RTMGRP_NEIGH),
                                        .request = tl_netlink_open(0)};
    neighbours.kernel_index[0] = if_nametoindex(argv[1]);
    if (neighbours.kernel_index[0] == 0 || neighbours.events == NULL || neighbours.request == NULL)
        return 2;
    for (uint8_t i = 1; i <= TAKEN; i++)
        take(i);
    turn_asks("the first turn", 1000, 2 * TAKEN); // where it leaves, who that is
    turn_asks("nothing new", 1010, 0);
    take(TAKEN + 1);
    turn_asks("one more", 1020, 2);
    neighbours.dirty = 1;
    turn_asks("the kernel changed", 1030, 2 * (TAKEN + 1));
    // Calls come all the time: the next look at all of them is not put off by that.
    for (uint8_t i = 2; i < 50; i++) {
        take(TAKEN + i);
        turn_asks("a stream of calls", 1030 + i * 100u, 2);
    }
    take(TAKEN + 50);
    turn_asks("time to look again", 6030, 2 * (TAKEN + 50));
    return 0;
}
