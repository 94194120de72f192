// SPDX-License-Identifier: Apache-2.0
// RTP: header checks, reception statistics (RFC 3550 A.1, A.3, A.8), the egress stream.
#include "frames.h"

static struct rtp sent(struct world *world, struct rtp rtp)
{
    struct tl_packet *packet = send_rtp(world, &party_a, rtp);
    CHECK_EQUAL(packet->edge, TL_EDGE_SEND);
    struct frame frame = read_frame(packet->data, packet->length);
    return read_rtp(&frame);
}

static void test_header(struct world *world)
{
    static const struct {
        const char *bytes;
        uint32_t length, reason;
    } cases[] = {
        {"\x80\0\0\1\0\0\0\0\0\0\0\1", 11, TL_DROP_INDEX_MALFORMED_RTP},
        {"\x80\0\0\1\0\0\0\0\0\0\0\1", 12, TL_DROP_REASON_COUNT},
        {"\x82\0\0\2\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\2", 20, TL_DROP_REASON_COUNT}, // two CSRCs
        {"\x82\0\0\2\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0", 19, TL_DROP_INDEX_MALFORMED_RTP},
        {"\x90\0\0\3\0\0\0\0\0\0\0\1\xbe\xde\0\1\x10\7\0\0", 20, TL_DROP_REASON_COUNT},
        {"\x90\0\0\3\0\0\0\0\0\0\0\1\xbe\xde\0\2\x10\7\0\0", 20, TL_DROP_INDEX_MALFORMED_RTP},
        {"\x90\0\0\3\0\0\0\0\0\0\0\1\xbe\xde\0", 15, TL_DROP_INDEX_MALFORMED_RTP},
        {"\xa0\0\0\4\0\0\0\0\0\0\0\1\0\0\0\4", 16, TL_DROP_REASON_COUNT}, // padding alone
        {"\xa0\0\0\4\0\0\0\0\0\0\0\1\0\0\0\5", 16, TL_DROP_INDEX_MALFORMED_RTP},
        {"\xa0\0\0\4\0\0\0\0\0\0\0\1\0\0\0\0", 16, TL_DROP_INDEX_MALFORMED_RTP},
        {"\xa0\0\0\4\0\0\0\0\0\0\0\1", 12, TL_DROP_INDEX_MALFORMED_RTP},
        {"\x80\x08\0\5\0\0\0\0\0\0\0\1", 12, TL_DROP_INDEX_PAYLOAD_TYPE},
    };
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        CHECK_EQUAL(send_udp(world, &party_a, cases[i].bytes, cases[i].length), cases[i].reason);
}

static void test_payload_types(struct world *world)
{
    CHECK_EQUAL(sent(world, (struct rtp){.type = 0x80, .sequence = 6, .ssrc = 1}).type, 0x80);
    CHECK_EQUAL(sent(world, (struct rtp){.type = 0xe5, .sequence = 7, .ssrc = 1}).type, 0xe0);
}

// RFC 3550 A.3: lost = expected - received, through a wrap of the sequence number.
static void test_loss(void)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", 0);
    struct tl_flow_record *record = &world->records[0];
    for (uint32_t i = 0; i < 20; i++) // 65530 ... 13, of which 65535 and 0 are missing
        if (i != 5 && i != 6)
            sent(world, (struct rtp){.sequence = (uint16_t)(65530 + i), .ssrc = 1});
    CHECK_EQUAL(record->rx_lost, 2);
    CHECK_EQUAL(record->rx_packets, 18);
    CHECK_EQUAL(record->ingress_index, 65536 + 13);
    sent(world, (struct rtp){.sequence = 65535, .ssrc = 1}); // late, over the wrap
    CHECK_EQUAL(record->rx_lost, 1);
    CHECK_EQUAL(record->ingress_index, 65536 + 13);
    for (uint32_t i = 0; i < 3; i++) // duplicates make it negative
        sent(world, (struct rtp){.sequence = 13, .ssrc = 1});
    CHECK_EQUAL(record->rx_lost, -2);
    // A.1: a jump is dropped once; the next in order begins a new stream.
    CHECK_EQUAL(send_rtp(world, &party_a, (struct rtp){.sequence = 5000, .ssrc = 1})->reason,
                TL_DROP_INDEX_RTP_SEQUENCE);
    sent(world, (struct rtp){.sequence = 5001, .ssrc = 1});
    sent(world, (struct rtp){.sequence = 8000, .ssrc = 1}); // a gap of 2998 is loss
    CHECK_EQUAL(record->rx_lost, -2 + 2998);
    world_free(world);
}

// What a party sends while it is told not to is no loss, for us and for whom we send to.
static void test_hold(void)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", 0);
    struct tl_flow_record *record = &world->records[0];
    struct tl_flow_spec spec = world->worker->cold[0].spec;
    uint32_t last = sent(world, (struct rtp){.sequence = 65530, .ssrc = 1}).sequence;
    spec.flags &= ~TL_FLOW_RECEIVE;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &spec), TL_STATUS_OK);
    for (uint32_t i = 1; i < 40; i++)
        CHECK_EQUAL(send_rtp(world, &party_a, (struct rtp){.sequence = (uint16_t)(65530 + i),
                                                           .ssrc = 1})->reason,
                    TL_DROP_INDEX_NOT_RECEIVING);
    send_rtp(world, &party_a, (struct rtp){.sequence = 9000, .ssrc = 1}); // of nothing that it had
    send_rtp(world, &party_a, (struct rtp){.sequence = 34, .ssrc = 2});
    spec.flags |= TL_FLOW_RECEIVE;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &spec), TL_STATUS_OK);
    CHECK_EQUAL(sent(world, (struct rtp){.sequence = 34, .ssrc = 1}).sequence, last + 1);
    CHECK_EQUAL(record->rx_lost, 0);
    CHECK_EQUAL(record->ingress_index, 65536 + 34);
    CHECK_EQUAL(sent(world, (struct rtp){.sequence = 36, .ssrc = 1}).sequence, last + 3);
    CHECK_EQUAL(record->rx_lost, 1);
    // Our report knows of four expected packets, of which one is missing.
    CHECK_EQUAL((uint32_t)record->ingress_index - world->worker->cold[0].base_sequence + 1, 4);
    world_free(world);
}

static void test_jitter(void)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", 0);
    uint32_t expected = 0; // times 16, by the formula of RFC 3550 6.4.1
    uint32_t timestamp = 0xffffff00u;
    for (uint16_t i = 0; i < 100; i++) {
        sent(world, (struct rtp){.sequence = i, .timestamp = timestamp, .ssrc = 1});
        if (i > 0) {
            uint32_t d = i % 2 ? 40 : 40; // 5 ms early or late
            expected += d - ((expected + 8) >> 4);
        }
        timestamp += 160;
        world->now_ns += (i % 2 ? 15 : 25) * TL_MILLISECOND_NS;
    }
    CHECK_EQUAL(world->records[0].rx_jitter_16 >> 4, expected >> 4);
    CHECK(expected >> 4 >= 38);
    // A time stamp that jumps says nothing about the network.
    sent(world, (struct rtp){.sequence = 100, .timestamp = timestamp + 0x7f000000u, .ssrc = 1});
    CHECK_EQUAL(world->records[0].rx_jitter_16 >> 4, expected >> 4);
    world_free(world);
}

static void test_egress(void)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", 0);
    struct rtp out = sent(world, (struct rtp){.sequence = 100, .timestamp = 5000, .ssrc = 1});
    CHECK_EQUAL(out.sequence, 65530);
    CHECK_EQUAL(out.timestamp, 0xfffffff0u);
    CHECK_EQUAL(out.ssrc, 0xabc00000u + 20002);
    CHECK_EQUAL(world->records[1].egress_index, 65531);
    out = sent(world, (struct rtp){.sequence = 103, .timestamp = 5480, .ssrc = 1});
    CHECK_EQUAL(out.sequence, 65533); // the gap stays
    CHECK_EQUAL(out.timestamp, 0xfffffff0u + 480);
    out = sent(world, (struct rtp){.sequence = 102, .timestamp = 5320, .ssrc = 1});
    CHECK_EQUAL(out.sequence, 65532); // the order too
    CHECK_EQUAL(world->records[1].egress_index, 65534);
    // Another SSRC: by one, and by the time that passed.
    world->now_ns += 100 * TL_MILLISECOND_NS;
    out = sent(world, (struct rtp){.sequence = 9, .timestamp = 77, .ssrc = 2});
    CHECK_EQUAL(out.sequence, 65534);
    CHECK_EQUAL(out.timestamp, 0xfffffff0u + 480 + 800);
    for (uint16_t i = 10; i < 14; i++)
        out = sent(world, (struct rtp){.sequence = i, .timestamp = 77, .ssrc = 2});
    CHECK_EQUAL(out.sequence, 2);
    CHECK_EQUAL(world->records[1].egress_index, 65536 + 3);
    // From before the mapping's first packet: its index belongs to the other stream.
    CHECK_EQUAL(send_rtp(world, &party_a, (struct rtp){.sequence = 8, .ssrc = 2})->reason,
                TL_DROP_INDEX_RTP_SEQUENCE);
    CHECK_EQUAL(world->records[1].tx_drops, 1);
    // Two streams in one burst, in the order in which they came.
    burst_begin(world);
    add_rtp(world, &party_a, (struct rtp){.sequence = 14, .ssrc = 2});
    add_rtp(world, &party_a, (struct rtp){.sequence = 500, .ssrc = 3});
    burst_run(world);
    for (uint32_t i = 0; i < 2; i++) {
        struct frame frame = read_frame(world->packets[i].data, world->packets[i].length);
        CHECK_EQUAL(read_rtp(&frame).sequence, 3 + i);
    }
    world_free(world);
}

// Held media is no loss; a new process goes on behind what the last one may have sent.
static void test_continuity(void)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", 0);
    CHECK_EQUAL(sent(world, (struct rtp){.sequence = 1, .ssrc = 1}).sequence, 65530);
    struct tl_flow_spec b = world->worker->cold[1].spec;
    b.flags &= ~TL_FLOW_SEND;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 1, 7, &b), TL_STATUS_OK);
    for (uint16_t i = 2; i < 10; i++)
        send_rtp(world, &party_a, (struct rtp){.sequence = i, .ssrc = 1});
    b.flags |= TL_FLOW_SEND;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 1, 7, &b), TL_STATUS_OK);
    world->now_ns += 1000 * TL_MILLISECOND_NS;
    struct rtp out = sent(world, (struct rtp){.sequence = 10, .ssrc = 1});
    CHECK_EQUAL(out.sequence, 65531);
    CHECK_EQUAL(out.timestamp, 0xfffffff0u + 8000);
    world_restart(world);
    CHECK_EQUAL(world->worker->live, 0);
    world->now_ns += 500 * TL_MILLISECOND_NS;
    call_make(world, ADDRESS_2, "198.18.2.2", 0); // same generation and key: taken up
    out = sent(world, (struct rtp){.sequence = 60, .timestamp = 1, .ssrc = 1});
    CHECK_EQUAL(out.sequence, 65532);
    CHECK_EQUAL(out.timestamp, 0xfffffff0u + 8000 + 4000);
    CHECK_EQUAL(world->records[0].rx_packets, 11);
    world_restart(world);
    b.key_id = 99; // of another key set nobody knows how far it was used
    b.peer_generation = 7;
    CHECK_EQUAL(command(world, TL_OP_ADD, 1, 7, &b), TL_STATUS_KEYS_USED);
    world->records[1].key_id = 99; // likewise when the record has one and the add has none
    b.key_id = 0;
    CHECK_EQUAL(command(world, TL_OP_ADD, 1, 7, &b), TL_STATUS_OK);
    CHECK_EQUAL(world->records[1].egress_index, 65530);
    CHECK_EQUAL(world->records[1].tx_packets, 0);
    CHECK_EQUAL(world->records[1].key_id, 0);
    CHECK_EQUAL(command(world, TL_OP_REMOVE, 1, 7, NULL), TL_STATUS_OK);
    world_restart(world); // a removed flow's generation is used up, by any process
    CHECK_EQUAL(command(world, TL_OP_ADD, 1, 7, &b), TL_STATUS_BAD_GENERATION);
    world_free(world);
}

static void sent_of(struct world *world, uint32_t index, uint32_t ssrc)
{
    world->now_ns += 20 * TL_MILLISECOND_NS;
    sent(world, (struct rtp){.sequence = (uint16_t)index, .timestamp = 160 * index, .ssrc = ssrc});
}

// A new process goes on with the stream that the last one received, and with its roll-over counter.
static void test_take_up(void)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", 0);
    struct tl_flow_record *record = &world->records[0];
    for (uint32_t i = 0; i < 20; i++) // 65530 ... 13
        sent_of(world, 65530 + i, 1);
    CHECK_EQUAL(record->ingress_index, 0x1000d);
    uint32_t jitter = record->rx_jitter_16;
    world_restart(world);
    call_make(world, ADDRESS_2, "198.18.2.2", 0);
    sent_of(world, 0x1000c, 1); // late: nothing begins with it
    CHECK_EQUAL(record->ingress_index, 0x1000d);
    CHECK_EQUAL(record->rx_lost, -1);
    sent_of(world, 0x1000e, 1);
    CHECK_EQUAL(record->ingress_index, 0x1000e);
    sent_of(world, 0x10010, 1); // what is missing is lost, before or after
    CHECK_EQUAL(record->ingress_index, 0x10010);
    CHECK_EQUAL(record->rx_lost, 0);
    CHECK(record->rx_jitter_16 <= jitter + 2 * 160); // two of 20 ms, no leap
    // What a report says begins with the taking up: of 3 expected 3 were received.
    CHECK_EQUAL((uint32_t)record->ingress_index - world->worker->cold[0].base_sequence + 1, 3);
    CHECK_EQUAL(record->rx_lost - world->worker->cold[0].lost_before, 0);
    world_restart(world);
    call_make(world, ADDRESS_2, "198.18.2.2", 0);
    // Far out of sequence: dropped once, as in any stream (A.1).
    CHECK_EQUAL(send_rtp(world, &party_a, (struct rtp){.sequence = 9000, .ssrc = 1})->reason,
                TL_DROP_INDEX_RTP_SEQUENCE);
    CHECK_EQUAL(record->ingress_index, 0x10010);
    sent_of(world, 0x10011, 1);
    CHECK_EQUAL(record->ingress_index, 0x10011);
    world_restart(world);
    call_make(world, ADDRESS_2, "198.18.2.2", 0);
    sent_of(world, 5, 2); // another SSRC is another stream
    CHECK_EQUAL(record->ingress_index, 5);
    CHECK_EQUAL(record->rx_packets, 20 + 3 + 1 + 1);
    world_free(world);
}

// A source that was being written when the process was killed is not believed by anybody.
static void test_torn_source(void)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", 0);
    struct tl_flow_record *record = &world->records[0];
    CHECK_EQUAL(record->source_version % 2, 0);
    uint8_t version = record->source_version;
    CHECK(version != 0); // it was written
    record->source_version++;
    record->source_learned = 1;
    world_restart(world);
    CHECK_EQUAL(record->source_version, (uint8_t)(version + 2));
    CHECK_EQUAL(record->source_port, 0);
    CHECK_EQUAL(record->source_learned, 0);
    CHECK_EQUAL(record->state, TL_RECORD_LEFT);
    world_free(world);
}

int main(void)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", 0);
    test_header(world);
    test_payload_types(world);
    world_free(world);
    test_loss();
    test_hold();
    test_jitter();
    test_egress();
    test_continuity();
    test_take_up();
    test_torn_source();
    return tests_passed("rtp", 0);
}
