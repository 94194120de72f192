// SPDX-License-Identifier: Apache-2.0
// RTCP in: strict compounds, reports into the record. RTCP out: reports, BYE, their times.
#include "frames.h"

static const struct sender rtcp_a = {"198.18.1.2", 30001, "198.18.1.1", 20001, 0, 0};

#define RR "\x80\xc9\0\1\0\0\0\1"

static void test_compounds(struct world *world)
{
    static const struct {
        const char *bytes;
        uint32_t length;
        int valid;
    } cases[] = {
        {RR, 8, 1},
        {RR, 7, 0},
        {"\x40\xc9\0\1\0\0\0\1", 8, 0},
        {"\x80\xca\0\1\0\0\0\1", 8, 1},                          // no report: reduced size
        {"\x80\xcc\0\3\0\0\0\1PINGPONG", 16, 1},               // APP alone, as some phones send
        {"\x80\xbf\0\1\0\0\0\1", 8, 0},                          // below the RTCP types
        {"\x80\xe0\0\1\0\0\0\1", 8, 0},                          // above them
        {"\xa0\xc9\0\1\0\0\0\4", 8, 0},                          // too short without its padding
        {"\x81\xc9\0\1\0\0\0\1", 8, 0},                          // a block that is not there
        {"\x80\xc8\0\1\0\0\0\1", 8, 0},                          // SR without sender information
        {"\x80\xc9\0\2\0\0\0\1", 8, 0},                          // longer than the packet
        {RR "\x81\xca\0\2\0\0\0\1\0\0\0\0", 20, 1},              // SDES, an empty chunk
        {RR "\x81\xca\0\2\0\0\0\1\1\2ab", 20, 0},                // items that do not end
        {RR "\x81\xca\0\3\0\0\0\1\1\2ab\0\0\0\0", 24, 1},
        {RR "\x82\xca\0\3\0\0\0\1\1\2ab\0\0\0\0", 24, 0},        // a chunk that is not there
        {RR "\x81\xca\0\3\0\0\0\1\1\xffxx\0\0\0\0", 24, 0},      // an item beyond the end
        {RR "\x81\xcb\0\1\0\0\0\1", 16, 1},                      // BYE
        {RR "\x82\xcb\0\1\0\0\0\1", 16, 0},
        {RR "\x81\xcb\0\2\0\0\0\1\3bye", 20, 1},
        {RR "\x81\xcb\0\2\0\0\0\1\4bye", 20, 0},
        {RR "\xa1\xcb\0\2\0\0\0\1\0\0\0\4", 20, 1},              // padding at the end
        {RR "\xa1\xcb\0\2\0\0\0\1\0\0\0\3", 20, 0},
        {RR "\xa1\xcb\0\2\0\0\0\1\0\0\0\x10", 20, 0},
        {RR "\xa0\xcc\0\1\0\0\0\4" RR, 24, 0},                   // padding in the middle
        {RR "\x80\xcc\0\2\0\0\0\1name", 20, 1},                  // APP is ignored
        {RR "\x80\xcf\0\0", 12, 1},                              // XR too
        {RR "\x80\xcf\0", 11, 0},
    };
    uint64_t consumed = 0;
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t reason = send_udp(world, &rtcp_a, cases[i].bytes, cases[i].length);
        CHECK_EQUAL(reason, cases[i].valid ? TL_DROP_REASON_COUNT : TL_DROP_INDEX_MALFORMED_RTCP);
        consumed += (uint64_t)cases[i].valid;
        CHECK_EQUAL(world->worker->counters.consumed, consumed);
    }
    CHECK_EQUAL(world->records[0].rx_rtcp_packets, consumed);
}

static uint32_t ntp_middle(uint64_t now_ns)
{
    uint64_t real_ns = now_ns + 1700000000ull * TL_NANOSECONDS;
    uint64_t seconds = real_ns / TL_NANOSECONDS + 2208988800ull;
    return (uint32_t)(seconds << 16 | ((real_ns % TL_NANOSECONDS) << 16) / TL_NANOSECONDS);
}

static void test_reports(struct world *world)
{
    uint8_t report[56] = {0x82, 201, 0, 13};
    uint8_t *block = report + 8 + 24; // the second one is about us
    put_32(block, 0xabc00000u + 20000);
    put_32(block + 4, 0x40fffffeu); // a quarter, minus two in all
    put_32(block + 12, 77);
    put_32(block + 16, ntp_middle(world->now_ns) - 65536 * 3);
    put_32(block + 20, 65536 * 2 + 32768); // three seconds ago, held for two and a half
    const struct tl_flow_record *record = &world->records[0];
    CHECK_EQUAL(send_udp(world, &rtcp_a, report, sizeof(report)), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(record->remote_fraction_lost, 0x40);
    CHECK_EQUAL(record->remote_lost, -2);
    CHECK_EQUAL(record->remote_jitter, 77);
    CHECK(record->round_trip_us >= 499900 && record->round_trip_us <= 500100);
    put_32(block + 20, 65536 * 10); // held longer than the answer took: no round trip
    CHECK_EQUAL(send_udp(world, &rtcp_a, report, sizeof(report)), TL_DROP_REASON_COUNT);
    CHECK(record->round_trip_us >= 499900 && record->round_trip_us <= 500100);
}

// Ticks until something is made, and returns the frame and when that was.
static struct frame next_made(struct world *world, uint64_t *after_ns)
{
    uint64_t begin = world->now_ns;
    for (uint32_t i = 0; i < 10000; i++) {
        world->now_ns += TL_TIMER_TICK_NS;
        struct tl_packet *packet = &world->packets[0];
        *packet = (struct tl_packet){.data = world->buffers[0]};
        if (tl_worker_tick(world->worker, world->now_ns, 1000, packet, 1) == 0)
            continue;
        CHECK_EQUAL(packet->edge, TL_EDGE_SEND);
        tl_packet_done(world->worker, packet);
        check_identity(world);
        *after_ns = world->now_ns - begin;
        return read_frame(packet->data, packet->length);
    }
    check_failed(__FILE__, __LINE__, "a report within 42 seconds");
    return (struct frame){0};
}

static struct tl_flow_spec rtcp_spec(void)
{
    struct tl_flow_spec spec = spec_make(ADDRESS_1, 20000, "198.18.1.2", 30000);
    spec.flags |= TL_FLOW_RTCP;
    spec.rtcp_interval_ms = 4000;
    return spec;
}

static void test_made(void)
{
    struct world *world = world_make(1);
    struct tl_flow_spec a = rtcp_spec();
    struct tl_flow_spec b = spec_make(ADDRESS_2, 20002, "198.18.2.2", 30002);
    a.peer_index = 1;
    b.peer_index = 0;
    a.peer_generation = b.peer_generation = 1;
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, 1, &a), TL_STATUS_OK);
    CHECK_EQUAL(command(world, TL_OP_ADD, 1, 1, &b), TL_STATUS_OK);
    uint64_t after;
    struct frame frame = next_made(world, &after);
    CHECK(after >= 1000 * TL_MILLISECOND_NS && after <= 3010 * TL_MILLISECOND_NS);
    CHECK_EQUAL(frame.destination_port, 30001);
    CHECK_EQUAL(frame.source_port, 20001);
    CHECK_EQUAL(frame.payload[1], 201); // nothing sent, nothing received: an empty RR and a name
    CHECK_EQUAL(frame.payload[0], 0x80);
    CHECK_EQUAL(frame.payload[9], 202);
    CHECK_EQUAL(frame.payload_length, 36);
    // Ten packets from a with two missing; three of b's go to a.
    uint8_t sr[28] = {0x80, 200, 0, 6};
    put_32(sr + 8, 0x11112222);
    put_32(sr + 12, 0x33334444);
    for (uint16_t i = 0; i < 10; i++)
        if (i != 4 && i != 5)
            send_rtp(world, &party_a, (struct rtp){.sequence = i, .ssrc = 0xfeed});
    CHECK_EQUAL(send_udp(world, &rtcp_a, sr, sizeof(sr)), TL_DROP_REASON_COUNT);
    struct sender party_b = {"198.18.2.2", 30002, "198.18.2.1", 20002, 1, 100};
    for (uint16_t i = 0; i < 3; i++)
        send_rtp(world, &party_b, (struct rtp){.sequence = i, .ssrc = 5});
    frame = next_made(world, &after);
    CHECK(after >= 1990 * TL_MILLISECOND_NS && after <= 6010 * TL_MILLISECOND_NS);
    const uint8_t *at = frame.payload;
    CHECK_EQUAL(at[1], 200);
    CHECK_EQUAL(get_32(at + 4), a.ssrc);
    CHECK_EQUAL(get_32(at + 20), 3);
    CHECK_EQUAL(get_32(at + 24), 3 * 160);
    CHECK_EQUAL(get_32(at + 16), a.initial_timestamp + (uint32_t)(after / 1000 * 8 / 1000));
    CHECK_EQUAL(get_32(at + 28), 0xfeed);
    CHECK_EQUAL(at[32], 256 * 2 / 10);
    CHECK_EQUAL(get_32(at + 32) & 0xffffff, 2);
    CHECK_EQUAL(get_32(at + 36), 9);
    CHECK_EQUAL(get_32(at + 44), 0x22223333);
    CHECK_EQUAL(get_32(at + 48), (uint32_t)((after << 16) / TL_NANOSECONDS));
    CHECK_EQUAL(world->records[0].tx_rtcp_packets, 2);
    frame = next_made(world, &after); // nothing was sent since: RR; nothing lost since
    CHECK_EQUAL(frame.payload[1], 201);
    CHECK_EQUAL(frame.payload[12], 0);
    // The end: RR, SDES, BYE.
    CHECK_EQUAL(command(world, TL_OP_REMOVE, 0, 1, NULL), TL_STATUS_OK);
    frame = next_made(world, &after);
    CHECK_EQUAL(frame.payload_length, 44);
    CHECK_EQUAL(frame.payload[37], 203);
    CHECK_EQUAL(get_32(frame.payload + 40), a.ssrc);
    CHECK_EQUAL(world->worker->timers.armed, 0);
    world_free(world);
}

// What we make is valid by our own strict reading, and the intervals spread as they should.
static void test_intervals(void)
{
    struct world *world = world_make(1);
    struct tl_flow_spec a = rtcp_spec();
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, 1, &a), TL_STATUS_OK);
    uint64_t after, sum = 0, least = UINT64_MAX, most = 0;
    next_made(world, &after);
    for (uint32_t i = 0; i < 200; i++) {
        next_made(world, &after);
        sum += after;
        least = after < least ? after : least;
        most = after > most ? after : most;
    }
    CHECK(least >= 1990 * TL_MILLISECOND_NS && least < 2400 * TL_MILLISECOND_NS);
    CHECK(most <= 6010 * TL_MILLISECOND_NS && most > 5600 * TL_MILLISECOND_NS);
    CHECK(sum / 200 > 3500 * TL_MILLISECOND_NS && sum / 200 < 4500 * TL_MILLISECOND_NS);
    // Without room for a report no timer is lost.
    world->now_ns += 10 * TL_NANOSECONDS;
    CHECK_EQUAL(tl_worker_tick(world->worker, world->now_ns, 1000, NULL, 0), 0);
    world->packets[0] = (struct tl_packet){.data = world->buffers[0]};
    CHECK_EQUAL(tl_worker_tick(world->worker, world->now_ns, 5000, world->packets, 1), 1);
    // A report that the driver refuses is a drop of our own.
    tl_packet_drop(world->worker, &world->packets[0], TL_DROP_INDEX_TX_FULL);
    check_identity(world);
    CHECK_EQUAL(world->worker->counters.own_dropped, 1);
    world_free(world);
}

int main(void)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", 0);
    test_compounds(world);
    test_reports(world);
    world_free(world);
    test_made();
    test_intervals();
    return tests_passed("rtcp", 0);
}
