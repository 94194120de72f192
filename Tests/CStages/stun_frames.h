// SPDX-License-Identifier: Apache-2.0
// Binding requests as a full agent sends them, and a reader of what comes back.

#ifndef STUN_FRAMES_H
#define STUN_FRAMES_H

#include "frames.h"

#define LOCAL_UFRAG    "gwU1"
#define LOCAL_PASSWORD "gwPwd1aaaaaaaaaaaaaaaaaaaa"
#define REMOTE_UFRAG   "cl2U"

/// A check. What is not said is as it should be.
struct ask {
    const char *source; // of its address, with `port`
    uint16_t port;
    uint32_t priority;
    int nominates;         // USE-CANDIDATE
    int controlled;        // ICE-CONTROLLED instead of ICE-CONTROLLING
    int forged;            // MESSAGE-INTEGRITY by another password
    uint16_t unknown;      // an attribute of this type
    const char *local;     // LOCAL_UFRAG
    const char *password;  // LOCAL_PASSWORD
    const char *remote;    // REMOTE_UFRAG
    const char *to;        // ADDRESS_1
    uint16_t to_port;      // 20000
    uint16_t rx_port;      // interface
};

static inline uint8_t *stun_put(uint8_t *at, uint32_t type, const void *value, uint32_t size)
{
    put_16(at, type);
    put_16(at + 2, size);
    memset(at + 4, 0, (size + 3) / 4 * 4);
    if (size > 0)
        memcpy(at + 4, value, size);
    return at + 4 + (size + 3) / 4 * 4;
}

/// Adds MESSAGE-INTEGRITY and FINGERPRINT, and the message's length. Returns the whole length.
static inline uint32_t stun_sign(struct tl_hmac *hmac, uint8_t *bytes, uint8_t *at,
                                 const char *password)
{
    struct tl_hmac_key key;
    uint8_t tag[TL_HMAC_BYTES], crc[4];
    tl_hmac_key_make(hmac, (const uint8_t *)password, (uint32_t)strlen(password), &key);
    put_16(bytes + 2, (uint32_t)(at - bytes) - 20 + 24);
    tl_hmac_tag(hmac, &key, bytes, (uint32_t)(at - bytes), tag);
    at = stun_put(at, 0x0008, tag, sizeof(tag));
    put_16(bytes + 2, (uint32_t)(at - bytes) - 20 + 8);
    put_32(crc, tl_hmac_crc(hmac, bytes, (uint32_t)(at - bytes)) ^ 0x5354554e);
    at = stun_put(at, 0x8028, crc, 4);
    return (uint32_t)(at - bytes);
}

static inline uint32_t stun_request(struct tl_hmac *hmac, const struct ask *ask, uint8_t *bytes)
{
    char user[160];
    uint8_t value[8] = {0};
    uint8_t *at = bytes + 20;
    put_32(bytes, 0x00010000);
    put_32(bytes + 4, 0x2112a442);
    for (uint32_t i = 8; i < 20; i++)
        bytes[i] = (uint8_t)random_below(256);
    snprintf(user, sizeof(user), "%s:%s", ask->local != NULL ? ask->local : LOCAL_UFRAG,
             ask->remote != NULL ? ask->remote : REMOTE_UFRAG);
    at = stun_put(at, 0x0006, user, (uint32_t)strlen(user));
    if (ask->unknown != 0)
        at = stun_put(at, ask->unknown, value, 4);
    put_32(value, ask->priority);
    at = stun_put(at, 0x0024, value, 4);
    at = stun_put(at, ask->controlled ? 0x8029 : 0x802a, value, 8);
    if (ask->nominates)
        at = stun_put(at, 0x0025, NULL, 0);
    const char *password = ask->password != NULL ? ask->password : LOCAL_PASSWORD;
    return stun_sign(hmac, bytes, at, ask->forged ? "another password, of nobody" : password);
}

static inline struct sender ask_sender(const struct ask *ask)
{
    return (struct sender){ask->source, ask->port,
                           ask->to != NULL ? ask->to : address_text[ADDRESS_1],
                           ask->to_port != 0 ? ask->to_port : 20000, ask->rx_port, 0};
}

/// Adds a check to the burst.
static inline void add_ask(struct world *world, const struct ask *ask)
{
    uint8_t bytes[512];
    struct sender sender = ask_sender(ask);
    add_udp(world, &sender, bytes, stun_request(world->worker->hmac, ask, bytes));
}

/// A burst of one check, run. Returns the drop reason.
static inline uint32_t send_ask(struct world *world, struct ask ask)
{
    burst_begin(world);
    add_ask(world, &ask);
    burst_run(world);
    return burst_reason(world);
}

/// The answer that became of a burst's only packet: its type, having checked that it went to the
/// check's source from where the check went, is signed, and ends with the right FINGERPRINT.
static inline uint32_t answer_type(struct world *world, const struct ask *ask, struct frame *frame)
{
    const struct tl_packet *packet = &world->packets[0];
    struct tl_hmac *hmac = world->worker->hmac;
    struct tl_hmac_key key;
    uint8_t address[16], tag[TL_HMAC_BYTES], copy[512];
    const char *password = ask->password != NULL ? ask->password : LOCAL_PASSWORD;
    CHECK_EQUAL(packet->edge, TL_EDGE_SEND);
    CHECK_EQUAL(packet->origin, TL_ORIGIN_GENERATED);
    *frame = read_frame(packet->data, packet->length);
    parse_address(ask->source, address);
    CHECK(memcmp(frame->destination, address, 16) == 0);
    CHECK_EQUAL(frame->destination_port, ask->port);
    struct sender sender = ask_sender(ask);
    parse_address(sender.destination, address);
    CHECK(memcmp(frame->source, address, 16) == 0);
    CHECK_EQUAL(frame->source_port, sender.destination_port);
    uint32_t covered = frame->payload_length - 32;
    tl_hmac_key_make(hmac, (const uint8_t *)password, (uint32_t)strlen(password), &key);
    memcpy(copy, frame->payload, frame->payload_length);
    CHECK_EQUAL(get_16(copy + 2), frame->payload_length - 20);
    CHECK_EQUAL(get_32(copy + covered + 24), 0x80280004);
    CHECK_EQUAL(get_32(copy + covered + 28), tl_hmac_crc(hmac, copy, covered + 24) ^ 0x5354554e);
    put_16(copy + 2, covered + 4);
    tl_hmac_tag(hmac, &key, copy, covered, tag);
    CHECK_EQUAL(get_32(copy + covered), 0x00080014);
    CHECK(memcmp(copy + covered + 4, tag, sizeof(tag)) == 0);
    return get_16(frame->payload);
}

/// Credentials of a flow. `remote` may be NULL: not known yet.
static inline int32_t program_ice(struct world *world, uint32_t index, const char *local,
                                  const char *password, const char *remote)
{
    struct tl_flow_ice ice = {.local_ufrag_bytes = (uint8_t)strlen(local),
                              .local_password_bytes = (uint8_t)strlen(password),
                              .remote_ufrag_bytes = remote != NULL ? (uint8_t)strlen(remote) : 0};
    struct tl_command message = {.size_bytes = sizeof(message), .operation = TL_OP_ICE,
                                 .flow_index = index};
    struct tl_event answer;
    message.generation = world->worker->flows[index].egress.generation;
    memcpy(ice.local_ufrag, local, ice.local_ufrag_bytes);
    memcpy(ice.local_password, password, ice.local_password_bytes);
    if (remote != NULL)
        memcpy(ice.remote_ufrag, remote, ice.remote_ufrag_bytes);
    memcpy((uint8_t *)&message + offsetof(struct tl_command, spec), &ice, sizeof(ice));
    tl_command_apply(world->worker, 0, &message, world->now_ns, &answer);
    return answer.status;
}

#endif
