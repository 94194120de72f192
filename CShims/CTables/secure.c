// SPDX-License-Identifier: Apache-2.0
// Keys come, change and go. No packet index is used twice with a key, so what the record says of
// indexes is brought in line with the keys before a packet can leave under them.
#include "CTables.h"

static int32_t check_key(const struct tl_srtp_key *key)
{
    return key->suite != 0 && key->suite < TL_SUITES_MAX && key->mki_bytes <= TL_SRTP_MKI_BYTES_MAX
               ? TL_STATUS_OK
               : TL_STATUS_BAD_KEYS;
}

static int32_t check_keys(const struct tl_flow_keys *keys)
{
    if (keys->key_id == 0 || keys->flags & ~TL_KEYS_FLAGS_ALL ||
        keys->overlap_ms > TL_KEYS_OVERLAP_MAX_MS || keys->send.mki_bytes != 0)
        return TL_STATUS_BAD_KEYS;
    int32_t status = check_key(&keys->receive);
    return status == TL_STATUS_OK ? check_key(&keys->send) : status;
}

// A context for the flow: that which it has, or one of the pool. NULL when that is empty.
static struct tl_secure *context_take(struct tl_worker *worker, uint32_t slot)
{
    if (worker->secure_places[slot] == TL_NO_SECURE) {
        uint32_t place = worker->secure_free;
        if (place != TL_NO_SECURE)
            worker->secure_free = worker->secures[place].next_free;
        else if (worker->secure_used < worker->secure_count)
            place = worker->secure_used++;
        else
            return NULL;
        memset(&worker->secures[place], 0, sizeof(worker->secures[place]));
        worker->secure_places[slot] = place;
    }
    return &worker->secures[worker->secure_places[slot]];
}

static void receive_wipe(struct tl_secure_receive *receive)
{
    tl_srtp_keys_wipe(&receive->keys);
    memset(receive->rtp, 0, sizeof(receive->rtp));
    memset(receive->rtcp, 0, sizeof(receive->rtcp));
}

// Everything up to an index counts as seen.
static void stream_close(struct tl_srtp_stream *stream, uint32_t ssrc, uint64_t highest)
{
    *stream = (struct tl_srtp_stream){
        .highest = highest, .window = {UINT64_MAX, UINT64_MAX}, .ssrc = ssrc, .used = 1};
}

// A key set that no packet left under: roll-over counters begin at zero. Whoever takes the record
// up in the middle of this finds no key set in it, and begins anew.
static void record_begin_keys(struct tl_flow_record *record, uint64_t key_id)
{
    tl_store_release_u64(&record->key_id, 0);
    tl_store_release_u64(&record->egress_index, record->egress_index & 0xffff);
    tl_store_release_u32(&record->egress_rtcp_index, 0);
    tl_store_release_u32(&record->ingress_rtcp_index, 0);
    tl_store_release_u64(&record->key_id, key_id);
}

// What the last process accepted and sent under these keys.
static void resume_keys(struct tl_secure *secure, const struct tl_flow_record *record)
{
    if (record->rx_packets != 0)
        stream_close(&secure->now.rtp[0], record->ingress_ssrc, record->ingress_index);
    if (record->ingress_rtcp_index != 0)
        stream_close(&secure->now.rtcp[0], record->ingress_ssrc, record->ingress_rtcp_index - 1);
}

// Both new keys stand in `fresh` and `secure->send` afterwards, or neither is changed.
static int32_t derive_both(struct tl_worker *worker, struct tl_secure *secure,
                           struct tl_srtp_keys *fresh, const struct tl_flow_keys *keys)
{
    struct tl_srtp_keys send = {0};
    int32_t status = tl_srtp_keys_derive(worker->srtp, fresh, &keys->receive);
    if (status == TL_STATUS_OK)
        status = tl_srtp_keys_derive(worker->srtp, &send, &keys->send);
    if (status == TL_STATUS_OK) {
        tl_srtp_keys_wipe(&secure->send);
        secure->send = send;
        memset(&send, 0, sizeof(send)); // moved: what a back end holds for it lives on
    } else {
        tl_srtp_keys_wipe(fresh);
    }
    tl_srtp_keys_wipe(&send);
    return status;
}

static void keys_change(struct tl_secure *secure, struct tl_srtp_keys *fresh,
                        const struct tl_flow_keys *keys, uint64_t now_ns)
{
    receive_wipe(&secure->former);
    secure->former_until_ns = 0;
    if (secure->now.keys.suite != 0 && keys->overlap_ms != 0) {
        secure->former = secure->now;
        secure->former_until_ns = now_ns + keys->overlap_ms * TL_MILLISECOND_NS;
        memset(&secure->now.keys, 0, sizeof(secure->now.keys)); // moved
    }
    receive_wipe(&secure->now);
    secure->now.keys = *fresh;
    memset(fresh, 0, sizeof(*fresh)); // moved
    tl_srtp_keys_wipe(fresh);
    secure->flags = keys->flags;
}

TL_PACKET_CODE int32_t tl_keys_install(struct tl_worker *worker, uint32_t slot,
                                       const struct tl_flow_keys *keys, uint64_t now_ns)
{
    struct tl_flow_record *record = tl_worker_record(worker, slot);
    int32_t status = check_keys(keys);
    if (status != TL_STATUS_OK)
        return status;
    int had_context = worker->secure_places[slot] != TL_NO_SECURE;
    int resumes = record->key_id == keys->key_id;
    if (resumes && had_context)
        return TL_STATUS_OK;
    struct tl_secure *secure = context_take(worker, slot);
    if (secure == NULL)
        return TL_STATUS_NO_CONTEXT;
    struct tl_srtp_keys fresh = {0};
    status = derive_both(worker, secure, &fresh, keys);
    if (status != TL_STATUS_OK) {
        if (!had_context)
            tl_keys_drop(worker, slot);
        return status;
    }
    keys_change(secure, &fresh, keys, now_ns);
    if (resumes)
        resume_keys(secure, record);
    else
        record_begin_keys(record, keys->key_id);
    // Indexes below the record's next one may have been used; without one, none was.
    memset(&secure->sent, 0, sizeof(secure->sent));
    if (record->egress_index != 0)
        stream_close(&secure->sent, record->egress_ssrc, record->egress_index - 1);
    struct tl_flow *flow = &worker->flows[slot];
    flow->egress.source_slot = TL_NO_FLOW; // indexes moved: what comes next is mapped anew
    if (!resumes)
        flow->ingress.flags &= (uint16_t)~(TL_FLOW_STARTED | TL_FLOW_JUMPED);
    tl_flow_schedule(worker, slot, now_ns);
    return TL_STATUS_OK;
}

TL_PACKET_CODE void tl_keys_expire(struct tl_worker *worker, uint32_t slot, uint64_t now_ns)
{
    struct tl_secure *secure = tl_secure_of(worker->secures, worker->secure_places, slot);
    if (secure == NULL || secure->former_until_ns == 0 || secure->former_until_ns > now_ns)
        return;
    receive_wipe(&secure->former);
    secure->former_until_ns = 0;
}

TL_PACKET_CODE void tl_keys_drop(struct tl_worker *worker, uint32_t slot)
{
    struct tl_secure *secure = tl_secure_of(worker->secures, worker->secure_places, slot);
    if (secure == NULL)
        return;
    receive_wipe(&secure->now);
    receive_wipe(&secure->former);
    tl_srtp_keys_wipe(&secure->send);
    memset(&secure->sent, 0, sizeof(secure->sent));
    secure->former_until_ns = 0;
    secure->flags = 0;
    secure->next_free = worker->secure_free;
    worker->secure_free = worker->secure_places[slot];
    worker->secure_places[slot] = TL_NO_SECURE;
}
