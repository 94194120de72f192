// SPDX-License-Identifier: Apache-2.0
// What leaves: families, tags, checksums, next hops, hairpins, and what the driver refuses.
#include "frames.h"

static const char *const remotes[ADDRESS_COUNT] = {"198.18.1.9", "2001:db8:1::9", "198.18.2.9",
                                                   "2001:db8:2::9", "198.18.3.9"};

static void check_headers(const struct world *world, const struct frame *frame, uint32_t address)
{
    const struct tl_realm *realm = &world->realms[world->addresses[address].realm_index];
    uint8_t remote[16];
    parse_address(remotes[address], remote);
    CHECK(memcmp(frame->source_mac, realm->mac, 6) == 0);
    CHECK(memcmp(frame->destination_mac, realm->gateway_mac, 6) == 0);
    CHECK_EQUAL(frame->vlan, realm->vlan);
    CHECK(memcmp(frame->source, world->addresses[address].address, 16) == 0);
    CHECK(memcmp(frame->destination, remote, 16) == 0);
    CHECK_EQUAL(frame->ttl, 64);
    CHECK_EQUAL(frame->dscp, 46);
    CHECK_EQUAL(frame->source_port, 20002);
    CHECK_EQUAL(frame->destination_port, 30002);
    CHECK(frame->udp_checksum != 0);
}

// Every family and tag to every other, with payloads of every small length.
static void test_forms(void)
{
    for (uint32_t to = 0; to < ADDRESS_3; to++) {
        for (uint32_t from = 0; from < ADDRESS_3; from++) {
            struct world *world = world_make(1);
            struct tl_flow_spec a = spec_make(from, 20000, remotes[from], 30000);
            struct tl_flow_spec b = spec_make(to, 20002, remotes[to], 30002);
            a.peer_index = 1;
            a.peer_generation = 7;
            CHECK_EQUAL(command(world, TL_OP_ADD, 0, 7, &a), TL_STATUS_OK);
            CHECK_EQUAL(command(world, TL_OP_ADD, 1, 7, &b), TL_STATUS_OK);
            uint16_t realm = world->addresses[from].realm_index;
            struct sender sender = {remotes[from], 30000, address_text[from], 20000, realm,
                                    world->realms[realm].vlan};
            uint8_t payload[64] = {0x80, 0};
            for (uint32_t length = 12; length < 64; length++) {
                put_16(payload + 2, length);
                payload[length - 1] = (uint8_t)(length * 37);
                CHECK_EQUAL(send_udp(world, &sender, payload, length), TL_DROP_REASON_COUNT);
                struct tl_packet *packet = &world->packets[0];
                CHECK_EQUAL(packet->edge, TL_EDGE_SEND);
                CHECK_EQUAL(packet->target, world->addresses[to].realm_index);
                struct frame frame = read_frame(packet->data, packet->length);
                check_headers(world, &frame, to);
                CHECK_EQUAL(frame.payload_length, length);
                CHECK(memcmp(frame.payload + 12, payload + 12, length - 12) == 0);
            }
            CHECK_EQUAL(world->records[1].tx_packets, 52);
            world_free(world);
        }
    }
}

// No checksum stays no checksum where both sides are IPv4, and becomes one on the way to IPv6.
static void test_zero_checksum(void)
{
    for (uint32_t to = ADDRESS_2; to <= ADDRESS_2_V6; to++) {
        struct world *world = world_make(1);
        call_make(world, to, remotes[to], 0);
        burst_begin(world);
        struct tl_packet *packet = add_rtp(world, &party_a, (struct rtp){.ssrc = 1});
        put_16(packet->data + 14 + 26, 0);
        burst_run(world);
        struct frame frame = read_frame(packet->data, packet->length);
        CHECK_EQUAL(frame.udp_checksum == 0, to == ADDRESS_2);
        world_free(world);
    }
}

static void test_next_hop(void)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_3, "198.18.3.2", 0);
    CHECK_EQUAL(send_rtp(world, &party_a, (struct rtp){.ssrc = 1})->reason,
                TL_DROP_INDEX_NO_NEXT_HOP);
    struct tl_next_hops *hops = &world->worker->hops;
    struct tl_next_hop_view view;
    uint32_t wanted = 0, index = 0;
    for (uint32_t i = 0; i < hops->count; i++)
        if (tl_next_hop_read(hops, i, &view) && view.state == TL_HOP_WANTED)
            wanted++, index = i;
    CHECK_EQUAL(wanted, 1);
    CHECK(tl_next_hop_read(hops, index, &view));
    CHECK_EQUAL(view.realm_index, 2);
    CHECK_EQUAL(view.address[15], 2);
    CHECK(tl_next_hop_resolve(hops, index, &view, (const uint8_t *)"\2abcde"));
    struct tl_packet *packet = send_rtp(world, &party_a, (struct rtp){.ssrc = 1, .sequence = 1});
    struct frame frame = read_frame(packet->data, packet->length);
    CHECK(memcmp(frame.destination_mac, "\2abcde", 6) == 0);
    CHECK(!tl_next_hop_resolve(hops, index, &view, NULL)); // the view is out of date
    CHECK(tl_next_hop_read(hops, index, &view));
    CHECK(tl_next_hop_resolve(hops, index, &view, NULL)); // the neighbour went away
    CHECK_EQUAL(send_rtp(world, &party_a, (struct rtp){.ssrc = 1})->reason,
                TL_DROP_INDEX_NO_NEXT_HOP);
    // A leg whose party is not known cannot be sent to.
    struct tl_flow_spec b = world->worker->cold[1].spec;
    memset(b.remote_address, 0, 16);
    b.remote_port = 0;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 1, 7, &b), TL_STATUS_OK);
    CHECK_EQUAL(hops->used, 1);
    CHECK_EQUAL(send_rtp(world, &party_a, (struct rtp){.ssrc = 1})->reason,
                TL_DROP_INDEX_NO_NEXT_HOP);
    world_free(world);
}

static void test_refused(void)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", 0);
    burst_begin(world);
    add_rtp(world, &party_a, (struct rtp){.ssrc = 1});
    tl_pipeline_run(world->worker, world->packets, 1, world->now_ns);
    CHECK_EQUAL(world->packets[0].edge, TL_EDGE_SEND);
    tl_packet_drop(world->worker, &world->packets[0], TL_DROP_INDEX_TX_FULL);
    check_identity(world);
    CHECK_EQUAL(world->worker->counters.forwarded, 0);
    CHECK_EQUAL(world->records[1].tx_packets, 0);
    CHECK_EQUAL(world->records[1].tx_bytes, 0);
    CHECK_EQUAL(world->records[1].tx_drops, 1);
    world_free(world);
}

// Runs the packet again as the loop brings it back, and returns its view.
static struct tl_packet *come_back(struct world *world)
{
    struct tl_packet *packet = &world->packets[0];
    CHECK_EQUAL(packet->edge, TL_EDGE_LOOP);
    uint8_t hops = packet->hops;
    struct tl_packet back = {.data = packet->data, .length = packet->length, .hops = hops,
                             .origin = TL_ORIGIN_HANDED_IN, .flags = TL_PACKET_LOOPED,
                             .rx_port = 77};
    *packet = back;
    burst_run(world);
    return packet;
}

// Two calls that meet inside: a -> b, whose party is c, and c -> d.
static void test_hairpin(void)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", 0);
    struct tl_flow_spec c = spec_make(ADDRESS_1, 21002, "198.18.2.1", 20002);
    struct tl_flow_spec b = world->worker->cold[1].spec;
    parse_address("198.18.1.1", b.remote_address);
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 1, 7, &b), TL_STATUS_BAD_REMOTE); // no media port
    b.remote_port = 21002;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 1, 7, &b), TL_STATUS_OK);
    struct tl_flow_spec d = spec_make(ADDRESS_2_V6, 21004, "2001:db8:2::9", 30002);
    c.peer_index = 3;
    d.peer_index = 2;
    c.peer_generation = d.peer_generation = 7;
    CHECK_EQUAL(command(world, TL_OP_ADD, 2, 7, &c), TL_STATUS_OK);
    CHECK_EQUAL(command(world, TL_OP_ADD, 3, 7, &d), TL_STATUS_OK);
    send_rtp(world, &party_a, (struct rtp){.ssrc = 1});
    struct tl_packet *packet = come_back(world);
    CHECK_EQUAL(packet->edge, TL_EDGE_SEND);
    struct frame frame = read_frame(packet->data, packet->length);
    CHECK_EQUAL(frame.source_port, 21004);
    CHECK_EQUAL(world->worker->counters.handed_out, 1);
    CHECK_EQUAL(world->worker->counters.handed_in, 1);
    // Nobody outside may pretend to be the other end of a hairpin.
    struct sender spoof = {"198.18.2.1", 20002, "198.18.1.1", 21002, 0, 0};
    CHECK_EQUAL(send_rtp(world, &spoof, (struct rtp){.ssrc = 1})->reason,
                TL_DROP_INDEX_WRONG_SOURCE);
    world_free(world);
}

// Two legs that are each other's party and peer: a packet would go round for ever.
static void test_hairpin_loop(void)
{
    struct world *world = world_make(1);
    struct tl_flow_spec x = spec_make(ADDRESS_1, 20000, "198.18.2.1", 20002);
    struct tl_flow_spec y = spec_make(ADDRESS_2, 20002, "198.18.1.1", 20000);
    struct tl_flow_spec in = spec_make(ADDRESS_1, 20004, "198.18.1.2", 30000);
    x.peer_index = 1;
    y.peer_index = 0;
    in.peer_index = 0;
    x.peer_generation = y.peer_generation = in.peer_generation = 7;
    CHECK_EQUAL(command(world, TL_OP_ADD, 0, 7, &x), TL_STATUS_OK);
    CHECK_EQUAL(command(world, TL_OP_ADD, 1, 7, &y), TL_STATUS_OK);
    CHECK_EQUAL(command(world, TL_OP_ADD, 2, 7, &in), TL_STATUS_OK);
    struct sender sender = party_a;
    sender.destination_port = 20004;
    struct tl_packet *packet = send_rtp(world, &sender, (struct rtp){.ssrc = 1});
    for (uint32_t i = 1; i < TL_HAIRPIN_HOPS_MAX; i++)
        packet = come_back(world);
    packet = come_back(world);
    CHECK_EQUAL(packet->reason, TL_DROP_INDEX_HAIRPIN_LOOP);
    world_free(world);
}

int main(void)
{
    test_forms();
    test_zero_checksum();
    test_next_hop();
    test_refused();
    test_hairpin();
    test_hairpin_loop();
    return tests_passed("rewrite", 0);
}
