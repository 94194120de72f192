// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "io.h"
#include "say.h"
#include "self_load.h"

// A frame as it stands in memory; all multi-byte fields are network order.
struct frame {
    uint8_t to[6], from[6];
    uint16_t type_be;
    uint8_t version, tos;
    uint16_t length_be, identification_be, fragment_be;
    uint8_t ttl, protocol;
    uint16_t header_sum;
    uint32_t source_be, destination_be;
    uint16_t source_port_be, destination_port_be, udp_length_be, udp_sum;
    uint8_t rtp_version, payload_type;
    uint16_t sequence_be;
    uint32_t timestamp_be, ssrc_be;
    uint8_t payload[160];
} __attribute__((packed));

_Static_assert(sizeof(struct frame) == TL_LOAD_FRAME_BYTES, "G.711, 20 ms");

enum {
    REMOTE_ADDRESSES = 1024, // distinct parties; ports tell their calls apart
    REMOTE_PORT_FIRST = 2000,
    SAMPLES = 160,
    SILENCE = 0xd5, // G.711 A-law
    DSCP = 46,
    TTL = 64,
    IP_OFFSET = 14,
    UDP_OFFSET = 34,
    UDP_BYTES = TL_LOAD_FRAME_BYTES - UDP_OFFSET,
};

static uint32_t ssrc_of(uint32_t flow)
{
    return 0x10000000u | flow;
}

static uint16_t sequence_first(uint32_t flow)
{
    return (uint16_t)(flow * 7919u);
}

static void place_flow(struct tl_load_flow *flow, uint32_t k, uint32_t address_index,
                       uint16_t port)
{
    *flow = (struct tl_load_flow){
        .remote_be = htonl(0x0a000000u + k % REMOTE_ADDRESSES + 1),
        .local_be = htonl(0xc6120000u + address_index + 1), // 198.18.0.1 and on
        .remote_port = (uint16_t)(REMOTE_PORT_FIRST + 2 * (k / REMOTE_ADDRESSES)),
        .local_port = port,
        .sequence = sequence_first(k),
        .address_index = (uint16_t)address_index,
        .timestamp = k * 104729u,
    };
}

// Walks this worker's ports on all addresses.
static void place_flows(struct tl_load *load, const struct tl_options *options)
{
    uint32_t k = 0;
    for (uint32_t a = 0; a < options->load_addresses; a++)
        for (uint32_t port = 1024; port < 65536 && k < load->flow_count; port += 2)
            if (tl_worker_of_port(load->lane->worker, (uint16_t)port) == load->lane->index) {
                place_flow(&load->flows[k], k, a, (uint16_t)port);
                k++;
            }
}

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    return *state >> 33;
}

int tl_load_init(struct tl_load *load, struct tl_lane *lane, const struct tl_options *options)
{
    uint32_t count = options->geometry.flows_per_worker;
    uint64_t state = 1;
    *load = (struct tl_load){
        .lane = lane,
        .flow_count = count,
        .seconds = options->load_seconds,
        .flows = calloc(count, sizeof(struct tl_load_flow)),
        .order = calloc(count, sizeof(uint32_t)),
        .seen = calloc(count, 1),
    };
    if (load->flows == NULL || load->order == NULL || load->seen == NULL) {
        tl_say("no memory for %u flows of the self-load", count);
        return TL_EXIT_UNAVAILABLE;
    }
    lane->sink = &load->sink;
    place_flows(load, options);
    if (tl_load_bare_init(load, options->no_huge) < 0) {
        tl_say("no memory for the bare memory loop over %u flows", count);
        return TL_EXIT_UNAVAILABLE;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t j = (uint32_t)(next_random(&state) % (i + 1));
        load->order[i] = load->order[j];
        load->order[j] = i;
    }
    return 0;
}

static void make_spec(const struct tl_load *load, uint32_t k, struct tl_command *command)
{
    const struct tl_load_flow *flow = &load->flows[k];
    uint32_t first = load->lane->worker->first_flow;
    *command = (struct tl_command){
        .size_bytes = sizeof(*command),
        .operation = TL_OP_ADD,
        .sequence = k + 1,
        .flow_index = first + k,
        .generation = 1,
        .spec = {.peer_index = first + (k ^ 1),
                 .peer_generation = 1,
                 .remote_address = {[10] = 0xff, [11] = 0xff},
                 .remote_port = flow->remote_port,
                 .address_index = flow->address_index,
                 .local_port = flow->local_port,
                 .flags = TL_FLOW_RECEIVE | TL_FLOW_SEND,
                 .ssrc = ssrc_of(k),
                 .dscp = DSCP,
                 .clock_rate_hz = 8000,
                 .packets_per_second = 1000000,
                 .bits_per_second = 1000000000},
    };
    memcpy(command->spec.remote_address + 12, &flow->remote_be, 4);
    memset(command->spec.payload_types, TL_NO_PAYLOAD_TYPE, sizeof(command->spec.payload_types));
    command->spec.payload_types[0] = (struct tl_payload_type){0, 0};
}

int tl_load_install(struct tl_load *load)
{
    for (uint32_t k = 0; k < load->flow_count; k++) {
        struct tl_command command;
        struct tl_event answer;
        make_spec(load, k, &command);
        tl_command_apply(load->lane->worker, 0, &command, tl_io_now_ns(), &answer);
        if (answer.status != TL_STATUS_OK) {
            tl_say("self-load: flow %u was refused: %s", k, tl_status_text(answer.status));
            return -1;
        }
    }
    return 0;
}

static uint16_t udp_sum(const struct frame *frame)
{
    const uint8_t *bytes = (const uint8_t *)frame;
    uint64_t sum = tl_checksum_sum(bytes + UDP_OFFSET - 8, UDP_BYTES + 8); // with both addresses
    uint16_t whole = tl_checksum_finish(sum + htons(17) + htons(UDP_BYTES));
    return whole != 0 ? whole : 0xffff;
}

static void write_frame(struct frame *frame, const struct tl_lane *lane, struct tl_load_flow *flow)
{
    const struct tl_realm *realm = &lane->worker->realms[0];
    memset(frame->payload, SILENCE, sizeof(frame->payload));
    memcpy(frame->to, realm->mac, 6);
    memcpy(frame->from, realm->gateway_mac, 6);
    frame->type_be = htons(0x0800);
    frame->version = 0x45;
    frame->tos = 0;
    frame->length_be = htons(TL_LOAD_FRAME_BYTES - IP_OFFSET);
    frame->identification_be = 0;
    frame->fragment_be = 0;
    frame->ttl = TTL;
    frame->protocol = 17;
    frame->header_sum = 0;
    frame->source_be = flow->remote_be;
    frame->destination_be = flow->local_be;
    frame->source_port_be = htons(flow->remote_port);
    frame->destination_port_be = htons(flow->local_port);
    frame->udp_length_be = htons(UDP_BYTES);
    frame->udp_sum = 0;
    frame->rtp_version = 0x80;
    frame->payload_type = 0;
    frame->sequence_be = htons(flow->sequence++);
    frame->timestamp_be = htonl(flow->timestamp);
    frame->ssrc_be = htonl(0x20000000u ^ flow->remote_be);
    flow->timestamp += SAMPLES;
    const uint8_t *header = (const uint8_t *)frame + IP_OFFSET;
    frame->header_sum = tl_checksum_finish(tl_checksum_sum(header, UDP_OFFSET - IP_OFFSET));
    frame->udp_sum = udp_sum(frame);
}

int tl_load_frames(struct tl_load *load, struct rte_mbuf **buffers, uint32_t count,
                   uint64_t *cycles)
{
    uint64_t start = tl_io_cycles();
    if (!tl_io_allocate(load->lane->pool, buffers, count)) {
        tl_say("self-load: no %u buffers are free", count);
        load->failed = 1;
        return -1;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct tl_load_flow *flow = &load->flows[load->order[load->next]];
        load->next = load->next + 1 < load->flow_count ? load->next + 1 : 0;
        write_frame(rte_pktmbuf_mtod(buffers[i], struct frame *), load->lane, flow);
        buffers[i]->data_len = TL_LOAD_FRAME_BYTES;
        buffers[i]->pkt_len = TL_LOAD_FRAME_BYTES;
    }
    *cycles += tl_io_cycles() - start;
    return 0;
}

static uint32_t flow_of(const struct frame *frame)
{
    return ntohl(frame->ssrc_be) & 0x0fffffffu;
}

// Link and network headers.
static int headers_are_good(const struct frame *frame, const struct tl_load *load,
                            const struct tl_load_flow *flow)
{
    const struct tl_realm *realm = &load->lane->worker->realms[0];
    const uint8_t *header = (const uint8_t *)frame + IP_OFFSET;
    return memcmp(frame->to, realm->gateway_mac, 6) == 0 &&
           memcmp(frame->from, realm->mac, 6) == 0 && frame->type_be == htons(0x0800) &&
           frame->version == 0x45 && frame->tos == DSCP << 2 && frame->ttl == TTL &&
           frame->protocol == 17 && frame->length_be == htons(TL_LOAD_FRAME_BYTES - IP_OFFSET) &&
           tl_checksum_finish(tl_checksum_sum(header, UDP_OFFSET - IP_OFFSET)) == 0 &&
           frame->destination_be == flow->remote_be && frame->source_be == flow->local_be;
}

// The egress stream begins at zero and keeps the distances of what the peer's party sent; of a few
// flows several packets are on the way in a round.
static int stream_is_good(const struct frame *frame, const struct tl_load *load, uint32_t k)
{
    uint16_t made = (uint16_t)(load->flows[k ^ 1].sequence - sequence_first(k ^ 1));
    uint16_t sequence = ntohs(frame->sequence_be);
    uint8_t payload[sizeof(frame->payload)];
    memset(payload, SILENCE, sizeof(payload));
    return frame->rtp_version == 0x80 && frame->payload_type == 0 &&
           (uint16_t)(made - 1 - sequence) <= TL_LOAD_ROUND_FRAMES / load->flow_count &&
           (uint16_t)(ntohl(frame->timestamp_be) / SAMPLES) == sequence &&
           ntohl(frame->timestamp_be) % SAMPLES == 0 &&
           memcmp(frame->payload, payload, sizeof(payload)) == 0;
}

int tl_load_check(const struct tl_load *load, struct rte_mbuf *buffer)
{
    const struct frame *frame = rte_pktmbuf_mtod(buffer, const struct frame *);
    uint32_t k = flow_of(frame);
    if (rte_pktmbuf_data_len(buffer) != TL_LOAD_FRAME_BYTES || k >= load->flow_count ||
        ntohl(frame->ssrc_be) != ssrc_of(k))
        return 0;
    const struct tl_load_flow *flow = &load->flows[k];
    struct frame copy = *frame;
    copy.udp_sum = 0;
    return headers_are_good(frame, load, flow) && stream_is_good(frame, load, k) &&
           ntohs(frame->destination_port_be) == flow->remote_port &&
           ntohs(frame->source_port_be) == flow->local_port &&
           frame->udp_length_be == htons(UDP_BYTES) && frame->udp_sum == udp_sum(&copy);
}

int tl_load_check_first(const struct tl_load *load, struct rte_mbuf *buffer)
{
    if (!tl_load_check(load, buffer))
        return 0;
    return load->seen[flow_of(rte_pktmbuf_mtod(buffer, const struct frame *))]++ == 0;
}
