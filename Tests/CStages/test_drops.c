// SPDX-License-Identifier: Apache-2.0
// Why packets of a flow were dropped: counted by flow and reason, once each, for whoever asks.
#include "rings.h"
#include "secure_call.h"

static const struct sender stranger = {"198.18.2.9", 30002, "198.18.2.1", 20002, 1, 100};
static const struct sender no_port = {"198.18.2.2", 30002, "198.18.2.1", 20802, 1, 100};
static const uint8_t bare[20] = {0x80, 0, 9, 9};
static const uint8_t stun[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};
static const uint8_t dtls[20] = {22, 0xfe, 0xfd};

/// What a reader in another process sees; FLOWS stands for the worker's own. 0: no such record.
static int look(struct world *world, uint32_t index, struct tl_drop_record *record)
{
    struct tl_map map = {.base = world->drop_records};
    struct tl_layout layout = {.drop_records = {0, sizeof(*record), FLOWS + 1}};
    return tl_drop_record_read(&map, &layout, index, record);
}

static uint32_t counted(struct world *world, uint32_t index, uint32_t reason)
{
    struct tl_drop_record record;
    if (!look(world, index, &record))
        return 0;
    for (uint32_t i = 0; i < TL_DROP_RECORD_REASONS; i++)
        if (record.counts[i] != 0 && record.reasons[i] == reason)
            return record.counts[i];
    return 0;
}

/// Each drop is in one record, and the records are all of the worker's drops.
static void check_all(struct world *world)
{
    for (uint32_t reason = 0; reason < TL_DROP_REASON_COUNT; reason++) {
        uint64_t sum = 0;
        for (uint32_t index = 0; index <= FLOWS; index++)
            sum += counted(world, index, reason);
        CHECK_EQUAL(sum, drops(world, reason));
    }
}

/// What a forger sends at a secure leg is counted there, by its reason; nothing else of the call
/// changes, and nobody is told of it through a ring.
static void test_forged(void)
{
    struct tl_flow_keys keys = keys_make(TL_SUITE_AES_CM_128_HMAC_SHA1_80, 1);
    struct world *world = secure_call(&keys);
    static struct rings rings;
    rings_attach(&rings, world->worker, 0);
    struct tl_srtp_key wrong = keys.receive;
    wrong.key[0] ^= 1;
    struct end to_box, forger;
    end_make(&to_box, &keys.receive);
    end_make(&forger, &wrong);
    for (uint32_t i = 0; i < TL_SRTP_SSRCS_MAX; i++)
        CHECK_EQUAL(send_sealed(world, &to_box, 1, 9 + i, 1), TL_DROP_REASON_COUNT);
    struct tl_drop_record none;
    CHECK(!look(world, 0, &none) && !look(world, 1, &none) && !look(world, FLOWS, &none));
    struct tl_flow_record before = world->records[1];
    for (uint32_t i = 0; i < 1000; i++) {
        send_sealed(world, &forger, 50, 9, 1);
        send_sealed(world, &to_box, 1, 9, 1);
        send_sealed(world, &to_box, 1, 99, 1);
        send_udp(world, &party_b, bare, sizeof(bare));
        send_udp(world, &party_b, stun, sizeof(stun));
        send_udp(world, &party_b, dtls, sizeof(dtls));
        send_udp(world, &stranger, bare, sizeof(bare));
        send_udp(world, &no_port, bare, sizeof(bare));
    }
    static const uint32_t reasons[] = {
        TL_DROP_INDEX_SRTP_AUTHENTICATION, TL_DROP_INDEX_SRTP_REPLAY, TL_DROP_INDEX_SRTP_SSRC,
        TL_DROP_INDEX_SRTP_SHORT,          TL_DROP_INDEX_STUN,        TL_DROP_INDEX_DTLS,
        TL_DROP_INDEX_WRONG_SOURCE};
    for (uint32_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        CHECK_EQUAL(counted(world, 1, reasons[i]), 1000);
    CHECK_EQUAL(counted(world, FLOWS, TL_DROP_INDEX_NO_FLOW), 1000);
    CHECK(!look(world, 0, &none));
    before.rx_drops += 7000;
    CHECK(memcmp(&before, &world->records[1], sizeof(before)) == 0);
    uint32_t answered = 0;
    CHECK_EQUAL(tl_channel_poll(world->worker, 0, world->now_ns, 8, &answered), TL_FAULT_NONE);
    CHECK_EQUAL(rings.fastpath.event_producer.position, 0);
    CHECK_EQUAL(rings.fastpath.packet_producer.position, 0);
    CHECK_EQUAL(world->worker->counters.events_deferred, 0);
    check_all(world);
    world_free(world);
}

static void test_unknown_mki(void)
{
    struct tl_flow_keys keys = keys_make(TL_SUITE_AEAD_AES_128_GCM, 1);
    keys.receive.mki_bytes = 2;
    keys.receive.mki[0] = 0x77;
    struct world *world = secure_call(&keys);
    uint8_t packet[80] = {0x80, 0, 9, 9};
    send_udp(world, &party_b, packet, sizeof(packet));
    CHECK_EQUAL(counted(world, 1, TL_DROP_INDEX_SRTP_MKI), 1);
    check_all(world);
    world_free(world);
}

/// A packet that is lost on its way out counts for the leg that it came to, ours for the leg that
/// it was for.
static void test_one_leg_each(void)
{
    struct world *world = secure_call(NULL);
    send_rtp(world, &party_a, (struct rtp){.sequence = 1, .ssrc = 5});
    CHECK_EQUAL(counted(world, 0, TL_DROP_INDEX_SRTP_NO_KEYS), 1);
    CHECK_EQUAL(world->records[1].tx_drops, 1);
    struct tl_packet made = {.edge = TL_EDGE_SEND, .kind = TL_KIND_RTCP,
                             .origin = TL_ORIGIN_GENERATED, .peer = &world->worker->flows[1]};
    tl_packet_drop(world->worker, &made, TL_DROP_INDEX_TX_FULL);
    CHECK_EQUAL(counted(world, 1, TL_DROP_INDEX_TX_FULL), 1);
    check_all(world);
    world_free(world);
}

/// A record is of one flow: the next one at its index begins with nothing, one that is taken up
/// after a restart goes on.
static void test_generations(void)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", 0);
    struct tl_flow_spec spec = world->worker->cold[1].spec;
    send_udp(world, &stranger, bare, sizeof(bare));
    world_restart(world);
    CHECK_EQUAL(command(world, TL_OP_ADD, 1, 7, &spec), TL_STATUS_OK);
    send_udp(world, &stranger, bare, sizeof(bare));
    CHECK_EQUAL(counted(world, 1, TL_DROP_INDEX_WRONG_SOURCE), 2);
    CHECK_EQUAL(command(world, TL_OP_REMOVE, 1, 7, NULL), TL_STATUS_OK);
    CHECK_EQUAL(counted(world, 1, TL_DROP_INDEX_WRONG_SOURCE), 2); // its last figures
    CHECK_EQUAL(command(world, TL_OP_ADD, 1, 8, &spec), TL_STATUS_OK);
    struct tl_drop_record record;
    CHECK(look(world, 1, &record) && record.generation == 7);
    send_udp(world, &party_b, stun, sizeof(stun));
    CHECK(look(world, 1, &record) && record.generation == 8);
    CHECK_EQUAL(counted(world, 1, TL_DROP_INDEX_WRONG_SOURCE), 0);
    CHECK_EQUAL(counted(world, 1, TL_DROP_INDEX_STUN), 1);
    // Killed in the middle: no reader believes it, and the next drop begins it anew.
    world->drop_records[1].generation = 0;
    CHECK(!look(world, 1, &record));
    send_udp(world, &party_b, dtls, sizeof(dtls));
    CHECK(look(world, 1, &record) && record.counts[0] == 1 && record.counts[1] == 0);
    CHECK(!look(world, FLOWS + 1, &record)); // no such index
    world_free(world);
}

/// More reasons than have a place, and more drops than a count can have.
static void test_bounds(void)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", 0);
    struct tl_flow *flow = &world->worker->flows[1];
    struct tl_drop_record record;
    for (uint32_t round = 0; round < 2; round++)
        for (uint32_t reason = 0; reason < TL_DROP_REASON_COUNT; reason++)
            tl_drop_note(world->worker, flow, reason);
    CHECK(look(world, 1, &record));
    CHECK_EQUAL(record.more, 2 * (TL_DROP_REASON_COUNT - TL_DROP_RECORD_REASONS));
    for (uint32_t i = 0; i < TL_DROP_RECORD_REASONS; i++) {
        CHECK_EQUAL(record.reasons[i], i);
        CHECK_EQUAL(record.counts[i], 2);
    }
    world->drop_records[1].counts[0] = UINT32_MAX;
    tl_drop_note(world->worker, flow, 0);
    CHECK_EQUAL(counted(world, 1, 0), 1);
    CHECK_EQUAL(counted(world, 1, 1), 2);
    CHECK(!look(world, 0, &record) && !look(world, 2, &record)); // its neighbours'
    world_free(world);
}

static void tests(void)
{
    test_forged();
    test_unknown_mki();
    test_one_leg_each();
    test_generations();
    test_bounds();
}

int main(void)
{
    with_engine(tests);
    return tests_passed("drops", 0);
}
