// SPDX-License-Identifier: Apache-2.0
// What arrives: Ethernet to UDP, realms, workers, fragments, options.
#include "frames.h"

#include "../../CShims/CStages/classify.h"

static const uint8_t rtp[172] = {0x80, 0};

// A burst of one UDP packet to leg a, changed at an offset before it runs.
static uint32_t send_changed(struct world *world, const struct sender *sender, uint32_t at,
                             const void *bytes, uint32_t count)
{
    burst_begin(world);
    struct tl_packet *packet = add_udp(world, sender, rtp, sizeof(rtp));
    memcpy(packet->data + at, bytes, count);
    if (get_16(packet->data + 12) == 0x0800) { // keep the header checksum right
        uint8_t *ip = packet->data + 14;
        put_16(ip + 10, 0);
        put_16(ip + 10, ~slow_sum(ip, (ip[0] & 15u) * 4, 0));
    }
    burst_run(world);
    return burst_reason(world);
}

static void test_not_media(struct world *world)
{
    struct sender other = party_a;
    burst_begin(world);
    struct tl_packet *packet = burst_add(world);
    memset(packet->data, 0xff, 60);
    put_16(packet->data + 12, 0x0806); // ARP
    packet->length = 60;
    burst_run(world);
    CHECK_EQUAL(burst_reason(world), TL_DROP_INDEX_NOT_MEDIA);
    burst_begin(world);
    burst_add(world)->length = 13;
    burst_run(world);
    CHECK_EQUAL(burst_reason(world), TL_DROP_INDEX_NOT_MEDIA);
    other.destination = "198.18.1.77";
    CHECK_EQUAL(send_udp(world, &other, rtp, sizeof(rtp)), TL_DROP_INDEX_NOT_MEDIA);
    other = party_a;
    other.destination_port = 5060;
    CHECK_EQUAL(send_udp(world, &other, rtp, sizeof(rtp)), TL_DROP_INDEX_NOT_MEDIA);
    CHECK_EQUAL(send_changed(world, &party_a, 14 + 9, "\x06", 1), TL_DROP_INDEX_NOT_MEDIA);
    struct sender twin = {"198.18.3.2", 9, "198.18.3.1", 5060, 2, 0};
    CHECK_EQUAL(send_udp(world, &twin, rtp, sizeof(rtp)), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(world->packets[0].edge, TL_EDGE_TWIN);
    twin.destination_port = 20000;
    CHECK_EQUAL(send_changed(world, &twin, 14 + 6, "\x00\x01", 2), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(world->packets[0].edge, TL_EDGE_TWIN); // a later fragment shows no port
}

static void test_ip(struct world *world)
{
    const uint32_t ip = 14;
    CHECK_EQUAL(send_changed(world, &party_a, ip, "\x55", 1), TL_DROP_INDEX_MALFORMED_IP);
    CHECK_EQUAL(send_changed(world, &party_a, ip, "\x44", 1), TL_DROP_INDEX_MALFORMED_IP);
    CHECK_EQUAL(send_changed(world, &party_a, ip + 2, "\xff\xff", 2), TL_DROP_INDEX_MALFORMED_IP);
    CHECK_EQUAL(send_changed(world, &party_a, ip + 2, "\x00\x13", 2), TL_DROP_INDEX_MALFORMED_IP);
    CHECK_EQUAL(send_changed(world, &party_a, ip + 6, "\x20\x00", 2), TL_DROP_INDEX_FRAGMENT);
    CHECK_EQUAL(send_changed(world, &party_a, ip + 6, "\x00\x10", 2), TL_DROP_INDEX_FRAGMENT);
    burst_begin(world); // a header checksum that is wrong
    add_udp(world, &party_a, rtp, sizeof(rtp))->data[ip + 8] ^= 1;
    burst_run(world);
    CHECK_EQUAL(burst_reason(world), TL_DROP_INDEX_MALFORMED_IP);
    burst_begin(world); // four bytes of options, in which the ports then stand
    struct tl_packet *packet = add_udp(world, &party_a, rtp, sizeof(rtp));
    uint8_t *at = packet->data + ip;
    memmove(at + 24, at + 20, 8);
    memset(at + 20, 1, 4);
    at[0] = 0x46;
    put_16(at + 10, 0);
    put_16(at + 10, ~slow_sum(at, 24, 0));
    burst_run(world);
    CHECK_EQUAL(burst_reason(world), TL_DROP_INDEX_MALFORMED_IP);
}

static void test_ipv6(struct world *world)
{
    const struct sender six = {"2001:db8:1::2", 30000, "2001:db8:1::1", 20000, 0, 0};
    const uint32_t ip = 14;
    CHECK_EQUAL(send_udp(world, &six, rtp, sizeof(rtp)), TL_DROP_INDEX_NO_FLOW);
    CHECK_EQUAL(send_changed(world, &six, ip, "\x40", 1), TL_DROP_INDEX_MALFORMED_IP);
    CHECK_EQUAL(send_changed(world, &six, ip + 4, "\xff\xff", 2), TL_DROP_INDEX_MALFORMED_IP);
    CHECK_EQUAL(send_changed(world, &six, ip + 6, "\x3a", 1), TL_DROP_INDEX_NOT_MEDIA);
    CHECK_EQUAL(send_changed(world, &six, ip + 46, "\x00\x00", 2), TL_DROP_INDEX_MALFORMED_UDP);
    // A fragment header, then the ports: first and later fragment.
    uint8_t fragment[12] = {17, 0, 0, 1, 0, 0, 0, 1, 0x75, 0x30, 0x4e, 0x20};
    uint8_t frame[13 + 34 + 12];
    memset(frame, 0, sizeof(frame));
    for (uint32_t offset = 0; offset < 16; offset += 8) {
        fragment[3] = (uint8_t)(offset | 1);
        burst_begin(world);
        struct tl_packet *packet = add_udp(world, &six, rtp, sizeof(rtp));
        packet->data[ip + 6] = 44;
        memcpy(packet->data + ip + 40, fragment, sizeof(fragment));
        burst_run(world);
        CHECK_EQUAL(burst_reason(world), TL_DROP_INDEX_FRAGMENT);
    }
    // Destination options before the ports are found out as such; cut off ones are broken.
    burst_begin(world);
    struct tl_packet *packet = add_udp(world, &six, rtp, sizeof(rtp));
    packet->data[ip + 6] = 60;
    memcpy(packet->data + ip + 40, "\x11\0\1\4\0\0\0\0\x75\x30\x4e\x20", 12);
    burst_run(world);
    CHECK_EQUAL(burst_reason(world), TL_DROP_INDEX_MALFORMED_IP);
    CHECK_EQUAL(send_changed(world, &six, ip + 6, "\x3c\x11\x20\x01\x0d\xb8", 2),
                TL_DROP_INDEX_MALFORMED_IP);
}

static void test_addresses(struct world *world)
{
    static const char *const six_sources[] = {"::", "::1", "ff02::1", "198.18.1.2"};
    static const char *const four_sources[] = {"0.0.0.0", "127.0.0.1", "224.0.0.1",
                                               "255.255.255.255"};
    const struct sender six = {"2001:db8:1::2", 30000, "2001:db8:1::1", 20000, 0, 0};
    uint8_t address[16];
    for (uint32_t i = 0; i < 4; i++) {
        parse_address(six_sources[i], address);
        CHECK_EQUAL(send_changed(world, &six, 14 + 8, address, 16), TL_DROP_INDEX_MALFORMED_IP);
        parse_address(four_sources[i], address);
        CHECK_EQUAL(send_changed(world, &party_a, 14 + 12, address + 12, 4),
                    TL_DROP_INDEX_MALFORMED_IP);
    }
    // One of our IPv4 addresses as an IPv6 destination, to a port that a call uses over IPv4.
    parse_address("198.18.1.1", address);
    CHECK_EQUAL(send_changed(world, &six, 14 + 24, address, 16), TL_DROP_INDEX_MALFORMED_IP);
    parse_address("::2", address); // no fault, only nobody's
    CHECK_EQUAL(send_changed(world, &six, 14 + 8, address, 16), TL_DROP_INDEX_NO_FLOW);
}

// A chain of buffers: neither relayed in part nor shown to a twin, whatever its first one says.
static void test_segmented(struct world *world)
{
    const struct sender twin = {"198.18.3.2", 9, "198.18.3.1", 5060, 2, 0};
    const struct sender *const senders[] = {&party_a, &twin};
    for (uint32_t i = 0; i < 2; i++) {
        burst_begin(world);
        add_udp(world, senders[i], rtp, sizeof(rtp))->flags = TL_PACKET_SEGMENTED;
        burst_run(world);
        CHECK_EQUAL(burst_reason(world), TL_DROP_INDEX_SEGMENTED);
    }
    CHECK_EQUAL(drops(world, TL_DROP_INDEX_SEGMENTED), 2);
}

static void test_udp(struct world *world)
{
    CHECK_EQUAL(send_changed(world, &party_a, 38, "\x00\x07", 2), TL_DROP_INDEX_MALFORMED_UDP);
    CHECK_EQUAL(send_changed(world, &party_a, 38, "\xff\xff", 2), TL_DROP_INDEX_MALFORMED_UDP);
    burst_begin(world); // an IP packet that ends in the UDP header
    struct tl_packet *packet = add_udp(world, &party_a, rtp, sizeof(rtp));
    put_16(packet->data + 16, 27);
    put_16(packet->data + 24, 0);
    put_16(packet->data + 24, ~slow_sum(packet->data + 14, 20, 0));
    burst_run(world);
    CHECK_EQUAL(burst_reason(world), TL_DROP_INDEX_MALFORMED_UDP);
}

static void test_realm(struct world *world)
{
    struct sender sender = {"198.18.2.2", 30000, "198.18.2.1", 20000, 1, 100};
    CHECK_EQUAL(send_udp(world, &sender, rtp, sizeof(rtp)), TL_DROP_INDEX_NO_FLOW);
    sender.vlan = 0;
    CHECK_EQUAL(send_udp(world, &sender, rtp, sizeof(rtp)), TL_DROP_INDEX_WRONG_REALM);
    sender.vlan = 101;
    CHECK_EQUAL(send_udp(world, &sender, rtp, sizeof(rtp)), TL_DROP_INDEX_WRONG_REALM);
    sender.vlan = 100;
    sender.rx_port = 0;
    CHECK_EQUAL(send_udp(world, &sender, rtp, sizeof(rtp)), TL_DROP_INDEX_WRONG_REALM);
    burst_begin(world); // a tag that the driver took off
    sender = (struct sender){"198.18.2.2", 30000, "198.18.2.1", 20000, 1, 0};
    add_udp(world, &sender, rtp, sizeof(rtp))->vlan = 100;
    burst_run(world);
    CHECK_EQUAL(burst_reason(world), TL_DROP_INDEX_NO_FLOW);
}

static void test_workers(void)
{
    struct world *world = world_make(2);
    struct sender sender = party_a; // block 39 is worker 1's, block 40 worker 0's
    CHECK_EQUAL(send_udp(world, &sender, rtp, sizeof(rtp)), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(world->packets[0].edge, TL_EDGE_HAND_OVER);
    CHECK_EQUAL(world->packets[0].target, 1);
    CHECK_EQUAL(world->worker->counters.handed_out, 1);
    sender.destination_port = 20480;
    CHECK_EQUAL(send_udp(world, &sender, rtp, sizeof(rtp)), TL_DROP_INDEX_NO_FLOW);
    burst_begin(world);
    add_udp(world, &party_a, rtp, sizeof(rtp));
    tl_pipeline_run(world->worker, world->packets, 1, world->now_ns);
    tl_packet_drop(world->worker, &world->packets[0], TL_DROP_INDEX_HANDOVER_FULL);
    check_identity(world);
    CHECK_EQUAL(drops(world, TL_DROP_INDEX_HANDOVER_FULL), 1);
    world_free(world);
}

static void damage(struct tl_packet *packet)
{
    for (uint32_t i = random_below(4); i > 0; i--)
        packet->data[random_below(60)] = (uint8_t)random_below(256);
    if (random_below(4) == 0)
        packet->length = (uint16_t)(packet->length - random_below(4));
    if (random_below(8) == 0)
        packet->length = (uint16_t)random_below(packet->length);
    if (random_below(2) == 0) { // as if it had been sent so
        uint8_t *ip = packet->data + (packet->data[12] == 0x81 ? 18 : 14);
        put_16(ip + 10, 0);
        put_16(ip + 10, ~slow_sum(ip, 20, 0));
    }
    packet->vlan = random_below(16) == 0 ? 100 : 0;
}

// What the wide compares let pass, the reader that knows every case lets pass as well, and both
// note the same.
static void test_usual(struct world *world)
{
    static const struct sender senders[] = {{"198.18.1.2", 30000, "198.18.1.1", 20000, 0, 0},
                                            {"198.18.2.2", 30000, "198.18.2.1", 20001, 1, 100},
                                            {"198.18.3.2", 30000, "198.18.3.1", 29999, 2, 0}};
    uint32_t usual = 0;
    const uint32_t rounds = 200000;
    for (uint32_t round = 0; round < rounds; round++) {
        burst_begin(world);
        struct tl_packet *one = add_udp(world, &senders[random_below(3)], rtp, sizeof(rtp));
        damage(one);
        struct tl_packet other = *one;
        if (!classify_usual(world->worker, one))
            continue;
        usual++;
        CHECK(tl_classify_rare(world->worker, &other));
        CHECK_EQUAL(one->flags, other.flags);
        CHECK_EQUAL(one->payload_offset, other.payload_offset);
        CHECK_EQUAL(one->payload_length, other.payload_length);
        CHECK_EQUAL(one->local_port, other.local_port);
        CHECK_EQUAL(one->remote_port, other.remote_port);
        CHECK_EQUAL(one->place, other.place);
    }
    CHECK(usual > rounds / 10 && usual < rounds - rounds / 10);
}

int main(void)
{
    struct world *world = world_make(1);
    test_not_media(world);
    test_ip(world);
    test_ipv6(world);
    test_addresses(world);
    test_segmented(world);
    test_udp(world);
    test_realm(world);
    test_usual(world);
    world_free(world);
    test_workers();
    return tests_passed("classify", 0);
}
