// SPDX-License-Identifier: Apache-2.0
// Agents come and go, and their credentials.
#include "CTables.h"

TL_PACKET_CODE struct tl_ice *tl_ice_of(const struct tl_worker *worker, uint32_t slot)
{
    uint32_t ice = worker->cold[slot].ice;
    return ice == 0 ? NULL : &worker->ices[ice - 1];
}

// Those that were never used come last, so that their memory is not touched before it is needed.
static struct tl_ice *ice_take(struct tl_worker *worker, uint32_t slot)
{
    uint32_t index = worker->ice_free;
    if (index != TL_NO_FLOW)
        worker->ice_free = worker->ices[index].next_free;
    else if (worker->ice_used < worker->ice_count)
        index = worker->ice_used++;
    else
        return NULL;
    struct tl_ice *ice = &worker->ices[index];
    memset(ice, 0, sizeof(*ice));
    ice->seed = tl_worker_random(worker);
    ice->selected = TL_ICE_NO_PATH;
    worker->cold[slot].ice = index + 1;
    return ice;
}

TL_PACKET_CODE void tl_ice_drop(struct tl_worker *worker, uint32_t slot)
{
    struct tl_ice *ice = tl_ice_of(worker, slot);
    if (ice == NULL)
        return;
    tl_shared_leave(worker, slot);
    for (uint32_t i = 0; i < ice->path_count; i++)
        tl_next_hop_release(&worker->hops, ice->paths[i].hop);
    memset(ice, 0, sizeof(*ice)); // passwords' states go with their flow
    ice->next_free = worker->ice_free;
    worker->ice_free = worker->cold[slot].ice - 1;
    worker->cold[slot].ice = 0;
    tl_shared_enter(worker, slot);
}

// FNV-1a from a start that differs from flow to flow. Never zero, which means "none".
static uint64_t hash_of(const struct tl_ice *ice, const uint8_t *bytes, uint32_t count)
{
    uint64_t hash = ice->seed;
    for (uint32_t i = 0; i < count; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3ull;
    return (hash ^ hash >> 32) | 1;
}

static int ufrag_is(const struct tl_ice_credentials *credentials, const uint8_t *ufrag,
                    uint32_t bytes)
{
    return credentials->ufrag_bytes == bytes && bytes != 0 &&
           memcmp(credentials->ufrag, ufrag, bytes) == 0;
}

TL_PACKET_CODE const struct tl_ice_credentials *
tl_ice_credentials_find(const struct tl_ice *ice, const uint8_t *username, uint32_t bytes,
                        uint8_t *is_former, uint64_t *remote_hash)
{
    uint32_t colon = 0;
    while (colon < bytes && username[colon] != ':') // no user fragment has one (RFC 8839 5.4)
        colon++;
    if (colon == bytes)
        return NULL;
    *is_former = !ufrag_is(&ice->present, username, colon);
    if (*is_former && !ufrag_is(&ice->former, username, colon))
        return NULL;
    *remote_hash = hash_of(ice, username + colon + 1, bytes - colon - 1);
    return *is_former ? &ice->former : &ice->present;
}

static int is_good(const struct tl_flow_ice *wanted)
{
    return tl_between(wanted->local_ufrag_bytes, 4, TL_ICE_UFRAG_BYTES_MAX) &&
           tl_between(wanted->local_password_bytes, 22, TL_ICE_PASSWORD_BYTES_MAX) &&
           wanted->remote_ufrag_bytes <= TL_ICE_UFRAG_BYTES_MAX &&
           memchr(wanted->local_ufrag, ':', wanted->local_ufrag_bytes) == NULL;
}

static void credentials_set(struct tl_worker *worker, struct tl_ice *ice,
                            const struct tl_flow_ice *wanted)
{
    struct tl_ice_credentials *present = &ice->present;
    tl_hmac_key_make(worker->hmac, wanted->local_password, wanted->local_password_bytes,
                     &present->key);
    present->ufrag_bytes = wanted->local_ufrag_bytes;
    memcpy(present->ufrag, wanted->local_ufrag, wanted->local_ufrag_bytes);
    present->remote_hash = 0;
    if (wanted->remote_ufrag_bytes != 0)
        present->remote_hash = hash_of(ice, wanted->remote_ufrag, wanted->remote_ufrag_bytes);
}

TL_PACKET_CODE int32_t tl_ice_program(struct tl_worker *worker, uint32_t slot,
                                      const struct tl_flow_ice *wanted)
{
    if (!is_good(wanted))
        return TL_STATUS_BAD_ICE;
    struct tl_ice *ice = tl_ice_of(worker, slot);
    int is_new = ice == NULL;
    if (is_new)
        ice = ice_take(worker, slot);
    if (ice == NULL)
        return TL_STATUS_NO_CONTEXT;
    tl_shared_leave(worker, slot);
    int restarts =
        !is_new && !ufrag_is(&ice->present, wanted->local_ufrag, wanted->local_ufrag_bytes);
    if (restarts) {
        ice->former = ice->present;
        ice->epoch++;
    }
    uint64_t remote_before = ice->present.remote_hash;
    credentials_set(worker, ice, wanted);
    tl_shared_enter(worker, slot);
    if (is_new)
        tl_ice_take_up(worker, slot);
    else if (!restarts && ice->present.remote_hash != remote_before)
        tl_ice_remote_changed(worker, slot, remote_before != 0);
    return TL_STATUS_OK;
}

TL_PACKET_CODE int tl_ice_afford(struct tl_ice *ice, int is_other, uint64_t now_ns)
{
    uint64_t *used_ns = is_other ? &ice->others_until_ns : &ice->checks_until_ns;
    uint64_t until = *used_ns > now_ns ? *used_ns : now_ns;
    if (until > now_ns + TL_ICE_BURST_NS - TL_ICE_CHECK_NS)
        return 0;
    *used_ns = until + TL_ICE_CHECK_NS;
    return 1;
}
