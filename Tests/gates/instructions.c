// SPDX-License-Identifier: Apache-2.0
// Runs packets of one kind, or commands, through tables and stages, so that callgrind can count.
// Everything is made beforehand; `measured` and what it calls is what counts.
// Usage: instructions rtp_ipv4 | rtp_ipv6 | rtp_vlan | rtcp | no_flow | command_add | srtp_seal |
//                     srtp_open | dtmf_audio | dtmf_event | dtmf_tone
// dtmf_audio and dtmf_event are of flows whose telephone-events are taken, dtmf_tone is audio of
// flows in which tones are looked for.
#include "../CStages/frames.h"

enum { BURST_PACKETS = 32, BURSTS = 64, WARM_UP = 2, CALLS = 16, FRAME_ROOM = 512 };

static uint8_t frames[WARM_UP + BURSTS][BURST_PACKETS][FRAME_ROOM];
static struct tl_packet views[WARM_UP + BURSTS][BURST_PACKETS];
static struct tl_command commands[FLOWS];
static struct tl_srtp_keys party_keys; // of all secure parties
static uint32_t flows_used = 2 * CALLS;

// Not to be folded into main: the count is switched on and off with it.
__attribute__((noinline)) static void measured_packets(struct world *world, uint32_t burst)
{
    tl_pipeline_run(world->worker, views[burst], BURST_PACKETS, world->now_ns);
    if (views[burst][0].edge == TL_EDGE_SEND)
        tl_packets_sent(world->worker, views[burst], BURST_PACKETS);
}

__attribute__((noinline)) static void measured_commands(struct world *world)
{
    struct tl_event answer;
    for (uint32_t i = 0; i < FLOWS; i++)
        tl_command_apply(world->worker, 0, &commands[i], world->now_ns, &answer);
}

static void add_calls(struct world *world, uint32_t address, const char *remote)
{
    for (uint32_t i = 0; i < 2 * CALLS; i++) {
        struct tl_flow_spec spec =
            spec_make(address, (uint16_t)(20000 + 2 * i), remote, (uint16_t)(30000 + 2 * i));
        spec.peer_index = i ^ 1;
        spec.peer_generation = 1;
        CHECK_EQUAL(command(world, TL_OP_ADD, i, 1, &spec), TL_STATUS_OK);
    }
}

// The odd flows speak AES_CM_128_HMAC_SHA1_80, with one key; there are contexts for few of them.
static void secure_calls(struct world *world)
{
    struct tl_flow_keys keys = {.key_id = 1,
                                .receive = {.suite = TL_SUITE_AES_CM_128_HMAC_SHA1_80, .key = {1}},
                                .send = {.suite = TL_SUITE_AES_CM_128_HMAC_SHA1_80, .key = {2}}};
    flows_used = 2 * SECURE_FLOWS;
    for (uint32_t i = 1; i < flows_used; i += 2) {
        struct tl_flow_spec spec = world->worker->cold[i].spec;
        spec.flags |= TL_FLOW_SRTP;
        CHECK_EQUAL(command(world, TL_OP_MODIFY, i, 1, &spec), TL_STATUS_OK);
        CHECK_EQUAL(tl_keys_install(world->worker, i, &keys, world->now_ns), TL_STATUS_OK);
    }
    CHECK_EQUAL(tl_srtp_keys_derive(world->srtp[0], &party_keys, &keys.receive), TL_STATUS_OK);
}

// All flows have their digits taken; there are contexts for few of them.
static void digit_calls(struct world *world, uint32_t flags)
{
    struct tl_flow_dtmf how = {.flags = flags | TL_DTMF_TAKE, .digit_limit_ms = 60000};
    memset(how.event_types, 0xff, sizeof(how.event_types));
    memset(how.audio_types, 0xff, sizeof(how.audio_types));
    how.event_types[0].payload_type = 101;
    how.event_types[0].clock_hz = 8000;
    how.audio_types[0].payload_type = 0;
    how.audio_types[0].codec = TL_CODEC_PCMU;
    flows_used = DTMF_FLOWS;
    for (uint32_t i = 0; i < flows_used; i++)
        CHECK_EQUAL(tl_dtmf_program(world->worker, i, &how, world->now_ns), TL_STATUS_OK);
}

// A packet of a digit that lasts.
static struct tl_packet *add_event(struct world *world, const struct sender *from, uint32_t turn)
{
    uint8_t bytes[16] = {0x80, 101};
    put_16(bytes + 2, turn + 1);
    put_32(bytes + 4, 4711);
    put_32(bytes + 8, 7);
    tl_event_write(bytes + 12, 5, 0, 10, 160 * turn);
    return add_udp(world, from, bytes, sizeof(bytes));
}

// A sealed packet of the secure party.
static struct tl_packet *add_sealed(struct world *world, const struct sender *from, uint32_t turn)
{
    uint8_t bytes[192] = {0x80};
    bytes[2] = (uint8_t)((turn + 1) >> 8);
    bytes[3] = (uint8_t)(turn + 1);
    put_32(bytes + 4, 160 * turn);
    put_32(bytes + 8, 7);
    struct tl_srtp_job job = {.keys = &party_keys, .packet = bytes, .length = 172,
                              .header_bytes = 12, .index = turn + 1};
    tl_srtp_seal(world->srtp[0], &job, 1);
    return add_udp(world, from, bytes, job.length);
}

// A sender report without blocks, and a source description.
static uint32_t put_rtcp(uint8_t *at)
{
    memset(at, 0, 44);
    put_32(at, 0x80c80006);
    put_32(at + 4, 77);
    put_32(at + 28, 0x81ca0003);
    put_32(at + 32, 77);
    put_32(at + 36, 0x01027878);
    return 44;
}

static void make_frame(struct world *world, const struct sender *sender, uint32_t flow,
                       uint32_t count, const char *kind)
{
    struct sender from = *sender;
    uint8_t rtcp[64];
    int is_rtcp = strcmp(kind, "rtcp") == 0;
    from.source_port = (uint16_t)(30000 + 2 * flow + (uint32_t)is_rtcp);
    from.destination_port = (uint16_t)(20000 + 2 * flow + (uint32_t)is_rtcp);
    if (strcmp(kind, "no_flow") == 0)
        from.destination_port = (uint16_t)(from.destination_port + 4 * CALLS);
    burst_begin(world);
    // Packets of this flow before; each has the same number of them in a burst.
    uint32_t senders = strncmp(kind, "srtp_", 5) == 0 ? flows_used / 2 : flows_used;
    uint32_t turn = count / senders;
    struct rtp rtp = {.sequence = (uint16_t)(turn + 1), .timestamp = 160 * turn, .ssrc = 7};
    int is_open = strcmp(kind, "srtp_open") == 0;
    int is_event = strcmp(kind, "dtmf_event") == 0;
    struct tl_packet *made = is_rtcp   ? add_udp(world, &from, rtcp, put_rtcp(rtcp))
                             : is_open ? add_sealed(world, &from, turn)
                             : is_event ? add_event(world, &from, turn)
                                       : add_rtp(world, &from, rtp);
    struct tl_packet *view = &views[0][0] + count;
    uint8_t *room = &frames[0][0][0] + (size_t)count * FRAME_ROOM;
    CHECK(made->length + TL_HEADROOM_BYTES <= FRAME_ROOM);
    memcpy(room + TL_HEADROOM_BYTES, made->data, made->length);
    *view = *made;
    view->data = room + TL_HEADROOM_BYTES;
}

// Secure calls are asked in one direction: only their other side's packets are of that kind.
static uint32_t flow_of(uint32_t count, const char *kind)
{
    if (strcmp(kind, "srtp_open") == 0)
        return 2 * (count % (flows_used / 2)) + 1;
    return strcmp(kind, "srtp_seal") == 0 ? 2 * (count % (flows_used / 2)) : count % flows_used;
}

static void run_packets(struct world *world, const struct sender *sender, const char *kind)
{
    uint32_t edge = TL_EDGE_SEND;
    if (strcmp(kind, "rtcp") == 0 || strcmp(kind, "no_flow") == 0 ||
        strcmp(kind, "dtmf_event") == 0)
        edge = TL_EDGE_FREE;
    for (uint32_t i = 0; i < (WARM_UP + BURSTS) * BURST_PACKETS; i++)
        make_frame(world, sender, flow_of(i, kind), i, kind);
    for (uint32_t burst = 0; burst < WARM_UP; burst++)
        tl_pipeline_run(world->worker, views[burst], BURST_PACKETS, world->now_ns);
    for (uint32_t burst = WARM_UP; burst < WARM_UP + BURSTS; burst++) {
        world->now_ns += 20 * TL_MILLISECOND_NS;
        measured_packets(world, burst);
        for (uint32_t i = 0; i < BURST_PACKETS; i++)
            CHECK_EQUAL(views[burst][i].edge, edge);
    }
    printf("%u\n", BURSTS * BURST_PACKETS);
}

static void run_commands(struct world *world)
{
    for (uint32_t i = 0; i < FLOWS; i++) {
        commands[i] = (struct tl_command){
            .size_bytes = sizeof(commands[i]), .operation = TL_OP_ADD, .flow_index = i,
            .generation = 1, .sequence = i,
            .spec = spec_make(ADDRESS_1, (uint16_t)(20000 + 2 * i), "198.18.1.2", 30000)};
        commands[i].spec.bits_per_second = 174400;
        commands[i].spec.media_timeout_ms = 30000;
    }
    measured_commands(world);
    CHECK_EQUAL(world->worker->live, FLOWS);
    printf("%u\n", FLOWS);
}

int main(int argc, char **argv)
{
    static const struct sender ipv4 = {"198.18.1.2", 0, "198.18.1.1", 0, 0, 0};
    static const struct sender ipv6 = {"2001:db8:1::2", 0, "2001:db8:1::1", 0, 0, 0};
    static const struct sender vlan = {"198.18.2.2", 0, "198.18.2.1", 0, 1, 100};
    const char *kind = argc > 1 ? argv[1] : "";
    struct world *world = world_make(1);
    if (strcmp(kind, "command_add") == 0) {
        run_commands(world);
        return 0;
    }
    int is_ipv6 = strcmp(kind, "rtp_ipv6") == 0, is_vlan = strcmp(kind, "rtp_vlan") == 0;
    const struct sender *sender = is_ipv6 ? &ipv6 : is_vlan ? &vlan : &ipv4;
    add_calls(world, is_ipv6 ? ADDRESS_1_V6 : is_vlan ? ADDRESS_2 : ADDRESS_1, sender->source);
    if (strncmp(kind, "srtp_", 5) == 0)
        secure_calls(world);
    if (strncmp(kind, "dtmf_", 5) == 0)
        digit_calls(world, strcmp(kind, "dtmf_tone") == 0 ? TL_DTMF_TONES : TL_DTMF_EVENTS);
    run_packets(world, sender, kind);
    return 0;
}
