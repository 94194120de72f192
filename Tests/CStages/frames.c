// SPDX-License-Identifier: Apache-2.0
#include "frames.h"

const struct sender party_a = {"198.18.1.2", 30000, "198.18.1.1", 20000, 0, 0};

uint16_t get_16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

uint32_t get_32(const uint8_t *at)
{
    return (uint32_t)get_16(at) << 16 | get_16(at + 2);
}

void put_16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

void put_32(uint8_t *at, uint32_t value)
{
    put_16(at, value >> 16);
    put_16(at + 2, value);
}

uint32_t slow_sum(const uint8_t *bytes, uint32_t length, uint32_t sum)
{
    for (uint32_t i = 0; i < length; i++)
        sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static uint32_t pseudo_sum(const uint8_t *addresses, uint32_t bytes, uint32_t udp_length)
{
    return slow_sum(addresses, bytes, 17 + udp_length);
}

struct tl_packet *add_udp(struct world *world, const struct sender *sender, const void *payload,
                          uint32_t length)
{
    struct tl_packet *packet = burst_add(world);
    uint8_t source[16], destination[16], *at = packet->data;
    parse_address(sender->source, source);
    parse_address(sender->destination, destination);
    int ipv4 = tl_address_is_ipv4(source);
    memset(at, 0, 12);
    at += 12;
    if (sender->vlan != 0) {
        put_16(at, 0x8100);
        put_16(at + 2, sender->vlan);
        at += 4;
    }
    put_16(at, ipv4 ? 0x0800 : 0x86dd);
    uint8_t *ip = at + 2, *udp = ip + (ipv4 ? 20 : 40);
    memset(ip, 0, ipv4 ? 20 : 40);
    if (ipv4) {
        ip[0] = 0x45;
        put_16(ip + 2, 28 + length);
        ip[8] = 17; // a TTL that is not ours
        ip[9] = 17;
        memcpy(ip + 12, source + 12, 4);
        memcpy(ip + 16, destination + 12, 4);
        put_16(ip + 10, ~slow_sum(ip, 20, 0));
    } else {
        ip[0] = 0x60;
        put_16(ip + 4, 8 + length);
        ip[6] = 17;
        ip[7] = 17;
        memcpy(ip + 8, source, 16);
        memcpy(ip + 24, destination, 16);
    }
    put_16(udp, sender->source_port);
    put_16(udp + 2, sender->destination_port);
    put_16(udp + 4, 8 + length);
    put_16(udp + 6, 0x1234); // partial, as a virtual interface may leave it
    if (length > 0)
        memcpy(udp + 8, payload, length);
    packet->length = (uint16_t)(udp + 8 + length - packet->data);
    packet->rx_port = sender->rx_port;
    return packet;
}

struct tl_packet *add_rtp(struct world *world, const struct sender *sender, struct rtp rtp)
{
    uint8_t bytes[172];
    memset(bytes, 0xd5, sizeof(bytes));
    bytes[0] = rtp.first != 0 ? rtp.first : 0x80;
    bytes[1] = rtp.type;
    put_16(bytes + 2, rtp.sequence);
    put_32(bytes + 4, rtp.timestamp);
    put_32(bytes + 8, rtp.ssrc);
    return add_udp(world, sender, bytes, sizeof(bytes));
}

struct tl_packet *send_rtp(struct world *world, const struct sender *sender, struct rtp rtp)
{
    burst_begin(world);
    struct tl_packet *packet = add_rtp(world, sender, rtp);
    burst_run(world);
    return packet;
}

uint32_t send_udp(struct world *world, const struct sender *sender, const void *payload,
                  uint32_t length)
{
    burst_begin(world);
    add_udp(world, sender, payload, length);
    burst_run(world);
    return burst_reason(world);
}

static const uint8_t *read_ipv4(const uint8_t *ip, uint32_t left, struct frame *frame)
{
    CHECK_EQUAL(ip[0], 0x45);
    CHECK_EQUAL(get_16(ip + 2), left);
    CHECK_EQUAL(slow_sum(ip, 20, 0), 0xffff);
    CHECK_EQUAL(ip[9], 17);
    frame->ttl = ip[8];
    frame->dscp = ip[1] >> 2;
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    memcpy(frame->source, mapped, 12);
    memcpy(frame->destination, mapped, 12);
    memcpy(frame->source + 12, ip + 12, 4);
    memcpy(frame->destination + 12, ip + 16, 4);
    if (get_16(ip + 26) != 0)
        CHECK_EQUAL(slow_sum(ip + 20, left - 20, pseudo_sum(ip + 12, 8, left - 20)), 0xffff);
    return ip + 20;
}

static const uint8_t *read_ipv6(const uint8_t *ip, uint32_t left, struct frame *frame)
{
    CHECK_EQUAL(ip[0] >> 4, 6);
    CHECK_EQUAL(get_16(ip + 4), left - 40);
    CHECK_EQUAL(ip[6], 17);
    frame->ttl = ip[7];
    frame->dscp = (uint8_t)((get_16(ip) >> 6) & 63);
    memcpy(frame->source, ip + 8, 16);
    memcpy(frame->destination, ip + 24, 16);
    CHECK(get_16(ip + 46) != 0);
    CHECK_EQUAL(slow_sum(ip + 40, left - 40, pseudo_sum(ip + 8, 32, left - 40)), 0xffff);
    return ip + 40;
}

struct frame read_frame(const uint8_t *bytes, uint32_t length)
{
    struct frame frame = {0};
    const uint8_t *at = bytes + 12;
    memcpy(frame.destination_mac, bytes, 6);
    memcpy(frame.source_mac, bytes + 6, 6);
    if (get_16(at) == 0x8100) {
        frame.vlan = get_16(at + 2);
        at += 4;
    }
    uint32_t left = length - (uint32_t)(at + 2 - bytes);
    CHECK(get_16(at) == 0x0800 || get_16(at) == 0x86dd);
    const uint8_t *udp = get_16(at) == 0x0800 ? read_ipv4(at + 2, left, &frame)
                                              : read_ipv6(at + 2, left, &frame);
    frame.source_port = get_16(udp);
    frame.destination_port = get_16(udp + 2);
    frame.udp_checksum = get_16(udp + 6);
    frame.payload = udp + 8;
    frame.payload_length = get_16(udp + 4) - 8u;
    CHECK_EQUAL(udp + 8 + frame.payload_length - bytes, length);
    return frame;
}

struct rtp read_rtp(const struct frame *frame)
{
    const uint8_t *at = frame->payload;
    return (struct rtp){at[0], at[1], get_16(at + 2), get_32(at + 4), get_32(at + 8)};
}
