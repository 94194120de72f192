// SPDX-License-Identifier: Apache-2.0
// One worker: everything that its thread owns.

#ifndef TL_WORKER_H
#define TL_WORKER_H

#include "tl_base.h"
#include "tl_channel.h"
#include "tl_counters.h"
#include "tl_dtmf.h"
#include "tl_flow.h"
#include "tl_ice.h"
#include "tl_next_hop.h"
#include "tl_realm.h"
#include "tl_secure.h"
#include "tl_shared.h"
#include "tl_timer.h"

#define TL_PORT_BLOCKS   (65536u / TL_PORT_BLOCK)
#define TL_FAREWELLS_MAX 64u // RTCP BYEs that wait to be sent

/// What a worker is made for. Copied; the pointers must stay valid for the worker's life.
struct tl_worker_config {
    uint32_t index;            // this worker
    uint32_t worker_count;     // 1...TL_WORKERS_MAX
    uint32_t shard_count;      // 1...TL_SHARDS_MAX
    uint32_t flows_per_worker; // 1...TL_FLOWS_PER_WORKER_MAX
    uint32_t next_hops;        // power of two, 2...65536
    uint32_t ice_flows;        // flows that can speak ICE, 0...flows_per_worker
    uint32_t realm_count;
    uint32_t address_count;
    uint32_t record_stride; // of the records section
    const struct tl_realm *realms;
    const struct tl_address *addresses;
    uint8_t *records;            // this worker's first record, in the fast path's file
    struct tl_srtp_record *srtp_records; // likewise
    struct tl_drop_record *drop_records; // likewise
    struct tl_drop_record *no_flow_drops; // likewise this worker's: of packets of no flow
    struct tl_worker_page *page; // this worker's page
    uint64_t seed;               // of the randomised RTCP interval
    uint64_t realtime_offset_ns; // CLOCK_REALTIME - CLOCK_MONOTONIC, for NTP time stamps
    struct tl_srtp_engine *srtp; // this worker's alone; NULL: no flow can be secure
    uint32_t secure_flows;       // that can have keys at a time, 0...flows_per_worker
    uint32_t shared_flows;       // that can share ports at a time, 0...flows_per_worker
    uint32_t dtmf_flows;         // that can take or send digits at a time, 0...flows_per_worker
};

/// A BYE that outlives its flow.
struct tl_farewell {
    struct tl_flow_egress egress; // with RTCP's ports
    uint64_t hop_word;
    uint64_t name;
};

/// What serves a pair of UDP ports of one address. Both flows of a call, so that their lines can be
/// asked for at once.
struct tl_port_entry {
    uint32_t slot; // or TL_NO_FLOW; or TL_SHARED_PORT (tl_shared.h)
    uint32_t peer; // slot of its peer flow, or TL_NO_FLOW
};

#define TL_NOT_OURS 0xffffu

struct tl_worker {
    // What packets read.
    struct tl_flow *flows;      // by slot: flow index minus first_flow
    struct tl_flow_cold *cold;  // likewise
    uint8_t *records;           // likewise, record_stride apart
    struct tl_srtp_record *srtp_records; // likewise, without gaps
    struct tl_drop_record *drop_records; // likewise, what was dropped; touched by that alone
    struct tl_drop_record *no_flow_drops;
    struct tl_port_entry *ports; // by local port, see tl_worker_port
    struct tl_secure *secures;   // contexts of secure flows
    struct tl_secure_receive *formers; // likewise, the key before
    uint32_t *secure_places;     // by slot: position in `secures`, or TL_NO_SECURE
    struct tl_dtmf *dtmfs;       // contexts of flows with digits
    struct tl_dtmf_tones *tones; // by slot; of flows with such a context
    uint32_t *dtmf_places;       // by slot: position in `dtmfs`, or TL_NO_DTMF
    struct tl_shared shared;     // flows that share ports
    struct tl_srtp_engine *srtp;
    struct parked *parked;       // of the burst in hand (CStages)
    uint64_t now_ns;            // CLOCK_MONOTONIC of this turn
    uint32_t record_stride;
    uint32_t first_flow;        // index of slot zero
    uint32_t flow_count;
    uint32_t live;
    uint32_t ports_stride;      // entries of one address in `ports`
    uint32_t index;
    uint32_t worker_count;
    uint32_t shard_count;
    uint32_t realm_count;
    uint16_t block_place[TL_PORT_BLOCKS]; // where its ports begin in `ports`, or TL_NOT_OURS
    uint8_t block_worker[TL_PORT_BLOCKS]; // whose port block it is
    uint8_t port_twin[256];               // by interface: it has a kernel's twin
    struct tl_counters counters;
    struct tl_realm realms[TL_REALMS_MAX];
    struct tl_address_table addresses;
    struct tl_next_hops hops;
    // By local address: as its realm sends, and untagged for a hairpin.
    struct tl_leg_template templates[TL_ADDRESSES_MAX][2];
    // What commands and timers use.
    struct tl_worker_page *page;
    struct tl_timers timers;
    uint64_t random;
    uint64_t realtime_offset_ns;
    uint32_t secure_free; // first of the contexts that were given back, or TL_NO_SECURE
    uint32_t secure_used; // contexts that were ever taken
    uint32_t secure_count;
    uint32_t dtmf_free; // likewise
    uint32_t dtmf_used;
    uint32_t dtmf_count;
    struct tl_hmac *hmac; // NULL when no flow can speak ICE
    struct tl_ice *ices;  // agents
    uint32_t ice_count;
    uint32_t ice_used; // of them, how many ever were
    uint32_t ice_free; // first that was given back, or TL_NO_FLOW
    uint32_t farewell_first;
    uint32_t farewell_count;
    struct tl_farewell farewells[TL_FAREWELLS_MAX];
    struct tl_channel channels[TL_SHARDS_MAX]; // by shard
};

/// Bytes that a worker needs, for tl_worker_init. The caller takes them (64-byte aligned).
uint64_t tl_worker_size(const struct tl_worker_config *config);

/// How many of them are written at once; the rest is agents and the contexts of secure flows and of
/// those with digits, each of which is left alone until a flow takes it.
uint64_t tl_worker_size_at_once(const struct tl_worker_config *config);

/// Makes a worker in `memory`. Returns NULL and a sentence when the configuration is impossible.
/// Records are kept as they are: an add may take them up. Counters go on from the page.
struct tl_worker *tl_worker_init(void *memory, const struct tl_worker_config *config,
                                 uint64_t now_ns, const char **problem);

/// The record of a slot.
static inline struct tl_flow_record *tl_worker_record(const struct tl_worker *worker,
                                                      uint32_t slot)
{
    return (struct tl_flow_record *)(void *)(worker->records +
                                             (uint64_t)slot * worker->record_stride);
}

/// The context of a secure flow, or NULL while it has no keys.
static inline struct tl_secure *tl_secure_of(const struct tl_worker *worker, uint32_t slot)
{
    uint32_t place = worker->secure_places[slot];
    return place != TL_NO_SECURE ? &worker->secures[place] : NULL;
}

/// The context of a flow with digits, or NULL.
static inline struct tl_dtmf *tl_dtmf_of(const struct tl_worker *worker, uint32_t slot)
{
    uint32_t place = worker->dtmf_places[slot];
    return place != TL_NO_DTMF ? &worker->dtmfs[place] : NULL;
}

/// Slot of a flow of this worker.
static inline uint32_t tl_worker_slot(const struct tl_worker *worker, const struct tl_flow *flow)
{
    return (uint32_t)(flow - worker->flows);
}

/// Counts a dropped packet by its reason (TL_DROP_INDEX_*), for one of this worker's flows or, with
/// NULL, for none.
TL_PACKET_CODE void tl_drop_note(struct tl_worker *worker, const struct tl_flow *flow,
                                 uint32_t reason);

/// Worker that owns a UDP port.
static inline uint32_t tl_worker_of_port(const struct tl_worker *worker, uint16_t port)
{
    return worker->block_worker[port / TL_PORT_BLOCK];
}

/// Place of a port that this worker owns, counted from where the address's ports begin.
static inline uint32_t tl_port_place(const struct tl_worker *worker, uint16_t port)
{
    return worker->block_place[port / TL_PORT_BLOCK] + (port % TL_PORT_BLOCK) / 2u;
}

/// Place in `ports` of a port that this worker owns: RTP and RTCP port share one.
static inline uint32_t tl_worker_port(const struct tl_worker *worker, uint32_t address_index,
                                      uint16_t port)
{
    return address_index * worker->ports_stride + tl_port_place(worker, port);
}

#endif
