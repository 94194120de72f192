// SPDX-License-Identifier: Apache-2.0
// What holds for every suite and both back ends, on random packets: what is sealed opens, what was
// touched does not and keeps its bytes, keys are gone when wiped; and indexes and windows.
#include "harness.h"

enum { ROOM = 2200, PACKETS = 70 };

struct packet {
    uint8_t bytes[ROOM];
    uint32_t length, header;
};

static struct tl_srtp_engine *engines[2];

static struct packet packet_random(void)
{
    static const uint32_t headers[] = {12, 12, 12, 16, 20, 24, 72, 88};
    struct packet packet;
    packet.header = headers[random_below(8)];
    packet.length = packet.header + (random_below(4) ? random_below(200) : random_below(1900));
    random_bytes(packet.bytes, ROOM);
    return packet;
}

static struct tl_srtp_keys keys_make(uint32_t backend, const struct tl_srtp_key *master)
{
    struct tl_srtp_keys keys;
    CHECK_EQUAL(tl_srtp_keys_derive(engines[backend], &keys, master), TL_STATUS_OK);
    return keys;
}

static struct tl_srtp_job job_of(struct tl_srtp_keys *keys, struct packet *packet, uint64_t index)
{
    return (struct tl_srtp_job){.keys = keys,
                                .packet = packet->bytes,
                                .length = packet->length,
                                .header_bytes = packet->header,
                                .index = index};
}

/// A burst of all suites at once: both back ends seal the same and open each other's.
static void bursts_of_mixed_suites(void)
{
    static struct packet plain[PACKETS], sealed[2][PACKETS];
    struct tl_srtp_keys keys[2][TL_SUITES_MAX];
    for (uint8_t suite = 1; suite < TL_SUITES_MAX; suite++) {
        struct tl_srtp_key master = master_random(suite, 0);
        keys[0][suite] = keys_make(0, &master);
        keys[1][suite] = keys_make(1, &master);
    }
    struct tl_srtp_job jobs[2][PACKETS];
    uint32_t count = 1 + random_below(PACKETS);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t suite = 1 + random_below(TL_SUITES_MAX - 1);
        uint64_t index = random_64() >> (16 + random_below(48));
        plain[i] = packet_random();
        for (uint32_t b = 0; b < 2; b++) {
            sealed[b][i] = plain[i];
            jobs[b][i] = job_of(&keys[b][suite], &sealed[b][i], index);
        }
    }
    for (uint32_t b = 0; b < 2; b++)
        tl_srtp_seal(engines[b], jobs[b], count);
    for (uint32_t i = 0; i < count; i++) {
        CHECK_EQUAL(jobs[0][i].good & jobs[1][i].good, 1);
        CHECK_EQUAL(jobs[0][i].length, plain[i].length + jobs[0][i].keys->tag_bytes);
        CHECK(memcmp(sealed[0][i].bytes, plain[i].bytes, plain[i].header) == 0);
        CHECK(memcmp(sealed[0][i].bytes, sealed[1][i].bytes, ROOM) == 0);
    }
    for (uint32_t b = 0; b < 2; b++)
        tl_srtp_open(engines[b], jobs[b], count);
    for (uint32_t b = 0; b < 2; b++)
        for (uint32_t i = 0; i < count; i++) {
            CHECK_EQUAL(jobs[b][i].good, 1);
            CHECK_EQUAL(jobs[b][i].length, plain[i].length);
            CHECK(memcmp(sealed[b][i].bytes, plain[i].bytes, plain[i].length) == 0);
        }
    for (uint32_t b = 0; b < 2; b++)
        for (uint32_t suite = 1; suite < TL_SUITES_MAX; suite++)
            tl_srtp_keys_wipe(&keys[b][suite]);
}

/// Every bit of a packet, a wrong index and wrong keys: refused, and the bytes are as they were.
static void what_was_touched_is_refused(uint32_t backend, uint8_t suite)
{
    struct tl_srtp_key master = master_random(suite, (uint8_t)random_below(9)), other;
    other = master;
    other.key[random_below(16)] ^= 1;
    struct tl_srtp_keys keys = keys_make(backend, &master), wrong = keys_make(backend, &other);
    struct packet sealed = packet_random();
    sealed.length = sealed.header + random_below(60);
    struct tl_srtp_job job = job_of(&keys, &sealed, 7);
    tl_srtp_seal(engines[backend], &job, 1);
    // The sender puts its MKI before the tag, or behind GCM's.
    uint8_t *end = sealed.bytes + job.length, *at = keys.aead ? end : end - keys.tag_bytes;
    memmove(at + keys.mki_bytes, at, (size_t)(end - at));
    memcpy(at, keys.mki, keys.mki_bytes);
    sealed.length = job.length + keys.mki_bytes;
    for (uint32_t bit = 0; bit < sealed.length * 8 + 2; bit++) {
        struct packet touched = sealed;
        job = job_of(&keys, &touched, 7);
        if (bit < sealed.length * 8)
            touched.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        else if (bit == sealed.length * 8)
            job.index = 7 + (1 << 16);
        else
            job.keys = &wrong;
        struct packet before = touched;
        bool in_mki = bit < sealed.length * 8 && bit / 8 >= (uint32_t)(at - sealed.bytes) &&
                      bit / 8 < (uint32_t)(at - sealed.bytes) + keys.mki_bytes;
        tl_srtp_open(engines[backend], &job, 1);
        CHECK_EQUAL(job.good, 0);
        CHECK_EQUAL(job.reason,
                    in_mki ? TL_DROP_INDEX_SRTP_MKI : TL_DROP_INDEX_SRTP_AUTHENTICATION);
        CHECK_EQUAL(job.length, sealed.length);
        CHECK(memcmp(touched.bytes, before.bytes, ROOM) == 0);
    }
    job = job_of(&keys, &sealed, 7);
    tl_srtp_open(engines[backend], &job, 1);
    CHECK_EQUAL(job.good, 1);
    tl_srtp_keys_wipe(&keys);
    tl_srtp_keys_wipe(&wrong);
}

/// Lengths from none to a whole trailer, headers longer than the packet, indexes out of range.
static void what_cannot_be_is_refused(uint32_t backend, uint8_t suite)
{
    struct tl_srtp_key master = master_random(suite, 4);
    struct tl_srtp_keys keys = keys_make(backend, &master);
    struct packet packet = packet_random(), before = packet;
    for (packet.header = 0; packet.header < 30; packet.header++)
        for (packet.length = 0; packet.length < 12u + keys.tag_bytes + 4u; packet.length++) {
            struct tl_srtp_job job = job_of(&keys, &packet, 1);
            tl_srtp_open(engines[backend], &job, 1);
            CHECK_EQUAL(job.good, 0);
            CHECK_EQUAL(job.reason, TL_DROP_INDEX_SRTP_SHORT);
        }
    packet.length = 11;
    packet.header = 12;
    struct tl_srtp_job job = job_of(&keys, &packet, 1);
    tl_srtp_seal(engines[backend], &job, 1);
    CHECK_EQUAL(job.good, 0);
    CHECK_EQUAL(job.reason, TL_DROP_INDEX_SRTP_SHORT);
    packet.length = 100;
    job = job_of(&keys, &packet, TL_SRTP_INDEX_END);
    tl_srtp_seal(engines[backend], &job, 1);
    CHECK_EQUAL(job.good, 0);
    CHECK_EQUAL(job.reason, TL_DROP_INDEX_SRTP_INDEX);
    memcpy(packet.bytes + 100 - 4 - (keys.aead ? 0 : keys.tag_bytes), keys.mki, 4);
    memcpy(before.bytes, packet.bytes, ROOM);
    job = job_of(&keys, &packet, TL_SRTP_INDEX_END);
    tl_srtp_open(engines[backend], &job, 1);
    CHECK_EQUAL(job.good, 0);
    CHECK_EQUAL(job.reason, TL_DROP_INDEX_SRTP_INDEX);
    CHECK(memcmp(packet.bytes, before.bytes, ROOM) == 0);
    uint32_t length = 7;
    CHECK_EQUAL(tl_srtcp_seal(engines[backend], &keys, packet.bytes, &length, 1, true),
                TL_DROP_INDEX_SRTP_SHORT);
    length = 8;
    CHECK_EQUAL(tl_srtcp_seal(engines[backend], &keys, packet.bytes, &length, 1u << 31, true),
                TL_DROP_INDEX_SRTP_INDEX);
    CHECK(memcmp(packet.bytes, before.bytes, ROOM) == 0);
    tl_srtp_keys_wipe(&keys);
}

static void rtcp_opens_or_keeps_its_bytes(uint32_t backend, uint8_t suite, bool encrypt)
{
    struct tl_srtp_key master = master_random(suite, (uint8_t)random_below(9));
    struct tl_srtp_keys keys = keys_make(backend, &master);
    struct packet plain = packet_random();
    plain.length = 8 + random_below(120);
    struct packet sealed = plain;
    uint32_t index = random_below(TL_SRTCP_INDEX_END), seen = 0;
    struct tl_srtp_engine *engine = engines[backend];
    CHECK_EQUAL(tl_srtcp_seal(engine, &keys, sealed.bytes, &sealed.length, index, encrypt),
                TL_DROP_REASON_COUNT);
    CHECK_EQUAL(sealed.length, plain.length + 4 + keys.rtcp_tag_bytes);
    uint8_t *end = sealed.bytes + sealed.length, *at = keys.aead ? end : end - keys.rtcp_tag_bytes;
    memmove(at + keys.mki_bytes, at, (size_t)(end - at));
    memcpy(at, keys.mki, keys.mki_bytes);
    sealed.length += keys.mki_bytes;
    CHECK(tl_srtcp_index(&keys, sealed.bytes, sealed.length, &seen));
    CHECK_EQUAL(seen, index);
    struct packet touched = sealed;
    for (uint32_t bit = 0; bit < sealed.length * 8; bit++) {
        touched.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct packet before = touched;
        uint32_t verdict = tl_srtcp_open(engine, &keys, touched.bytes, &touched.length, &seen, 1);
        CHECK(verdict == TL_DROP_INDEX_SRTP_AUTHENTICATION || verdict == TL_DROP_INDEX_SRTP_MKI);
        CHECK(memcmp(&touched, &before, sizeof(before)) == 0);
        touched.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (uint32_t length = 0; length < 12u + keys.rtcp_tag_bytes + keys.mki_bytes; length++) {
        uint32_t inout = length;
        CHECK(!tl_srtcp_index(&keys, touched.bytes, length, &seen));
        CHECK_EQUAL(tl_srtcp_open(engine, &keys, touched.bytes, &inout, &seen, true),
                    TL_DROP_INDEX_SRTP_SHORT);
    }
    if (!encrypt)
        CHECK_EQUAL(tl_srtcp_open(engine, &keys, touched.bytes, &touched.length, &seen, false),
                    TL_DROP_INDEX_SRTCP_PLAIN);
    CHECK_EQUAL(tl_srtcp_open(engine, &keys, touched.bytes, &touched.length, &seen, !encrypt),
                TL_DROP_REASON_COUNT);
    CHECK_EQUAL(seen, index);
    CHECK_EQUAL(touched.length, plain.length);
    CHECK(memcmp(touched.bytes, plain.bytes, plain.length) == 0);
    tl_srtp_keys_wipe(&keys);
}

static void keys_that_cannot_be_and_wiped_ones(uint32_t backend)
{
    struct tl_srtp_keys keys, zero;
    memset(&zero, 0, sizeof(zero));
    for (uint32_t suite = 0; suite < 256; suite++) {
        struct tl_srtp_key master = {.suite = (uint8_t)suite, .mki_bytes = 9};
        CHECK_EQUAL(tl_srtp_keys_derive(engines[backend], &keys, &master), TL_STATUS_BAD_KEYS);
        CHECK_EQUAL(keys.suite, 0);
        master.mki_bytes = 8;
        bool known = suite >= 1 && suite <= 6;
        CHECK_EQUAL(tl_srtp_keys_derive(engines[backend], &keys, &master),
                    known ? TL_STATUS_OK : TL_STATUS_BAD_KEYS);
        tl_srtp_keys_wipe(&keys);
        CHECK(memcmp(&keys, &zero, sizeof(keys)) == 0);
    }
    tl_srtp_keys_wipe(&keys); // once more
}

/// Of what an engine keeps after derivation and SRTCP, nothing is a key.
static void an_engine_keeps_no_keys(void)
{
    size_t bytes = tl_srtp_engine_size(TL_SRTP_IPSEC_MB);
    for (uint8_t suite = 1; suite < TL_SUITES_MAX; suite++) {
        struct tl_srtp_key master = master_random(suite, 0);
        struct tl_srtp_keys keys = keys_make(0, &master);
        struct packet packet = packet_random();
        tl_srtcp_seal(engines[0], &keys, packet.bytes, &packet.length, 1, true);
        CHECK(memmem(engines[0], bytes, master.key, 16) == NULL);
        CHECK(memmem(engines[0], bytes, keys.rtcp_key, 16) == NULL);
        CHECK(memmem(engines[0], bytes, keys.rtcp_authentication, 20) == NULL);
        tl_srtp_keys_wipe(&keys);
    }
}

static void indexes_are_estimated(void)
{
    static const struct {
        uint64_t highest;
        uint16_t sequence;
        uint64_t index;
    } rows[] = {
        {0x00000, 0xffff, 0x0ffff},
        {0x00000, 0x8001, 0x08001},
        {0x0ffff, 0x0000, 0x10000},
        {0x0ffff, 0x7ffe, 0x17ffe},
        {0x0ffff, 0x7fff, 0x07fff},
        {0x18000, 0x0000, 0x10000},
        {0x18001, 0x0000, 0x20000},
        {0x17fff, 0xffff, 0x1ffff},
        {0x17ffe, 0xffff, 0x0ffff},
        {0x10000, 0xffff, 0x0ffff},
        {0x10000, 0x8000, 0x18000},
        {0x10000, 0x8001, 0x08001},
        {0xffffffff8001, 0x8000, 0xffffffff8000},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tl_srtp_stream stream = {.highest = rows[i].highest, .used = 1};
        CHECK_EQUAL(tl_srtp_stream_index(&stream, rows[i].sequence), rows[i].index);
    }
    struct tl_srtp_stream fresh = {0};
    CHECK_EQUAL(tl_srtp_stream_index(&fresh, 0xffff), 0xffff);
    CHECK_EQUAL(tl_srtp_stream_second_index(&fresh, 63), 1 << 16 | 63);
    CHECK_EQUAL(tl_srtp_stream_second_index(&fresh, 64), 0);
    tl_srtp_stream_take(&fresh, 5);
    CHECK_EQUAL(tl_srtp_stream_second_index(&fresh, 6), 0);
}

/// The window against a plain list of everything that was taken.
static void windows_remember(void)
{
    enum { SPAN = 3000 };
    static uint8_t seen[SPAN];
    memset(seen, 0, sizeof(seen));
    struct tl_srtp_stream stream = {0};
    uint64_t highest = 0;
    bool any = false;
    for (uint32_t i = 0; i < 20000; i++) {
        uint64_t index = random_below(2) ? highest + random_below(300) : random_below(SPAN);
        index = index < 128 + random_below(64) || random_below(4) ? index : index - 128;
        if (index >= SPAN)
            continue;
        if (index > highest + 400)
            continue;
        enum tl_srtp_place place = !any || index > highest  ? TL_SRTP_NEW
                                   : highest - index >= 128 ? TL_SRTP_OLD
                                   : seen[index]            ? TL_SRTP_REPLAY
                                                            : TL_SRTP_NEW;
        CHECK_EQUAL(tl_srtp_stream_check(&stream, index), place);
        if (place != TL_SRTP_NEW)
            continue;
        tl_srtp_stream_take(&stream, index);
        seen[index] = 1;
        highest = !any || index > highest ? index : highest;
        any = true;
    }
    CHECK_EQUAL(stream.highest, highest);
}

/// Whatever bytes come, nothing opens and nothing changes.
static uint32_t hostile_bytes(const uint8_t *bytes, uint32_t count)
{
    for (uint32_t backend = 0; backend < 2; backend++)
        for (uint8_t suite = 1; suite < TL_SUITES_MAX; suite++) {
            struct tl_srtp_key master = master_random(suite, (uint8_t)(count % 3));
            struct tl_srtp_keys keys = keys_make(backend, &master);
            uint32_t header = count > 0 ? 12u + 4u * (bytes[0] & 15) : 12, index, length = count;
            uint8_t *copy = malloc(count ? count : 1);
            memcpy(copy, bytes, count);
            struct tl_srtp_job job = {.keys = &keys, .packet = copy, .length = count};
            job.header_bytes = header;
            job.index = count > 4 ? (uint64_t)bytes[2] << 8 | bytes[3] : 0;
            tl_srtp_open(engines[backend], &job, 1);
            CHECK_EQUAL(job.good, 0);
            CHECK(tl_srtcp_open(engines[backend], &keys, copy, &length, &index, true) !=
                  TL_DROP_REASON_COUNT);
            CHECK(memcmp(copy, bytes, count) == 0);
            free(copy);
            tl_srtp_keys_wipe(&keys);
        }
    return 1;
}

// As it is, and from each of its first bytes on: what stands before its packets is short.
static void libsrtp_fuzz_input(void *used, uint8_t *bytes, uint32_t length)
{
    for (uint32_t from = 0; from < 32 && from < length; from++)
        hostile_bytes(bytes + from, length - from);
    ++*(uint32_t *)used;
}

int main(void)
{
    for (uint32_t backend = 0; backend < 2; backend++)
        engines[backend] = engine_make((enum tl_srtp_backend)backend);
    for (test_seed = 1; test_seed <= 40; test_seed++) {
        bursts_of_mixed_suites();
        windows_remember();
        uint8_t noise[300];
        random_bytes(noise, sizeof(noise));
        hostile_bytes(noise, random_below(sizeof(noise) + 1));
    }
    for (test_seed = 1; test_seed <= 3; test_seed++)
        for (uint32_t backend = 0; backend < 2; backend++)
            for (uint8_t suite = 1; suite < TL_SUITES_MAX; suite++) {
                what_was_touched_is_refused(backend, suite);
                what_cannot_be_is_refused(backend, suite);
                rtcp_opens_or_keeps_its_bytes(backend, suite, true);
                rtcp_opens_or_keeps_its_bytes(backend, suite, false);
            }
    indexes_are_estimated();
    an_engine_keeps_no_keys();
    for (uint32_t backend = 0; backend < 2; backend++)
        keys_that_cannot_be_and_wiped_ones(backend);
    uint32_t inputs = 0, left_out = data_each("srtp/libsrtp-fuzz", libsrtp_fuzz_input, &inputs);
    printf("libsrtp-fuzz: %u inputs\n", inputs);
    for (uint32_t backend = 0; backend < 2; backend++)
        engine_free(engines[backend]);
    return tests_passed("test_srtp", left_out);
}
