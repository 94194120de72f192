// SPDX-License-Identifier: Apache-2.0
// Bursts of SRTP packets (RFC 3711 section 3.3, RFC 7714 section 8).
#include "engine.h"

#include <string.h>

/// Tasks of one direction, side by side with those of the other.
struct burst {
    struct task *gcm;
    struct task *cm;
    uint32_t gcm_count;
    uint32_t cm_count;
    uint32_t cm_256; // of them with keys of 32 bytes
};

/// Key sets lie wherever their flows are: their lines are asked for while others are in work. Into
/// the second-level cache, which can have more outstanding than the first.
#define PREFETCH(address) __builtin_prefetch((address), 0, 2)

TL_PACKET_CODE void tl_srtp_keys_fetch(const struct tl_srtp_engine *engine,
                                       const struct tl_srtp_keys *keys)
{
    PREFETCH(keys);
    if (!engine->met_aead)
        expanded_fetch_cm(&keys->expanded, 16);
}

TL_PACKET_CODE static void refuse(struct tl_srtp_job *job, uint32_t reason)
{
    job->good = 0;
    job->reason = (uint8_t)reason;
}

/// The next task, filled with what sealing and opening share; `length` is without trailer.
TL_PACKET_CODE static void task_make(struct burst *burst, struct tl_srtp_job *job,
                                     uint32_t length)
{
    struct tl_srtp_keys *keys = job->keys;
    struct task *task =
        keys->aead ? &burst->gcm[burst->gcm_count++] : &burst->cm[burst->cm_count++];
    uint32_t ssrc = load_32(job->packet + 8);
    task->expanded = &keys->expanded;
    task->job = job;
    task->data = job->packet + job->header_bytes;
    task->data_bytes = length - job->header_bytes;
    task->authenticated = job->packet;
    task->key_bytes = keys->key_bytes;
    if (keys->aead) {
        task->authenticated_bytes = job->header_bytes;
        task->expected = job->packet + length;
        iv_gcm(task->iv, keys->salt, ssrc, job->index);
    } else {
        // The roll-over counter is hashed behind the packet.
        task->authenticated_bytes = length + 4;
        burst->cm_256 += keys->key_bytes == 32;
        iv_cm(task->iv, keys->salt, ssrc, job->index);
    }
}

TL_PACKET_CODE static void cipher_all(struct tl_srtp_engine *engine, const struct burst *burst)
{
    if (burst->cm_count > burst->cm_256)
        CALL(engine, cipher, burst->cm, burst->cm_count, 16);
    if (burst->cm_256 > 0)
        CALL(engine, cipher, burst->cm, burst->cm_count, 32);
}

TL_PACKET_CODE static uint32_t roc_of(const struct tl_srtp_job *job)
{
    return __builtin_bswap32((uint32_t)(job->index >> 16));
}

/// AES-CM's keys are wanted all at once. GCM goes from packet to packet: it asks for the next ones
/// while it is at one (ipsec_mb.c), only the first ones have to be asked for here.
TL_PACKET_CODE static void prefetch(const struct tl_srtp_job *jobs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        PREFETCH(jobs[i].keys);
    for (uint32_t i = 0; i < count; i++) {
        const struct tl_srtp_keys *keys = jobs[i].keys;
        if (!keys->aead)
            expanded_fetch_cm(&keys->expanded, keys->key_bytes);
        else if (i < GCM_AHEAD)
            expanded_fetch_gcm(&keys->expanded, keys->key_bytes, jobs[i].length);
    }
}

TL_PACKET_CODE static void seal_gather(struct burst *burst, struct tl_srtp_job *jobs,
                                       uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct tl_srtp_job *job = &jobs[i];
        if (job->header_bytes < 12 || job->length < job->header_bytes) {
            refuse(job, TL_DROP_INDEX_SRTP_SHORT);
        } else if (job->index >= TL_SRTP_INDEX_END) {
            refuse(job, TL_DROP_INDEX_SRTP_INDEX);
        } else {
            task_make(burst, job, job->length);
            job->good = 1;
        }
    }
}

TL_PACKET_CODE static void seal_gcm(struct tl_srtp_engine *engine, const struct burst *burst)
{
    CALL(engine, gcm, burst->gcm, burst->gcm_count, true);
    for (uint32_t i = 0; i < burst->gcm_count; i++) {
        struct tl_srtp_job *job = burst->gcm[i].job;
        memcpy(job->packet + job->length, burst->gcm[i].tag, 16);
        job->length += 16;
    }
}

/// Encrypts; what is to be hashed stands there then.
TL_PACKET_CODE static void seal_cm_begin(struct tl_srtp_engine *engine, const struct burst *burst)
{
    cipher_all(engine, burst);
    for (uint32_t i = 0; i < burst->cm_count; i++) {
        struct tl_srtp_job *job = burst->cm[i].job;
        store_32(job->packet + job->length, roc_of(job));
    }
}

TL_PACKET_CODE static void seal_cm_end(const struct burst *burst)
{
    for (uint32_t i = 0; i < burst->cm_count; i++) {
        struct tl_srtp_job *job = burst->cm[i].job;
        memcpy(job->packet + job->length, burst->cm[i].tag, job->keys->tag_bytes);
        job->length += job->keys->tag_bytes;
    }
}

/// Bytes before MKI and tag, and the job's verdict so far. A packet is header, payload, MKI, tag
/// (RFC 3711 section 3.1); with GCM the tag comes before the MKI (RFC 7714 section 13.2).
TL_PACKET_CODE static uint32_t length_inside(struct tl_srtp_job *job)
{
    const struct tl_srtp_keys *keys = job->keys;
    uint32_t trailer = (uint32_t)keys->tag_bytes + keys->mki_bytes;
    job->good = 0;
    if (job->header_bytes < 12 || job->length < trailer ||
        job->length - trailer < job->header_bytes) {
        refuse(job, TL_DROP_INDEX_SRTP_SHORT);
        return 0;
    }
    const uint8_t *mki = job->packet + job->length - keys->mki_bytes;
    if (!keys->aead)
        mki -= keys->tag_bytes;
    if (keys->mki_bytes > 0 && memcmp(mki, keys->mki, keys->mki_bytes) != 0) {
        refuse(job, TL_DROP_INDEX_SRTP_MKI);
        return 0;
    }
    if (job->index >= TL_SRTP_INDEX_END) {
        refuse(job, TL_DROP_INDEX_SRTP_INDEX);
        return 0;
    }
    return job->length - trailer;
}

TL_PACKET_CODE static void open_gather(struct burst *burst, struct tl_srtp_job *jobs,
                                       uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t inside = length_inside(&jobs[i]);
        if (inside > 0)
            task_make(burst, &jobs[i], inside);
    }
}

/// Decrypts and compares; what is wrong is encrypted again, which restores it.
TL_PACKET_CODE static void open_gcm(struct tl_srtp_engine *engine, const struct burst *burst)
{
    CALL(engine, gcm, burst->gcm, burst->gcm_count, false);
    for (uint32_t i = 0; i < burst->gcm_count; i++) {
        struct task *task = &burst->gcm[i];
        struct tl_srtp_job *job = task->job;
        job->good = task->good;
        if (job->good) {
            job->length = job->header_bytes + task->data_bytes;
        } else {
            job->reason = TL_DROP_INDEX_SRTP_AUTHENTICATION;
            CALL(engine, gcm, task, 1, true);
        }
    }
}

TL_PACKET_CODE static void open_cm_begin(const struct burst *burst)
{
    for (uint32_t i = 0; i < burst->cm_count; i++) {
        struct task *task = &burst->cm[i];
        uint8_t *end = task->data + task->data_bytes;
        task->covered = load_32(end); // no tag is shorter
        store_32(end, roc_of(task->job));
    }
}

/// Compares, then decrypts what is right.
TL_PACKET_CODE static void open_cm_end(struct tl_srtp_engine *engine, const struct burst *burst)
{
    for (uint32_t i = 0; i < burst->cm_count; i++) {
        struct task *task = &burst->cm[i];
        struct tl_srtp_job *job = task->job;
        const struct tl_srtp_keys *keys = job->keys;
        store_32(task->data + task->data_bytes, task->covered);
        job->good =
            tags_equal(task->tag, job->packet + job->length - keys->tag_bytes, keys->tag_bytes);
        if (job->good) {
            job->length -= (uint32_t)keys->tag_bytes + keys->mki_bytes;
        } else {
            job->reason = TL_DROP_INDEX_SRTP_AUTHENTICATION;
            task->data_bytes = 0;
        }
    }
    cipher_all(engine, burst);
}

TL_PACKET_CODE void tl_srtp_both(struct tl_srtp_engine *engine, struct tl_srtp_job *seals,
                                 uint32_t seal_count, struct tl_srtp_job *opens,
                                 uint32_t open_count)
{
    if (seal_count + open_count == 0)
        return;
    prefetch(seals, seal_count);
    prefetch(opens, open_count);
    struct burst sealing = {.gcm = engine->gcm, .cm = engine->cm};
    seal_gather(&sealing, seals, seal_count);
    struct burst opening = {.gcm = engine->gcm + sealing.gcm_count,
                            .cm = engine->cm + sealing.cm_count};
    open_gather(&opening, opens, open_count);
    uint32_t hashes = sealing.cm_count + opening.cm_count;
    engine->met_aead = hashes == 0;
    if (sealing.gcm_count > 0)
        seal_gcm(engine, &sealing);
    if (opening.gcm_count > 0)
        open_gcm(engine, &opening);
    if (hashes == 0)
        return;
    seal_cm_begin(engine, &sealing);
    open_cm_begin(&opening);
    CALL(engine, hash, engine->cm, hashes);
    seal_cm_end(&sealing);
    open_cm_end(engine, &opening);
}

TL_PACKET_CODE void tl_srtp_seal(struct tl_srtp_engine *engine, struct tl_srtp_job *jobs,
                                 uint32_t count)
{
    for (uint32_t done = 0; done < count; done += TL_SRTP_BURST)
        tl_srtp_both(engine, jobs + done,
                     count - done < TL_SRTP_BURST ? count - done : TL_SRTP_BURST, NULL, 0);
}

TL_PACKET_CODE void tl_srtp_open(struct tl_srtp_engine *engine, struct tl_srtp_job *jobs,
                                 uint32_t count)
{
    for (uint32_t done = 0; done < count; done += TL_SRTP_BURST)
        tl_srtp_both(engine, NULL, 0, jobs + done,
                     count - done < TL_SRTP_BURST ? count - done : TL_SRTP_BURST);
}
