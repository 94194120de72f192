// SPDX-License-Identifier: Apache-2.0
// Packets that the control plane wants sent: to the remote party of a live flow, nowhere else.
#include "frame.h"
#include "wire.h"

#define HEAD_BYTES offsetof(struct tl_packet_slot, payload)

// The live flow that an injected packet names and that can send now, or NULL.
static struct tl_flow *flow_of(struct tl_worker *worker, uint32_t shard,
                               const struct tl_packet_slot *head)
{
    uint32_t slot = head->flow_index - worker->first_flow; // wraps to something too large
    if (slot >= worker->flow_count)
        return NULL;
    struct tl_flow *flow = &worker->flows[slot];
    const struct tl_flow_egress *egress = &flow->egress;
    if (!(egress->way & TL_WAY_LIVE) || egress->generation != head->generation ||
        worker->cold[slot].shard != shard || egress->hop == TL_NO_HOP ||
        !tl_next_hop_resolved(tl_next_hop_word(&worker->hops, egress->hop)))
        return NULL;
    return flow;
}

static int sizes_fit(const struct tl_channel_views *views, const struct tl_packet_slot *head)
{
    return head->payload_bytes > 0 && head->payload_bytes <= TL_PACKET_BYTES_MAX &&
           head->size_bytes >= HEAD_BYTES && head->size_bytes <= views->inject_stride &&
           head->payload_bytes <= views->inject_stride - head->size_bytes;
}

// Makes a frame of the ring's next slot. 0: refused.
static uint32_t inject_one(struct tl_worker *worker, uint32_t shard, struct tl_packet *packet)
{
    struct tl_channel *channel = &worker->channels[shard];
    const struct tl_channel_views *views = &channel->views;
    uint32_t place = channel->inject_position & (views->packet_slots - 1);
    const uint8_t *slot = views->injects + (uint64_t)place * views->inject_stride;
    struct tl_packet_slot head; // only the head of it is used
    memcpy(&head, slot, HEAD_BYTES);
    struct tl_flow *flow = flow_of(worker, shard, &head);
    if (flow == NULL || !sizes_fit(views, &head)) {
        worker->counters.drops[TL_DROP_INDEX_INJECT_REFUSED]++;
        worker->counters.own_dropped++;
        return 0;
    }
    const struct tl_flow_egress *egress = &flow->egress;
    uint8_t *payload = tl_frame_begin(worker, packet, egress, TL_ORIGIN_INJECTED);
    packet->kind = TL_KIND_DTLS;
    packet->peer = flow;
    memcpy(payload, slot + head.size_bytes, head.payload_bytes);
    tl_frame_finish(worker, packet, egress, tl_next_hop_word(&worker->hops, egress->hop),
                    egress->ports_be, head.payload_bytes);
    return 1;
}

TL_PACKET_CODE uint32_t tl_channel_inject(struct tl_worker *worker, uint32_t shard,
                                          struct tl_packet *packets, uint32_t capacity,
                                          enum tl_fault *fault)
{
    struct tl_channel *channel = &worker->channels[shard];
    *fault = TL_FAULT_NONE;
    if (!channel->attached)
        return 0;
    // Pairs with the control plane's store-release behind its slots.
    uint32_t producer = tl_load_acquire_u32(&channel->views.peer->inject_producer.position);
    uint32_t waiting = producer - channel->inject_position;
    if (waiting > channel->views.packet_slots) {
        *fault = TL_FAULT_INJECT_CURSOR;
        return 0;
    }
    if (waiting == 0 || !tl_channel_matched(&channel->views))
        return 0;
    uint32_t made = 0;
    uint32_t before = channel->inject_position;
    for (; waiting > 0 && made < capacity; waiting--) {
        made += inject_one(worker, shard, &packets[made]);
        channel->inject_position++;
    }
    if (channel->inject_position != before)
        tl_store_release_u32(&channel->views.own->inject_consumer.position,
                             channel->inject_position);
    return made;
}
