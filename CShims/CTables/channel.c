// SPDX-License-Identifier: Apache-2.0
#include "CTables.h"

static const struct {
    const char *name, *text;
} faults[] = {
#define TL_ROW(id, name, text) {name, text},
    TL_FAULTS(TL_ROW)
#undef TL_ROW
};

const char *tl_fault_name(enum tl_fault fault)
{
    return (uint32_t)fault < TL_FAULT_COUNT ? faults[fault].name : "unknown";
}

const char *tl_fault_text(enum tl_fault fault)
{
    return (uint32_t)fault < TL_FAULT_COUNT ? faults[fault].text : "not known to this version";
}

void tl_channel_views_make(struct tl_channel_views *views, const struct tl_map *own,
                           const struct tl_layout *own_layout, const struct tl_map *peer,
                           const struct tl_layout *peer_layout, uint32_t shard, uint32_t worker)
{
    const struct tl_geometry *geometry = &own_layout->geometry;
    uint64_t channel = (uint64_t)shard * geometry->worker_count + worker;
    views->own_header = own->base;
    views->peer_header = peer->base;
    views->own = tl_section_at(own, &own_layout->channels, channel);
    views->peer = tl_section_at(peer, &peer_layout->channels, channel);
    views->events = tl_section_at(own, &own_layout->events, channel * geometry->event_slots);
    views->packets = tl_section_at(own, &own_layout->packets, channel * geometry->packet_slots);
    views->commands =
        tl_section_at(peer, &peer_layout->commands, channel * geometry->command_slots);
    views->injects = tl_section_at(peer, &peer_layout->packets, channel * geometry->packet_slots);
    views->event_stride = own_layout->events.stride_bytes;
    views->packet_stride = own_layout->packets.stride_bytes;
    views->command_stride = peer_layout->commands.stride_bytes;
    views->inject_stride = peer_layout->packets.stride_bytes;
    views->command_size_bytes = peer_layout->command_size_bytes;
    views->command_slots = geometry->command_slots;
    views->event_slots = geometry->event_slots;
    views->packet_slots = geometry->packet_slots;
    views->cursor_start = geometry->cursor_start;
}

TL_PACKET_CODE int tl_channel_matched(const struct tl_channel_views *views)
{
    const struct tl_file_header *own = views->own_header, *peer = views->peer_header;
    uint64_t incarnation = tl_load_acquire_u64(&peer->incarnation);
    return tl_load_acquire_u64(&own->peer_incarnation) == incarnation &&
           tl_load_acquire_u64(&peer->peer_incarnation) == own->incarnation;
}

static void positions_reset(struct tl_channel *channel)
{
    const uint32_t start = channel->views.cursor_start;
    channel->command_position = start;
    channel->event_position = start;
    channel->packet_position = start;
    channel->inject_position = start;
    channel->answered = 0;
    memset(channel->answers, 0, sizeof(channel->answers));
}

void tl_channel_attach(struct tl_channel *channel, const struct tl_channel_views *views)
{
    channel->views = *views;
    positions_reset(channel);
    channel->attached = 1;
    channel->match++;
}

void tl_channel_detach(struct tl_channel *channel)
{
    if (!channel->attached)
        return;
    channel->attached = 0;
    positions_reset(channel);
    const uint32_t start = channel->views.cursor_start;
    tl_store_release_u32(&channel->views.own->command_consumer.position, start);
    tl_store_release_u32(&channel->views.own->event_producer.position, start);
    tl_store_release_u32(&channel->views.own->packet_producer.position, start);
    tl_store_release_u32(&channel->views.own->inject_consumer.position, start);
    memset(&channel->views, 0, sizeof(channel->views));
}
