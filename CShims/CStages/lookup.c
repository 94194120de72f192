// SPDX-License-Identifier: Apache-2.0
// Local port to flow to peer, for the whole burst at once: each pass asks for the lines that the
// next pass reads.
#include "wire.h"

static void prefetch_record(const struct tl_worker *worker, uint32_t slot, uint32_t line)
{
    const uint8_t *record = (const uint8_t *)tl_worker_record(worker, slot);
    __builtin_prefetch(record, 1);
    __builtin_prefetch(record + (size_t)line * TL_LINE_BYTES, 1);
}

static void find_place(struct tl_worker *worker, struct tl_packet *packet)
{
    packet->place = tl_worker_port(worker, packet->address_index, packet->local_port);
    __builtin_prefetch(&worker->ports[packet->place]);
}

static void find_flow(struct tl_worker *worker, struct tl_packet *packet)
{
    uint32_t slot = worker->ports[packet->place];
    if (TL_UNLIKELY(slot == TL_NO_FLOW)) {
        tl_packet_drop(worker, packet, TL_DROP_INDEX_NO_FLOW);
        return;
    }
    packet->flow = &worker->flows[slot];
    __builtin_prefetch(&packet->flow->admission, 1);
    __builtin_prefetch(&packet->flow->ingress, 1);
    prefetch_record(worker, slot, 1);
}

static void find_peer(struct tl_worker *worker, struct tl_packet *packet)
{
    const struct tl_flow_admission *admission = &packet->flow->admission;
    if (packet->local_port & 1u) {
        packet->flags |= TL_PACKET_RTCP_PORT;
        if (admission->flags & TL_FLOW_RTCP_MUX) { // nobody was told of this port
            packet->flow = NULL;
            tl_packet_drop(worker, packet, TL_DROP_INDEX_NO_FLOW);
        }
        return;
    }
    if (admission->peer == TL_NO_FLOW)
        return;
    packet->peer = &worker->flows[admission->peer];
    __builtin_prefetch(&packet->peer->egress, 1);
    __builtin_prefetch(&packet->peer->headers);
    prefetch_record(worker, admission->peer, 2);
}

TL_STAGE(tl_lookup)
{
    for (uint32_t i = 0; i < count; i++)
        if (packets[i].edge == TL_EDGE_NEXT)
            find_place(worker, &packets[i]);
    for (uint32_t i = 0; i < count; i++)
        if (packets[i].edge == TL_EDGE_NEXT)
            find_flow(worker, &packets[i]);
    for (uint32_t i = 0; i < count; i++)
        if (packets[i].edge == TL_EDGE_NEXT)
            find_peer(worker, &packets[i]);
}
