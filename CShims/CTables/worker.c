// SPDX-License-Identifier: Apache-2.0
#include "CTables.h"

// How a worker's memory is cut up. Offsets from its beginning, each on a cache line.
struct cut {
    uint64_t flows, cold, ports, places, words, hops, heads, shared;
    uint64_t dtmf_places, hmac, ices, secures, formers, tones, dtmfs, end;
    uint32_t ports_stride;
};

static uint64_t line_up(uint64_t offset)
{
    return (offset + TL_LINE_BYTES - 1) & ~(uint64_t)(TL_LINE_BYTES - 1);
}

static uint32_t own_blocks(const struct tl_worker_config *config)
{
    uint32_t count = TL_PORT_BLOCKS / config->worker_count;
    return count + (config->index < TL_PORT_BLOCKS % config->worker_count);
}

static struct cut cut_make(const struct tl_worker_config *config)
{
    struct cut cut;
    cut.ports_stride = own_blocks(config) * (TL_PORT_BLOCK / 2);
    cut.flows = line_up(sizeof(struct tl_worker));
    cut.cold = line_up(cut.flows + config->flows_per_worker * sizeof(struct tl_flow));
    cut.ports = line_up(cut.cold + config->flows_per_worker * sizeof(struct tl_flow_cold));
    uint64_t ports = (uint64_t)cut.ports_stride * config->address_count;
    cut.places = line_up(cut.ports + ports * sizeof(struct tl_port_entry));
    cut.words = line_up(cut.places + config->flows_per_worker * sizeof(uint32_t));
    cut.hops = line_up(cut.words + config->next_hops * sizeof(uint64_t));
    cut.heads = line_up(cut.hops + config->next_hops * sizeof(struct tl_next_hop));
    cut.shared = line_up(cut.heads + config->next_hops * sizeof(uint32_t));
    cut.dtmf_places = line_up(cut.shared + tl_shared_size(config->shared_flows));
    cut.hmac = line_up(cut.dtmf_places + config->flows_per_worker * sizeof(uint32_t));
    cut.ices = line_up(cut.hmac + (config->ice_flows != 0 ? tl_hmac_size() : 0));
    cut.secures = line_up(cut.ices + config->ice_flows * sizeof(struct tl_ice));
    cut.formers = line_up(cut.secures + config->secure_flows * sizeof(struct tl_secure));
    uint32_t tones = config->dtmf_flows != 0 ? config->flows_per_worker : 0;
    cut.tones =
        line_up(cut.formers + config->secure_flows * sizeof(struct tl_secure_receive));
    cut.dtmfs = line_up(cut.tones + tones * sizeof(struct tl_dtmf_tones));
    cut.end = line_up(cut.dtmfs + config->dtmf_flows * sizeof(struct tl_dtmf));
    return cut;
}

static const char *realms_problem(const struct tl_worker_config *config)
{
    for (uint32_t i = 0; i < config->realm_count; i++) {
        const struct tl_realm *realm = &config->realms[i];
        if (realm->port_first % 2 != 0 || realm->port_last % 2 != 1 ||
            realm->port_first > realm->port_last || realm->port_first == 0)
            return "a realm's media ports must begin even, above zero, and end odd";
        if (realm->vlan > 4094)
            return "a realm's VLAN must be 1 to 4094, or 0 for none";
    }
    for (uint32_t i = 0; i < config->address_count; i++) {
        if (config->addresses[i].realm_index >= config->realm_count)
            return "an address names a realm that does not exist";
        for (uint32_t j = 0; j < i; j++)
            if (memcmp(config->addresses[i].address, config->addresses[j].address, 16) == 0)
                return "a media address is named twice";
    }
    return NULL;
}

static const char *config_problem(const struct tl_worker_config *config)
{
    if (!tl_between(config->worker_count, 1, TL_WORKERS_MAX) ||
        config->index >= config->worker_count)
        return "the worker count must be 1 to 64, and the worker one of them";
    if (!tl_between(config->shard_count, 1, TL_SHARDS_MAX))
        return "the shard count must be 1 to 16";
    if (!tl_between(config->flows_per_worker, 1, TL_FLOWS_PER_WORKER_MAX))
        return "flows per worker must be 1 to 4194304";
    if (config->secure_flows > config->flows_per_worker ||
        (config->secure_flows != 0 && config->srtp == NULL))
        return "secure flows per worker must be at most the flows, and need an SRTP engine";
    if (config->ice_flows > config->flows_per_worker)
        return "more flows with ICE than flows";
    if (config->shared_flows > config->flows_per_worker)
        return "more flows on shared ports than flows";
    if (config->dtmf_flows > config->flows_per_worker)
        return "more flows with digits than flows";
    if (!tl_between(config->next_hops, 2, 65536) || (config->next_hops & (config->next_hops - 1)))
        return "the table of next hops must be a power of two from 2 to 65536";
    if (config->realm_count > TL_REALMS_MAX || config->address_count > TL_ADDRESSES_MAX)
        return "more realms or addresses than the contract allows";
    if (config->record_stride < sizeof(struct tl_flow_record))
        return "the records' stride is below their size";
    return realms_problem(config);
}

uint64_t tl_worker_size(const struct tl_worker_config *config)
{
    return config_problem(config) == NULL ? cut_make(config).end : 0;
}

uint64_t tl_worker_size_at_once(const struct tl_worker_config *config)
{
    return config_problem(config) == NULL ? cut_make(config).ices : 0;
}

static void blocks_init(struct tl_worker *worker)
{
    for (uint32_t block = 0; block < TL_PORT_BLOCKS; block++) {
        uint32_t local = block / worker->worker_count; // its position among its worker's blocks
        worker->block_worker[block] = (uint8_t)(block % worker->worker_count);
        worker->block_place[block] = (uint16_t)(local * (TL_PORT_BLOCK / 2));
        if (worker->block_worker[block] != worker->index)
            worker->block_place[block] = TL_NOT_OURS;
    }
}

// A process that was killed while it wrote a source leaves one that nobody can believe.
static void source_settle(struct tl_flow_record *record)
{
    if (record->source_version % 2 == 0)
        return;
    memset(record->source_address, 0, sizeof(record->source_address));
    record->source_port = 0;
    record->source_learned = 0;
    __atomic_store_n(&record->source_version, (uint8_t)(record->source_version + 1),
                     __ATOMIC_RELEASE);
}

static void flows_init(struct tl_worker *worker, uint64_t ports)
{
    memset(worker->ports, 0xff, ports * sizeof(worker->ports[0]));
    for (uint32_t slot = 0; slot < worker->flow_count; slot++) {
        worker->flows[slot].egress.way = TL_VARIANT_NOWHERE;
        worker->flows[slot].egress.hop = TL_NO_HOP;
        worker->cold[slot].pending_next = TL_NO_FLOW;
        // What the last process left may be taken up by an add of its generation; but for that,
        // no generation comes again, whichever process used it.
        struct tl_flow_record *record = tl_worker_record(worker, slot);
        source_settle(record);
        if (record->state == TL_RECORD_LIVE)
            tl_store_release_u32(&record->state, TL_RECORD_LEFT);
        worker->cold[slot].last_generation = record->generation;
    }
    for (uint32_t shard = 0; shard < TL_SHARDS_MAX; shard++) {
        worker->channels[shard].pending_head = TL_NO_FLOW;
        worker->channels[shard].pending_tail = TL_NO_FLOW;
    }
}

static void config_take(struct tl_worker *worker, const struct tl_worker_config *config)
{
    worker->records = config->records;
    worker->srtp_records = config->srtp_records;
    worker->drop_records = config->drop_records;
    worker->no_flow_drops = config->no_flow_drops;
    worker->record_stride = config->record_stride;
    worker->first_flow = config->index * config->flows_per_worker;
    worker->flow_count = config->flows_per_worker;
    worker->index = config->index;
    worker->worker_count = config->worker_count;
    worker->shard_count = config->shard_count;
    worker->realm_count = config->realm_count;
    worker->page = config->page;
    worker->random = config->seed | 1u;
    worker->srtp = config->srtp;
    worker->realtime_offset_ns = config->realtime_offset_ns;
    memcpy(worker->realms, config->realms, config->realm_count * sizeof(struct tl_realm));
    for (uint32_t i = 0; i < config->realm_count; i++)
        if (config->realms[i].flags & TL_REALM_TWIN)
            worker->port_twin[config->realms[i].port] = 1;
    tl_address_table_init(&worker->addresses, config->addresses, config->address_count,
                          worker->realms, worker->ports_stride);
    tl_templates_make(worker);
}

struct tl_worker *tl_worker_init(void *memory, const struct tl_worker_config *config,
                                 uint64_t now_ns, const char **problem)
{
    *problem = config_problem(config);
    if (*problem != NULL)
        return NULL;
    struct cut cut = cut_make(config);
    uint8_t *base = memory;
    memset(base, 0, cut.ices); // agents and contexts are cleared when they are taken
    struct tl_worker *worker = memory;
    worker->flows = (void *)(base + cut.flows);
    worker->cold = (void *)(base + cut.cold);
    worker->ports = (void *)(base + cut.ports);
    worker->ports_stride = cut.ports_stride;
    worker->secure_places = (void *)(base + cut.places);
    worker->secures = (void *)(base + cut.secures);
    worker->formers = (void *)(base + cut.formers);
    worker->now_ns = now_ns;
    config_take(worker, config);
    blocks_init(worker);
    tl_next_hops_init(&worker->hops, (void *)(base + cut.words), (void *)(base + cut.hops),
                      (void *)(base + cut.heads), config->next_hops);
    tl_timers_init(&worker->timers, now_ns);
    memset(worker->secure_places, 0xff, worker->flow_count * sizeof(worker->secure_places[0]));
    worker->secure_free = TL_NO_SECURE;
    worker->secure_count = config->secure_flows;
    worker->dtmf_places = (void *)(base + cut.dtmf_places);
    worker->tones = (void *)(base + cut.tones);
    worker->dtmfs = (void *)(base + cut.dtmfs);
    memset(worker->dtmf_places, 0xff, worker->flow_count * sizeof(worker->dtmf_places[0]));
    worker->dtmf_free = TL_NO_DTMF;
    worker->dtmf_count = config->dtmf_flows;
    if (config->dtmf_flows != 0)
        tl_tone_prepare();
    worker->hmac = config->ice_flows != 0 ? tl_hmac_init(base + cut.hmac) : NULL;
    tl_shared_init(&worker->shared, base + cut.shared, config->shared_flows,
                   tl_worker_random(worker));
    worker->ices = (void *)(base + cut.ices);
    worker->ice_count = config->ice_flows;
    worker->ice_free = TL_NO_FLOW;
    flows_init(worker, (uint64_t)cut.ports_stride * config->address_count);
    tl_counters_restore(&worker->counters, worker->page);
    return worker;
}

TL_PACKET_CODE uint64_t tl_worker_random(struct tl_worker *worker)
{
    uint64_t x = worker->random; // xorshift64*
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    worker->random = x;
    return x * 0x2545f4914f6cdd1dull;
}
