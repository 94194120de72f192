// SPDX-License-Identifier: Apache-2.0
// DTLS records go to the control plane, through the packet ring of the flow's shard.
#include "stage.h"

static void slot_fill(const struct tl_worker *worker, const struct tl_packet *packet, uint8_t *slot)
{
    struct tl_packet_slot head = {0};
    head.size_bytes = offsetof(struct tl_packet_slot, payload);
    head.flow_index = worker->first_flow + tl_worker_slot(worker, packet->flow);
    head.generation = packet->flow->egress.generation;
    head.payload_bytes = packet->payload_length;
    head.time_ns = worker->now_ns;
    struct wire_address source = wire_source(packet);
    memcpy(head.address, source.words, 16);
    head.port = packet->remote_port;
    memcpy(slot, &head, offsetof(struct tl_packet_slot, payload));
    memcpy(slot + offsetof(struct tl_packet_slot, payload), packet->data + packet->payload_offset,
           packet->payload_length);
}

// A drop reason, or TL_DROP_REASON_COUNT. A consumer that lies makes the ring look full here; the
// fault is reported by tl_channel_poll.
static uint32_t deliver(struct tl_worker *worker, const struct tl_packet *packet)
{
    struct tl_channel *channel =
        &worker->channels[worker->cold[tl_worker_slot(worker, packet->flow)].shard];
    if (!channel->attached)
        return TL_DROP_INDEX_CONTROL_AWAY;
    if (packet->payload_length > TL_PACKET_BYTES_MAX)
        return TL_DROP_INDEX_DTLS;
    struct tl_channel_views *views = &channel->views;
    uint32_t consumer = tl_load_acquire_u32(&views->peer->packet_consumer.position);
    if (channel->packet_position - consumer >= views->packet_slots)
        return TL_DROP_INDEX_CONTROL_RING_FULL;
    uint32_t slot = channel->packet_position & (views->packet_slots - 1);
    slot_fill(worker, packet, views->packets + (uint64_t)slot * views->packet_stride);
    channel->packet_position++;
    tl_store_release_u32(&views->own->packet_producer.position, channel->packet_position);
    return TL_DROP_REASON_COUNT;
}

TL_PACKET_CODE void tl_deliver(struct tl_worker *worker, struct tl_packet *packet)
{
    uint32_t reason = deliver(worker, packet);
    if (reason != TL_DROP_REASON_COUNT) {
        tl_packet_drop(worker, packet, reason);
        return;
    }
    worker->counters.delivered++;
    packet->edge = TL_EDGE_FREE;
}
