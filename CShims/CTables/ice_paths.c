// SPDX-License-Identifier: Apache-2.0
// Which paths an agent knows, and which of them media takes (tl_ice.h).
#include "CTables.h"

// The credentials that a path was checked under, as long as they are good; else NULL.
static const struct tl_ice_credentials *credentials_of(const struct tl_ice *ice,
                                                       const struct tl_ice_path *path)
{
    if (path->epoch == ice->epoch)
        return &ice->present;
    if (ice->former.ufrag_bytes != 0 && path->epoch + 1 == ice->epoch)
        return &ice->former;
    return NULL;
}

// May media take this path? Not while signalling says that another branch of a fork has the call.
static int counts(const struct tl_ice *ice, const struct tl_ice_path *path)
{
    const struct tl_ice_credentials *credentials = credentials_of(ice, path);
    return credentials != NULL && (credentials->remote_hash == 0 || path->remote_hash == 0 ||
                                   credentials->remote_hash == path->remote_hash);
}

static int is_stale(const struct tl_ice_path *path, uint64_t now_ns)
{
    return now_ns - path->checked_ns > TL_ICE_STALE_NS;
}

static uint32_t path_find(const struct tl_ice *ice, const uint8_t address[16], uint16_t port)
{
    for (uint32_t i = 0; i < ice->path_count; i++)
        if (ice->paths[i].port == port && memcmp(ice->paths[i].address, address, 16) == 0)
            return i;
    return TL_ICE_NO_PATH;
}

// A place for one more path: a free one, else that of the path which was silent longest, when media
// does not take it and it is stale, or was checked under credentials that are gone. Of a fork, a
// path that counts takes the place of any that does not, and never the other way round.
static uint32_t place_find(const struct tl_ice *ice, int newcomer_counts, uint64_t now_ns)
{
    uint32_t found = TL_ICE_NO_PATH;
    if (ice->path_count < TL_ICE_PATHS_MAX)
        return ice->path_count;
    for (uint32_t i = 0; i < TL_ICE_PATHS_MAX; i++) {
        const struct tl_ice_path *path = &ice->paths[i];
        int is_over = credentials_of(ice, path) == NULL || is_stale(path, now_ns);
        int gives_way = counts(ice, path) ? is_over && newcomer_counts : is_over || newcomer_counts;
        if (i == ice->selected || !gives_way)
            continue;
        if (found == TL_ICE_NO_PATH || path->checked_ns < ice->paths[found].checked_ns)
            found = i;
    }
    return found;
}

static uint32_t paths_of(const struct tl_ice *ice, uint64_t remote_hash)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < ice->path_count; i++)
        count += ice->paths[i].remote_hash == remote_hash;
    return count;
}

// In a full table, while signalling names no remote user fragment and each branch of a fork counts:
// the oldest path of the branch that has most gives way to one of a branch that has two fewer, so
// that whichever gets the call finds its own there.
static uint32_t share_find(const struct tl_ice *ice, uint64_t remote_hash)
{
    uint32_t found = TL_ICE_NO_PATH, most = paths_of(ice, remote_hash) + 1;
    for (uint32_t i = 0; ice->present.remote_hash == 0 && i < ice->path_count; i++) {
        const struct tl_ice_path *path = &ice->paths[i];
        uint32_t has = paths_of(ice, path->remote_hash);
        if (i == ice->selected || has < most || (found == TL_ICE_NO_PATH && has == most))
            continue;
        if (has > most || path->checked_ns < ice->paths[found].checked_ns)
            found = i;
        most = has;
    }
    return found;
}

static uint32_t path_take(struct tl_worker *worker, uint32_t slot, const uint8_t address[16],
                          uint16_t port, uint32_t epoch, uint64_t remote_hash)
{
    struct tl_ice *ice = tl_ice_of(worker, slot);
    uint32_t place = path_find(ice, address, port);
    if (place != TL_ICE_NO_PATH)
        return place;
    const struct tl_flow_spec *spec = &worker->cold[slot].spec;
    struct tl_route route;
    struct tl_ice_path path = {.port = port, .epoch = epoch, .remote_hash = remote_hash,
                               .checked_ns = worker->now_ns};
    memcpy(path.address, address, 16);
    place = place_find(ice, counts(ice, &path), worker->now_ns);
    if (place == TL_ICE_NO_PATH)
        place = share_find(ice, remote_hash);
    if (place == TL_ICE_NO_PATH || !tl_remote_is_good(worker, spec, address, port) ||
        !tl_shared_source_is_free(worker, slot, address, port) ||
        tl_route_find(worker, spec, address, port, &route) != TL_STATUS_OK ||
        route.hop == TL_NO_HOP) // a hairpin: no party is on this box
        return TL_ICE_NO_PATH;
    tl_shared_leave(worker, slot);
    if (place == ice->path_count)
        ice->path_count++;
    else
        tl_next_hop_release(&worker->hops, ice->paths[place].hop);
    path.hop = route.hop;
    ice->paths[place] = path;
    tl_shared_enter(worker, slot);
    return place;
}

TL_PACKET_CODE uint32_t tl_ice_path_take(struct tl_worker *worker, uint32_t slot,
                                         const struct tl_ice_check *check)
{
    return path_take(worker, slot, check->address, check->port,
                     tl_ice_of(worker, slot)->epoch - check->is_former, check->remote_hash);
}

// Media takes this path from now on. 0: there is no way to it, everything stays as it is.
static int path_select(struct tl_worker *worker, uint32_t slot, uint32_t i, uint8_t nominated)
{
    struct tl_ice *ice = tl_ice_of(worker, slot);
    const struct tl_ice_path *path = &ice->paths[i];
    if (i == ice->selected && nominated == ice->nominated)
        return 1;
    if (i != ice->selected && !tl_flow_learn(worker, slot, path->address, path->port))
        return 0;
    worker->counters.ice_nominations += nominated;
    ice->selected = (uint8_t)i;
    ice->nominated = nominated;
    tl_shared_enter(worker, slot); // what was weak is no more
    tl_channel_notify(worker, slot, TL_PENDING_PATH);
    return 1;
}

// The best of the paths that have all of `flags`; the selected one of equals.
static uint32_t best_of(const struct tl_ice *ice, uint8_t flags)
{
    uint32_t best = TL_ICE_NO_PATH;
    for (uint32_t i = 0; i < ice->path_count; i++) {
        const struct tl_ice_path *path = &ice->paths[i];
        if ((path->flags & flags) != flags || !counts(ice, path))
            continue;
        if (best == TL_ICE_NO_PATH || path->priority > ice->paths[best].priority ||
            (path->priority == ice->paths[best].priority && i == ice->selected))
            best = i;
    }
    return best;
}

// While nothing is nominated.
static void select_early(struct tl_worker *worker, uint32_t slot)
{
    struct tl_ice *ice = tl_ice_of(worker, slot);
    uint32_t best = best_of(ice, TL_PATH_CHECKED);
    if (best == TL_ICE_NO_PATH)
        best = best_of(ice, TL_PATH_LATCHED);
    if (best != TL_ICE_NO_PATH)
        path_select(worker, slot, best, 0);
}

TL_PACKET_CODE void tl_ice_take_up(struct tl_worker *worker, uint32_t slot)
{
    const struct tl_flow_record *record = tl_worker_record(worker, slot);
    struct tl_ice *ice = tl_ice_of(worker, slot);
    if (!(worker->flows[slot].ingress.flags & TL_FLOW_ICE) || !record->source_learned)
        return;
    uint32_t i =
        path_take(worker, slot, record->source_address, record->source_port, ice->epoch, 0);
    if (i == TL_ICE_NO_PATH)
        return;
    // Its user fragment and priority are not known: any nomination moves on.
    ice->paths[i].flags = TL_PATH_CHECKED | TL_PATH_NOMINATED;
    ice->selected = (uint8_t)i;
    ice->nominated = 1;
}

TL_PACKET_CODE void tl_ice_remote_changed(struct tl_worker *worker, uint32_t slot, int another)
{
    struct tl_ice *ice = tl_ice_of(worker, slot);
    if (ice->former.ufrag_bytes != 0 && ice->nominated)
        return; // a restart: what was nominated stays for now
    for (uint32_t i = 0; another && i < ice->path_count; i++)
        ice->paths[i].flags &= (uint8_t)~TL_PATH_LATCHED; // by keys of the party before
    uint32_t best = best_of(ice, TL_PATH_CHECKED | TL_PATH_NOMINATED);
    if (best != TL_ICE_NO_PATH) {
        path_select(worker, slot, best, 1);
        return;
    }
    ice->nominated = 0;
    if (best_of(ice, TL_PATH_CHECKED) == TL_ICE_NO_PATH &&
        best_of(ice, TL_PATH_LATCHED) == TL_ICE_NO_PATH) {
        ice->selected = TL_ICE_NO_PATH;
        tl_flow_unlearn(worker, slot);
    } else {
        select_early(worker, slot);
    }
}

// Does the party of this path nominate regularly? Then it checked one of its paths without
// USE-CANDIDATE, too.
static int is_regular(const struct tl_ice *ice, const struct tl_ice_path *path)
{
    for (uint32_t i = 0; i < ice->path_count; i++)
        if (ice->paths[i].flags & TL_PATH_REGULAR && ice->paths[i].epoch == path->epoch &&
            ice->paths[i].remote_hash == path->remote_hash)
            return 1;
    return 0;
}

static int nomination_wins(const struct tl_ice *ice, uint32_t i, int completes, uint64_t now_ns)
{
    if (!ice->nominated || i == ice->selected || completes)
        return 1;
    const struct tl_ice_path *path = &ice->paths[i], *held = &ice->paths[ice->selected];
    return is_regular(ice, path) || path->priority >= held->priority || is_stale(held, now_ns);
}

static void nominate(struct tl_worker *worker, uint32_t slot, uint32_t i)
{
    struct tl_ice *ice = tl_ice_of(worker, slot);
    struct tl_ice_path *path = &ice->paths[i];
    int completes = ice->former.ufrag_bytes != 0 && path->epoch == ice->epoch;
    for (uint32_t j = 0; is_regular(ice, path) && j < ice->path_count; j++)
        if (ice->paths[j].remote_hash == path->remote_hash)
            ice->paths[j].flags &= (uint8_t)~TL_PATH_NOMINATED;
    path->flags |= TL_PATH_NOMINATED;
    if (!counts(ice, path) || !nomination_wins(ice, i, completes, worker->now_ns) ||
        !path_select(worker, slot, i, 1))
        return;
    if (!completes)
        return;
    tl_shared_leave(worker, slot);
    memset(&ice->former, 0, sizeof(ice->former));
    tl_shared_enter(worker, slot);
}

TL_PACKET_CODE void tl_ice_checked(struct tl_worker *worker, uint32_t slot, uint32_t i,
                                   const struct tl_ice_check *check)
{
    struct tl_ice *ice = tl_ice_of(worker, slot);
    struct tl_ice_path *path = &ice->paths[i];
    uint32_t epoch = ice->epoch - check->is_former;
    path->checked_ns = worker->now_ns;
    if (check->is_former && path->epoch == ice->epoch && path->flags & TL_PATH_CHECKED)
        return; // newer credentials have it already
    int same = path->remote_hash == 0 || path->remote_hash == check->remote_hash;
    if (path->epoch != epoch || !same) // another party's now, or of another session
        path->flags &= TL_PATH_LATCHED;
    path->epoch = epoch;
    path->remote_hash = check->remote_hash;
    path->priority = check->priority;
    path->flags |= check->nominates ? TL_PATH_CHECKED : TL_PATH_CHECKED | TL_PATH_REGULAR;
    if (check->nominates)
        nominate(worker, slot, i);
    else if (!ice->nominated)
        select_early(worker, slot);
}

TL_PACKET_CODE int tl_ice_accepts(const struct tl_worker *worker, uint32_t slot,
                                  const uint8_t address[16], uint16_t port)
{
    const struct tl_ice *ice = tl_ice_of(worker, slot);
    if (ice == NULL || ice->nominated)
        return 0;
    uint32_t i = path_find(ice, address, port);
    return i != TL_ICE_NO_PATH && ice->paths[i].flags & (TL_PATH_CHECKED | TL_PATH_LATCHED) &&
           counts(ice, &ice->paths[i]);
}

TL_PACKET_CODE int tl_ice_may_latch(const struct tl_worker *worker, uint32_t slot)
{
    const struct tl_ice *ice = tl_ice_of(worker, slot);
    const uint32_t needed = TL_FLOW_ICE | TL_FLOW_SRTP | TL_FLOW_EARLY_LATCH;
    if (ice == NULL || ice->nominated || (worker->flows[slot].ingress.flags & needed) != needed)
        return 0;
    for (uint32_t i = 0; i < ice->path_count; i++)
        if (ice->paths[i].flags & TL_PATH_LATCHED)
            return 0;
    return 1;
}

TL_PACKET_CODE int tl_ice_latch_source(struct tl_worker *worker, uint32_t slot,
                                       const uint8_t address[16], uint16_t port)
{
    if (!tl_ice_may_latch(worker, slot))
        return 0;
    struct tl_ice *ice = tl_ice_of(worker, slot);
    uint32_t i = path_take(worker, slot, address, port, ice->epoch, 0);
    if (i == TL_ICE_NO_PATH)
        return 0;
    ice->paths[i].flags |= TL_PATH_LATCHED;
    ice->paths[i].epoch = ice->epoch;
    select_early(worker, slot);
    return 1;
}
