// SPDX-License-Identifier: Apache-2.0
//
// The bare memory loop: what no relay can do without, and nothing else. For each frame, in bursts
// of 32 and prefetched: the port table's entry that the frame's destination port names, one line of
// the flow, one of its peer and one of statistics read and written, the frame's other lines read,
// and its headers, Ethernet to RTP, written anew. Frames, their order and their making are those of
// the worker, and like there making them is not in the time. The tables are dense (4 bytes a port
// pair, 64 bytes a flow each) and stand in the kinds of memory that a worker's stand in.

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "io.h"
#include "self_load.h"

enum { PORTS_AN_ADDRESS = 1 << 15, PORT_OFFSET = 36, HEADERS_BYTES = 54 };

int tl_load_bare_init(struct tl_load *load, int no_huge)
{
    struct tl_load_bare *bare = &load->bare;
    uint64_t lines = (uint64_t)load->flow_count * sizeof(struct tl_load_line);
    uint32_t addresses = load->flows[load->flow_count - 1].address_index + 1u;
    uint64_t ports = (uint64_t)addresses * PORTS_AN_ADDRESS * sizeof(uint32_t);
    bare->flows = tl_load_memory_private(lines, no_huge);
    bare->ports = tl_load_memory_private(ports, no_huge);
    bare->statistics = tl_load_memory_shared(lines);
    if (bare->flows == NULL || bare->ports == NULL || bare->statistics == NULL)
        return -1;
    for (uint32_t i = 0; i < load->flow_count; i++) {
        const struct tl_load_flow *flow = &load->flows[i];
        bare->ports[flow->address_index * PORTS_AN_ADDRESS + flow->local_port / 2u] = i;
    }
    return 0;
}

static inline uint32_t *port_entry(const struct tl_load *load, const uint8_t *frame)
{
    uint16_t port_be;
    memcpy(&port_be, frame + PORT_OFFSET, 2);
    // Addresses are 198.18.0.1 and on: the last byte names one.
    uint32_t address = frame[PORT_OFFSET - 3] - 1u;
    return &load->bare.ports[address * PORTS_AN_ADDRESS + ntohs(port_be) / 2u];
}

static inline uint64_t touch(struct tl_load_line *line)
{
    line->words[0]++;
    return line->words[7];
}

static uint64_t burst(struct tl_load *load, uint8_t *const *frames)
{
    struct tl_load_bare *bare = &load->bare;
    uint32_t *entries[TL_BURST_MAX];
    uint32_t flows[TL_BURST_MAX];
    uint8_t headers[HEADERS_BYTES] = {0};
    uint64_t sum = 0;
    for (uint32_t i = 0; i < TL_BURST_MAX; i++)
        for (uint32_t at = 0; at < TL_LOAD_FRAME_BYTES; at += TL_LINE_BYTES)
            TL_PREFETCH(frames[i] + at);
    for (uint32_t i = 0; i < TL_BURST_MAX; i++) {
        entries[i] = port_entry(load, frames[i]);
        TL_PREFETCH(entries[i]);
    }
    for (uint32_t i = 0; i < TL_BURST_MAX; i++) {
        flows[i] = *entries[i];
        TL_PREFETCH(&bare->flows[flows[i]]);
        TL_PREFETCH(&bare->flows[flows[i] ^ 1]);
        TL_PREFETCH(&bare->statistics[flows[i]]);
    }
    for (uint32_t i = 0; i < TL_BURST_MAX; i++) {
        sum += touch(&bare->flows[flows[i]]);
        sum += touch(&bare->flows[flows[i] ^ 1]);
        sum += touch(&bare->statistics[flows[i]]);
        for (uint32_t at = TL_LINE_BYTES; at < TL_LOAD_FRAME_BYTES; at += TL_LINE_BYTES)
            sum += frames[i][at];
        memcpy(headers, &sum, sizeof(sum));
        memcpy(frames[i], headers, HEADERS_BYTES);
    }
    return sum;
}

void tl_load_bare_round(struct tl_load *load)
{
    struct tl_load_bare *bare = &load->bare;
    uint8_t *frames[TL_LOAD_ROUND_FRAMES];
    if (tl_load_frames(load, load->buffers, TL_LOAD_ROUND_FRAMES, &bare->frame_cycles) < 0)
        return;
    for (uint32_t i = 0; i < TL_LOAD_ROUND_FRAMES; i++)
        frames[i] = rte_pktmbuf_mtod(load->buffers[i], uint8_t *);
    for (uint32_t at = 0; at < TL_LOAD_ROUND_FRAMES; at += TL_BURST_MAX) {
        uint64_t start = tl_io_cycles();
        // Kept, so that nothing of the loop can be left out.
        bare->flows[0].words[1] = burst(load, frames + at);
        bare->cycles += tl_io_cycles() - start;
        bare->packets += TL_BURST_MAX;
    }
    tl_io_free(load->buffers, TL_LOAD_ROUND_FRAMES);
}
