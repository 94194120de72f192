// SPDX-License-Identifier: Apache-2.0
// Checking of a header. Pure: a private copy goes in, a layout of checked numbers comes out.
#include "CFlowABI.h"

#include "abi_private.h"

// Far above any real element, far below what could overflow a product of checked numbers.
static const uint32_t STRIDE_MAX = 1u << 20;

// The part of each message that its first version had and no operation can do without.
static const uint32_t COMMAND_BYTES_MIN = 160;
static const uint32_t EVENT_BYTES_MIN = 56;
static const uint32_t RECORD_BYTES_MIN = 184;
static const uint32_t WORKER_BYTES_MIN = 536; // 27 drop reasons
static const uint32_t REALM_BYTES_MIN = 104;
static const uint32_t ADDRESS_BYTES_MIN = 24;

static int in_range(uint32_t value, uint32_t least, uint32_t most)
{
    return value >= least && value <= most;
}

static int is_slot_count(uint32_t count)
{
    return in_range(count, 2, TL_RING_SLOTS_MAX) && (count & (count - 1)) == 0;
}

int32_t tl_geometry_check(const struct tl_geometry *g)
{
    int good = in_range(g->worker_count, 1, TL_WORKERS_MAX) &&
               in_range(g->shard_count, 1, TL_SHARDS_MAX) &&
               in_range(g->flows_per_worker, 1, TL_FLOWS_PER_WORKER_MAX) &&
               is_slot_count(g->command_slots) && is_slot_count(g->event_slots) &&
               is_slot_count(g->packet_slots) && g->realm_count <= TL_REALMS_MAX &&
               g->address_count <= TL_ADDRESSES_MAX;
    return good ? TL_FILE_OK : TL_FILE_BAD_GEOMETRY;
}

int32_t tl_file_same_geometry(const struct tl_geometry *one, const struct tl_geometry *other)
{
    // All members are uint32_t, so there is no padding to differ.
    return memcmp(one, other, sizeof(*one)) == 0 ? TL_FILE_OK : TL_FILE_OTHER_GEOMETRY;
}

static struct tl_geometry header_geometry(const struct tl_file_header *h)
{
    return (struct tl_geometry){
        .worker_count = h->worker_count,
        .shard_count = h->shard_count,
        .flows_per_worker = h->flows_per_worker,
        .command_slots = h->command_slots,
        .event_slots = h->event_slots,
        .packet_slots = h->packet_slots,
        .realm_count = h->realm_count,
        .address_count = h->address_count,
        .cursor_start = h->cursor_start,
    };
}

// A message as its writer knows it may be longer than ours, and never shorter than the least.
static int take_size(uint32_t theirs, uint32_t ours, uint32_t least, uint32_t *size_bytes)
{
    if (theirs < least || theirs > STRIDE_MAX || theirs % 8 != 0)
        return 0;
    *size_bytes = theirs < ours ? theirs : ours;
    return 1;
}

static int32_t check_sizes(const struct tl_file_header *h, struct tl_layout *l)
{
    // A packet's payload stands at a fixed offset, so its slot never changes its size.
    int good = take_size(h->command_size_bytes, sizeof(struct tl_command), COMMAND_BYTES_MIN,
                         &l->command_size_bytes) &&
               take_size(h->event_size_bytes, sizeof(struct tl_event), EVENT_BYTES_MIN,
                         &l->event_size_bytes) &&
               take_size(h->record_size_bytes, sizeof(struct tl_flow_record), RECORD_BYTES_MIN,
                         &l->record_size_bytes) &&
               take_size(h->worker_size_bytes, sizeof(struct tl_worker_page), WORKER_BYTES_MIN,
                         &l->worker_size_bytes) &&
               take_size(h->realm_size_bytes, sizeof(struct tl_realm_page), REALM_BYTES_MIN,
                         &l->realm_size_bytes) &&
               take_size(h->address_size_bytes, sizeof(struct tl_address_page), ADDRESS_BYTES_MIN,
                         &l->address_size_bytes) &&
               h->packet_size_bytes == sizeof(struct tl_packet_slot) &&
               h->channel_size_bytes >= sizeof(struct tl_channel_control) &&
               h->channel_size_bytes <= STRIDE_MAX;
    l->packet_size_bytes = sizeof(struct tl_packet_slot);
    return good ? TL_FILE_OK : TL_FILE_BAD_SIZE;
}

struct expected {
    const struct tl_section *section;
    uint64_t count;
    uint32_t size_bytes; // least stride
    int present;         // in a file of this side
};

static int section_is_absent(const struct tl_section *s)
{
    return s->offset_bytes == 0 && s->stride_bytes == 0 && s->count == 0;
}

static int section_fits(const struct tl_file_header *h, const struct expected *e)
{
    const struct tl_section *s = e->section;
    if (s->count != e->count || s->stride_bytes % 64 != 0 || s->stride_bytes < e->size_bytes ||
        s->stride_bytes > STRIDE_MAX)
        return 0;
    if (s->offset_bytes % 64 != 0 || s->offset_bytes < h->header_size_bytes ||
        s->offset_bytes > h->file_size_bytes)
        return 0;
    return (uint64_t)s->stride_bytes * s->count <= h->file_size_bytes - s->offset_bytes;
}

static int sections_overlap(const struct tl_section *a, const struct tl_section *b)
{
    uint64_t a_end = a->offset_bytes + (uint64_t)a->stride_bytes * a->count;
    uint64_t b_end = b->offset_bytes + (uint64_t)b->stride_bytes * b->count;
    return a->offset_bytes < b_end && b->offset_bytes < a_end;
}

static int32_t check_sections(const struct tl_file_header *h, const struct tl_geometry *g,
                              const struct tl_layout *l)
{
    uint64_t channels = (uint64_t)g->worker_count * g->shard_count;
    uint64_t flows = (uint64_t)g->worker_count * g->flows_per_worker;
    int control = h->magic == TL_MAGIC_CONTROL;
    int fastpath = !control;
    const struct expected expected[] = {
        {&l->channels, channels, h->channel_size_bytes, 1},
        {&l->commands, channels * g->command_slots, h->command_size_bytes, control},
        {&l->events, channels * g->event_slots, h->event_size_bytes, fastpath},
        {&l->packets, channels * g->packet_slots, h->packet_size_bytes, 1},
        {&l->records, flows, h->record_size_bytes, fastpath},
        {&l->workers, g->worker_count, h->worker_size_bytes, fastpath},
        {&l->realms, g->realm_count, h->realm_size_bytes, fastpath},
        {&l->addresses, g->address_count, h->address_size_bytes, fastpath},
        {&l->srtp_records, flows, sizeof(struct tl_srtp_record), fastpath},
        {&l->drop_records, flows + g->worker_count, sizeof(struct tl_drop_record), fastpath},
    };
    const size_t count = sizeof(expected) / sizeof(expected[0]);
    for (size_t i = 0; i < count; i++) {
        const struct expected *e = &expected[i];
        int good = e->present && e->count > 0 ? section_fits(h, e) : section_is_absent(e->section);
        if (!good)
            return TL_FILE_BAD_SECTION;
        for (size_t j = 0; j < i; j++)
            if (sections_overlap(e->section, expected[j].section))
                return TL_FILE_BAD_SECTION;
    }
    return TL_FILE_OK;
}

int32_t tl_file_check(const struct tl_file_header *header, uint64_t file_size_bytes,
                      uint64_t magic, struct tl_layout *layout)
{
    struct tl_layout l = {0};
    if (header->magic != magic)
        return TL_FILE_BAD_MAGIC;
    // Written so that nothing wraps, whatever the numbers are.
    if (header->version < TL_ABI_VERSION_FIRST ||
        (header->version < TL_ABI_VERSION && TL_ABI_VERSION - header->version > 1))
        return TL_FILE_TOO_OLD;
    if (header->version_oldest > TL_ABI_VERSION)
        return TL_FILE_TOO_NEW;
    if (header->header_size_bytes < sizeof(*header) || header->header_size_bytes > STRIDE_MAX)
        return TL_FILE_BAD_SIZE;
    if (header->file_size_bytes < header->header_size_bytes ||
        header->file_size_bytes > file_size_bytes)
        return TL_FILE_TOO_SHORT;
    int32_t result = check_sizes(header, &l);
    if (result != TL_FILE_OK)
        return result;
    l.geometry = header_geometry(header);
    result = tl_geometry_check(&l.geometry);
    if (result != TL_FILE_OK)
        return result;
    l.version = header->version;
    l.channels = header->channels;
    l.commands = header->commands;
    l.events = header->events;
    l.packets = header->packets;
    l.records = header->records;
    l.workers = header->workers;
    l.realms = header->realms;
    l.addresses = header->addresses;
    l.srtp_records = header->srtp_records;
    l.drop_records = header->drop_records;
    result = check_sections(header, &l.geometry, &l);
    if (result != TL_FILE_OK)
        return result;
    if (header->incarnation == 0)
        return TL_FILE_NOT_STARTED;
    *layout = l;
    return TL_FILE_OK;
}
