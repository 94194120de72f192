// SPDX-License-Identifier: Apache-2.0
// Keys come, change and go. No packet index is used twice with a key, so what the record says of
// indexes is brought in line with the keys before a packet can leave under them.
#include "CTables.h"

#define SEQUENCE_NEAR_WRAP 0xff00u // five seconds of packets before it

// Suites and MKIs are checked where keys are derived.
static int32_t check_keys(const struct tl_flow_keys *keys)
{
    int good = keys->key_id != 0 && keys->key_id <= UINT32_MAX &&
               (keys->flags & ~TL_KEYS_FLAGS_ALL) == 0 &&
               keys->overlap_ms <= TL_KEYS_OVERLAP_MAX_MS && keys->send.mki_bytes == 0;
    return good ? TL_STATUS_OK : TL_STATUS_BAD_KEYS;
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
        worker->secures[place].former = &worker->formers[place];
        worker->secure_places[slot] = place;
    }
    return &worker->secures[worker->secure_places[slot]];
}

static void receive_wipe(struct tl_secure_receive *receive)
{
    tl_srtp_keys_wipe(&receive->keys);
    memset(&receive->rtp, 0, sizeof(receive->rtp));
    memset(&receive->rtcp, 0, sizeof(receive->rtcp));
}

// There is one while it has a time.
static void former_wipe(struct tl_secure *secure)
{
    if (secure->former_until_ns == 0)
        return;
    receive_wipe(secure->former);
    secure->former_until_ns = 0;
}

// Everything up to an index counts as seen.
static void stream_close(struct tl_srtp_stream *stream, uint32_t ssrc, uint64_t highest)
{
    *stream = (struct tl_srtp_stream){
        .highest = highest, .window = {UINT64_MAX, UINT64_MAX}, .ssrc = ssrc, .used = 1};
}

static uint32_t parked_place(const struct tl_secure_streams *streams, uint32_t ssrc)
{
    uint32_t place = 0;
    while (place < streams->parked_count && streams->parked[place] != ssrc)
        place++;
    return place;
}

TL_PACKET_CODE struct tl_srtp_stream tl_secure_parked(const struct tl_secure_streams *streams,
                                                      uint32_t ssrc)
{
    struct tl_srtp_stream stream = {0};
    uint32_t place = parked_place(streams, ssrc);
    if (place < streams->parked_count)
        stream_close(&stream, ssrc, streams->parked_next[place] - 1);
    return stream;
}

TL_PACKET_CODE uint64_t tl_secure_parked_marks(const struct tl_secure_streams *streams)
{
    uint64_t marks = streams->parked_before;
    for (uint32_t i = 0; i < streams->parked_count; i++)
        marks |= tl_secure_mark(streams->parked[i]);
    return marks;
}

// The SSRC that is silent longest; NULL: none for long enough.
static struct tl_srtp_stream *longest_silent(struct tl_secure_streams *streams, uint16_t heard,
                                             uint16_t idle)
{
    struct tl_srtp_stream *found = NULL;
    for (uint32_t i = 0; i < TL_SRTP_SSRCS_MAX; i++) {
        struct tl_srtp_stream *stream = &streams->of[i];
        uint16_t silent = (uint16_t)(heard - stream->heard);
        if (stream->used && silent >= idle) {
            found = stream;
            idle = (uint16_t)(silent + 1);
        }
    }
    return found;
}

TL_PACKET_CODE struct tl_srtp_stream *tl_secure_make_room(struct tl_secure_streams *streams,
                                                          uint32_t ssrc, uint16_t heard,
                                                          uint16_t idle)
{
    uint64_t marks = tl_secure_mark(ssrc);
    uint32_t place = parked_place(streams, ssrc);
    int returns = place < streams->parked_count;
    if (!returns && (streams->parked_before & marks) == marks)
        return NULL;
    for (uint32_t i = 0; !returns && i < TL_SRTP_SSRCS_MAX; i++)
        if (!streams->of[i].used)
            return &streams->of[i];
    struct tl_srtp_stream *stream = longest_silent(streams, heard, idle);
    if (stream == NULL || (!returns && place == TL_SRTP_SSRCS_PARKED_MAX))
        return NULL;
    struct tl_srtp_stream back = tl_secure_parked(streams, ssrc);
    streams->parked[place] = stream->ssrc;
    streams->parked_next[place] = stream->highest + 1;
    streams->parked_count += !returns;
    *stream = back;
    return stream;
}

static struct tl_secure_used *used_find(struct tl_secure *secure, uint64_t key_id)
{
    for (uint32_t i = 0; secure != NULL && i < TL_KEYS_REMEMBERED; i++)
        if (secure->used[i].key_id == key_id)
            return &secure->used[i];
    return NULL;
}

static void used_remember(struct tl_secure *secure, uint64_t key_id, uint64_t next_index)
{
    struct tl_secure_used *place = used_find(secure, key_id);
    if (place == NULL)
        place = &secure->used[secure->used_next++ % TL_KEYS_REMEMBERED];
    *place = (struct tl_secure_used){key_id, next_index};
}

// Where the RTP indexes of a key go on: the sequence is the stream's. A new key begins with
// roll-over counter zero, and, since the party may hear of it only later, not just before the
// sequence wraps; one that comes back goes on above all that it was used for.
static uint64_t send_index(struct tl_secure *secure, uint64_t key_id, uint64_t index,
                           int is_first)
{
    const struct tl_secure_used *before = used_find(secure, key_id);
    uint64_t low = index & 0xffff;
    if (before == NULL)
        return is_first || low < SEQUENCE_NEAR_WRAP ? low : low & 0x7fff;
    uint64_t next = (before->next_index & ~0xffffull) | low;
    return next < before->next_index ? next + 0x10000 : next;
}

// Another sending key. SRTCP carries its index, so that goes on whatever the key is. Whoever takes
// the record up in the middle of this finds no key in it, and the new one among those that may
// have been used.
static void record_change_send(struct tl_flow_record *record, struct tl_secure *secure,
                               uint64_t key_id)
{
    uint64_t index = record->egress_index;
    int is_first = record->key_id == 0;
    // Before the key that goes is remembered: that may push out the one that comes back.
    uint64_t next_index = send_index(secure, key_id, index, is_first);
    if (!is_first)
        used_remember(secure, record->key_id, index);
    if (key_id > record->key_id_newest)
        tl_store_release_u32(&record->key_id_newest, (uint32_t)key_id);
    tl_store_release_u64(&record->key_id, 0);
    tl_store_release_u64(&record->egress_index, next_index);
    tl_store_release_u64(&record->key_id, key_id);
}

// The same master key gives the same of these.
static int is_same_key(const struct tl_srtp_keys *a, const struct tl_srtp_keys *b)
{
    return a->suite == b->suite && a->mki_bytes == b->mki_bytes &&
           memcmp(a->mki, b->mki, sizeof(a->mki)) == 0 &&
           memcmp(a->salt, b->salt, sizeof(a->salt)) == 0 &&
           memcmp(a->rtcp_key, b->rtcp_key, sizeof(a->rtcp_key)) == 0 &&
           memcmp(a->rtcp_salt, b->rtcp_salt, sizeof(a->rtcp_salt)) == 0;
}

// Keys move as a whole: what a back end holds for them goes along.
static void keys_move(struct tl_srtp_keys *to, struct tl_srtp_keys *from)
{
    tl_srtp_keys_wipe(to);
    *to = *from;
    tl_srtp_wipe(from, sizeof(*from));
}

TL_PACKET_CODE void tl_secure_take_up(struct tl_secure_streams *streams,
                                      const struct tl_srtp_record *record, uint16_t heard)
{
    for (uint32_t i = 0; i < TL_SRTP_SSRCS_MAX; i++)
        if (record->next[i] != 0) {
            stream_close(&streams->of[i], record->ssrc[i], record->next[i] - 1);
            streams->of[i].heard = heard;
        }
    streams->parked_before = record->parked_marks;
}

// What the last process took under the same key, if it had that.
static int receive_resume(struct tl_worker *worker, uint32_t slot, struct tl_secure *secure,
                          uint64_t now_ns)
{
    const struct tl_srtp_record *heard = &worker->srtp_records[slot];
    if (heard->key_check != secure->now.keys.check)
        return 0;
    tl_secure_take_up(&secure->now.rtp, heard, TL_SECURE_HEARD(now_ns));
    secure->rtcp_floor = tl_worker_record(worker, slot)->ingress_rtcp_index;
    return 1;
}

// The records tell of the present receiving key from now on. Each store is behind those before it:
// whoever takes the records up in the middle of this finds no key in them.
static void receive_note(struct tl_worker *worker, uint32_t slot, const struct tl_secure *secure)
{
    struct tl_srtp_record *heard = &worker->srtp_records[slot];
    const struct tl_srtp_stream *rtcp = secure->now.rtcp.of;
    uint64_t rtcp_next = secure->rtcp_floor;
    tl_store_release_u64(&heard->key_check, 0);
    tl_store_release_u64(&heard->parked_marks, tl_secure_parked_marks(&secure->now.rtp));
    for (uint32_t i = 0; i < TL_SRTP_SSRCS_MAX; i++) {
        tl_secure_note(heard, &secure->now.rtp, i);
        if (rtcp[i].used && rtcp[i].highest >= rtcp_next)
            rtcp_next = rtcp[i].highest + 1;
    }
    for (uint32_t i = 0; i < secure->now.rtcp.parked_count; i++)
        if (secure->now.rtcp.parked_next[i] > rtcp_next)
            rtcp_next = secure->now.rtcp.parked_next[i];
    tl_store_release_u32(&tl_worker_record(worker, slot)->ingress_rtcp_index, (uint32_t)rtcp_next);
    tl_store_release_u64(&heard->key_check, secure->now.keys.check);
}

// The key before comes back: with what was seen under it.
static void receive_swap(struct tl_secure *secure, uint64_t until_ns)
{
    struct tl_secure_receive now = secure->now;
    secure->now = *secure->former;
    *secure->former = now;
    secure->former_until_ns = until_ns;
    uint32_t floor = secure->rtcp_floor;
    secure->rtcp_floor = secure->former_rtcp_floor;
    secure->former_rtcp_floor = floor;
    tl_srtp_wipe(&now, sizeof(now));
}

// Another receiving key; the one before stays good for a while. The RTP stream goes on: sequence
// numbers are the party's, whichever key they come under.
static void receive_change(struct tl_secure *secure, struct tl_srtp_keys *fresh, uint64_t until_ns)
{
    if (secure->former_until_ns != 0 && is_same_key(&secure->former->keys, fresh)) {
        receive_swap(secure, until_ns);
    } else {
        former_wipe(secure);
        if (secure->now.keys.suite != 0) {
            *secure->former = secure->now;
            tl_srtp_wipe(&secure->now.keys, sizeof(secure->now.keys)); // moved
            secure->former_until_ns = until_ns;
            secure->former_rtcp_floor = secure->rtcp_floor;
        }
        receive_wipe(&secure->now);
        secure->rtcp_floor = 0;
        keys_move(&secure->now.keys, fresh);
    }
}

// Another sending key, or the first that this process knows. Indexes below the record's next one
// may have been used; without one, none was.
static void send_change(struct tl_worker *worker, uint32_t slot, struct tl_secure *secure,
                        struct tl_srtp_keys *fresh)
{
    const struct tl_flow_record *record = tl_worker_record(worker, slot);
    keys_move(&secure->send, fresh);
    memset(&secure->sent, 0, sizeof(secure->sent));
    if (record->egress_index != 0)
        stream_close(&secure->sent, record->egress_ssrc, record->egress_index - 1);
    worker->flows[slot].egress.source_slot = TL_NO_FLOW; // indexes moved: mapped anew
}

struct derived {
    struct tl_srtp_keys receive;
    struct tl_srtp_keys send;
};

static int32_t derive_both(struct tl_worker *worker, struct derived *derived,
                           const struct tl_flow_keys *keys)
{
    int32_t status = tl_srtp_keys_derive(worker->srtp, &derived->receive, &keys->receive);
    return status == TL_STATUS_OK
               ? tl_srtp_keys_derive(worker->srtp, &derived->send, &keys->send)
               : status;
}

// Everything was checked, and the flow has its context.
static void keys_take(struct tl_worker *worker, uint32_t slot, struct derived *derived,
                      const struct tl_flow_keys *keys, uint64_t now_ns)
{
    struct tl_secure *secure = tl_secure_of(worker, slot);
    struct tl_flow_record *record = tl_worker_record(worker, slot);
    int resumes = record->key_id == keys->key_id; // under this key packets may have left
    int is_fresh = secure->send.suite == 0;
    if (!resumes)
        record_change_send(record, secure, keys->key_id);
    if (!is_same_key(&secure->now.keys, &derived->receive)) {
        receive_change(secure, &derived->receive, now_ns + keys->overlap_ms * TL_MILLISECOND_NS);
        // What is taken up stands in the records already: between stores they would say nothing.
        if (!is_fresh || !receive_resume(worker, slot, secure, now_ns))
            receive_note(worker, slot, secure);
    }
    if (is_fresh || !resumes)
        send_change(worker, slot, secure, &derived->send);
    secure->flags = keys->flags;
    tl_flow_schedule(worker, slot, now_ns);
}

// One key_id, one key: two would use the same indexes.
static int is_other_key(const struct tl_worker *worker, uint32_t slot,
                        const struct derived *derived, uint64_t key_id)
{
    const struct tl_secure *secure = tl_secure_of(worker, slot);
    return secure != NULL &&
           (tl_worker_record(worker, slot)->key_id == key_id) !=
               is_same_key(&secure->send, &derived->send);
}

// A key that the flow had, and nobody here knows how far it was used.
static int is_used_up(const struct tl_worker *worker, uint32_t slot, uint64_t key_id)
{
    const struct tl_flow_record *record = tl_worker_record(worker, slot);
    struct tl_secure *secure = tl_secure_of(worker, slot);
    return record->key_id != key_id && key_id <= record->key_id_newest &&
           used_find(secure, key_id) == NULL;
}

TL_PACKET_CODE int32_t tl_keys_install(struct tl_worker *worker, uint32_t slot,
                                       const struct tl_flow_keys *keys, uint64_t now_ns)
{
    struct derived derived = {0};
    int32_t status = check_keys(keys);
    if (status == TL_STATUS_OK && worker->srtp == NULL)
        status = TL_STATUS_NO_CONTEXT;
    if (status == TL_STATUS_OK)
        status = derive_both(worker, &derived, keys);
    if (status == TL_STATUS_OK && is_used_up(worker, slot, keys->key_id))
        status = TL_STATUS_KEYS_USED;
    if (status == TL_STATUS_OK && is_other_key(worker, slot, &derived, keys->key_id))
        status = TL_STATUS_BAD_KEYS;
    if (status == TL_STATUS_OK && context_take(worker, slot) == NULL)
        status = TL_STATUS_NO_CONTEXT;
    if (status == TL_STATUS_OK)
        keys_take(worker, slot, &derived, keys, now_ns);
    tl_srtp_keys_wipe(&derived.receive);
    tl_srtp_keys_wipe(&derived.send);
    return status;
}

TL_PACKET_CODE void tl_keys_expire(struct tl_worker *worker, uint32_t slot, uint64_t now_ns)
{
    struct tl_secure *secure = tl_secure_of(worker, slot);
    if (secure == NULL || secure->former_until_ns == 0 || secure->former_until_ns > now_ns)
        return;
    former_wipe(secure);
}

TL_PACKET_CODE void tl_keys_drop(struct tl_worker *worker, uint32_t slot)
{
    struct tl_secure *secure = tl_secure_of(worker, slot);
    if (secure == NULL)
        return;
    tl_srtp_keys_wipe(&secure->now.keys); // what is no secret is cleared by context_take
    tl_srtp_keys_wipe(&secure->send);
    former_wipe(secure);
    secure->next_free = worker->secure_free;
    worker->secure_free = worker->secure_places[slot];
    worker->secure_places[slot] = TL_NO_SECURE;
}
