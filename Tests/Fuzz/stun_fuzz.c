// SPDX-License-Identifier: Apache-2.0
// STUN and media to four flows that speak ICE (both families; the last with RTCP beside and an
// early latch). Input: records of {what, from, length, bytes}.
//   what & 7   0: bytes as they are, 1: made a signed request, 2: signed under the former
//              credentials, 3: RTP from there, 4: time passes, 5: credentials, 6: other flags,
//              7: latch
//   what >> 3  the flow; bit 5: to its RTCP port
//   from       source: port and last address byte
#define FUZZ_ICE_FLOWS 3
#include "fuzz_world.h"

enum { FLOWS = 4, BYTES = 600 };

static const char password[] = "a password of some length";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tl_flow_spec spec_of(uint32_t flow)
{
    struct tl_flow_spec spec = fuzz_spec(flow, (uint16_t)(FUZZ_PORT + 2 * flow));
    spec.flags |= TL_FLOW_ICE | (flow == 3 ? TL_FLOW_SRTP | TL_FLOW_EARLY_LATCH : TL_FLOW_RTCP_MUX);
    spec.peer_index = fuzz_first() + (flow ^ 1);
    spec.peer_generation = 1;
    return spec;
}

static void apply(uint32_t operation, uint32_t flow, const void *body, uint32_t size)
{
    struct tl_command command = {.size_bytes = sizeof(command), .operation = operation,
                                 .flow_index = fuzz_first() + flow, .generation = 1};
    struct tl_event answer;
    memcpy((uint8_t *)&command + offsetof(struct tl_command, spec), body, size);
    tl_command_apply(fuzz.worker, 0, &command, fuzz.now_ns, &answer);
}

// Local fragments "ufr0" to "ufr3", remote ones of one letter or none.
static void credentials(uint32_t flow, uint32_t what)
{
    struct tl_flow_ice ice = {.local_ufrag_bytes = 4, .remote_ufrag_bytes = what >> 2 & 1,
                              .local_password_bytes = sizeof(password) - 1};
    memcpy(ice.local_ufrag, "ufr0", 4);
    ice.local_ufrag[3] = (uint8_t)('0' + (what & 3));
    ice.remote_ufrag[0] = (uint8_t)('a' + (what >> 3 & 3));
    memcpy(ice.local_password, password, sizeof(password) - 1);
    apply(TL_OP_ICE, flow, &ice, sizeof(ice));
}

// Bytes as attributes of a request whose head, user name, integrity and fingerprint are right.
static uint32_t sign(uint32_t flow, int former, uint32_t party, const uint8_t *bytes,
                     uint32_t length, uint8_t *made)
{
    struct tl_ice *ice = tl_ice_of(fuzz.worker, flow);
    struct tl_hmac *hmac = fuzz.worker->hmac;
    if (ice == NULL || ice->present.ufrag_bytes == 0)
        return 0;
    const struct tl_ice_credentials *by = former ? &ice->former : &ice->present;
    static const uint8_t head[] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};
    memset(made, 0, 32);
    memcpy(made, head, sizeof(head));
    put_16(made + 20, 6);
    put_16(made + 22, 6);
    memcpy(made + 24, by->ufrag, 4);
    made[28] = ':';
    made[29] = (uint8_t)('a' + (party & 3));
    length &= ~3u;
    memcpy(made + 32, bytes, length);
    uint32_t at = 32 + length;
    put_16(made + 2, at + 24 - 20);
    tl_hmac_tag(hmac, &by->key, made, at, made + at + 4);
    put_16(made + at, 8);
    put_16(made + at + 2, 20);
    at += 24;
    put_16(made + 2, at + 8 - 20);
    uint32_t crc = tl_hmac_crc(hmac, made, at) ^ 0x5354554e;
    put_16(made + at, 0x8028);
    put_16(made + at + 2, 4);
    put_16(made + at + 4, crc >> 16);
    put_16(made + at + 6, crc);
    return at + 8;
}

// The buffer ends where the packet ends, and begins where its headroom does.
static void send(uint32_t flow, uint32_t rtcp, uint32_t from, const uint8_t *bytes, uint32_t length)
{
    uint32_t head = fuzz_head_bytes(flow);
    uint8_t *buffer = malloc(TL_HEADROOM_BYTES + head + length);
    struct tl_packet packet = {.data = buffer + TL_HEADROOM_BYTES, .buffer = buffer};
    fuzz_frame(&packet, flow, (uint8_t)(1 + (from & 3)), // one of them is ours
               30000 + (from >> 2), FUZZ_PORT + 2 * flow + rtcp, bytes, length);
    tl_pipeline_run(fuzz.worker, &packet, 1, fuzz.now_ns);
    FUZZ_CHECK(packet.edge != TL_EDGE_NEXT);
    FUZZ_CHECK(packet.data >= buffer);
    if (packet.edge == TL_EDGE_SEND) // all of it is there
        FUZZ_CHECK(packet.data + packet.length <= buffer + TL_HEADROOM_BYTES + head + length);
    tl_packet_done(fuzz.worker, &packet);
    free(buffer);
}

// What must hold whatever came.
static void agent_check(uint32_t flow)
{
    const struct tl_ice *ice = tl_ice_of(fuzz.worker, flow);
    const struct tl_flow_record *record = &fuzz.records[flow];
    if (ice == NULL)
        return;
    FUZZ_CHECK(ice->path_count <= TL_ICE_PATHS_MAX);
    FUZZ_CHECK(ice->selected < ice->path_count || ice->selected == TL_ICE_NO_PATH);
    FUZZ_CHECK(!ice->nominated || ice->selected != TL_ICE_NO_PATH);
    FUZZ_CHECK((ice->selected != TL_ICE_NO_PATH) == record->source_learned);
    if (ice->selected == TL_ICE_NO_PATH)
        return;
    const struct tl_ice_path *path = &ice->paths[ice->selected];
    FUZZ_CHECK(memcmp(path->address, record->source_address, 16) == 0);
    FUZZ_CHECK(path->port == record->source_port);
    FUZZ_CHECK(path->hop == fuzz.worker->flows[flow].egress.hop);
}

static void step(struct fuzz_input *input)
{
    static uint8_t made[BYTES + 64];
    uint32_t what = fuzz_byte(input), from = fuzz_byte(input), length = fuzz_byte(input);
    uint32_t flow = what >> 3 & 3, rtcp = what >> 5 & 1;
    if (length > (uint32_t)(input->end - input->at))
        length = (uint32_t)(input->end - input->at);
    const uint8_t *bytes = input->at;
    input->at += length;
    struct tl_flow_spec spec = spec_of(flow);
    uint8_t address[16];
    switch (what & 7) {
    case 0:
    case 3:
        send(flow, rtcp, from, bytes, length);
        break;
    case 1:
    case 2:
        length = sign(flow, (what & 7) == 2, from >> 6, bytes, length, made);
        send(flow, rtcp, from, made, length);
        break;
    case 4:
        fuzz.now_ns += (uint64_t)from << (20 + (what >> 3 & 15));
        fuzz_tick(50);
        break;
    case 5:
        credentials(flow, from);
        break;
    case 6:
        spec.flags ^= (from & 1 ? TL_FLOW_ICE : 0) | (from & 2 ? TL_FLOW_RTCP_MUX : 0);
        spec.remote_address[15] = (uint8_t)(from >> 2 | 2);
        apply(from & 0x80 ? TL_OP_REMOVE : TL_OP_MODIFY, flow, &spec, sizeof(spec));
        if (from & 0x80)
            apply(TL_OP_ADD, flow, &spec, sizeof(spec)); // refused: that generation was used
        break;
    default:
        memcpy(address, fuzz_local[flow], 16);
        address[15] = (uint8_t)from;
        tl_ice_latch_source(fuzz.worker, flow, address, 30000);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_world fresh; // copied: what HMAC-SHA1 needs takes a while to make
    struct fuzz_input input = {data, data + size};
    if (fresh.worker == NULL) {
        fuzz_world_make();
        fresh = fuzz;
    }
    fuzz = fresh;
    for (uint32_t i = 0; i < FLOWS; i++) {
        struct tl_flow_spec spec = spec_of(i);
        fuzz_add(i, &spec);
        credentials(i, 0); // of the fourth refused: there are three agents
    }
    while (input.at < input.end) {
        step(&input);
        fuzz_check();
        for (uint32_t i = 0; i < FLOWS; i++)
            agent_check(i);
    }
    return 0;
}
