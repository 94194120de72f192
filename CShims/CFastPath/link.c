// SPDX-License-Identifier: Apache-2.0
#include "link.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "say.h"

void tl_linker_init(struct tl_linker *linker, const char *directory, const struct tl_map *own,
                    const struct tl_layout *own_layout, struct tl_lane *const *lanes,
                    uint32_t lane_count)
{
    *linker = (struct tl_linker){
        .own = own,
        .own_layout = own_layout,
        .lanes = lanes,
        .lane_count = lane_count,
    };
    snprintf(linker->path, sizeof(linker->path), "%s/control.shm", directory);
}

static struct tl_file_header *own_header(const struct tl_linker *linker)
{
    return linker->own->base;
}

static uint64_t peer_incarnation(const struct tl_linker *linker)
{
    const struct tl_file_header *header = linker->link.map.base;
    return tl_load_acquire_u64(&header->incarnation);
}

static void want(struct tl_linker *linker, const struct tl_link *link)
{
    // Pairs with the acquire in the lane: what the link points to is complete. Sequentially
    // consistent, as `held` is read: see hold() in lane.c.
    for (uint32_t i = 0; i < linker->lane_count; i++)
        __atomic_store_n(&linker->lanes[i]->control.wanted, link, __ATOMIC_SEQ_CST);
}

static int all_let_go(const struct tl_linker *linker)
{
    for (uint32_t i = 0; i < linker->lane_count; i++)
        if (__atomic_load_n(&linker->lanes[i]->control.held, __ATOMIC_SEQ_CST) != NULL)
            return 0;
    return 1;
}

// Step 2 of the handshake begins: the peer sees at once that the rings are not in use any more.
static void let_go(struct tl_linker *linker, int drop_map)
{
    linker->drop_map = (uint8_t)drop_map;
    tl_store_release_u64(&own_header(linker)->peer_incarnation, 0);
    want(linker, NULL);
    linker->state = TL_LINK_LETTING_GO;
}

// Said once for each cause: the file is looked at a hundred times a second.
static void say_result(struct tl_linker *linker, int32_t result)
{
    if (result == linker->said)
        return;
    linker->said = result;
    if (result == TL_FILE_OK || result == TL_FILE_ABSENT || result == TL_FILE_NOT_STARTED)
        return;
    tl_say("%s is not used: %s%s%s", linker->path, tl_file_result_text(result),
           result == TL_FILE_SYSTEM ? ": " : "", result == TL_FILE_SYSTEM ? strerror(errno) : "");
}

static void look(struct tl_linker *linker)
{
    int32_t result =
        tl_file_attach(linker->path, TL_MAGIC_CONTROL, &linker->link.map, &linker->link.layout);
    if (result == TL_FILE_OK) {
        result = tl_file_same_geometry(&linker->own_layout->geometry,
                                       &linker->link.layout.geometry);
        if (result != TL_FILE_OK || peer_incarnation(linker) == linker->faulty_incarnation)
            tl_file_unmap(&linker->link.map);
        else
            let_go(linker, 0);
    }
    say_result(linker, result);
}

static void reset(struct tl_linker *linker)
{
    if (!all_let_go(linker))
        return;
    if (linker->drop_map) {
        tl_file_unmap(&linker->link.map);
        linker->state = TL_LINK_DETACHED;
        return;
    }
    linker->incarnation = peer_incarnation(linker);
    tl_file_reset_rings(linker->own, linker->own_layout);
    tl_store_release_u64(&own_header(linker)->peer_incarnation, linker->incarnation);
    linker->state = TL_LINK_WAITING;
}

// The peer is another one: 1, and the way back was taken.
static int peer_changed(struct tl_linker *linker)
{
    if (tl_file_replaced(linker->path, &linker->link.map))
        let_go(linker, 1);
    else if (peer_incarnation(linker) != linker->incarnation)
        let_go(linker, 0);
    else
        return 0;
    return 1;
}

static void watch(struct tl_linker *linker)
{
    if (peer_changed(linker))
        return;
    for (uint32_t i = 0; i < linker->lane_count; i++) {
        uint32_t fault = __atomic_load_n(&linker->lanes[i]->control.fault, __ATOMIC_ACQUIRE);
        if (fault == TL_FAULT_NONE)
            continue;
        tl_say("%s is faulty (%s: %s): its rings are not used until the control plane restarts; "
               "calls go on",
               linker->path, tl_fault_name((enum tl_fault)fault),
               tl_fault_text((enum tl_fault)fault));
        linker->faulty_incarnation = linker->incarnation;
        let_go(linker, 1);
        return;
    }
}

void tl_linker_turn(struct tl_linker *linker)
{
    if (linker->state == TL_LINK_DETACHED)
        look(linker);
    if (linker->state == TL_LINK_LETTING_GO)
        reset(linker);
    if (linker->state == TL_LINK_WAITING && !peer_changed(linker) &&
        tl_file_matched(linker->own, &linker->link.map)) {
        want(linker, &linker->link);
        linker->state = TL_LINK_ATTACHED;
    }
    if (linker->state == TL_LINK_ATTACHED)
        watch(linker);
}

void tl_linker_close(struct tl_linker *linker)
{
    tl_store_release_u64(&own_header(linker)->peer_incarnation, 0);
    tl_file_unmap(&linker->link.map);
    linker->state = TL_LINK_DETACHED;
}
