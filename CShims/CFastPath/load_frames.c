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
    uint8_t payload[TL_LOAD_PAYLOAD_BYTES];
} __attribute__((packed));

_Static_assert(sizeof(struct frame) == TL_LOAD_FRAME_BYTES, "G.711, 20 ms");

enum {
    REMOTE_ADDRESSES = 1024, // distinct parties; ports tell their calls apart
    REMOTE_PORT_FIRST = 2000,
    SAMPLES = TL_LOAD_PAYLOAD_BYTES,
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

static uint32_t party_ssrc_of(uint32_t flow)
{
    return 0x20000000u | flow;
}

static uint16_t sequence_first(uint32_t flow)
{
    return (uint16_t)(flow * 7919u);
}

static uint32_t timestamp_first(uint32_t flow)
{
    return flow * 104729u;
}

static void place_flow(struct tl_load_flow *flow, uint32_t k, uint32_t address_index,
                       uint16_t port)
{
    *flow = (struct tl_load_flow){
        .remote_be = htonl(0x0a000000u + k % REMOTE_ADDRESSES + 1),
        .local_be = htonl(0xc6120000u + address_index + 1), // 198.18.0.1 and on
        .remote_port = (uint16_t)(REMOTE_PORT_FIRST + 2 * (k / REMOTE_ADDRESSES)),
        .local_port = port,
        .address_index = (uint16_t)address_index,
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

uint32_t tl_load_random(uint64_t *state)
{
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(*state >> 33);
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
    if (tl_load_digits_init(load, options) < 0) {
        tl_say("self-load: no memory for the audio of its parties");
        return TL_EXIT_UNAVAILABLE;
    }
    if (tl_load_secure_init(load, options) < 0 || tl_load_stages_init(load, options) < 0) {
        tl_say("self-load: no memory for keys of %u flows, or no libipsec-mb", count);
        return TL_EXIT_UNAVAILABLE;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t j = tl_load_random(&state) % (i + 1);
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
    command->spec.payload_types[1] =
        (struct tl_payload_type){TL_LOAD_EVENT_TYPE, TL_LOAD_EVENT_TYPE};
    if (tl_load_is_secure(load, k))
        command->spec.flags |= TL_FLOW_SRTP;
}

static int apply(struct tl_load *load, uint32_t k, const struct tl_command *command)
{
    struct tl_event answer;
    tl_command_apply(load->lane->worker, 0, command, tl_io_now_ns(), &answer);
    if (answer.status == TL_STATUS_OK)
        return 0;
    tl_say("self-load: flow %u was refused: %s", k, tl_status_text(answer.status));
    return -1;
}

int tl_load_install(struct tl_load *load)
{
    for (uint32_t k = 0; k < load->flow_count; k++) {
        struct tl_command command;
        make_spec(load, k, &command);
        if (apply(load, k, &command) < 0)
            return -1;
        if (!tl_load_is_secure(load, k))
            continue;
        tl_load_keys_command(load, k, &command);
        if (apply(load, k, &command) < 0)
            return -1;
    }
    return tl_load_digits_switch(load, 1);
}

int tl_load_digits_switch(struct tl_load *load, int on)
{
    for (uint32_t k = 0; k < load->flow_count && load->digits_mode != 0; k++) {
        struct tl_command command;
        tl_load_digits_command(load, k, on, &command);
        if (apply(load, k, &command) < 0)
            return -1;
    }
    return 0;
}

// With `tag` bytes behind the frame.
static uint16_t udp_sum(const struct frame *frame, uint32_t tag)
{
    const uint8_t *bytes = (const uint8_t *)frame;
    uint32_t length = UDP_BYTES + tag;
    uint64_t sum = tl_checksum_sum(bytes + UDP_OFFSET - 8, length + 8); // with both addresses
    uint16_t whole = tl_checksum_finish(sum + htons(17) + htons((uint16_t)length));
    return whole != 0 ? whole : 0xffff;
}

// An event's packets have the time stamp of its first.
static uint32_t timestamp_of(uint32_t step, uint32_t number)
{
    return SAMPLES * (step != 0 ? number - (step - 1) : number);
}

// All but the UDP checksum.
static void write_frame(struct frame *frame, struct tl_load *load, uint32_t k, uint32_t tag)
{
    const struct tl_realm *realm = &load->lane->worker->realms[0];
    struct tl_load_flow *flow = &load->flows[k];
    uint32_t step = tl_load_digit_step(load, k, flow->made);
    tl_load_digits_payload(load, k, flow->made, frame->payload);
    memcpy(frame->to, realm->mac, 6);
    memcpy(frame->from, realm->gateway_mac, 6);
    frame->type_be = htons(0x0800);
    frame->version = 0x45;
    frame->tos = 0;
    frame->length_be = htons((uint16_t)(TL_LOAD_FRAME_BYTES - IP_OFFSET + tag));
    frame->identification_be = 0;
    frame->fragment_be = 0;
    frame->ttl = TTL;
    frame->protocol = 17;
    frame->header_sum = 0;
    frame->source_be = flow->remote_be;
    frame->destination_be = flow->local_be;
    frame->source_port_be = htons(flow->remote_port);
    frame->destination_port_be = htons(flow->local_port);
    frame->udp_length_be = htons((uint16_t)(UDP_BYTES + tag));
    frame->udp_sum = 0;
    frame->rtp_version = 0x80;
    frame->payload_type = step != 0 ? TL_LOAD_EVENT_TYPE : 0;
    frame->sequence_be = htons((uint16_t)(sequence_first(k) + flow->made));
    frame->timestamp_be = htonl(timestamp_first(k) + timestamp_of(step, flow->made));
    frame->ssrc_be = htonl(party_ssrc_of(k));
    flow->made++;
    const uint8_t *header = (const uint8_t *)frame + IP_OFFSET;
    frame->header_sum = tl_checksum_finish(tl_checksum_sum(header, UDP_OFFSET - IP_OFFSET));
}

// Its checksum has to wait until it is sealed.
static void make_frame(struct tl_load *load, struct rte_mbuf *buffer, uint32_t k)
{
    struct frame *frame = rte_pktmbuf_mtod(buffer, struct frame *);
    uint32_t tag = tl_load_tag_bytes(load, k);
    uint64_t index = (uint64_t)sequence_first(k) + load->flows[k].made;
    write_frame(frame, load, k, tag);
    buffer->data_len = (uint16_t)(TL_LOAD_FRAME_BYTES + tag);
    buffer->pkt_len = TL_LOAD_FRAME_BYTES + tag;
    if (tag != 0)
        tl_load_seal_later(load, k, &frame->rtp_version, UDP_BYTES - 8, index);
    else
        frame->udp_sum = udp_sum(frame, 0);
}

static void sum_sealed(struct rte_mbuf **buffers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t tag = buffers[i]->pkt_len - TL_LOAD_FRAME_BYTES;
        struct frame *frame = rte_pktmbuf_mtod(buffers[i], struct frame *);
        if (tag != 0)
            frame->udp_sum = udp_sum(frame, tag);
    }
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
        make_frame(load, buffers[i], load->order[load->next]);
        load->next = load->next + 1 < load->flow_count ? load->next + 1 : 0;
    }
    if (load->secure != NULL) {
        tl_load_seal(load);
        sum_sealed(buffers, count);
    }
    *cycles += tl_io_cycles() - start;
    return 0;
}

static uint32_t flow_of(const struct frame *frame)
{
    return ntohl(frame->ssrc_be) & 0x0fffffffu;
}

// Link, network and transport headers.
static int headers_are_good(const struct frame *frame, const struct tl_load *load, uint32_t k)
{
    const struct tl_realm *realm = &load->lane->worker->realms[0];
    const struct tl_load_flow *flow = &load->flows[k];
    const uint8_t *header = (const uint8_t *)frame + IP_OFFSET;
    uint32_t tag = tl_load_tag_bytes(load, k);
    return memcmp(frame->to, realm->gateway_mac, 6) == 0 &&
           memcmp(frame->from, realm->mac, 6) == 0 && frame->type_be == htons(0x0800) &&
           frame->version == 0x45 && frame->tos == DSCP << 2 && frame->ttl == TTL &&
           frame->protocol == 17 &&
           frame->length_be == htons((uint16_t)(TL_LOAD_FRAME_BYTES - IP_OFFSET + tag)) &&
           tl_checksum_finish(tl_checksum_sum(header, UDP_OFFSET - IP_OFFSET)) == 0 &&
           frame->destination_be == flow->remote_be && frame->source_be == flow->local_be &&
           ntohs(frame->destination_port_be) == flow->remote_port &&
           ntohs(frame->source_port_be) == flow->local_port &&
           frame->udp_length_be == htons((uint16_t)(UDP_BYTES + tag));
}

// The egress stream begins at zero and keeps the distances of what the peer's party sent; of a few
// flows several packets are on the way in a round. The packet index, or -1.
static int64_t index_of(const struct frame *frame, const struct tl_load *load, uint32_t k)
{
    uint32_t newest = load->flows[k ^ 1].made - 1;
    uint16_t behind = (uint16_t)(newest - ntohs(frame->sequence_be));
    return behind <= TL_LOAD_ROUND_FRAMES / load->flow_count ? (int64_t)newest - behind : -1;
}

static int stream_is_good(const struct frame *frame, const struct tl_load *load, uint32_t k,
                          int64_t index)
{
    uint8_t payload[sizeof(frame->payload)];
    uint32_t number = (uint32_t)index, step = tl_load_digit_step(load, k ^ 1, number);
    tl_load_digits_payload(load, k ^ 1, number, payload);
    return frame->rtp_version == 0x80 &&
           frame->payload_type == (step != 0 ? TL_LOAD_EVENT_TYPE : 0) &&
           ntohl(frame->timestamp_be) == timestamp_of(step, number) &&
           memcmp(frame->payload, payload, sizeof(payload)) == 0;
}

int tl_load_check(const struct tl_load *load, struct rte_mbuf *buffer)
{
    struct {
        struct frame frame;
        uint8_t tag[TL_SRTP_TRAILER_BYTES];
    } copy;
    uint32_t length = rte_pktmbuf_data_len(buffer);
    if (length < sizeof(copy.frame) || length > sizeof(copy))
        return 0;
    memcpy(&copy, rte_pktmbuf_mtod(buffer, void *), length);
    uint32_t k = flow_of(&copy.frame);
    if (k >= load->flow_count || ntohl(copy.frame.ssrc_be) != ssrc_of(k))
        return 0;
    uint32_t tag = tl_load_tag_bytes(load, k);
    int64_t index = index_of(&copy.frame, load, k);
    uint16_t sum = copy.frame.udp_sum;
    copy.frame.udp_sum = 0;
    if (length != TL_LOAD_FRAME_BYTES + tag || index < 0 || sum != udp_sum(&copy.frame, tag) ||
        !headers_are_good(&copy.frame, load, k))
        return 0;
    if (tag != 0 && !tl_load_open(load, k, &copy.frame.rtp_version, UDP_BYTES - 8 + tag,
                                  (uint64_t)index))
        return 0;
    return stream_is_good(&copy.frame, load, k, index);
}

int tl_load_check_first(const struct tl_load *load, struct rte_mbuf *buffer)
{
    if (!tl_load_check(load, buffer))
        return 0;
    return load->seen[flow_of(rte_pktmbuf_mtod(buffer, const struct frame *))]++ == 0;
}
