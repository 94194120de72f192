// SPDX-License-Identifier: Apache-2.0
// Packets through the pipeline, with eight live flows: mux and not, both families, tags, learning,
// DTLS, a hairpin. Input: records of {what, length (2), bytes}.
//   what & 3   0: a whole frame, 1: payload to a flow's port, 2: to its RTCP port, 3: time passes
//   what >> 2  the flow; bit 6: from the wrong source; bit 7: run the burst now
#include "fuzz_world.h"

#include <stdio.h>

enum { BURST = 8, ROOM = 2048 };

static struct tl_packet packets[BURST];
static uint8_t *buffers[BURST];
static uint32_t count;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void flows_make(void)
{
    fuzz_world_make();
    for (uint32_t i = 0; i < 8; i++) {
        struct tl_flow_spec spec = fuzz_spec(i % 4, (uint16_t)(FUZZ_PORT + 2 * i));
        spec.peer_index = fuzz_first() + (i ^ 1);
        spec.peer_generation = 1;
        spec.flags |= i >= 4 ? TL_FLOW_RTCP_MUX | TL_FLOW_DELIVER : 0;
        if (i == 2)
            spec.flags |= TL_FLOW_LEARN;
        if (i == 6) { // to flow 4 and back
            memcpy(spec.remote_address, fuzz_local[0], 16);
            spec.remote_port = FUZZ_PORT + 8;
        }
        fuzz_add(i, &spec);
    }
}

// The buffer ends where the packet ends, so that reading behind it is found.
static struct tl_packet *view_add(uint32_t length)
{
    uint32_t i = count++;
    buffers[i] = malloc(TL_HEADROOM_BYTES + length);
    packets[i] = (struct tl_packet){.data = buffers[i] + TL_HEADROOM_BYTES, .buffer = buffers[i],
                                    .length = (uint16_t)length};
    return &packets[i];
}

static void add_payload(uint32_t what, const uint8_t *bytes, uint32_t length)
{
    uint32_t flow = (what >> 2) & 7;
    uint32_t rtcp = (what & 3) == 2;
    fuzz_frame(view_add(fuzz_head_bytes(flow % 4) + length), flow % 4, 2,
               30000 + rtcp + (what >> 6 & 1) * 7, FUZZ_PORT + 2 * flow + rtcp, bytes, length);
}

static void add_frame(const uint8_t *bytes, uint32_t length)
{
    memcpy(view_add(length)->data, bytes, length);
}

static void burst_run(void)
{
    tl_pipeline_run(fuzz.worker, packets, count, fuzz.now_ns);
    uint32_t loops = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct tl_packet *packet = &packets[i];
        FUZZ_CHECK(packet->edge != TL_EDGE_NEXT);
        FUZZ_CHECK(packet->data >= (uint8_t *)packet->buffer);
        tl_packet_done(fuzz.worker, packet);
        if (packet->edge != TL_EDGE_LOOP) {
            free(packet->buffer);
            continue;
        }
        struct tl_packet back = {.data = packet->data, .buffer = packet->buffer,
                                 .length = packet->length, .hops = packet->hops,
                                 .origin = TL_ORIGIN_HANDED_IN, .flags = TL_PACKET_LOOPED};
        packets[loops++] = back;
    }
    count = loops;
    fuzz_check();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, data + size};
    flows_make();
    count = 0;
    while (input.at < input.end) {
        uint32_t what = fuzz_byte(&input);
        uint32_t length = fuzz_byte(&input) | (fuzz_byte(&input) & 3) << 8;
        if ((what & 3) == 3) {
            fuzz.now_ns += (uint64_t)length << (what >> 2 & 31);
            fuzz_tick(100);
            continue;
        }
        if (length > (uint32_t)(input.end - input.at))
            length = (uint32_t)(input.end - input.at);
        if ((what & 3) == 0)
            add_frame(input.at, length);
        else
            add_payload(what, input.at, length);
        input.at += length;
        if (count == BURST || what & 0x80)
            burst_run();
    }
    while (count > 0)
        burst_run();
    return 0;
}
