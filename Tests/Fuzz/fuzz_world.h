// SPDX-License-Identifier: Apache-2.0
// A worker with live flows for the fuzzers: cheap to make anew for each input. It is worker 39 of
// 64, so that its port table is small; its ports are 19968 to 20479.

#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include "CStages.h"

#include <stdlib.h>

#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition))                                                                          \
            __builtin_trap();                                                                      \
    } while (0)

enum { FUZZ_FLOWS = 16, FUZZ_ADDRESSES = 4, FUZZ_WORKER = 39, FUZZ_PORT = 20000 };

// Agents: none unless a fuzzer says so, since making what they share takes a while.
#ifndef FUZZ_ICE_FLOWS
#define FUZZ_ICE_FLOWS 0
#endif

// Contexts of digits, likewise.
#ifndef FUZZ_DTMF_FLOWS
#define FUZZ_DTMF_FLOWS 0
#endif

static const uint8_t fuzz_local[FUZZ_ADDRESSES][16] = {
    {[10] = 0xff, 0xff, 198, 18, 1, 1},
    {0x20, 1, 0xd, 0xb8, 0, 1, [15] = 1},
    {[10] = 0xff, 0xff, 198, 18, 2, 1},
    {0x20, 1, 0xd, 0xb8, 0, 2, [15] = 1},
};

struct fuzz_world {
    struct tl_worker *worker;
    uint64_t now_ns;
    struct tl_flow_record records[FUZZ_FLOWS];
    struct tl_srtp_record srtp_records[FUZZ_FLOWS];
    struct tl_drop_record drop_records[FUZZ_FLOWS + 1]; // the last: of no flow
    struct tl_worker_page page;
    _Alignas(64) uint8_t memory[1 << 20];
};

static struct fuzz_world fuzz;

static inline uint32_t fuzz_first(void)
{
    return FUZZ_WORKER * FUZZ_FLOWS;
}

static inline struct tl_flow_spec fuzz_spec(uint32_t address, uint16_t port)
{
    struct tl_flow_spec spec = {
        .peer_index = TL_NO_FLOW, .remote_port = 30000, .address_index = (uint16_t)address,
        .local_port = port, .flags = TL_FLOW_RECEIVE | TL_FLOW_SEND | TL_FLOW_RTCP, .ssrc = port,
        .initial_sequence = 65530, .clock_rate_hz = 8000, .packets_per_second = 10000,
        .bits_per_second = 10000000, .media_timeout_ms = 1000, .learn_window_ms = 100,
        .rtcp_interval_ms = 500};
    memcpy(spec.remote_address, fuzz_local[address], 16);
    spec.remote_address[15] = 2;
    memset(spec.payload_types, TL_NO_PAYLOAD_TYPE, sizeof(spec.payload_types));
    spec.payload_types[0] = (struct tl_payload_type){0, 8};
    return spec;
}

static inline void fuzz_world_make(void)
{
    memset(fuzz.records, 0, sizeof(fuzz.records));
    memset(fuzz.srtp_records, 0, sizeof(fuzz.srtp_records));
    memset(fuzz.drop_records, 0, sizeof(fuzz.drop_records));
    memset(&fuzz.page, 0, sizeof(fuzz.page));
    fuzz.now_ns = 1ull << 40;
    struct tl_realm realms[2];
    struct tl_address addresses[FUZZ_ADDRESSES];
    for (uint8_t i = 0; i < 2; i++)
        realms[i] = (struct tl_realm){.port_first = 19968, .port_last = 20479,
                                      .vlan = i ? 100 : 0, .port = i,
                                      .flags = TL_REALM_STATIC_MAC, .mac = {2, 0, 0, 0, 0, i}};
    for (uint16_t i = 0; i < FUZZ_ADDRESSES; i++) {
        addresses[i] = (struct tl_address){.realm_index = i / 2};
        memcpy(addresses[i].address, fuzz_local[i], 16);
    }
    struct tl_worker_config config = {
        .index = FUZZ_WORKER, .worker_count = 64, .shard_count = 1, .next_hops = 8,
        .flows_per_worker = FUZZ_FLOWS, .ice_flows = FUZZ_ICE_FLOWS,
        .dtmf_flows = FUZZ_DTMF_FLOWS,
        .realm_count = 2, .address_count = FUZZ_ADDRESSES,
        .record_stride = sizeof(struct tl_flow_record), .realms = realms, .addresses = addresses,
        .records = (uint8_t *)fuzz.records,
        .srtp_records = fuzz.srtp_records, .drop_records = fuzz.drop_records,
        .no_flow_drops = &fuzz.drop_records[FUZZ_FLOWS], .page = &fuzz.page, .seed = 1};
    const char *problem;
    FUZZ_CHECK(tl_worker_size(&config) <= sizeof(fuzz.memory));
    fuzz.worker = tl_worker_init(fuzz.memory, &config, fuzz.now_ns, &problem);
    FUZZ_CHECK(fuzz.worker != NULL);
}

static inline void fuzz_add(uint32_t slot, const struct tl_flow_spec *spec)
{
    struct tl_command command = {.size_bytes = sizeof(command), .operation = TL_OP_ADD,
                                 .flow_index = fuzz_first() + slot, .generation = 1,
                                 .spec = *spec};
    struct tl_event answer;
    tl_command_apply(fuzz.worker, 0, &command, fuzz.now_ns, &answer);
    FUZZ_CHECK(answer.status == TL_STATUS_OK);
}

static inline void put_16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/// Bytes of a frame before its UDP payload.
static inline uint32_t fuzz_head_bytes(uint32_t address)
{
    return 14 + (tl_address_is_ipv4(fuzz_local[address]) ? 20u : 40u) + 8;
}

/// Writes a UDP packet to one of our addresses into a view that has room for it. `host`: the last
/// byte of where it comes from.
static inline void fuzz_frame(struct tl_packet *packet, uint32_t address, uint8_t host,
                              uint32_t source_port, uint32_t port, const uint8_t *bytes,
                              uint32_t length)
{
    const uint8_t *local = fuzz_local[address];
    uint32_t head = fuzz_head_bytes(address);
    uint8_t *ip = packet->data + 14, *udp = packet->data + head - 8;
    memset(packet->data, 0, head);
    packet->length = (uint16_t)(head + length);
    packet->rx_port = address / 2;
    packet->vlan = address / 2 ? 100 : 0;
    put_16(packet->data + 12, tl_address_is_ipv4(local) ? 0x0800 : 0x86dd);
    if (tl_address_is_ipv4(local)) {
        ip[0] = 0x45;
        put_16(ip + 2, head - 14 + length);
        ip[9] = 17;
        memcpy(ip + 12, local + 12, 4);
        memcpy(ip + 16, local + 12, 4);
        ip[15] = host;
        uint16_t checksum = tl_checksum_finish(tl_checksum_sum(ip, 20));
        memcpy(ip + 10, &checksum, 2);
    } else {
        ip[0] = 0x60;
        put_16(ip + 4, 8 + length);
        ip[6] = 17;
        memcpy(ip + 8, local, 16);
        memcpy(ip + 24, local, 16);
        ip[23] = host;
    }
    put_16(udp, source_port);
    put_16(udp + 2, port);
    put_16(udp + 4, 8 + length);
    put_16(udp + 6, 1);
    memcpy(udp + 8, bytes, length);
}

enum { FUZZ_VIEWS = 4 };

/// Blank views as the process makes them: each with room of its own, so that the sanitizer sees
/// what is written behind it.
static inline void fuzz_blank(struct tl_packet packets[FUZZ_VIEWS])
{
    static uint8_t *room[FUZZ_VIEWS];
    for (uint32_t i = 0; i < FUZZ_VIEWS; i++) {
        if (room[i] == NULL)
            room[i] = malloc(TL_MADE_PACKET_BYTES);
        FUZZ_CHECK(room[i] != NULL);
        packets[i] = (struct tl_packet){.data = room[i]};
    }
}

static inline void fuzz_tick(uint32_t budget)
{
    struct tl_packet packets[FUZZ_VIEWS];
    fuzz_blank(packets);
    uint32_t made = tl_worker_tick(fuzz.worker, fuzz.now_ns, budget, packets, FUZZ_VIEWS);
    for (uint32_t i = 0; i < made; i++)
        tl_packet_done(fuzz.worker, &packets[i]);
}

static inline void fuzz_check(void)
{
    tl_counters_publish(&fuzz.worker->counters, &fuzz.page, fuzz.now_ns);
    FUZZ_CHECK(tl_counters_imbalance(&fuzz.worker->counters) == 0);
    uint32_t live = 0;
    for (uint32_t i = 0; i < FUZZ_FLOWS; i++)
        live += (fuzz.worker->flows[i].ingress.flags & TL_FLOW_LIVE) != 0;
    FUZZ_CHECK(live == fuzz.worker->live);
}

/// Reads the fuzzer's bytes; zero behind their end.
struct fuzz_input {
    const uint8_t *at, *end;
};

static inline uint32_t fuzz_byte(struct fuzz_input *input)
{
    return input->at < input->end ? *input->at++ : 0;
}

static inline uint32_t fuzz_word(struct fuzz_input *input)
{
    uint32_t word = fuzz_byte(input);
    word |= fuzz_byte(input) << 8;
    word |= fuzz_byte(input) << 16;
    return word | fuzz_byte(input) << 24;
}

/// Writes over at most seven bytes.
static inline void fuzz_overwrite(struct fuzz_input *input, void *bytes, uint32_t size)
{
    for (uint32_t i = fuzz_byte(input) & 7; i > 0; i--) {
        uint32_t at = fuzz_byte(input) % size;
        ((uint8_t *)bytes)[at] = (uint8_t)fuzz_byte(input);
    }
}

#endif
