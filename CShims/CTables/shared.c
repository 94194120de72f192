// SPDX-License-Identifier: Apache-2.0
#include "CTables.h"

#define HASH_A 0x9e3779b97f4a7c15ull
#define HASH_B 0xd1b54a32d192ed03ull

static const struct tl_port_entry nobody = {TL_NO_FLOW, TL_NO_FLOW};

static uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint32_t home_of(const struct tl_shared *shared, const struct tl_name *name)
{
    uint64_t words[3];
    memcpy(words, name, sizeof(words));
    uint64_t hash = mix(words[0] ^ shared->seed, words[1] ^ HASH_A);
    return (uint32_t)mix(hash ^ words[2], HASH_B) & shared->mask;
}

static int name_equal(const struct tl_name *a, const struct tl_name *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

static struct tl_name name_of_source(uint32_t place, const uint8_t address[16], uint16_t port)
{
    struct tl_name name = {.place = place, .port = port, .kind = TL_NAME_SOURCE};
    memcpy(name.address, address, 16);
    return name;
}

// Two names of different fragments are equal once in 2^128; and the agent that is found compares
// the fragment itself.
static struct tl_name name_of_ufrag(const struct tl_shared *shared, uint32_t place,
                                    const uint8_t *ufrag, uint32_t bytes)
{
    struct tl_name name = {.place = place, .port = (uint16_t)bytes, .kind = TL_NAME_UFRAG};
    uint64_t hashes[2] = {shared->seed ^ HASH_A, shared->seed ^ HASH_B};
    for (uint32_t i = 0; i < bytes; i++) {
        hashes[0] = mix(hashes[0] ^ ufrag[i], HASH_A);
        hashes[1] = mix(hashes[1] ^ ufrag[i], HASH_B);
    }
    memcpy(name.address, hashes, 16);
    return name;
}

// The entry of a name, or the empty place where it would go.
static struct tl_shared_entry *entry_find(const struct tl_shared *shared,
                                          const struct tl_name *name)
{
    uint32_t at = home_of(shared, name);
    while (shared->entries[at].name.kind != TL_NAME_NONE &&
           !name_equal(&shared->entries[at].name, name))
        at = (at + 1) & shared->mask;
    return &shared->entries[at];
}

static struct tl_port_entry flow_find(const struct tl_shared *shared, const struct tl_name *name)
{
    if (shared->mask == 0)
        return nobody;
    const struct tl_shared_entry *entry = entry_find(shared, name);
    if (entry->name.kind == TL_NAME_NONE)
        return nobody;
    return (struct tl_port_entry){entry->slot & ~TL_NAME_IS_WEAK, entry->peer};
}

TL_PACKET_CODE struct tl_port_entry tl_shared_by_source(const struct tl_worker *worker,
                                                        uint32_t place,
                                                        const uint8_t address[16], uint16_t port)
{
    struct tl_name name = name_of_source(place, address, port);
    return flow_find(&worker->shared, &name);
}

TL_PACKET_CODE struct tl_port_entry tl_shared_by_ufrag(const struct tl_worker *worker,
                                                       uint32_t place, const uint8_t *ufrag,
                                                       uint32_t bytes)
{
    if (bytes > TL_ICE_UFRAG_BYTES_MAX)
        return nobody;
    struct tl_name name = name_of_ufrag(&worker->shared, place & ~1u, ufrag, bytes);
    return flow_find(&worker->shared, &name);
}

// Puts a name there for a flow, unless it is there: then only one that is not weak takes it, from
// one that is, or from itself (a default candidate may be a path, too).
static void entry_put(struct tl_shared *shared, const struct tl_name *name, uint32_t slot,
                      uint32_t peer, uint32_t weak)
{
    struct tl_shared_entry *entry = entry_find(shared, name);
    if (entry->name.kind == TL_NAME_NONE && shared->used >= shared->mask / 4 * 3 + 3)
        return; // never: each flow has its places. But a look-up must find an empty one
    if (entry->name.kind == TL_NAME_NONE)
        shared->used++;
    else if (weak || ((entry->slot & ~TL_NAME_IS_WEAK) != slot && !(entry->slot & TL_NAME_IS_WEAK)))
        return;
    *entry = (struct tl_shared_entry){*name, slot | weak, peer};
}

// Closes the gap that a name leaves: what was pushed behind it by other names comes nearer to where
// it belongs, so that a look-up may end at the first empty place.
static void entry_remove(struct tl_shared *shared, const struct tl_name *name, uint32_t slot)
{
    struct tl_shared_entry *gap = entry_find(shared, name);
    if (gap->name.kind == TL_NAME_NONE || (gap->slot & ~TL_NAME_IS_WEAK) != slot)
        return;
    uint32_t hole = (uint32_t)(gap - shared->entries), at = hole;
    while (shared->entries[at = (at + 1) & shared->mask].name.kind != TL_NAME_NONE) {
        uint32_t home = home_of(shared, &shared->entries[at].name);
        if (((at - home) & shared->mask) < ((at - hole) & shared->mask))
            continue; // it begins behind the hole
        shared->entries[hole] = shared->entries[at];
        hole = at;
    }
    memset(&shared->entries[hole], 0, sizeof(shared->entries[hole]));
    shared->used--;
}

static uint32_t place_of(const struct tl_worker *worker, const struct tl_flow_spec *spec)
{
    return 2 * tl_worker_port(worker, spec->address_index, spec->local_port);
}

// The names of a flow as they are now. Paths come first: they are never weak.
struct names {
    uint32_t count;
    uint32_t weak_from; // the first that is weak
    struct tl_name names[TL_SHARED_NAMES_MAX];
};

static void add_ufrag(const struct tl_worker *worker, uint32_t place,
                      const struct tl_ice_credentials *credentials, struct names *names)
{
    if (credentials->ufrag_bytes != 0)
        names->names[names->count++] =
            name_of_ufrag(&worker->shared, place, credentials->ufrag, credentials->ufrag_bytes);
}

static void names_collect(const struct tl_worker *worker, uint32_t slot, struct names *names)
{
    const struct tl_flow *flow = &worker->flows[slot];
    const struct tl_flow_cold *cold = &worker->cold[slot];
    const struct tl_ice *ice = tl_ice_of(worker, slot);
    uint32_t place = place_of(worker, &cold->spec);
    names->count = 0;
    for (uint32_t i = 0; ice != NULL && i < ice->path_count; i++)
        names->names[names->count++] =
            name_of_source(place, ice->paths[i].address, ice->paths[i].port);
    if (ice != NULL) {
        add_ufrag(worker, place, &ice->present, names);
        add_ufrag(worker, place, &ice->former, names);
    }
    int is_checked = ice != NULL && ice->selected != TL_ICE_NO_PATH;
    int is_weak = flow->ingress.flags & TL_FLOW_ICE && !is_checked;
    names->weak_from = is_weak ? names->count : TL_SHARED_NAMES_MAX;
    if (flow->ingress.source_key != TL_NO_SOURCE)
        names->names[names->count++] = name_of_source(place, flow->ingress.source,
                                                      (uint16_t)flow->ingress.source_key);
    if (cold->rtcp_source_key != TL_NO_SOURCE && !(flow->ingress.flags & TL_FLOW_RTCP_MUX))
        names->names[names->count++] = name_of_source(place + 1, flow->ingress.source,
                                                      (uint16_t)cold->rtcp_source_key);
}

static int is_shared(const struct tl_worker *worker, uint32_t slot)
{
    return (worker->flows[slot].ingress.flags & TL_FLOW_SHARED) != 0;
}

TL_PACKET_CODE void tl_shared_leave(struct tl_worker *worker, uint32_t slot)
{
    struct names names;
    if (!is_shared(worker, slot))
        return;
    names_collect(worker, slot, &names);
    for (uint32_t i = 0; i < names.count; i++)
        entry_remove(&worker->shared, &names.names[i], slot);
}

TL_PACKET_CODE void tl_shared_enter(struct tl_worker *worker, uint32_t slot)
{
    struct names names;
    if (!is_shared(worker, slot))
        return;
    uint32_t peer = worker->cold[slot].spec.peer_index;
    if (peer != TL_NO_FLOW)
        peer -= worker->first_flow;
    names_collect(worker, slot, &names);
    for (uint32_t i = 0; i < names.count; i++)
        entry_put(&worker->shared, &names.names[i], slot, peer,
                  i >= names.weak_from ? TL_NAME_IS_WEAK : 0);
}

static struct tl_port_entry *port_of(const struct tl_worker *worker, uint32_t slot)
{
    return &worker->ports[place_of(worker, &worker->cold[slot].spec) / 2];
}

TL_PACKET_CODE void tl_shared_join(struct tl_worker *worker, uint32_t slot)
{
    if (!is_shared(worker, slot))
        return;
    struct tl_port_entry *port = port_of(worker, slot);
    if (port->slot != TL_SHARED_PORT)
        *port = (struct tl_port_entry){TL_SHARED_PORT, 0};
    port->peer++;
    worker->shared.flows++;
}

TL_PACKET_CODE void tl_shared_part(struct tl_worker *worker, uint32_t slot)
{
    if (!is_shared(worker, slot))
        return;
    tl_shared_leave(worker, slot);
    struct tl_port_entry *port = port_of(worker, slot);
    if (--port->peer == 0)
        *port = nobody;
    worker->shared.flows--;
}

// Has another flow this name? `weak`: one that is weak counts as well.
static int is_taken(const struct tl_shared *shared, const struct tl_name *name, uint32_t slot,
                    int weak)
{
    const struct tl_shared_entry *entry = entry_find(shared, name);
    return entry->name.kind != TL_NAME_NONE && (entry->slot & ~TL_NAME_IS_WEAK) != slot &&
           (weak || !(entry->slot & TL_NAME_IS_WEAK));
}

TL_PACKET_CODE int tl_shared_source_is_free(const struct tl_worker *worker, uint32_t slot,
                                            const uint8_t address[16], uint16_t port)
{
    if (!is_shared(worker, slot))
        return 1;
    struct tl_name name =
        name_of_source(place_of(worker, &worker->cold[slot].spec), address, port);
    return !is_taken(&worker->shared, &name, slot, 0);
}

TL_PACKET_CODE int32_t tl_shared_check(const struct tl_worker *worker, uint32_t slot,
                                       const struct tl_flow_spec *spec)
{
    const struct tl_shared *shared = &worker->shared;
    if (!(spec->flags & TL_FLOW_SHARED))
        return TL_STATUS_OK;
    if (!is_shared(worker, slot) && shared->flows >= shared->limit)
        return TL_STATUS_SHARED_FULL;
    if (spec->flags & TL_FLOW_ICE || spec->remote_port == 0)
        return TL_STATUS_OK; // its paths and fragments tell it apart, or nothing does yet
    uint32_t place = place_of(worker, spec);
    struct tl_name rtp = name_of_source(place, spec->remote_address, spec->remote_port);
    struct tl_name rtcp =
        name_of_source(place + 1, spec->remote_address, tl_flow_remote_rtcp_port(spec));
    // Nobody proves that he has what signalling names: it takes nothing from an agent either.
    int taken = is_taken(shared, &rtp, slot, 1) ||
                (!(spec->flags & TL_FLOW_RTCP_MUX) && is_taken(shared, &rtcp, slot, 1));
    return taken ? TL_STATUS_SOURCE_IN_USE : TL_STATUS_OK;
}

static uint32_t places_for(uint32_t flows)
{
    uint32_t places = TL_SHARED_PLACES;
    while (places < TL_SHARED_PLACES * flows)
        places *= 2;
    return flows == 0 ? 0 : places;
}

uint64_t tl_shared_size(uint32_t flows)
{
    return (uint64_t)places_for(flows) * sizeof(struct tl_shared_entry);
}

void tl_shared_init(struct tl_shared *shared, void *memory, uint32_t flows, uint64_t seed)
{
    *shared = (struct tl_shared){.entries = memory, .limit = flows, .seed = seed};
    if (flows != 0)
        shared->mask = places_for(flows) - 1;
}
