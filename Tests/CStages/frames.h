// SPDX-License-Identifier: Apache-2.0
// Frames as a remote party would send them, and a reader that believes nothing.

#ifndef FRAMES_H
#define FRAMES_H

#include "harness.h"

struct sender {
    const char *source;
    uint16_t source_port;
    const char *destination;
    uint16_t destination_port;
    uint16_t rx_port; // interface
    uint16_t vlan;    // tag in the frame
};

/// From 198.18.1.2:30000 to leg a of call_make.
extern const struct sender party_a;

struct rtp {
    uint8_t first; // 0 = version 2, nothing else
    uint8_t type;  // with marker
    uint16_t sequence;
    uint32_t timestamp;
    uint32_t ssrc;
};

/// Adds a UDP packet to the burst and returns its view.
struct tl_packet *add_udp(struct world *world, const struct sender *sender, const void *payload,
                          uint32_t length);
/// Adds RTP with 160 bytes of payload.
struct tl_packet *add_rtp(struct world *world, const struct sender *sender, struct rtp rtp);
/// A burst of one RTP packet, run. Returns its view.
struct tl_packet *send_rtp(struct world *world, const struct sender *sender, struct rtp rtp);
/// A burst of one UDP packet, run. Returns the drop reason.
uint32_t send_udp(struct world *world, const struct sender *sender, const void *payload,
                  uint32_t length);

/// What a frame says. Reading checks every length and checksum.
struct frame {
    uint8_t destination_mac[6], source_mac[6];
    uint16_t vlan;
    uint8_t source[16], destination[16];
    uint8_t ttl, dscp;
    uint16_t source_port, destination_port, udp_checksum;
    const uint8_t *payload;
    uint32_t payload_length;
};
struct frame read_frame(const uint8_t *bytes, uint32_t length);
struct rtp read_rtp(const struct frame *frame);

uint16_t get_16(const uint8_t *at);
uint32_t get_32(const uint8_t *at);
void put_16(uint8_t *at, uint32_t value);
void put_32(uint8_t *at, uint32_t value);
/// The textbook checksum over `length` bytes, starting from `sum`, not complemented.
uint32_t slow_sum(const uint8_t *bytes, uint32_t length, uint32_t sum);

#endif
