// SPDX-License-Identifier: Apache-2.0
// Who may send to a flow, how much, and what: source, learning, budgets, demultiplexing.
#include "frames.h"

static void test_source(void)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", 0);
    struct sender sender = party_a;
    CHECK_EQUAL(send_rtp(world, &sender, (struct rtp){.ssrc = 1})->edge, TL_EDGE_SEND);
    sender.source_port = 30001;
    CHECK_EQUAL(send_rtp(world, &sender, (struct rtp){0})->reason, TL_DROP_INDEX_WRONG_SOURCE);
    sender = party_a;
    sender.source = "198.18.1.3";
    CHECK_EQUAL(send_rtp(world, &sender, (struct rtp){0})->reason, TL_DROP_INDEX_WRONG_SOURCE);
    sender = party_a;
    sender.destination_port = 20001; // RTCP: from the next port, nowhere else
    uint8_t report[8] = {0x80, 201, 0, 1};
    CHECK_EQUAL(send_udp(world, &sender, report, 8), TL_DROP_INDEX_WRONG_SOURCE);
    sender.source_port = 30001;
    CHECK_EQUAL(send_udp(world, &sender, report, 8), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(world->worker->counters.consumed, 1);
    CHECK_EQUAL(world->records[0].rx_drops, 3);
    // A party that is not known yet: nothing is accepted, nothing is sent.
    struct tl_flow_spec spec = spec_make(ADDRESS_1, 20100, NULL, 0);
    CHECK_EQUAL(command(world, TL_OP_ADD, 5, 1, &spec), TL_STATUS_OK);
    sender = (struct sender){"198.18.1.9", 0, "198.18.1.1", 20100, 0, 0};
    CHECK_EQUAL(send_rtp(world, &sender, (struct rtp){0})->reason, TL_DROP_INDEX_WRONG_SOURCE);
    world_free(world);
}

static void test_learning(void)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", TL_FLOW_LEARN);
    struct sender other = party_a, third = party_a, back = {"198.18.2.2", 30002, "198.18.2.1",
                                                            20002, 1, 100};
    other.source = "198.18.1.77";
    other.source_port = 4444;
    third.source = "198.18.1.78";
    // Only valid RTP of a negotiated type teaches.
    CHECK_EQUAL(send_udp(world, &other, "\0\1", 2), TL_DROP_INDEX_WRONG_SOURCE);
    CHECK_EQUAL(send_udp(world, &other, "\x80\0", 2), TL_DROP_INDEX_WRONG_SOURCE);
    CHECK_EQUAL(send_rtp(world, &other, (struct rtp){.type = 8})->reason,
                TL_DROP_INDEX_WRONG_SOURCE);
    // Two candidates in one burst: the first wins, and its next packet is welcome.
    burst_begin(world);
    add_rtp(world, &other, (struct rtp){.sequence = 1, .ssrc = 5});
    add_rtp(world, &third, (struct rtp){.sequence = 1, .ssrc = 6});
    add_rtp(world, &other, (struct rtp){.sequence = 2, .ssrc = 5});
    burst_run(world);
    CHECK_EQUAL(world->packets[0].edge, TL_EDGE_SEND);
    CHECK_EQUAL(world->packets[1].reason, TL_DROP_INDEX_WRONG_SOURCE);
    CHECK_EQUAL(world->packets[2].edge, TL_EDGE_SEND);
    CHECK_EQUAL(world->worker->counters.sources_learned, 1);
    CHECK_EQUAL(world->records[0].source_learned, 1);
    CHECK_EQUAL(world->records[0].source_port, 4444);
    CHECK_EQUAL(world->worker->cold[0].pending, TL_PENDING_LEARNED);
    // The signalled source is not accepted any more, and media goes to the learned one.
    CHECK_EQUAL(send_rtp(world, &party_a, (struct rtp){0})->reason, TL_DROP_INDEX_WRONG_SOURCE);
    struct tl_packet *packet = send_rtp(world, &back, (struct rtp){.ssrc = 9});
    struct frame frame = read_frame(packet->data, packet->length);
    CHECK_EQUAL(frame.destination_port, 4444);
    CHECK_EQUAL(frame.destination[15], 77);
    CHECK_EQUAL(world->worker->hops.used, 2);
    // Leg b's signalled source spoke: its window is closed.
    back.source_port = 9;
    CHECK_EQUAL(send_rtp(world, &back, (struct rtp){0})->reason, TL_DROP_INDEX_WRONG_SOURCE);
    world_free(world);
}

static void test_learn_window(void)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", TL_FLOW_LEARN);
    struct sender other = party_a;
    other.source_port = 4444;
    world->now_ns += 1000 * TL_MILLISECOND_NS;
    CHECK_EQUAL(send_rtp(world, &other, (struct rtp){0})->reason, TL_DROP_INDEX_WRONG_SOURCE);
    struct tl_packet view = {.data = world->buffers[0]};
    world->now_ns += 5 * TL_MILLISECOND_NS;
    CHECK_EQUAL(tl_worker_tick(world->worker, world->now_ns, 10000, &view, 1), 0);
    CHECK_EQUAL(world->worker->flows[0].ingress.flags & TL_FLOW_LEARN_OPEN, 0);
    world_free(world);
}

// A source that nothing can be sent to teaches nothing, whatever its packets look like.
static void test_unlearnable(void)
{
    static const char *const sources[] = {"::", "::1", "ff02::1", "198.18.1.9", "0.0.0.0"};
    struct world *world = world_make(1);
    struct tl_flow_spec spec = spec_make(ADDRESS_1_V6, 20200, "2001:db8:1::2", 30000);
    spec.flags |= TL_FLOW_LEARN;
    spec.learn_window_ms = 10000;
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, 7, &spec), TL_STATUS_OK);
    struct sender sender = {"2001:db8:1::9", 4444, "2001:db8:1::1", 20200, 0, 0};
    for (uint32_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        burst_begin(world);
        parse_address(sources[i], add_rtp(world, &sender, (struct rtp){.ssrc = 9})->data + 22);
        burst_run(world);
        CHECK_EQUAL(world->packets[0].edge, TL_EDGE_FREE);
        uint8_t source[16]; // and likewise from a record that an earlier process left
        parse_address(sources[i], source);
        CHECK_EQUAL(tl_flow_learn(world->worker, 0, source, 4444), 0);
        CHECK_EQUAL(world->records[0].source_learned, 0);
        spec.dscp ^= 1;
        CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &spec), TL_STATUS_OK);
        CHECK_EQUAL(world->worker->hops.used, 1);
    }
    CHECK_EQUAL(tl_flow_learn(world->worker, 0, spec.remote_address, 0), 0);
    CHECK_EQUAL(send_rtp(world, &sender, (struct rtp){.ssrc = 9})->reason,
                TL_DROP_INDEX_NO_PEER); // the window is still open
    CHECK_EQUAL(world->records[0].source_learned, 1);
    world_free(world);
}

static uint32_t accepted_in_a_row(struct world *world, uint32_t limit)
{
    for (uint32_t i = 0; i < limit; i++)
        if (send_rtp(world, &party_a, (struct rtp){.sequence = (uint16_t)i})->edge != TL_EDGE_SEND)
            return i;
    return limit;
}

static void test_budgets(void)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", 0);
    struct tl_flow_spec spec = world->worker->cold[0].spec;
    spec.packets_per_second = 100;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &spec), TL_STATUS_OK);
    CHECK_EQUAL(accepted_in_a_row(world, 100), 25); // 250 ms
    CHECK_EQUAL(world->packets[0].reason, TL_DROP_INDEX_PACKET_BUDGET);
    world->now_ns += 10 * TL_MILLISECOND_NS;
    CHECK_EQUAL(accepted_in_a_row(world, 100), 1);
    world->now_ns += 60 * TL_NANOSECONDS; // unused budget does not pile up
    CHECK_EQUAL(accepted_in_a_row(world, 100), 25);
    spec.packets_per_second = 1; // a tiny budget still takes a few at once
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &spec), TL_STATUS_OK);
    world->now_ns += 60 * TL_NANOSECONDS;
    CHECK_EQUAL(accepted_in_a_row(world, 100), 16);
    spec.packets_per_second = 1000000;
    spec.bits_per_second = 172 * 8 * 40; // forty packets a second: 250 ms is less than 3000 bytes
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &spec), TL_STATUS_OK);
    world->now_ns += 60 * TL_NANOSECONDS;
    CHECK_EQUAL(accepted_in_a_row(world, 100), 17);
    CHECK_EQUAL(world->packets[0].reason, TL_DROP_INDEX_BIT_BUDGET);
    world_free(world);
}

// Whoever tries to be learned spends nothing of the party's budget.
static void test_candidate_budget(void)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", TL_FLOW_LEARN);
    struct tl_flow_spec spec = world->worker->cold[0].spec;
    struct sender other = party_a;
    other.source_port = 4444;
    spec.packets_per_second = 100;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &spec), TL_STATUS_OK);
    for (uint32_t i = 0; i < 100; i++) // of a type that nobody negotiated
        CHECK_EQUAL(send_rtp(world, &other, (struct rtp){.type = 8})->reason,
                    TL_DROP_INDEX_WRONG_SOURCE);
    CHECK_EQUAL(accepted_in_a_row(world, 100), 25);
    world_free(world);
}

static void test_demux(void)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", 0);
    uint8_t byte[2] = {0, 0};
    for (uint32_t first = 0; first < 192; first++) {
        uint32_t reason = TL_DROP_INDEX_MALFORMED_RTP;
        if (first < 4)
            reason = TL_DROP_INDEX_STUN;
        else if (first >= 20 && first < 64)
            reason = TL_DROP_INDEX_DTLS;
        byte[0] = (uint8_t)first;
        CHECK_EQUAL(send_udp(world, &party_a, byte, 2), reason);
    }
    CHECK_EQUAL(send_udp(world, &party_a, NULL, 0), TL_DROP_INDEX_MALFORMED_RTP);
    struct sender rtcp = party_a;
    rtcp.source_port++;
    rtcp.destination_port++;
    CHECK_EQUAL(send_udp(world, &rtcp, "\x70", 1), TL_DROP_INDEX_MALFORMED_RTCP);
    // Without mux, what looks like RTCP on the RTP port is RTP of a type that nobody negotiated.
    uint8_t report[16] = {0x80, 201, 0, 1};
    CHECK_EQUAL(send_udp(world, &party_a, report, 16), TL_DROP_INDEX_PAYLOAD_TYPE);
    world_free(world);
    world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", TL_FLOW_RTCP_MUX);
    CHECK_EQUAL(send_udp(world, &party_a, report, 8), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(send_udp(world, &rtcp, report, 8), TL_DROP_INDEX_NO_FLOW);
    world_free(world);
}

static void test_directions(void)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", 0);
    struct tl_flow_spec a = world->worker->cold[0].spec, b = world->worker->cold[1].spec;
    a.flags &= ~TL_FLOW_RECEIVE;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &a), TL_STATUS_OK);
    CHECK_EQUAL(send_rtp(world, &party_a, (struct rtp){0})->reason, TL_DROP_INDEX_NOT_RECEIVING);
    a.flags |= TL_FLOW_RECEIVE;
    b.flags &= ~TL_FLOW_SEND;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &a), TL_STATUS_OK);
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 1, 7, &b), TL_STATUS_OK);
    CHECK_EQUAL(send_rtp(world, &party_a, (struct rtp){0})->reason, TL_DROP_INDEX_NOT_SENDING);
    CHECK_EQUAL(world->records[1].tx_drops, 1);
    CHECK_EQUAL(world->records[0].rx_packets, 1);
    a.peer_generation = 6;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &a), TL_STATUS_OK);
    CHECK_EQUAL(send_rtp(world, &party_a, (struct rtp){0})->reason, TL_DROP_INDEX_NO_PEER);
    a.peer_index = TL_NO_FLOW;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &a), TL_STATUS_OK);
    CHECK_EQUAL(send_rtp(world, &party_a, (struct rtp){0})->reason, TL_DROP_INDEX_NO_PEER);
    world_free(world);
}

int main(void)
{
    test_source();
    test_learning();
    test_learn_window();
    test_unlearnable();
    test_budgets();
    test_candidate_budget();
    test_demux();
    test_directions();
    return tests_passed("admission", 0);
}
