// SPDX-License-Identifier: Apache-2.0
// A call whose first flow speaks ICE, and the questions that tests ask about it.

#ifndef ICE_CALL_H
#define ICE_CALL_H

#include "stun_frames.h"

#define FORGED  TL_DROP_INDEX_STUN_AUTHENTICATION
#define STRANGE TL_DROP_INDEX_WRONG_SOURCE
#define FINE    TL_DROP_REASON_COUNT

#define HOST  "198.18.1.2" // the signalled address of call_make
#define OTHER "198.18.1.3"
#define RELAY "198.18.1.4"

static uint32_t media_sequence;

// A call whose flow 0 speaks ICE under credentials that the remote party knows.
static inline struct world *start_with(uint32_t flags, const char *remote)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", TL_FLOW_RTCP_MUX);
    struct tl_flow_spec spec = world->worker->cold[0].spec;
    spec.flags |= TL_FLOW_ICE | flags;
    CHECK_EQUAL(command(world, TL_OP_MODIFY, 0, 7, &spec), TL_STATUS_OK);
    CHECK_EQUAL(program_ice(world, 0, LOCAL_UFRAG, LOCAL_PASSWORD, remote), TL_STATUS_OK);
    media_sequence = 0;
    return world;
}

static inline struct world *start(void)
{
    return start_with(0, REMOTE_UFRAG);
}

static inline void check_from(struct world *world, const char *source, uint16_t port,
                              uint32_t priority, int nominates)
{
    world->now_ns += 50 * TL_MILLISECOND_NS;
    struct ask ask = {.source = source, .port = port, .priority = priority, .nominates = nominates};
    CHECK_EQUAL(send_ask(world, ask), FINE);
}

// Reason for which RTP from there is dropped.
static inline uint32_t media_from(struct world *world, const char *source, uint16_t port)
{
    struct sender sender = party_a;
    sender.source = source;
    sender.source_port = port;
    world->now_ns += 20 * TL_MILLISECOND_NS;
    media_sequence++;
    send_rtp(world, &sender, (struct rtp){.sequence = (uint16_t)media_sequence,
                                          .timestamp = 160 * media_sequence, .ssrc = 77});
    return burst_reason(world);
}

// 1 when media for the remote party goes there, as its record says.
static inline int goes_to(struct world *world, const char *destination, uint16_t port)
{
    static const struct sender party_b = {"198.18.2.2", 30002, "198.18.2.1", 20002, 1, 100};
    uint8_t address[16];
    world->now_ns += 20 * TL_MILLISECOND_NS;
    media_sequence++;
    struct tl_packet *packet =
        send_rtp(world, &party_b, (struct rtp){.sequence = (uint16_t)media_sequence, .ssrc = 88});
    CHECK_EQUAL(packet->edge, TL_EDGE_SEND);
    struct frame frame = read_frame(packet->data, packet->length);
    parse_address(destination, address);
    CHECK(memcmp(world->records[0].source_address, frame.destination, 16) == 0);
    CHECK_EQUAL(world->records[0].source_port, frame.destination_port);
    return memcmp(frame.destination, address, 16) == 0 && frame.destination_port == port;
}

#endif
