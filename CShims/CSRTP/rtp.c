// SPDX-License-Identifier: Apache-2.0
// Bursts of SRTP packets (RFC 3711 section 3.3, RFC 7714 section 8).
#include "engine.h"

#include <string.h>

/// Tasks of one burst.
struct burst {
    uint32_t gcm;
    uint32_t cm;
    uint32_t cm_256; // of them with keys of 32 bytes
};

TL_PACKET_CODE static void refuse(struct tl_srtp_job *job, uint32_t reason)
{
    job->good = 0;
    job->reason = (uint8_t)reason;
}

/// The next task, filled with what sealing and opening share; `length` is without trailer.
TL_PACKET_CODE static struct task *task_make(struct tl_srtp_engine *engine, struct burst *burst,
                                             struct tl_srtp_job *job, uint32_t length)
{
    struct tl_srtp_keys *keys = job->keys;
    struct task *task = keys->aead ? &engine->gcm[burst->gcm++] : &engine->cm[burst->cm++];
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
    return task;
}

TL_PACKET_CODE static void cipher_all(struct tl_srtp_engine *engine, const struct burst *burst)
{
    if (burst->cm > burst->cm_256)
        CALL(engine, cipher, engine->cm, burst->cm, 16);
    if (burst->cm_256 > 0)
        CALL(engine, cipher, engine->cm, burst->cm, 32);
}

TL_PACKET_CODE static uint32_t roc_of(const struct tl_srtp_job *job)
{
    return __builtin_bswap32((uint32_t)(job->index >> 16));
}

TL_PACKET_CODE static void seal(struct tl_srtp_engine *engine, struct tl_srtp_job *jobs,
                                uint32_t count)
{
    struct burst burst = {0};
    for (uint32_t i = 0; i < count; i++) {
        struct tl_srtp_job *job = &jobs[i];
        if (job->header_bytes < 12 || job->length < job->header_bytes) {
            refuse(job, TL_DROP_INDEX_SRTP_SHORT);
        } else if (job->index >= TL_SRTP_INDEX_END) {
            refuse(job, TL_DROP_INDEX_SRTP_INDEX);
        } else {
            task_make(engine, &burst, job, job->length);
            job->good = 1;
        }
    }
    if (burst.gcm > 0)
        CALL(engine, gcm, engine->gcm, burst.gcm, true);
    for (uint32_t i = 0; i < burst.gcm; i++) {
        struct tl_srtp_job *job = engine->gcm[i].job;
        memcpy(job->packet + job->length, engine->gcm[i].tag, 16);
        job->length += 16;
    }
    if (burst.cm == 0)
        return;
    cipher_all(engine, &burst);
    for (uint32_t i = 0; i < burst.cm; i++) {
        struct tl_srtp_job *job = engine->cm[i].job;
        store_32(job->packet + job->length, roc_of(job));
    }
    CALL(engine, hash, engine->cm, burst.cm);
    for (uint32_t i = 0; i < burst.cm; i++) {
        struct tl_srtp_job *job = engine->cm[i].job;
        memcpy(job->packet + job->length, engine->cm[i].tag, job->keys->tag_bytes);
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

/// Decrypts and compares; what is wrong is encrypted again, which restores it.
TL_PACKET_CODE static void open_gcm(struct tl_srtp_engine *engine, uint32_t count)
{
    CALL(engine, gcm, engine->gcm, count, false);
    for (uint32_t i = 0; i < count; i++) {
        struct task *task = &engine->gcm[i];
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

/// Hashes and compares, then decrypts what is right.
TL_PACKET_CODE static void open_cm(struct tl_srtp_engine *engine, const struct burst *burst)
{
    for (uint32_t i = 0; i < burst->cm; i++) {
        struct task *task = &engine->cm[i];
        uint8_t *end = task->data + task->data_bytes;
        task->covered = load_32(end); // no tag is shorter
        store_32(end, roc_of(task->job));
    }
    CALL(engine, hash, engine->cm, burst->cm);
    for (uint32_t i = 0; i < burst->cm; i++) {
        struct task *task = &engine->cm[i];
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

TL_PACKET_CODE static void open(struct tl_srtp_engine *engine, struct tl_srtp_job *jobs,
                                uint32_t count)
{
    struct burst burst = {0};
    for (uint32_t i = 0; i < count; i++) {
        uint32_t inside = length_inside(&jobs[i]);
        if (inside > 0)
            task_make(engine, &burst, &jobs[i], inside);
    }
    if (burst.gcm > 0)
        open_gcm(engine, burst.gcm);
    if (burst.cm > 0)
        open_cm(engine, &burst);
}

TL_PACKET_CODE void tl_srtp_seal(struct tl_srtp_engine *engine, struct tl_srtp_job *jobs,
                                 uint32_t count)
{
    for (uint32_t done = 0; done < count; done += BURST_MAX)
        seal(engine, jobs + done, count - done < BURST_MAX ? count - done : BURST_MAX);
}

TL_PACKET_CODE void tl_srtp_open(struct tl_srtp_engine *engine, struct tl_srtp_job *jobs,
                                 uint32_t count)
{
    for (uint32_t done = 0; done < count; done += BURST_MAX)
        open(engine, jobs + done, count - done < BURST_MAX ? count - done : BURST_MAX);
}
