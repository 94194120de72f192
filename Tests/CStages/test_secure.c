// SPDX-License-Identifier: Apache-2.0
// Secure flows: what arrives is opened or dropped by name, what leaves is sealed once an index, and
// keys come, change and outlive a process.
#include "secure_call.h"

static const struct sender rtcp_b = {"198.18.2.2", 30003, "198.18.2.1", 20003, 1, 100};

static void test_both_ways(uint8_t suite)
{
    struct tl_flow_keys keys = keys_make(suite, 1);
    struct world *world = secure_call(&keys);
    struct end to_box, from_box;
    end_make(&to_box, &keys.receive);
    end_make(&from_box, &keys.send);
    for (uint32_t i = 0; i < 8; i++) { // over the wrap of our sequence
        world->now_ns += 20 * TL_MILLISECOND_NS;
        struct tl_packet *packet =
            send_rtp(world, &party_a, (struct rtp){.sequence = (uint16_t)(100 + i), .ssrc = 5});
        CHECK_EQUAL(packet->reason, TL_DROP_REASON_COUNT);
        CHECK(open_sent(world, &from_box, 65530 + i) >= 0);
        CHECK_EQUAL(send_sealed(world, &to_box, 65532 + i, 9, (uint8_t)i), TL_DROP_REASON_COUNT);
        struct frame frame = read_frame(world->packets[0].data, world->packets[0].length);
        CHECK_EQUAL(frame.payload_length, 172);
        CHECK_EQUAL(frame.payload[12], i);
        CHECK_EQUAL(frame.payload[171], i);
    }
    CHECK_EQUAL(world->records[1].egress_index, 65538);
    CHECK_EQUAL(world->records[1].ingress_index, 65539);
    CHECK_EQUAL(world->worker->counters.srtp_opened, 8);
    CHECK_EQUAL(world->worker->counters.srtp_sealed, 8);
    check_identity(world);
    world_free(world);
}

static void test_refusals(void)
{
    struct tl_flow_keys keys = keys_make(TL_SUITE_AES_CM_128_HMAC_SHA1_80, 1);
    struct world *world = secure_call(NULL);
    struct end to_box, stranger;
    end_make(&to_box, &keys.receive);
    end_make(&stranger, &keys.send);
    CHECK_EQUAL(send_sealed(world, &to_box, 1, 9, 1), TL_DROP_INDEX_SRTP_NO_KEYS);
    CHECK_EQUAL(send_rtp(world, &party_a, (struct rtp){.sequence = 1, .ssrc = 5})->reason,
                TL_DROP_INDEX_SRTP_NO_KEYS);
    CHECK_EQUAL(command_keys(world, 1, 7, &keys), TL_STATUS_OK);
    CHECK_EQUAL(send_sealed(world, &to_box, 1, 9, 1), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(send_sealed(world, &to_box, 1, 9, 1), TL_DROP_INDEX_SRTP_REPLAY);
    CHECK_EQUAL(send_sealed(world, &to_box, 300, 9, 1), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(send_sealed(world, &to_box, 2, 9, 1), TL_DROP_INDEX_SRTP_REPLAY); // too old
    uint64_t received = world->records[1].rx_packets;
    CHECK_EQUAL(send_sealed(world, &stranger, 301, 9, 1), TL_DROP_INDEX_SRTP_AUTHENTICATION);
    CHECK_EQUAL(send_sealed(world, &to_box, 301, 9, 1), TL_DROP_REASON_COUNT); // not disturbed
    CHECK_EQUAL(world->records[1].rx_packets, received + 1);
    static const uint8_t bare[20] = {0x80, 0, 9, 9};
    CHECK_EQUAL(send_udp(world, &party_b, bare, 20), TL_DROP_INDEX_SRTP_SHORT);
    CHECK_EQUAL(send_udp(world, &party_b, "\x8f\0\0\1\0\0\0\0\0\0\0\1\0\0", 14),
                TL_DROP_INDEX_MALFORMED_RTP);
    // Other SSRCs up to the limit; beyond it a name.
    for (uint32_t i = 1; i < TL_SRTP_SSRCS_MAX; i++)
        CHECK_EQUAL(send_sealed(world, &to_box, 1, 100 + i, 1), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(send_sealed(world, &to_box, 1, 200, 1), TL_DROP_INDEX_SRTP_SSRC);
    check_identity(world);
    world_free(world);
}

// A party takes another SSRC with each piece of music for who is on hold: one that is silent makes
// room, the one that speaks does not. What made room comes back with its indexes. That ends
// somewhere.
static void test_silent_ssrcs_make_room(void)
{
    struct tl_flow_keys keys = keys_make(TL_SUITE_AEAD_AES_128_GCM, 1);
    struct world *world = secure_call(&keys);
    struct end to_box;
    end_make(&to_box, &keys.receive);
    CHECK_EQUAL(send_sealed(world, &to_box, 65000, 9, 1), TL_DROP_REASON_COUNT); // speech
    for (uint64_t index = 66000; index < 140000; index += 1000)
        CHECK_EQUAL(send_sealed(world, &to_box, index, 9, 1), TL_DROP_REASON_COUNT);
    for (uint32_t i = 0; i < TL_SRTP_SSRCS_MAX - 1; i++)
        CHECK_EQUAL(send_sealed(world, &to_box, 1, 100 + i, 1), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(send_sealed(world, &to_box, 1, 200, 1), TL_DROP_INDEX_SRTP_SSRC); // too soon
    for (uint32_t i = 0; i < TL_SRTP_SSRCS_PARKED_MAX; i++) {
        world->now_ns += 3ull << 30;
        CHECK_EQUAL(send_sealed(world, &to_box, 1, 200 + i, 1), TL_DROP_REASON_COUNT);
        CHECK_EQUAL(send_sealed(world, &to_box, 1, 200 + i, 1), TL_DROP_INDEX_SRTP_REPLAY);
    }
    world->now_ns += 3ull << 30;
    CHECK_EQUAL(send_sealed(world, &to_box, 1, 900, 1), TL_DROP_INDEX_SRTP_SSRC); // the limit
    // Speech goes on, behind its second wrap, and nothing of before is taken again.
    CHECK_EQUAL(send_sealed(world, &to_box, 139000, 9, 1), TL_DROP_INDEX_SRTP_REPLAY);
    CHECK_EQUAL(send_sealed(world, &to_box, 138000, 9, 1), TL_DROP_INDEX_SRTP_REPLAY);
    send_sealed(world, &to_box, 139001, 9, 1); // another SSRC for RTP: twice in a row good
    CHECK_EQUAL(send_sealed(world, &to_box, 139002, 9, 1), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(send_sealed(world, &to_box, 2, 101, 1), TL_DROP_REASON_COUNT); // so does music
    CHECK_EQUAL(send_sealed(world, &to_box, 2, 101, 1), TL_DROP_INDEX_SRTP_REPLAY);
    check_identity(world);
    world_free(world);
}

// The party's first packets were lost around its wrap: one other roll-over counter is tried.
static void test_second_counter(void)
{
    struct tl_flow_keys keys = keys_make(TL_SUITE_AEAD_AES_128_GCM, 1);
    struct world *world = secure_call(&keys);
    struct end to_box;
    end_make(&to_box, &keys.receive);
    CHECK_EQUAL(send_sealed(world, &to_box, 65536 + 64, 9, 1), TL_DROP_INDEX_SRTP_AUTHENTICATION);
    CHECK_EQUAL(send_sealed(world, &to_box, 65536 + 63, 9, 1), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(send_sealed(world, &to_box, 65536 + 64, 9, 1), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(world->srtp_records[1].next[0], 65536 + 65);
    world_free(world);
}

// What a plain party repeats, with other content too, is sealed once.
static void test_duplicates(void)
{
    struct tl_flow_keys keys = keys_make(TL_SUITE_AEAD_AES_256_GCM, 1);
    struct world *world = secure_call(&keys);
    struct rtp rtp = {.sequence = 50, .ssrc = 5};
    CHECK_EQUAL(send_rtp(world, &party_a, rtp)->reason, TL_DROP_REASON_COUNT);
    rtp.timestamp = 77;
    CHECK_EQUAL(send_rtp(world, &party_a, rtp)->reason, TL_DROP_INDEX_RTP_DUPLICATE);
    rtp.sequence = 53;
    CHECK_EQUAL(send_rtp(world, &party_a, rtp)->reason, TL_DROP_REASON_COUNT);
    rtp.sequence = 52;
    CHECK_EQUAL(send_rtp(world, &party_a, rtp)->reason, TL_DROP_REASON_COUNT); // late
    CHECK_EQUAL(send_rtp(world, &party_a, rtp)->reason, TL_DROP_INDEX_RTP_DUPLICATE);
    burst_begin(world); // in one burst
    rtp.sequence = 60;
    add_rtp(world, &party_a, rtp);
    add_rtp(world, &party_a, rtp);
    burst_run(world);
    CHECK_EQUAL(world->packets[0].reason, TL_DROP_REASON_COUNT);
    CHECK_EQUAL(world->packets[1].reason, TL_DROP_INDEX_RTP_DUPLICATE);
    check_identity(world);
    world_free(world);
}

static void test_key_change(void)
{
    struct tl_flow_keys old = keys_make(TL_SUITE_AES_CM_128_HMAC_SHA1_80, 1);
    struct tl_flow_keys new = keys_make(TL_SUITE_AEAD_AES_128_GCM, 2);
    struct world *world = secure_call(&old);
    struct end old_end, new_end, from_box;
    end_make(&old_end, &old.receive);
    end_make(&new_end, &new.receive);
    end_make(&from_box, &new.send);
    CHECK_EQUAL(send_sealed(world, &old_end, 65536 + 5, 9, 1), TL_DROP_REASON_COUNT);
    for (uint32_t i = 0; i < 10; i++)
        send_rtp(world, &party_a, (struct rtp){.sequence = (uint16_t)i, .ssrc = 5});
    CHECK_EQUAL(world->records[1].egress_index, 65540);
    CHECK_EQUAL(command_keys(world, 1, 7, &new), TL_STATUS_OK);
    CHECK_EQUAL(world->records[1].key_id, 2);
    // Both roll-over counters begin anew; the old key is honoured for a while.
    send_rtp(world, &party_a, (struct rtp){.sequence = 10, .ssrc = 5});
    CHECK(open_sent(world, &from_box, 4) >= 0);
    CHECK_EQUAL(send_sealed(world, &old_end, 65536 + 6, 9, 1), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(send_sealed(world, &old_end, 65536 + 6, 9, 1), TL_DROP_INDEX_SRTP_REPLAY);
    CHECK_EQUAL(send_sealed(world, &new_end, 7, 9, 1), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(command_keys(world, 1, 7, &new), TL_STATUS_OK); // again: nothing happens
    CHECK_EQUAL(send_sealed(world, &old_end, 65536 + 8, 9, 1), TL_DROP_REASON_COUNT);
    world->now_ns += 2001 * TL_MILLISECOND_NS;
    CHECK_EQUAL(send_sealed(world, &old_end, 65536 + 9, 9, 1), TL_DROP_INDEX_SRTP_AUTHENTICATION);
    struct tl_packet nothing = {.data = world->buffers[0] + 128};
    for (uint32_t i = 0; i < 100; i++)
        tl_worker_tick(world->worker, world->now_ns + i * TL_MILLISECOND_NS, 1000, &nothing, 1);
    CHECK_EQUAL(world->worker->secures[0].former->keys.suite, 0); // wiped, not only disregarded
    CHECK_EQUAL(send_sealed(world, &new_end, 10, 9, 1), TL_DROP_REASON_COUNT);
    world_free(world);
}

// One direction changes alone; the other goes on, and no index is used twice with its key.
static void test_one_direction(void)
{
    struct tl_flow_keys one = keys_make(TL_SUITE_AEAD_AES_128_GCM, 1);
    struct tl_flow_keys other = keys_make(TL_SUITE_AEAD_AES_128_GCM, 2);
    struct world *world = secure_call(&one);
    struct end one_end, other_end, from_box;
    end_make(&one_end, &one.receive);
    end_make(&other_end, &other.receive);
    end_make(&from_box, &one.send);
    for (uint32_t i = 0; i < 10; i++)
        send_rtp(world, &party_a, (struct rtp){.sequence = (uint16_t)i, .ssrc = 5});
    CHECK_EQUAL(send_sealed(world, &one_end, 65536 + 5, 9, 1), TL_DROP_REASON_COUNT);
    struct tl_flow_keys branch = one; // another branch of the fork answers with its key
    branch.receive = other.receive;
    CHECK_EQUAL(command_keys(world, 1, 7, &branch), TL_STATUS_OK);
    CHECK_EQUAL(world->records[1].egress_index, 65540);
    send_rtp(world, &party_a, (struct rtp){.sequence = 10, .ssrc = 5});
    CHECK(open_sent(world, &from_box, 65540) >= 0);
    CHECK_EQUAL(send_sealed(world, &other_end, 70, 9, 1), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(world->records[1].ingress_index, 70);
    // One key_id names one key.
    struct tl_flow_keys lie = branch;
    lie.send = other.send;
    CHECK_EQUAL(command_keys(world, 1, 7, &lie), TL_STATUS_BAD_KEYS);
    lie = branch;
    lie.key_id = 2;
    CHECK_EQUAL(command_keys(world, 1, 7, &lie), TL_STATUS_BAD_KEYS);
    // Only ours changes: what the party sends goes on.
    CHECK_EQUAL(send_sealed(world, &other_end, 65536 + 3, 9, 1), TL_DROP_INDEX_SRTP_AUTHENTICATION);
    struct tl_flow_keys ours = branch;
    ours.send = other.send;
    ours.key_id = 2;
    CHECK_EQUAL(command_keys(world, 1, 7, &ours), TL_STATUS_OK);
    CHECK_EQUAL(world->records[1].egress_index, 5);
    CHECK_EQUAL(send_sealed(world, &other_end, 70, 9, 1), TL_DROP_INDEX_SRTP_REPLAY);
    CHECK_EQUAL(send_sealed(world, &other_end, 71, 9, 1), TL_DROP_REASON_COUNT);
    check_identity(world);
    world_free(world);
}

// A branch of a fork brings a key back: its indexes go on, and nobody else's begin anew.
static void test_key_comes_back(void)
{
    struct tl_flow_keys one = keys_make(TL_SUITE_AEAD_AES_128_GCM, 1);
    struct tl_flow_keys two = keys_make(TL_SUITE_AEAD_AES_128_GCM, 2);
    struct world *world = secure_call(&one);
    struct tl_flow_record *record = &world->records[1];
    struct end one_end, from_one;
    end_make(&one_end, &one.receive);
    end_make(&from_one, &one.send);
    for (uint32_t i = 0; i < 10; i++)
        send_rtp(world, &party_a, (struct rtp){.sequence = (uint16_t)i, .ssrc = 5});
    CHECK_EQUAL(record->egress_index, 65540);
    CHECK_EQUAL(send_sealed(world, &one_end, 100, 9, 1), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(command_keys(world, 1, 7, &two), TL_STATUS_OK);
    CHECK_EQUAL(record->egress_index, 4);
    send_rtp(world, &party_a, (struct rtp){.sequence = 10, .ssrc = 5});
    CHECK_EQUAL(command_keys(world, 1, 7, &one), TL_STATUS_OK);
    CHECK_EQUAL(record->egress_index, 65541); // above what it was used for, as the sequence is
    send_rtp(world, &party_a, (struct rtp){.sequence = 11, .ssrc = 5});
    CHECK(open_sent(world, &from_one, 65541) >= 0);
    CHECK_EQUAL(send_sealed(world, &one_end, 100, 9, 1), TL_DROP_INDEX_SRTP_REPLAY);
    CHECK_EQUAL(send_sealed(world, &one_end, 101, 9, 1), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(record->key_id_newest, 2);
    // Another process knows of the present key only.
    struct tl_flow_spec spec = world->worker->cold[1].spec;
    world_restart(world);
    spec.key_id = 1;
    CHECK_EQUAL(command(world, TL_OP_ADD, 1, 7, &spec), TL_STATUS_OK);
    CHECK_EQUAL(command_keys(world, 1, 7, &two), TL_STATUS_KEYS_USED);
    CHECK_EQUAL(command_keys(world, 1, 7, &one), TL_STATUS_OK);
    // As many as are remembered: one that comes back is not pushed out by the one that goes.
    uint64_t used = record->egress_index;
    for (uint64_t id = 3; id < 3 + TL_KEYS_REMEMBERED; id++) {
        struct tl_flow_keys next = keys_make(TL_SUITE_AEAD_AES_128_GCM, id);
        CHECK_EQUAL(command_keys(world, 1, 7, &next), TL_STATUS_OK);
    }
    CHECK(record->egress_index < used);
    CHECK_EQUAL(command_keys(world, 1, 7, &one), TL_STATUS_OK);
    CHECK(record->egress_index >= used);
    // More than that: the first of them is not taken again.
    uint64_t first = 3 + TL_KEYS_REMEMBERED;
    for (uint64_t id = first; id < first + TL_KEYS_REMEMBERED + 1; id++) {
        struct tl_flow_keys next = keys_make(TL_SUITE_AEAD_AES_128_GCM, id);
        CHECK_EQUAL(command_keys(world, 1, 7, &next), TL_STATUS_OK);
    }
    CHECK_EQUAL(command_keys(world, 1, 7, &one), TL_STATUS_KEYS_USED);
    world_free(world);
}

// A party behind NAT: with learn-source its SRTP teaches its address.
static void test_learn(void)
{
    struct tl_flow_keys keys = keys_make(TL_SUITE_AES_CM_128_HMAC_SHA1_80, 1);
    struct world *world = secure_call(&keys);
    struct tl_flow_spec spec = world->worker->cold[1].spec;
    spec.flags |= TL_FLOW_LEARN;
    spec.learn_window_ms = 1000;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 1, 7, &spec), TL_STATUS_OK);
    struct sender nat = party_b;
    nat.source_port = 45000;
    struct end to_box, stranger;
    end_make(&to_box, &keys.receive);
    end_make(&stranger, &keys.send);
    CHECK_EQUAL(send_sealed_from(world, &nat, &stranger, 1, 9, 1), TL_DROP_INDEX_WRONG_SOURCE);
    CHECK_EQUAL(send_sealed_from(world, &nat, &to_box, 1, 9, 1), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(world->records[1].source_port, 45000);
    world_free(world);
}

static void test_rtcp(void)
{
    struct tl_flow_keys keys = keys_make(TL_SUITE_AES_CM_128_HMAC_SHA1_32, 1);
    struct world *world = secure_call(&keys);
    struct end to_box, from_box;
    end_make(&to_box, &keys.receive);
    end_make(&from_box, &keys.send);
    uint8_t report[64] = {0x80, 201, 0, 1, 0, 0, 0, 9};
    uint32_t length = 8;
    CHECK_EQUAL(tl_srtcp_seal(engine, &to_box.keys, report, &length, 1, true),
                TL_DROP_REASON_COUNT);
    CHECK_EQUAL(send_udp(world, &rtcp_b, report, length), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(world->records[1].rx_rtcp_packets, 1);
    CHECK_EQUAL(send_udp(world, &rtcp_b, report, length), TL_DROP_INDEX_SRTP_REPLAY);
    uint8_t plain[64] = {0x80, 201, 0, 1, 0, 0, 0, 9};
    length = 8;
    CHECK_EQUAL(tl_srtcp_seal(engine, &to_box.keys, plain, &length, 2, false),
                TL_DROP_REASON_COUNT);
    CHECK_EQUAL(send_udp(world, &rtcp_b, plain, length), TL_DROP_INDEX_SRTCP_PLAIN);
    CHECK_EQUAL(send_udp(world, &rtcp_b, "\x80\xc9\0\1\0\0\0\x09", 8), TL_DROP_INDEX_SRTP_SHORT);
    report[20]++;
    CHECK_EQUAL(send_udp(world, &rtcp_b, report, 22), TL_DROP_INDEX_SRTP_REPLAY);
    // Ours.
    struct tl_flow_spec spec = world->worker->cold[1].spec;
    spec.flags |= TL_FLOW_RTCP;
    spec.rtcp_interval_ms = 1000;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 1, 7, &spec), TL_STATUS_OK);
    for (uint32_t i = 0, made = 0; made < 3; i++) {
        world->now_ns += 1600 * TL_MILLISECOND_NS;
        struct tl_packet packet = {.data = world->buffers[0] + 128};
        if (tl_worker_tick(world->worker, world->now_ns, 10000, &packet, 1) == 0)
            continue;
        struct frame frame = read_frame(packet.data, packet.length);
        uint8_t bytes[256];
        uint32_t index;
        length = frame.payload_length;
        memcpy(bytes, frame.payload, length);
        CHECK_EQUAL(tl_srtcp_open(engine, &from_box.keys, bytes, &length, &index, false),
                    TL_DROP_REASON_COUNT);
        CHECK_EQUAL(index, made);
        CHECK_EQUAL(bytes[1], 201);
        tl_packet_done(world->worker, &packet);
        made++;
        CHECK_EQUAL(world->records[1].egress_rtcp_index, made);
        CHECK(i < 10);
    }
    check_identity(world);
    world_free(world);
}

static void test_commands(void)
{
    struct world *world = secure_call(NULL);
    struct tl_flow_keys keys = keys_make(TL_SUITE_AEAD_AES_128_GCM, 1);
    struct tl_flow_keys bad = keys;
    bad.key_id = 0;
    CHECK_EQUAL(command_keys(world, 1, 7, &bad), TL_STATUS_BAD_KEYS);
    bad = keys;
    bad.flags = 4;
    CHECK_EQUAL(command_keys(world, 1, 7, &bad), TL_STATUS_BAD_KEYS);
    bad = keys;
    bad.overlap_ms = TL_KEYS_OVERLAP_MAX_MS + 1;
    CHECK_EQUAL(command_keys(world, 1, 7, &bad), TL_STATUS_BAD_KEYS);
    bad = keys;
    bad.send.suite = TL_SUITES_MAX;
    CHECK_EQUAL(command_keys(world, 1, 7, &bad), TL_STATUS_BAD_KEYS);
    bad = keys;
    bad.receive.mki_bytes = TL_SRTP_MKI_BYTES_MAX + 1;
    CHECK_EQUAL(command_keys(world, 1, 7, &bad), TL_STATUS_BAD_KEYS);
    CHECK_EQUAL(world->records[1].key_id, 0);
    CHECK_EQUAL(command_keys(world, 1, 8, &keys), TL_STATUS_STALE);
    CHECK_EQUAL(command_keys(world, 5, 7, &keys), TL_STATUS_NOT_FOUND);
    // The pool's limit, and that what is given back can be had again.
    for (uint32_t i = 0; i <= SECURE_FLOWS; i++) {
        struct tl_flow_spec spec = spec_make(ADDRESS_1, (uint16_t)(20100 + 2 * i), "198.18.1.2",
                                             (uint16_t)(31000 + 2 * i));
        spec.flags |= TL_FLOW_SRTP;
        CHECK_EQUAL(command(world, TL_OP_ADD, 10 + i, 1, &spec), TL_STATUS_OK);
        CHECK_EQUAL(command_keys(world, 10 + i, 1, &keys),
                    i < SECURE_FLOWS ? TL_STATUS_OK : TL_STATUS_NO_CONTEXT);
    }
    CHECK_EQUAL(command(world, TL_OP_REMOVE, 10, 1, NULL), TL_STATUS_OK);
    CHECK_EQUAL(world->worker->secures[0].send.suite, 0);
    CHECK_EQUAL(command_keys(world, 10 + SECURE_FLOWS, 1, &keys), TL_STATUS_OK);
    world_free(world);
}

static void test_dtls_budget(void)
{
    struct world *world = secure_call(NULL);
    struct tl_flow_spec spec = world->worker->cold[1].spec;
    spec.flags |= TL_FLOW_DELIVER;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 1, 7, &spec), TL_STATUS_OK);
    uint32_t taken = 0;
    for (uint32_t i = 0; i < 100; i++)
        taken += send_udp(world, &party_b, "\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\1\1", 14) ==
                 TL_DROP_INDEX_CONTROL_AWAY;
    CHECK_EQUAL(taken, 50);
    CHECK_EQUAL(drops(world, TL_DROP_INDEX_DTLS_BUDGET), 50);
    world->now_ns += 100 * TL_MILLISECOND_NS;
    CHECK_EQUAL(send_udp(world, &party_b, "\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\1\1", 14),
                TL_DROP_INDEX_CONTROL_AWAY);
    world_free(world);
}

// A hello may overtake the answer that says whose it is, and only on the port of RTP.
static void test_dtls_before_the_answer(void)
{
    const char hello[] = "\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\1\1";
    struct world *world = secure_call(NULL);
    struct tl_flow_spec named = world->worker->cold[1].spec, spec = named;
    spec.flags |= TL_FLOW_DELIVER;
    memset(spec.remote_address, 0, 16);
    spec.remote_port = 0;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 1, 7, &spec), TL_STATUS_OK);
    CHECK_EQUAL(send_udp(world, &party_b, hello, 14), TL_DROP_INDEX_CONTROL_AWAY);
    CHECK_EQUAL(send_udp(world, &rtcp_b, hello, 14), TL_DROP_INDEX_WRONG_SOURCE);
    CHECK_EQUAL(send_udp(world, &party_b, "\x80\x08\0\1\0\0\0\1\0\0\0\1..", 14),
                TL_DROP_INDEX_WRONG_SOURCE);
    // Not where nobody waits for records, and not once the party is known.
    spec.flags &= ~TL_FLOW_DELIVER;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 1, 7, &spec), TL_STATUS_OK);
    CHECK_EQUAL(send_udp(world, &party_b, hello, 14), TL_DROP_INDEX_WRONG_SOURCE);
    named.flags |= TL_FLOW_DELIVER;
    named.remote_port = 31000;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 1, 7, &named), TL_STATUS_OK);
    CHECK_EQUAL(send_udp(world, &party_b, hello, 14), TL_DROP_INDEX_WRONG_SOURCE);
    named.remote_port = 30002;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 1, 7, &named), TL_STATUS_OK);
    CHECK_EQUAL(send_udp(world, &party_b, hello, 14), TL_DROP_INDEX_CONTROL_AWAY);
    CHECK_EQUAL(send_udp(world, &rtcp_b, hello, 14), TL_DROP_INDEX_DTLS);
    world_free(world);
}

// Before a nomination the first source whose SRTP authenticates is the party, and nobody else.
static void test_early_latch(void)
{
    struct tl_flow_keys keys = keys_make(TL_SUITE_AES_CM_128_HMAC_SHA1_80, 1);
    struct world *world = secure_call(&keys);
    struct tl_flow_spec spec = world->worker->cold[1].spec;
    spec.flags |= TL_FLOW_ICE | TL_FLOW_EARLY_LATCH | TL_FLOW_RTCP_MUX;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 1, 7, &spec), TL_STATUS_OK);
    struct tl_flow_ice ice = {.local_ufrag_bytes = 4, .local_password_bytes = 22};
    memset(ice.local_ufrag, 'u', 4);
    memset(ice.local_password, 'p', 22);
    struct tl_command message = {.size_bytes = sizeof(message), .operation = TL_OP_ICE,
                                 .flow_index = 1, .generation = 7};
    memcpy((uint8_t *)&message + offsetof(struct tl_command, spec), &ice, sizeof(ice));
    struct tl_event answer;
    tl_command_apply(world->worker, 0, &message, world->now_ns, &answer);
    CHECK_EQUAL(answer.status, TL_STATUS_OK);
    struct sender stranger = party_b, party = party_b, late = party_b;
    stranger.source_port = 41000;
    party.source_port = 42000;
    late.source_port = 43000;
    struct end to_box, from_box;
    end_make(&to_box, &keys.receive);
    end_make(&from_box, &keys.send);
    CHECK_EQUAL(send_sealed_from(world, &stranger, &from_box, 1, 9, 1), TL_DROP_INDEX_WRONG_SOURCE);
    CHECK_EQUAL(send_sealed_from(world, &party, &to_box, 1, 9, 1), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(world->records[1].source_port, 42000);
    CHECK_EQUAL(send_sealed_from(world, &late, &to_box, 2, 9, 1), TL_DROP_INDEX_WRONG_SOURCE);
    CHECK_EQUAL(send_sealed_from(world, &party, &to_box, 3, 9, 1), TL_DROP_REASON_COUNT);
    send_rtp(world, &party_a, (struct rtp){.sequence = 1, .ssrc = 5});
    struct frame frame = read_frame(world->packets[0].data, world->packets[0].length);
    CHECK_EQUAL(frame.destination_port, 42000);
    check_identity(world);
    world_free(world);
}

// A worker without contexts has no engine either: secure flows are refused, packet by packet.
static void test_no_engine(void)
{
    struct world *world = secure_call(NULL);
    world->worker->srtp = NULL;
    struct tl_flow_keys keys = keys_make(TL_SUITE_AEAD_AES_128_GCM, 1);
    struct end to_box;
    end_make(&to_box, &keys.receive);
    CHECK_EQUAL(command_keys(world, 1, 7, &keys), TL_STATUS_NO_CONTEXT);
    CHECK_EQUAL(send_sealed(world, &to_box, 1, 9, 1), TL_DROP_INDEX_SRTP_NO_KEYS);
    CHECK_EQUAL(send_rtp(world, &party_a, (struct rtp){.sequence = 1, .ssrc = 5})->reason,
                TL_DROP_INDEX_SRTP_NO_KEYS);
    check_identity(world);
    world_free(world);
}

static void tests(void)
{
    for (uint8_t suite = 1; suite < TL_SUITES_MAX; suite++)
        test_both_ways(suite);
    test_refusals();
    test_silent_ssrcs_make_room();
    test_second_counter();
    test_duplicates();
    test_key_change();
    test_one_direction();
    test_key_comes_back();
    test_learn();
    test_no_engine();
    test_rtcp();
    test_commands();
    test_dtls_budget();
    test_dtls_before_the_answer();
    test_early_latch();
}

int main(void)
{
    with_engine(tests);
    return tests_passed("secure", 0);
}
