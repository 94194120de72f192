// SPDX-License-Identifier: Apache-2.0
// Secure flows over a change of keys, and over the death of a process: what was received under a
// key is not taken again, and what comes behind it is.
#include "CFlowABI.h"

// Stores that this file's own code makes are seen one by one.
static struct {
    struct tl_srtp_record record, copies[16];
    uint32_t count;
} torn;

static void torn_copy(void)
{
    if (torn.count < sizeof(torn.copies) / sizeof(torn.copies[0]))
        torn.copies[torn.count++] = torn.record;
}

#define tl_store_release_u32(to, value) (tl_store_release_u32(to, value), torn_copy())
#define tl_store_release_u64(to, value) (tl_store_release_u64(to, value), torn_copy())
#include "secure_call.h"

enum { SECOND = 65536 }; // the first packet index behind a wrap of the sequence

// The party sends the indexes of a range, both ends included, in steps that a stream may take.
static void send_range(struct world *world, struct end *end, uint64_t first, uint64_t last,
                       uint32_t ssrc)
{
    for (uint64_t index = first; index < last; index += 1000)
        CHECK_EQUAL(send_sealed(world, end, index, ssrc, 1), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(send_sealed(world, end, last, ssrc, 1), TL_DROP_REASON_COUNT);
}

// Another process, which is told of the flow as it was, and then of its keys.
static void restart(struct world *world, uint64_t key_id, const struct tl_flow_keys *keys)
{
    struct tl_flow_spec a = world->worker->cold[0].spec, b = world->worker->cold[1].spec;
    world_restart(world);
    b.key_id = key_id;
    CHECK_EQUAL(command(world, TL_OP_ADD, 1, 7, &b), TL_STATUS_OK);
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, 7, &a), TL_STATUS_OK);
    CHECK_EQUAL(command_keys(world, 1, 7, keys), TL_STATUS_OK);
}

// A new process goes on behind what the last one may have sent, and refuses what that took.
static void test_restart(void)
{
    struct tl_flow_keys keys = keys_make(TL_SUITE_AES_256_CM_HMAC_SHA1_80, 3);
    struct world *world = secure_call(&keys);
    struct end to_box, from_box;
    end_make(&to_box, &keys.receive);
    end_make(&from_box, &keys.send);
    for (uint32_t i = 0; i < 20; i++) {
        send_rtp(world, &party_a, (struct rtp){.sequence = (uint16_t)i, .ssrc = 5});
        CHECK_EQUAL(send_sealed(world, &to_box, 65530 + i, 9, 1), TL_DROP_REASON_COUNT);
    }
    struct tl_flow_spec spec = world->worker->cold[1].spec;
    world_restart(world);
    spec.key_id = 4;
    CHECK_EQUAL(command(world, TL_OP_ADD, 1, 7, &spec), TL_STATUS_KEYS_USED);
    spec.key_id = 3;
    CHECK_EQUAL(command(world, TL_OP_ADD, 1, 7, &spec), TL_STATUS_OK);
    struct tl_flow_spec a = spec_make(ADDRESS_1, 20000, "198.18.1.2", 30000);
    a.peer_index = 1;
    a.peer_generation = 7;
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, 7, &a), TL_STATUS_OK);
    CHECK_EQUAL(command_keys(world, 1, 7, &keys), TL_STATUS_OK);
    CHECK_EQUAL(send_sealed(world, &to_box, 65530 + 19, 9, 1), TL_DROP_INDEX_SRTP_REPLAY);
    CHECK_EQUAL(send_sealed(world, &to_box, 65530 + 20, 9, 1), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(world->records[1].ingress_index, 65530 + 20);
    send_rtp(world, &party_a, (struct rtp){.sequence = 500, .ssrc = 5});
    CHECK(open_sent(world, &from_box, 65530 + 20) >= 0);
    world_free(world);
}

// Each SSRC that the key ever had keeps its indexes, roll-over counter included.
static void test_restart_with_streams(void)
{
    struct tl_flow_keys keys = keys_make(TL_SUITE_AEAD_AES_128_GCM, 1);
    struct world *world = secure_call(&keys);
    struct end to_box;
    end_make(&to_box, &keys.receive);
    for (uint32_t i = 0; i < TL_SRTP_SSRCS_MAX; i++)
        send_range(world, &to_box, 65000, SECOND + 1000 * i, 100 + i);
    for (int process = 0; process < 2; process++) { // the second knows what the first was told
        restart(world, 1, &keys);
        for (uint32_t i = 0; i < TL_SRTP_SSRCS_MAX; i++) {
            CHECK_EQUAL(send_sealed(world, &to_box, 65000, 100 + i, 1), TL_DROP_INDEX_SRTP_REPLAY);
            CHECK_EQUAL(send_sealed(world, &to_box, SECOND + 1000 * i, 100 + i, 1),
                        TL_DROP_INDEX_SRTP_REPLAY);
        }
        CHECK_EQUAL(send_sealed(world, &to_box, 1, 200, 1), TL_DROP_INDEX_SRTP_SSRC);
    }
    for (uint32_t i = 0; i < TL_SRTP_SSRCS_MAX; i++)
        CHECK_EQUAL(send_sealed(world, &to_box, SECOND + 1000 * i + 1, 100 + i, 1),
                    TL_DROP_REASON_COUNT);
    // A flow that is not taken up has nothing of it, though it have the same keys.
    CHECK_EQUAL(command(world, TL_OP_REMOVE, 1, 7, NULL), TL_STATUS_OK);
    struct tl_flow_spec spec = world->worker->cold[1].spec;
    spec.key_id = 0;
    CHECK_EQUAL(command(world, TL_OP_ADD, 1, 8, &spec), TL_STATUS_OK);
    CHECK_EQUAL(command_keys(world, 1, 8, &keys), TL_STATUS_OK);
    CHECK_EQUAL(send_sealed(world, &to_box, 1, 100, 1), TL_DROP_REASON_COUNT);
    world_free(world);
}

// Of SSRCs that made room the next process knows marks: it takes none that may be one of them, and
// others.
static void test_restart_after_parking(void)
{
    struct tl_flow_keys keys = keys_make(TL_SUITE_AEAD_AES_128_GCM, 1);
    struct tl_flow_keys new = keys_make(TL_SUITE_AEAD_AES_128_GCM, 2);
    struct world *world = secure_call(&keys);
    struct end to_box, new_end;
    end_make(&to_box, &keys.receive);
    end_make(&new_end, &new.receive);
    for (uint32_t i = 0; i < TL_SRTP_SSRCS_MAX; i++) {
        send_range(world, &to_box, 0, 60000, 100 + i);
        world->now_ns += 3ull << 30;
    }
    CHECK_EQUAL(world->srtp_records[1].parked_marks, 0);
    CHECK_EQUAL(send_sealed(world, &to_box, 7, 200, 1), TL_DROP_REASON_COUNT); // in place of 100
    CHECK_EQUAL(world->srtp_records[1].parked_marks, tl_secure_mark(100));
    CHECK_EQUAL(world->srtp_records[1].next[0], 8);
    CHECK_EQUAL(world->srtp_records[1].ssrc[0], 200);
    for (int process = 0; process < 2; process++) {
        restart(world, 1, &keys);
        world->now_ns += 30ull << 30;
        CHECK_EQUAL(send_sealed(world, &to_box, 5000, 100, 1), TL_DROP_INDEX_SRTP_SSRC);
        CHECK_EQUAL(send_sealed(world, &to_box, 7, 200, 1), TL_DROP_INDEX_SRTP_REPLAY);
    }
    CHECK_EQUAL(send_sealed(world, &to_box, 8, 200, 1), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(send_sealed(world, &to_box, 1, 300, 1), TL_DROP_REASON_COUNT); // another SSRC
    // Another key has no marks, in this process and the next.
    CHECK_EQUAL(command_keys(world, 1, 7, &new), TL_STATUS_OK);
    CHECK_EQUAL(world->srtp_records[1].parked_marks, 0);
    CHECK_EQUAL(send_sealed(world, &new_end, 1, 100, 1), TL_DROP_REASON_COUNT);
    restart(world, 2, &new);
    CHECK_EQUAL(send_sealed(world, &new_end, 1, 400, 1), TL_DROP_REASON_COUNT);
    world_free(world);
}

// 100 to 103 speak up to 60000, then 200 in place of 100.
static void park_100(struct world *world, struct end *to_box)
{
    for (uint32_t i = 0; i < TL_SRTP_SSRCS_MAX; i++) {
        send_range(world, to_box, 0, 60000, 100 + i);
        world->now_ns += 3ull << 30;
    }
    CHECK_EQUAL(send_sealed(world, to_box, 7, 200, 1), TL_DROP_REASON_COUNT);
}

// Of a key that comes back the marks come back too, whoever spoke meanwhile under the other.
static void test_marks_of_a_key_that_comes_back(void)
{
    struct tl_flow_keys one = keys_make(TL_SUITE_AEAD_AES_128_GCM, 1);
    struct tl_flow_keys two = keys_make(TL_SUITE_AEAD_AES_128_GCM, 2);
    struct world *world = secure_call(&one);
    struct end one_end, two_end;
    end_make(&one_end, &one.receive);
    end_make(&two_end, &two.receive);
    park_100(world, &one_end);
    CHECK_EQUAL(command_keys(world, 1, 7, &two), TL_STATUS_OK);
    CHECK_EQUAL(world->srtp_records[1].parked_marks, 0);
    CHECK_EQUAL(send_sealed(world, &two_end, 1, 300, 1), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(command_keys(world, 1, 7, &one), TL_STATUS_OK);
    CHECK_EQUAL(world->srtp_records[1].parked_marks, tl_secure_mark(100));
    restart(world, 1, &one);
    world->now_ns += 30ull << 30;
    CHECK_EQUAL(send_sealed(world, &one_end, 59000, 100, 1), TL_DROP_INDEX_SRTP_SSRC);
    for (uint32_t ssrc = 101; ssrc < 104; ssrc++)
        CHECK_EQUAL(send_sealed(world, &one_end, 59000, ssrc, 1), TL_DROP_INDEX_SRTP_REPLAY);
    world_free(world);
}

static bool is_refused(uint32_t reason)
{
    return reason == TL_DROP_INDEX_SRTP_REPLAY || reason == TL_DROP_INDEX_SRTP_SSRC;
}

// The process dies between any two stores that note an SSRC in another's place, be it new or one
// that had made room: what was taken of any SSRC is not taken again.
static void test_torn_notes(void)
{
    struct tl_flow_keys keys = keys_make(TL_SUITE_AEAD_AES_128_GCM, 1);
    for (uint32_t returns = 0; returns < 2; returns++) {
        struct world *world = secure_call(&keys);
        struct end to_box;
        end_make(&to_box, &keys.receive);
        park_100(world, &to_box);
        world->now_ns += 3ull << 30;
        uint32_t ssrc = returns ? 100 : 300;
        torn.copies[0] = world->srtp_records[1];
        torn.count = 1;
        CHECK_EQUAL(send_sealed(world, &to_box, 60001, ssrc, 1), TL_DROP_REASON_COUNT);
        struct tl_secure_streams *streams = &tl_secure_of(world->worker, 1)->now.rtp;
        const struct tl_srtp_stream *stream = tl_secure_stream(streams, ssrc);
        torn.record = torn.copies[0]; // the same stores once more, a copy after each
        tl_secure_note(&torn.record, streams, (uint32_t)(stream - streams->of));
        CHECK(memcmp(&torn.record, &world->srtp_records[1], sizeof(torn.record)) == 0);
        CHECK(torn.count > 4);
        for (uint32_t i = 0; i < torn.count; i++) {
            world->srtp_records[1] = torn.copies[i];
            restart(world, 1, &keys);
            world->now_ns += 30ull << 30;
            for (uint32_t other = 100; other < 104; other++)
                CHECK(is_refused(send_sealed(world, &to_box, 59000, other, 1)));
            CHECK(is_refused(send_sealed(world, &to_box, 7, 200, 1)));
        }
        CHECK_EQUAL(send_sealed(world, &to_box, 60001, ssrc, 1), TL_DROP_INDEX_SRTP_REPLAY);
        CHECK_EQUAL(send_sealed(world, &to_box, 60002, ssrc, 1), TL_DROP_REASON_COUNT);
        world_free(world);
    }
}

// An SSRC that never spoke is rarely taken for one that made room.
static void test_marks_of_strangers(void)
{
    static const uint32_t parked[] = {4, 12}, most[] = {100, 1000}; // of ten thousand
    for (uint32_t i = 0; i < 2; i++) {
        uint64_t marks = 0;
        uint32_t taken = 0;
        for (uint32_t n = 0; n < parked[i]; n++)
            marks |= tl_secure_mark(0x7f4a7c15u * (n + 1));
        for (uint32_t n = 0; n < 10000; n++) {
            uint64_t mark = tl_secure_mark(0x2545f491u * (n + 3) + n);
            taken += (marks & mark) == mark;
        }
        CHECK(taken < most[i]);
    }
}

// Taking a flow up under the key that it had leaves its account as it is, at every moment.
static void test_take_up_keeps_the_account(void)
{
    struct tl_flow_keys keys = keys_make(TL_SUITE_AEAD_AES_128_GCM, 1);
    struct world *world = secure_call(&keys);
    struct end to_box;
    end_make(&to_box, &keys.receive);
    send_range(world, &to_box, 0, 60000, 9);
    struct tl_srtp_record before = world->srtp_records[1];
    restart(world, 1, &keys);
    CHECK(memcmp(&before, &world->srtp_records[1], sizeof(before)) == 0);
    CHECK_EQUAL(send_sealed(world, &to_box, 59000, 9, 1), TL_DROP_INDEX_SRTP_REPLAY);
    world_free(world);
}

// What a held call's party sends is received all the same: its roll-over counter is known.
static void test_restart_behind_a_hold(void)
{
    struct tl_flow_keys keys = keys_make(TL_SUITE_AEAD_AES_128_GCM, 1);
    struct world *world = secure_call(&keys);
    struct end to_box;
    end_make(&to_box, &keys.receive);
    send_range(world, &to_box, 0, 60000, 9);
    struct tl_flow_spec spec = world->worker->cold[1].spec, held = spec;
    held.flags &= ~TL_FLOW_RECEIVE;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 1, 7, &held), TL_STATUS_OK);
    for (uint64_t index = 61000; index < 100000; index += 1000)
        CHECK_EQUAL(send_sealed(world, &to_box, index, 9, 1), TL_DROP_INDEX_NOT_RECEIVING);
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 1, 7, &spec), TL_STATUS_OK);
    restart(world, 1, &keys);
    CHECK_EQUAL(send_sealed(world, &to_box, 99000, 9, 1), TL_DROP_INDEX_SRTP_REPLAY);
    send_sealed(world, &to_box, 100000, 9, 1); // far out of sequence for RTP, twice in a row good
    CHECK_EQUAL(send_sealed(world, &to_box, 100001, 9, 1), TL_DROP_REASON_COUNT);
    world_free(world);
}

// A stream goes on over a change of keys wherever its sequence numbers are, and whatever of the
// former key comes late or in between: the next process has the new key's indexes.
static void test_key_change_in_a_stream(void)
{
    for (uint64_t change = SECOND + 64000; change <= SECOND + 66000; change += 2000)
        for (int stragglers = 0; stragglers < 4; stragglers++) {
            struct tl_flow_keys old = keys_make(TL_SUITE_AES_CM_128_HMAC_SHA1_80, 1);
            struct tl_flow_keys new = keys_make(TL_SUITE_AES_CM_128_HMAC_SHA1_80, 2);
            struct world *world = secure_call(&old);
            struct end old_end, new_end;
            end_make(&old_end, &old.receive);
            end_make(&new_end, &new.receive);
            send_range(world, &old_end, 60000, change - 5, 9);
            CHECK_EQUAL(command_keys(world, 1, 7, &new), TL_STATUS_OK);
            for (int i = 4; i > 4 - stragglers; i--)
                CHECK_EQUAL(send_sealed(world, &old_end, change - (uint64_t)i, 9, 1),
                            TL_DROP_REASON_COUNT);
            uint64_t first = change % SECOND; // new roll-over counter, same sequence
            CHECK_EQUAL(send_sealed(world, &new_end, first, 9, 1), TL_DROP_REASON_COUNT);
            CHECK_EQUAL(send_sealed(world, &old_end, change - 1, 9, 1), TL_DROP_REASON_COUNT);
            restart(world, 2, &new);
            CHECK_EQUAL(send_sealed(world, &new_end, first, 9, 1), TL_DROP_INDEX_SRTP_REPLAY);
            CHECK_EQUAL(send_sealed(world, &new_end, first + 1, 9, 1), TL_DROP_REASON_COUNT);
            check_identity(world);
            world_free(world);
        }
}

// Late packets of the former key from just before the wrap, and nothing of the new one before the
// process dies: that begins behind the wrap with roll-over counter zero.
static void test_straggler_at_a_wrap(void)
{
    struct tl_flow_keys old = keys_make(TL_SUITE_AES_CM_128_HMAC_SHA1_80, 1);
    struct tl_flow_keys new = keys_make(TL_SUITE_AES_CM_128_HMAC_SHA1_80, 2);
    for (int heard = 0; heard < 2; heard++) {
        struct world *world = secure_call(&old);
        struct end old_end, new_end;
        end_make(&old_end, &old.receive);
        end_make(&new_end, &new.receive);
        send_range(world, &old_end, 65000, 65534, 9);
        CHECK_EQUAL(command_keys(world, 1, 7, &new), TL_STATUS_OK);
        CHECK_EQUAL(send_sealed(world, &old_end, 65535, 9, 1), TL_DROP_REASON_COUNT);
        if (heard)
            CHECK_EQUAL(send_sealed(world, &new_end, 0, 9, 1), TL_DROP_REASON_COUNT);
        restart(world, 2, &new);
        for (uint64_t index = 1; index < 100; index++)
            CHECK_EQUAL(send_sealed(world, &new_end, index, 9, 1), TL_DROP_REASON_COUNT);
        world_free(world);
    }
}

// A key may change while the fast path is away. The records name the receiving key that they tell
// of: key_id is the sending one's.
static void test_change_while_away(void)
{
    struct tl_flow_keys one = keys_make(TL_SUITE_AEAD_AES_256_GCM, 1);
    struct tl_flow_keys two = keys_make(TL_SUITE_AEAD_AES_256_GCM, 2);
    struct end one_end, two_end;
    end_make(&one_end, &one.receive);
    end_make(&two_end, &two.receive);
    struct world *world = secure_call(&one);
    send_range(world, &one_end, 65000, SECOND + 10, 9);
    struct tl_flow_keys theirs = one; // the party's alone
    theirs.receive = two.receive;
    restart(world, 1, &theirs);
    CHECK_EQUAL(send_sealed(world, &two_end, 11, 9, 1), TL_DROP_REASON_COUNT);
    world_free(world);

    world = secure_call(&one);
    send_range(world, &one_end, 65000, SECOND + 10, 9);
    struct tl_flow_keys ours = two; // ours alone
    ours.receive = one.receive;
    restart(world, 1, &ours);
    CHECK_EQUAL(send_sealed(world, &one_end, SECOND + 10, 9, 1), TL_DROP_INDEX_SRTP_REPLAY);
    CHECK_EQUAL(send_sealed(world, &one_end, SECOND + 11, 9, 1), TL_DROP_REASON_COUNT);
    world_free(world);
}

static uint32_t send_rtcp(struct world *world, const struct end *end, uint8_t ssrc,
                          uint32_t index)
{
    static const struct sender rtcp_b = {"198.18.2.2", 30003, "198.18.2.1", 20003, 1, 100};
    uint8_t report[64] = {0x80, 201, 0, 1, 0, 0, 0, ssrc};
    uint32_t length = 8;
    CHECK_EQUAL(tl_srtcp_seal(engine, &end->keys, report, &length, index, true),
                TL_DROP_REASON_COUNT);
    return send_udp(world, &rtcp_b, report, length);
}

// SRTCP: everything up to the highest index of all is refused after a restart, also when the key
// went and came back, in this process or before it.
static void test_rtcp_over_restarts(void)
{
    struct tl_flow_keys one = keys_make(TL_SUITE_AEAD_AES_128_GCM, 1), two = one;
    two.receive = keys_make(TL_SUITE_AEAD_AES_128_GCM, 2).receive;
    struct world *world = secure_call(&one);
    struct end one_end, two_end;
    end_make(&one_end, &one.receive);
    end_make(&two_end, &two.receive);
    CHECK_EQUAL(send_rtcp(world, &one_end, 9, 5), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(send_rtcp(world, &one_end, 8, 3), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(world->records[1].ingress_rtcp_index, 6);
    restart(world, 1, &one);
    for (uint32_t i = 0; i < 2; i++) {
        CHECK_EQUAL(send_rtcp(world, &one_end, 9, 5), TL_DROP_INDEX_SRTP_REPLAY);
        CHECK_EQUAL(send_rtcp(world, &one_end, 8, 3), TL_DROP_INDEX_SRTP_REPLAY);
        CHECK_EQUAL(command_keys(world, 1, 7, &two), TL_STATUS_OK);
        CHECK_EQUAL(world->records[1].ingress_rtcp_index, 2 * i); // what two is known for
        CHECK_EQUAL(send_rtcp(world, &one_end, 9, 5), TL_DROP_INDEX_SRTP_AUTHENTICATION);
        CHECK_EQUAL(send_rtcp(world, &two_end, 9, 1 + i), TL_DROP_REASON_COUNT);
        CHECK_EQUAL(command_keys(world, 1, 7, &one), TL_STATUS_OK);
        CHECK_EQUAL(world->records[1].ingress_rtcp_index, 6);
    }
    restart(world, 1, &one);
    CHECK_EQUAL(send_rtcp(world, &one_end, 9, 5), TL_DROP_INDEX_SRTP_REPLAY);
    CHECK_EQUAL(send_rtcp(world, &one_end, 8, 6), TL_DROP_REASON_COUNT);
    check_identity(world);
    world_free(world);
}

// The same holds for an SSRC of SRTCP that made room: it comes back above its index, and over a
// change of keys and a restart nothing of it is taken again.
static void test_parked_rtcp(void)
{
    struct tl_flow_keys one = keys_make(TL_SUITE_AEAD_AES_128_GCM, 1), two = one;
    two.receive = keys_make(TL_SUITE_AEAD_AES_128_GCM, 2).receive;
    struct world *world = secure_call(&one);
    struct end one_end;
    end_make(&one_end, &one.receive);
    for (uint32_t i = 0; i < 50; i++)
        CHECK_EQUAL(send_rtcp(world, &one_end, 9, 100 + i), TL_DROP_REASON_COUNT);
    world->now_ns += 40ull << 30;
    for (uint8_t i = 0; i < TL_SRTP_SSRCS_MAX; i++) // the last takes the place of 9
        CHECK_EQUAL(send_rtcp(world, &one_end, (uint8_t)(20 + i), 1), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(world->records[1].ingress_rtcp_index, 150);
    CHECK_EQUAL(send_rtcp(world, &one_end, 9, 149), TL_DROP_INDEX_SRTP_REPLAY);
    CHECK_EQUAL(send_rtcp(world, &one_end, 9, 150), TL_DROP_INDEX_SRTP_SSRC); // none is silent
    CHECK_EQUAL(command_keys(world, 1, 7, &two), TL_STATUS_OK);
    CHECK_EQUAL(command_keys(world, 1, 7, &one), TL_STATUS_OK);
    CHECK_EQUAL(world->records[1].ingress_rtcp_index, 150);
    world->now_ns += 40ull << 30;
    CHECK_EQUAL(send_rtcp(world, &one_end, 9, 150), TL_DROP_REASON_COUNT);
    restart(world, 1, &one);
    CHECK_EQUAL(send_rtcp(world, &one_end, 9, 120), TL_DROP_INDEX_SRTP_REPLAY);
    world_free(world);
}

static void tests(void)
{
    test_restart();
    test_restart_with_streams();
    test_restart_after_parking();
    test_marks_of_a_key_that_comes_back();
    test_torn_notes();
    test_marks_of_strangers();
    test_take_up_keeps_the_account();
    test_restart_behind_a_hold();
    test_key_change_in_a_stream();
    test_straggler_at_a_wrap();
    test_change_while_away();
    test_rtcp_over_restarts();
    test_parked_rtcp();
}

int main(void)
{
    with_engine(tests);
    return tests_passed("secure_restart", 0);
}
