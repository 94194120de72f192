// SPDX-License-Identifier: Apache-2.0
//
// Buffers in, views through the worker's stages, buffers out. Runs for every packet.
//
// A buffer that is handed over carries what its view needs: the interface's index in `port`, the
// VLAN that the driver took off in `vlan_tci`, and the view's flags and hops in `hash.usr` (no one
// else uses the hash).

#include <string.h>

#include <rte_mbuf.h>

#include "io.h"
#include "lane.h"

// Views of one burst that go the same way.
struct group {
    struct rte_mbuf *buffers[TL_BURST_MAX];
    struct tl_packet *packets[TL_BURST_MAX];
    uint16_t count;
};

#define CARRIED_HOPS_SHIFT 8u

static inline uint8_t *data_of(struct rte_mbuf *buffer)
{
    return rte_pktmbuf_mtod(buffer, uint8_t *);
}

// What the stages did to the view is done to the buffer.
static inline void settle(const struct tl_packet *packet)
{
    struct rte_mbuf *buffer = packet->buffer;
    buffer->data_off = (uint16_t)(packet->data - (uint8_t *)buffer->buf_addr);
    buffer->data_len = packet->length;
    buffer->pkt_len = packet->length;
    buffer->ol_flags = 0; // checksums and tags are in the bytes
}

// Takes a group as far as `taken` says; the rest is dropped for `reason`.
TL_PACKET_CODE static void finish(struct tl_lane *lane, struct group *group, uint32_t taken,
                                  uint32_t reason)
{
    for (uint32_t i = 0; i < taken; i++)
        tl_packet_done(lane->worker, group->packets[i]);
    for (uint32_t i = taken; i < group->count; i++)
        tl_packet_drop(lane->worker, group->packets[i], reason);
    tl_io_free(group->buffers + taken, group->count - taken);
}

// Whoever owns the sink empties it after each burst; one that is full refuses, as a driver does.
TL_PACKET_CODE static uint32_t keep(struct tl_sink *sink, struct rte_mbuf **buffers,
                                    uint32_t count, uint8_t port)
{
    uint32_t room = 2 * TL_BURST_MAX - sink->count;
    uint32_t taken = count < room ? count : room;
    memcpy(&sink->buffers[sink->count], buffers, taken * sizeof(buffers[0]));
    memset(&sink->ports[sink->count], port, taken);
    sink->count += taken;
    return taken;
}

// How many of the buffers were taken.
TL_PACKET_CODE static uint32_t transmit(struct tl_lane *lane, struct rte_mbuf **buffers,
                                        uint32_t count, uint8_t port)
{
    if (TL_UNLIKELY(lane->sink != NULL))
        return keep(lane->sink, buffers, count, port);
    lane->worker->counters.driver_calls++;
    return tl_io_transmit(lane->ports->list[port].port_id, (uint16_t)lane->index, buffers,
                          (uint16_t)count);
}

TL_PACKET_CODE static void pass(struct tl_lane *lane, struct group *group, uint8_t edge,
                                uint8_t target)
{
    if (edge == TL_EDGE_SEND) {
        uint32_t taken = transmit(lane, group->buffers, group->count, target);
        finish(lane, group, taken, TL_DROP_INDEX_TX_FULL);
    } else if (edge == TL_EDGE_TWIN) {
        struct rte_ring *ring = lane->ports->list[group->packets[0]->rx_port].to_twin;
        uint32_t taken = ring != NULL ? tl_io_give(ring, group->buffers, group->count) : 0;
        finish(lane, group, taken, TL_DROP_INDEX_TWIN_FULL);
    } else {
        // The other lane may have the buffer the moment it is given, so it is not touched after.
        uint32_t taken = tl_io_give(lane->inboxes[target], group->buffers, group->count);
        finish(lane, group, taken, TL_DROP_INDEX_HANDOVER_FULL);
    }
}

// Prepares a buffer for its way; what is finished is freed.
TL_PACKET_CODE static void prepare(struct tl_packet *packet)
{
    struct rte_mbuf *buffer = packet->buffer;
    if (packet->edge == TL_EDGE_SEND) {
        settle(packet);
    } else if (packet->edge == TL_EDGE_LOOP) {
        settle(packet);
        buffer->port = packet->rx_port;
        buffer->vlan_tci = packet->vlan;
        buffer->hash.usr =
            packet->flags | (uint32_t)packet->hops << CARRIED_HOPS_SHIFT;
    } else if (packet->edge == TL_EDGE_HAND_OVER) {
        buffer->port = packet->rx_port;
        buffer->vlan_tci = packet->vlan;
        buffer->hash.usr = (packet->flags & TL_PACKET_LOOPED) |
                           (uint32_t)packet->hops << CARRIED_HOPS_SHIFT;
    }
}

// The way of a packet as one number, to find those that go together.
static inline uint32_t way_of(const struct tl_packet *packet)
{
    uint32_t target = packet->edge == TL_EDGE_TWIN ? packet->rx_port : packet->target;
    return (uint32_t)packet->edge << 16 | target;
}

_Static_assert(offsetof(struct tl_packet, target) == offsetof(struct tl_packet, edge) + 1,
               "read in one piece");

static inline uint16_t edge_and_target(const struct tl_packet *packet)
{
    uint16_t both;
    memcpy(&both, &packet->edge, 2);
    return both;
}

// What nearly every burst is: packets that one interface sends. 0: not this one.
TL_PACKET_CODE static int act_together(struct tl_lane *lane, struct tl_packet *packets,
                                       struct rte_mbuf **buffers, uint32_t count)
{
    uint8_t port = packets[0].target;
    uint32_t different = packets[0].edge ^ (uint32_t)TL_EDGE_SEND;
    // One word a line: to gather them into wide registers takes longer than to compare them.
#pragma clang loop vectorize(disable)
    for (uint32_t i = 1; i < count; i++)
        different |= (uint32_t)(edge_and_target(&packets[i]) ^ edge_and_target(&packets[0]));
    // Not marked as unlikely: it shares the function's end, and all of it would count as cold.
    if (different != 0)
        return 0;
    for (uint32_t i = 0; i < count; i++)
        settle(&packets[i]);
    uint32_t taken = transmit(lane, buffers, count, port);
    tl_packets_sent(lane->worker, packets, taken);
    for (uint32_t i = taken; i < count; i++)
        tl_packet_drop(lane->worker, &packets[i], TL_DROP_INDEX_TX_FULL);
    tl_io_free(buffers + taken, count - taken);
    return 1;
}

// Acts on the edges of a burst: one ring or driver call for each way that packets of it go.
TL_PACKET_CODE static void act(struct tl_lane *lane, struct tl_packet *packets, uint32_t count)
{
    struct rte_mbuf *finished[TL_BURST_MAX];
    uint32_t finished_count = 0;
    uint32_t left = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (packets[i].edge == TL_EDGE_FREE) {
            finished[finished_count++] = packets[i].buffer;
        } else {
            prepare(&packets[i]);
            left |= 1u << i;
        }
    }
    tl_io_free(finished, finished_count);
    while (left != 0) {
        const struct tl_packet *first = &packets[__builtin_ctz(left)];
        uint32_t way = way_of(first);
        uint8_t edge = first->edge;
        uint8_t target = first->target;
        struct group group;
        group.count = 0;
        for (uint32_t rest = left; rest != 0; rest &= rest - 1) {
            uint32_t i = (uint32_t)__builtin_ctz(rest);
            if (way_of(&packets[i]) != way)
                continue;
            group.buffers[group.count] = packets[i].buffer;
            group.packets[group.count++] = &packets[i];
            left &= ~(1u << i);
        }
        pass(lane, &group, edge, target);
    }
}

static inline void view(struct tl_packet *packet, struct rte_mbuf *buffer, uint8_t origin)
{
    *packet = TL_PACKET_VIEW(.data = data_of(buffer), .buffer = buffer,
                             .length = buffer->data_len, .origin = origin);
}

// Likewise of what a driver received; written in one go.
static inline void view_received(struct tl_packet *packet, struct rte_mbuf *buffer, uint16_t port)
{
    uint16_t vlan = (buffer->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0
                        ? buffer->vlan_tci & 0xfff
                        : 0;
    *packet = TL_PACKET_VIEW(.data = data_of(buffer), .buffer = buffer,
                             .length = buffer->data_len, .origin = TL_ORIGIN_RECEIVED,
                             .rx_port = port, .vlan = vlan,
                             .flags = buffer->nb_segs != 1 ? TL_PACKET_SEGMENTED : 0);
}

// The whole of a G.711 frame: headers are read next, the payload is summed at the end.
static inline void prefetch_frame(const struct tl_packet *packet)
{
    for (uint32_t line = 0; line < 4; line++)
        TL_PREFETCH(packet->data + line * TL_LINE_BYTES);
}

// Packets that a killed process takes along are known by this figure (CFlowABI.h).
static inline void in_hand(struct tl_lane *lane, uint32_t count)
{
    lane->in_hand += count;
    __atomic_store_n(&lane->page->in_hand, lane->in_hand, __ATOMIC_RELAXED);
}

TL_PACKET_CODE void tl_burst_received(struct tl_lane *lane, struct rte_mbuf **buffers,
                                      uint32_t count, uint16_t port, uint64_t now_ns)
{
    in_hand(lane, count);
    for (uint32_t i = 0; i < count; i++) {
        struct tl_packet *packet = &lane->packets[i];
        view_received(packet, buffers[i], port);
        prefetch_frame(packet);
    }
    tl_pipeline_run(lane->worker, lane->packets, count, now_ns);
    if (!act_together(lane, lane->packets, buffers, count))
        act(lane, lane->packets, count);
}

TL_PACKET_CODE void tl_burst_handed_in(struct tl_lane *lane, struct rte_mbuf **buffers,
                                       uint32_t count, uint64_t now_ns)
{
    for (uint32_t i = 0; i < count; i++) {
        struct tl_packet *packet = &lane->packets[i];
        view(packet, buffers[i], TL_ORIGIN_HANDED_IN);
        packet->rx_port = buffers[i]->port;
        packet->vlan = buffers[i]->vlan_tci;
        packet->flags = (uint8_t)(buffers[i]->hash.usr & TL_PACKET_LOOPED);
        packet->hops = (uint8_t)(buffers[i]->hash.usr >> CARRIED_HOPS_SHIFT);
    }
    tl_pipeline_run(lane->worker, lane->packets, count, now_ns);
    if (!act_together(lane, lane->packets, buffers, count))
        act(lane, lane->packets, count);
}

TL_PACKET_CODE void tl_burst_injected(struct tl_lane *lane, struct rte_mbuf **buffers,
                                      uint32_t count, uint16_t port)
{
    for (uint32_t i = 0; i < count; i++) {
        struct tl_packet *packet = &lane->packets[i];
        view(packet, buffers[i], TL_ORIGIN_INJECTED);
        packet->rx_port = port;
        packet->edge = TL_EDGE_SEND;
        packet->target = (uint8_t)port;
    }
    act(lane, lane->packets, count);
}

TL_PACKET_CODE uint32_t tl_burst_blank(struct tl_lane *lane)
{
    struct rte_mbuf *fresh[TL_BURST_MAX];
    uint32_t missing = TL_BURST_MAX - lane->made_count;
    if (TL_LIKELY(missing == 0) || !tl_io_allocate(lane->pool, fresh, missing))
        return lane->made_count;
    for (uint32_t i = 0; i < missing; i++)
        view(&lane->made[lane->made_count++], fresh[i], TL_ORIGIN_GENERATED);
    return lane->made_count;
}

TL_PACKET_CODE void tl_burst_made(struct tl_lane *lane, uint32_t count)
{
    if (TL_LIKELY(count == 0))
        return;
    act(lane, lane->made, count);
    lane->made_count -= count;
    for (uint32_t i = 0; i < lane->made_count; i++)
        lane->made[i] = lane->made[i + count];
}
