// SPDX-License-Identifier: Apache-2.0
// Flows come, change and go.
#include "CTables.h"

// What a packet's source port must be, with the marks of a hairpin and of IPv6 (source_check.h).
static uint32_t source_key(const struct tl_flow *flow, uint16_t port)
{
    if (port == 0)
        return TL_NO_SOURCE;
    return port | (flow->ingress.flags & TL_FLOW_HAIRPIN ? TL_SOURCE_LOOPED : 0) |
           (tl_address_is_ipv4(flow->ingress.source) ? 0 : TL_SOURCE_IPV6);
}

static void source_set(struct tl_worker *worker, uint32_t slot, const uint8_t address[16],
                       uint16_t port, uint16_t rtcp_port, uint8_t learned)
{
    struct tl_flow *flow = &worker->flows[slot];
    struct tl_flow_record *record = tl_worker_record(worker, slot);
    tl_shared_leave(worker, slot);
    memcpy(flow->ingress.source, address, 16);
    flow->ingress.source_key = source_key(flow, port);
    worker->cold[slot].rtcp_source_key = source_key(flow, rtcp_port);
    tl_shared_enter(worker, slot);
    uint8_t version = record->source_version;
    __atomic_store_n(&record->source_version, (uint8_t)(version + 1), __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE); // the odd version is seen before any of the source
    memcpy(record->source_address, address, 16);
    record->source_port = port;
    record->source_learned = learned;
    __atomic_store_n(&record->source_version, (uint8_t)(version + 2), __ATOMIC_RELEASE);
}

TL_PACKET_CODE uint16_t tl_flow_remote_rtcp_port(const struct tl_flow_spec *spec)
{
    if (spec->flags & TL_FLOW_RTCP_MUX || spec->remote_port == 0)
        return spec->remote_port;
    return spec->remote_rtcp_port != 0 ? spec->remote_rtcp_port : (uint16_t)(spec->remote_port + 1);
}

// Of a source that was learned, nobody said where its RTCP is.
static uint16_t learned_rtcp_port(const struct tl_flow_spec *spec, uint16_t port)
{
    return spec->flags & TL_FLOW_RTCP_MUX ? port : (uint16_t)(port + 1);
}

static void source_signalled(struct tl_worker *worker, uint32_t slot,
                             const struct tl_flow_spec *spec)
{
    source_set(worker, slot, spec->remote_address, spec->remote_port,
               tl_flow_remote_rtcp_port(spec), 0);
}

static void learn_open(struct tl_worker *worker, uint32_t slot, uint64_t now_ns)
{
    struct tl_flow *flow = &worker->flows[slot];
    struct tl_flow_cold *cold = &worker->cold[slot];
    flow->ingress.flags |= TL_FLOW_LEARN_OPEN;
    cold->learn_until_ns = now_ns + cold->spec.learn_window_ms * TL_MILLISECOND_NS;
}

TL_PACKET_CODE void tl_flow_learn_close(struct tl_flow *flow)
{
    flow->ingress.flags &= (uint16_t)~TL_FLOW_LEARN_OPEN;
}

// Nanoseconds for half a byte at `bits` a second, as a number and a shift: 31 bits of it are kept
// (28 above 512 Mbit/s), and four billion of them at one bit a second just fit.
static void byte_interval_set(struct tl_flow_ingress *ingress, uint32_t bits)
{
    uint32_t shift = 31 - (uint32_t)__builtin_clz(bits);
    ingress->byte_interval = (uint32_t)((4 * TL_NANOSECONDS << shift) / bits);
    ingress->byte_shift = (uint8_t)shift;
}

// The place in the port table that leads to a flow, and from it to its peer. A shared port leads to
// the table of those (tl_shared_join).
static void port_set(struct tl_worker *worker, uint32_t slot, const struct tl_flow_spec *spec)
{
    struct tl_port_entry *entry =
        &worker->ports[tl_worker_port(worker, spec->address_index, spec->local_port)];
    if (spec->flags & TL_FLOW_SHARED)
        return;
    entry->slot = slot;
    entry->peer = TL_NO_FLOW;
    if (spec->peer_index != TL_NO_FLOW)
        entry->peer = spec->peer_index - worker->first_flow;
}

TL_PACKET_CODE void tl_flow_glance(struct tl_worker *worker, uint32_t slot)
{
    const struct tl_flow_spec *spec = &worker->cold[slot].spec;
    struct tl_flow_ingress *ingress = &worker->flows[slot].ingress;
    // With the marker bit, types 64 to 95 look like RTCP (RFC 5761 4): never taken at a glance.
    // Nor is what has to be opened first, or where the first type is one of events: there all are
    // looked up.
    ingress->type_in = spec->payload_types[0].ingress;
    int looks = tl_dtmf_looks(worker, slot);
    int glance = ingress->type_in / 32 != 2 && ingress->type_in != TL_NO_PAYLOAD_TYPE &&
                 !(spec->flags & TL_FLOW_SRTP) && looks < 2;
    ingress->rtp_first = TL_RTP_FIRST;
    ingress->flags = (uint16_t)((ingress->flags & ~TL_FLOW_GLANCE) | (glance ? TL_FLOW_GLANCE : 0));
    if (looks)
        ingress->type_in = looks > 1 ? TL_NO_PAYLOAD_TYPE : ingress->type_in | TL_TYPE_LOOKS;
}

// The lines that packets read, but for streams, route and source.
static void settings_apply(struct tl_worker *worker, uint32_t slot,
                           const struct tl_flow_spec *spec, uint32_t kept_flags)
{
    struct tl_flow_ingress *ingress = &worker->flows[slot].ingress;
    ingress->flags = (uint16_t)(spec->flags | TL_FLOW_LIVE | (ingress->flags & kept_flags));
    ingress->peer_generation = spec->peer_generation;
    ingress->packet_interval_ns = (uint32_t)(TL_NANOSECONDS / spec->packets_per_second);
    byte_interval_set(ingress, spec->bits_per_second);
    ingress->clock_rate_hz = spec->clock_rate_hz;
    ingress->type_out = spec->payload_types[0].egress;
    tl_flow_glance(worker, slot);
    port_set(worker, slot, spec);
}

// A fresh record, readable as one: no reader believes it before its generation is there.
static void record_start(struct tl_flow_record *record, const struct tl_flow_spec *spec,
                         uint32_t generation)
{
    __atomic_store_n(&record->generation, 0, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE); // zero is seen before anything of the new flow
    memset(record, 0, sizeof(*record));
    record->egress_index = spec->initial_sequence;
    record->egress_ssrc = spec->ssrc;
    record->egress_timestamp = spec->initial_timestamp;
    record->local_port = spec->local_port;
    record->address_index = spec->address_index;
    tl_store_release_u32(&record->generation, generation);
}

// A record that the last process left of the same flow and key is taken up: its egress stream
// goes on behind the highest packet index that can have left, its learned source stays.
TL_PACKET_CODE int tl_record_takes_up(const struct tl_flow_record *record,
                                      const struct tl_flow_spec *spec, uint32_t generation)
{
    return record->state == TL_RECORD_LEFT && record->generation == generation &&
           record->key_id == spec->key_id;
}

static void streams_start(struct tl_worker *worker, uint32_t slot,
                          const struct tl_flow_record *record, uint32_t generation)
{
    struct tl_flow *flow = &worker->flows[slot];
    flow->ingress.stream++; // no mapping of an earlier flow in this slot fits
    flow->ingress.packets_until_ns = 0;
    flow->ingress.bytes_until_ns = 0;
    flow->egress.generation = generation;
    flow->egress.ssrc_be = __builtin_bswap32(record->egress_ssrc);
    flow->egress.source_slot = TL_NO_FLOW;
}

static void cold_start(struct tl_flow_cold *cold, const struct tl_flow_spec *spec,
                       uint32_t generation)
{
    cold->spec = *spec;
    cold->last_generation = generation;
    cold->learn_until_ns = 0;
    cold->rtcp_due_ns = 0;
    cold->digits_due_ns = 0;
    cold->sr_time_ns = 0;
    cold->report_stream = 0;
    cold->sent_prior = 0;
    cold->tx_overhead = 0;
    cold->pending = 0;
    cold->dtls_until_ns = 0;
    // RFC 7022 wants a name that does not tell who we are and stays for the stream's life.
    cold->name = ((uint64_t)spec->ssrc << 32 | generation) * 0x9e3779b97f4a7c15ull;
    cold->name ^= cold->name >> 29;
}

// The first report comes early (RFC 3550 6.2): half the interval, randomised like the others.
static void rtcp_start(struct tl_worker *worker, struct tl_flow_cold *cold, uint64_t now_ns)
{
    uint64_t mean = cold->spec.rtcp_interval_ms * TL_MILLISECOND_NS / 2;
    cold->rtcp_due_ns = now_ns + mean / 2 + tl_worker_random(worker) % mean;
}

TL_PACKET_CODE void tl_flow_install(struct tl_worker *worker, uint32_t slot, uint32_t generation,
                                    const struct tl_flow_spec *spec, const struct tl_route *route,
                                    uint64_t now_ns)
{
    struct tl_flow_cold *cold = &worker->cold[slot];
    struct tl_flow_record *record = tl_worker_record(worker, slot);
    int taken_up = tl_record_takes_up(record, spec, generation);
    if (!taken_up) {
        record_start(record, spec, generation);
        tl_store_release_u64(&worker->srtp_records[slot].key_check, 0);
    }
    cold_start(cold, spec, generation);
    cold->match = worker->channels[cold->shard].match;
    tl_flow_hear(worker, slot, now_ns); // whether a time-out was told before, nobody knows
    settings_apply(worker, slot, spec, 0);
    tl_shared_join(worker, slot);
    streams_start(worker, slot, record, generation);
    tl_route_apply(worker, slot, spec->remote_address, spec->remote_port, route);
    worker->live++;
    worker->counters.flows = worker->live;
    if (spec->flags & TL_FLOW_LEARN)
        learn_open(worker, slot, now_ns);
    uint8_t source[16];
    memcpy(source, record->source_address, 16);
    int learned = taken_up && record->source_learned && spec->flags & (TL_FLOW_LEARN | TL_FLOW_ICE);
    uint16_t port = record->source_port;
    source_signalled(worker, slot, spec);
    if (learned)
        tl_flow_learn(worker, slot, source, port);
    if (spec->flags & TL_FLOW_RTCP)
        rtcp_start(worker, cold, now_ns);
    tl_store_release_u32(&record->state, TL_RECORD_LIVE);
    tl_flow_schedule(worker, slot, now_ns);
}

static int same_remote(const struct tl_flow_spec *a, const struct tl_flow_spec *b)
{
    return memcmp(a->remote_address, b->remote_address, 16) == 0 &&
           a->remote_port == b->remote_port &&
           tl_flow_remote_rtcp_port(a) == tl_flow_remote_rtcp_port(b);
}

TL_PACKET_CODE void tl_flow_replace(struct tl_worker *worker, uint32_t slot,
                                    const struct tl_flow_spec *spec, const struct tl_route *route,
                                    uint64_t now_ns)
{
    struct tl_flow *flow = &worker->flows[slot];
    struct tl_flow_cold *cold = &worker->cold[slot];
    struct tl_flow_record *record = tl_worker_record(worker, slot);
    struct tl_flow_spec old = cold->spec;
    int keeps_source = same_remote(&old, spec) &&
                       !(record->source_learned && !(spec->flags & TL_FLOW_LEARN));
    if (record->source_learned && old.flags & spec->flags & TL_FLOW_ICE)
        keeps_source = 1; // wherever the default candidate points now
    if (old.flags & TL_FLOW_ICE && !(spec->flags & TL_FLOW_ICE))
        tl_ice_drop(worker, slot);
    tl_shared_leave(worker, slot); // with what else it is called by until now
    cold->spec = *spec;
    settings_apply(worker, slot, spec, TL_FLOW_STARTED | TL_FLOW_JUMPED | TL_FLOW_LEARN_OPEN |
                                           TL_FLOW_HAIRPIN);
    if (!(keeps_source && record->source_learned)) {
        tl_route_apply(worker, slot, spec->remote_address, spec->remote_port, route);
        source_signalled(worker, slot, spec);
    } else {
        // Sending goes on to the learned source; only DSCP and the like may have changed.
        tl_next_hop_release(&worker->hops, route->hop);
        struct tl_route kept = {.hop = flow->egress.hop,
                                .variant = flow->egress.way & TL_VARIANT_ALL,
                                .target = flow->egress.target};
        if (kept.hop != TL_NO_HOP)
            worker->hops.entries[kept.hop].users++;
        tl_route_apply(worker, slot, flow->ingress.source, record->source_port, &kept);
        // A path may come before the answer that has rtcp-mux.
        if ((old.flags ^ spec->flags) & TL_FLOW_RTCP_MUX) // else it may be a checked one
            cold->rtcp_source_key =
                source_key(flow, learned_rtcp_port(spec, record->source_port));
    }
    if (!(spec->flags & TL_FLOW_LEARN))
        tl_flow_learn_close(flow);
    else if (!keeps_source || !(old.flags & TL_FLOW_LEARN))
        learn_open(worker, slot, now_ns);
    if (!(spec->flags & TL_FLOW_RTCP))
        cold->rtcp_due_ns = 0;
    else if (!(old.flags & TL_FLOW_RTCP) || old.rtcp_interval_ms != spec->rtcp_interval_ms)
        rtcp_start(worker, cold, now_ns);
    // A time-out may have been told to a control plane that died before it read it.
    const struct tl_channel *channel = &worker->channels[cold->shard];
    if (cold->match != channel->match) {
        cold->match = channel->match;
        tl_flow_hear(worker, slot, now_ns);
    }
    if (!(spec->flags & TL_FLOW_SRTP))
        tl_keys_drop(worker, slot);
    tl_shared_enter(worker, slot);
    tl_flow_schedule(worker, slot, now_ns);
}

TL_PACKET_CODE int tl_flow_learn(struct tl_worker *worker, uint32_t slot,
                                 const uint8_t address[16], uint16_t port)
{
    struct tl_flow *flow = &worker->flows[slot];
    struct tl_route route;
    const struct tl_flow_spec *spec = &worker->cold[slot].spec;
    if (!tl_remote_is_good(worker, spec, address, port) ||
        tl_route_find(worker, spec, address, port, &route) != TL_STATUS_OK)
        return 0;
    if (route.hop == TL_NO_HOP)
        return 0; // a hairpin: only signalling says that a call comes back to the box
    tl_route_apply(worker, slot, address, port, &route);
    source_set(worker, slot, address, port, learned_rtcp_port(spec, port), 1);
    tl_flow_learn_close(flow);
    return 1;
}

TL_PACKET_CODE void tl_flow_unlearn(struct tl_worker *worker, uint32_t slot)
{
    const struct tl_flow_spec *spec = &worker->cold[slot].spec;
    struct tl_route route;
    if (tl_route_find(worker, spec, spec->remote_address, spec->remote_port, &route) !=
        TL_STATUS_OK)
        return;
    tl_route_apply(worker, slot, spec->remote_address, spec->remote_port, &route);
    source_signalled(worker, slot, spec);
}

// A BYE says that the stream ends (RFC 3550 6.3.7). It leaves with the next tick; when too many
// wait, the remote party finds out by itself.
static void farewell_queue(struct tl_worker *worker, uint32_t slot)
{
    const struct tl_flow *flow = &worker->flows[slot];
    const struct tl_flow_record *record = tl_worker_record(worker, slot);
    if (!(flow->ingress.flags & TL_FLOW_RTCP) || flow->egress.hop == TL_NO_HOP ||
        record->tx_packets + record->tx_rtcp_packets == 0 ||
        worker->farewell_count == TL_FAREWELLS_MAX ||
        flow->ingress.flags & TL_FLOW_SRTP) // its keys go with it
        return;
    uint32_t place = (worker->farewell_first + worker->farewell_count) % TL_FAREWELLS_MAX;
    worker->farewells[place] = (struct tl_farewell){
        .egress = flow->egress,
        .hop_word = tl_next_hop_word(&worker->hops, flow->egress.hop),
        .name = worker->cold[slot].name,
    };
    worker->farewells[place].egress.ports_be = tl_flow_rtcp_ports(worker, slot);
    worker->farewell_count++;
}

TL_PACKET_CODE uint32_t tl_flow_rtcp_ports(const struct tl_worker *worker, uint32_t slot)
{
    const struct tl_flow_cold *cold = &worker->cold[slot];
    uint16_t local = (uint16_t)(cold->spec.local_port + !(cold->spec.flags & TL_FLOW_RTCP_MUX));
    uint16_t remote = (uint16_t)cold->rtcp_source_key;
    return __builtin_bswap16(local) | (uint32_t)__builtin_bswap16(remote) << 16;
}

TL_PACKET_CODE void tl_flow_remove(struct tl_worker *worker, uint32_t slot)
{
    struct tl_flow *flow = &worker->flows[slot];
    struct tl_flow_cold *cold = &worker->cold[slot];
    farewell_queue(worker, slot);
    tl_dtmf_drop(worker, slot, worker->now_ns);
    tl_keys_drop(worker, slot);
    tl_timer_cancel(&worker->timers, worker->cold, slot);
    if (flow->ingress.flags & TL_FLOW_SHARED)
        tl_shared_part(worker, slot);
    else
        worker->ports[tl_worker_port(worker, cold->spec.address_index, cold->spec.local_port)] =
            (struct tl_port_entry){TL_NO_FLOW, TL_NO_FLOW};
    const struct tl_route nowhere = {.hop = TL_NO_HOP, .variant = TL_VARIANT_NOWHERE};
    flow->ingress.flags = 0;
    tl_route_apply(worker, slot, NULL, 0, &nowhere);
    flow->egress.generation = 0;
    tl_ice_drop(worker, slot);
    cold->pending = 0;
    tl_store_release_u32(&tl_worker_record(worker, slot)->state, TL_RECORD_FREE);
    worker->live--;
    worker->counters.flows = worker->live;
}

TL_PACKET_CODE uint64_t tl_flow_heard(const struct tl_worker *worker, uint32_t slot)
{
    uint64_t media_ns = tl_worker_record(worker, slot)->rx_time_ns;
    uint64_t quiet_from_ns = worker->cold[slot].quiet_from_ns;
    return media_ns > quiet_from_ns ? media_ns : quiet_from_ns;
}

TL_PACKET_CODE void tl_flow_hear(struct tl_worker *worker, uint32_t slot, uint64_t now_ns)
{
    worker->cold[slot].quiet_from_ns = now_ns;
    tl_worker_record(worker, slot)->media_timed_out = 0;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return b != 0 && b < a ? b : a;
}

TL_PACKET_CODE void tl_flow_schedule(struct tl_worker *worker, uint32_t slot, uint64_t now_ns)
{
    struct tl_flow_cold *cold = &worker->cold[slot];
    const struct tl_flow *flow = &worker->flows[slot];
    const struct tl_flow_record *record = tl_worker_record(worker, slot);
    uint64_t due = earlier(earlier(UINT64_MAX, cold->rtcp_due_ns), cold->digits_due_ns);
    if (flow->ingress.flags & TL_FLOW_LEARN_OPEN)
        due = earlier(due, cold->learn_until_ns);
    const struct tl_secure *secure = tl_secure_of(worker, slot);
    if (secure != NULL)
        due = earlier(due, secure->former_until_ns);
    if (cold->spec.media_timeout_ms != 0) {
        uint64_t last = tl_flow_heard(worker, slot);
        uint64_t timeout = cold->spec.media_timeout_ms * TL_MILLISECOND_NS;
        // Once reported, look again after a whole time-out: media may have returned and stopped.
        due = earlier(due, (record->media_timed_out ? now_ns : last) + timeout);
    }
    if (due == UINT64_MAX)
        tl_timer_cancel(&worker->timers, worker->cold, slot);
    else
        tl_timer_arm(&worker->timers, worker->cold, slot, due, now_ns);
}
