// SPDX-License-Identifier: Apache-2.0
#include "node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "eal.h"
#include "io.h"
#include "memory.h"
#include "port_memif_guard.h"
#include "probes.h"
#include "say.h"

// Behind the headroom a buffer holds the largest packet that the box makes; what arrives is smaller
// where no jumbo frames are, and DPDK's own default.
enum { BUFFER_BYTES = RTE_PKTMBUF_HEADROOM + TL_MADE_PACKET_BYTES };
_Static_assert(BUFFER_BYTES >= RTE_MBUF_DEFAULT_BUF_SIZE, "room for a full frame");
_Static_assert(RTE_PKTMBUF_HEADROOM >= TL_HEADROOM_BYTES, "headers may grow");
_Static_assert(BUFFER_BYTES + 512 <= 4096, "AF_XDP wants a buffer with its heads within a page");

enum { LOCK_TRIES = 50, LOCK_PAUSE_NS = 20000000 }; // a second in all
enum { POOL_CACHE = 256, INBOX_SLOTS = 4096, NEXT_HOPS_MAX = 65536, FILE_MODE = 0640 };

// Files ------------------------------------------------------------------------------------------

static int own_file(struct tl_node *node, const char *directory, char *path)
{
    int32_t result;
    snprintf(path, PATH_MAX, "%s/fastpath.shm", directory);
    // A killed process gives its lock back only when the kernel has taken its sockets down.
    for (int tries = 0;; tries++) {
        result = tl_file_own(path, TL_MAGIC_FASTPATH, &node->options->geometry, FILE_MODE,
                             &node->own, &node->own_layout, &node->kept);
        if (result != TL_FILE_SYSTEM || errno != EWOULDBLOCK || tries == LOCK_TRIES)
            break;
        tl_io_sleep_ns(LOCK_PAUSE_NS);
    }
    if (result == TL_FILE_OK)
        return 0;
    if (result == TL_FILE_SYSTEM && errno == EWOULDBLOCK)
        tl_say("%s belongs to another trunkline-fastpath that runs; stop it, or give another "
               "--directory",
               path);
    else
        tl_say("%s cannot be made: %s%s%s", path, tl_file_result_text(result),
               result == TL_FILE_SYSTEM ? ": " : "",
               result == TL_FILE_SYSTEM ? strerror(errno) : "");
    return TL_EXIT_UNAVAILABLE;
}

// A file of our own that is gone from its directory as soon as it is mapped.
static int own_hidden_file(struct tl_node *node)
{
    char directory[] = "/dev/shm/trunkline-fastpath-XXXXXX";
    char path[PATH_MAX];
    char lock[PATH_MAX + 8];
    if (mkdtemp(directory) == NULL) {
        tl_say("/dev/shm cannot be written: %s", strerror(errno));
        return TL_EXIT_UNAVAILABLE;
    }
    int result = own_file(node, directory, path);
    snprintf(lock, sizeof(lock), "%s.lock", path);
    unlink(path);
    unlink(lock);
    rmdir(directory);
    return result;
}

int tl_node_files(struct tl_node *node)
{
    char path[PATH_MAX];
    if (node->options->mode != TL_MODE_SERVE)
        return own_hidden_file(node);
    if (mkdir(node->options->directory, 0755) < 0 && errno != EEXIST) {
        tl_say("%s cannot be made: %s; make it, or give another --directory",
               node->options->directory, strerror(errno));
        return TL_EXIT_UNAVAILABLE;
    }
    return own_file(node, node->options->directory, path);
}

void tl_node_set_state(struct tl_node *node, uint32_t state)
{
    struct tl_file_header *header = node->own.base;
    tl_store_release_u32(&header->state, state);
}

// DPDK's memory node for a worker. What it takes without huge pages has none.
static int socket_of(const struct tl_options *options, uint32_t worker)
{
    return options->no_huge ? SOCKET_ID_ANY
                            : (int)rte_lcore_to_socket_id(TL_LCORE_OF_WORKER(worker));
}

// Buffers, realms --------------------------------------------------------------------------------

int tl_node_dpdk(struct tl_node *node)
{
    int result = tl_eal_start(node->options);
    node->dpdk_started = result == 0;
    return result;
}

// One pool a memory node: workers of a node share it. Without huge pages DPDK knows one node.
int tl_node_pool(struct tl_node *node, uint32_t extra)
{
    const struct tl_options *options = node->options;
    uint32_t workers = options->geometry.worker_count;
    uint32_t each = (tl_ports_buffers(options) + extra + workers - 1) / workers;
    for (uint32_t first = 0; first < workers; first++) {
        char name[RTE_MEMPOOL_NAMESIZE];
        int socket = socket_of(options, first);
        uint32_t sharers = 0;
        if (node->pools[first] != NULL)
            continue;
        for (uint32_t i = first; i < workers; i++)
            sharers += socket_of(options, i) == socket;
        snprintf(name, sizeof(name), "packets-%u", first);
        struct rte_mempool *pool = rte_pktmbuf_pool_create(name, each * sharers, POOL_CACHE, 0,
                                                           BUFFER_BYTES, socket);
        if (pool == NULL) {
            tl_say("no memory for %u packet buffers in %u MiB: %s; raise memory-mb",
                   each * sharers, tl_eal_memory_mb(options), rte_strerror(rte_errno));
            return TL_EXIT_UNAVAILABLE;
        }
        for (uint32_t i = first; i < workers; i++)
            if (socket_of(options, i) == socket)
                node->pools[i] = pool;
    }
    return 0;
}

static void publish_realm(struct tl_realm_page *page, const struct tl_realm_options *options,
                          const char *attach)
{
    snprintf(page->name, sizeof(page->name), "%s", options->name);
    snprintf(page->attach, sizeof(page->attach), "%s", attach);
    // A path keeps its end, which tells more than its beginning.
    size_t length = strlen(options->interface);
    size_t cut = length < sizeof(page->interface) ? 0 : length - sizeof(page->interface) + 1;
    snprintf(page->interface, sizeof(page->interface), "%s", options->interface + cut);
    page->port_first = options->port_first;
    page->port_last = options->port_last;
    page->vlan = options->vlan;
    page->dscp = options->dscp;
}

void tl_node_realms(struct tl_node *node)
{
    const struct tl_options *options = node->options;
    int self_load = options->mode == TL_MODE_SELF_LOAD;
    for (uint32_t i = 0; i < options->geometry.realm_count; i++) {
        const struct tl_realm_options *from = &options->realms[i];
        const struct tl_port *port = &node->ports.list[node->ports.of_realm[i]];
        struct tl_realm *realm = &node->realms[i];
        *realm = (struct tl_realm){
            .port_first = from->port_first,
            .port_last = from->port_last,
            .vlan = from->vlan,
            .port = (uint8_t)node->ports.of_realm[i],
        };
        realm->flags |= port->to_twin != NULL ? TL_REALM_TWIN : 0;
        realm->flags |= from->has_gateway_mac ? TL_REALM_STATIC_MAC : 0;
        memcpy(realm->mac, port->mac, 6);
        memcpy(realm->gateway_mac, from->gateway_mac, 6);
        node->realm_pages[i] = tl_section_at(&node->own, &node->own_layout.realms, i);
        publish_realm(node->realm_pages[i], from,
                      self_load ? "self-load" : tl_attach_name(from->attach));
    }
    for (uint32_t i = 0; i < options->geometry.address_count; i++) {
        struct tl_address_page *page = tl_section_at(&node->own, &node->own_layout.addresses, i);
        memcpy(node->addresses[i].address, options->addresses[i].address, 16);
        node->addresses[i].realm_index = options->addresses[i].realm_index;
        memcpy(page->address, options->addresses[i].address, 16);
        page->realm_index = options->addresses[i].realm_index;
    }
}

// Workers and lanes ------------------------------------------------------------------------------

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * TL_NANOSECONDS + (uint64_t)now.tv_nsec;
}

// A next hop for each flow, as far as the table goes: a flow has one remote party.
static uint32_t next_hops_for(uint32_t flows)
{
    uint32_t count = 64;
    while (count < flows && count < NEXT_HOPS_MAX)
        count *= 2;
    return count;
}

// Workers' records lie in the shared file, one worker's behind the other's.
static void settle_records(const struct tl_node *node)
{
    const struct tl_section *tables[] = {&node->own_layout.records,
                                         &node->own_layout.srtp_records,
                                         &node->own_layout.drop_records};
    uint64_t count = node->options->geometry.flows_per_worker;
    for (uint32_t i = 0; i < node->options->geometry.worker_count; i++)
        for (uint32_t table = 0; table < 3; table++)
            tl_memory_near(tl_section_at(&node->own, tables[table], i * count),
                           count * tables[table]->stride_bytes, node->options->cores[i]);
    tl_memory_collapse(node->own.base, node->own.size_bytes);
}

static void say_memory(const struct tl_node *node, uint32_t index, uint64_t size_bytes,
                       enum tl_pages pages)
{
    uint32_t core = node->options->cores[index];
    tl_say("worker %u: core %u, memory node %u of %u; %llu MiB of tables in %s, records in %s",
           index, core, tl_memory_node(core), tl_memory_nodes(),
           (unsigned long long)(size_bytes >> 20) + 1,
           pages == TL_PAGES_RESERVED ? "reserved huge pages"
           : tl_memory_is_huge(node->workers[index]) ? "transparent huge pages" : "small pages",
           tl_memory_is_huge(node->own.base) ? "huge pages" : "small pages");
}

// The engine of a worker whose flows may be secure.
static int make_engine(const struct tl_node *node, uint32_t index, struct tl_srtp_engine **engine)
{
    *engine = NULL;
    if (node->options->secure_flows == 0)
        return 0;
    void *memory = tl_node_memory(node, tl_srtp_engine_size(TL_SRTP_IPSEC_MB), index);
    if (memory != NULL)
        *engine = tl_srtp_engine_init(memory, TL_SRTP_IPSEC_MB);
    if (*engine != NULL)
        return 0;
    tl_say("worker %u: libipsec-mb does not work on this machine; --secure-flows 0 does without",
           index);
    return TL_EXIT_UNAVAILABLE;
}

static int make_worker(struct tl_node *node, uint32_t index)
{
    const struct tl_geometry *geometry = &node->options->geometry;
    int replay = node->options->mode == TL_MODE_REPLAY;
    const char *problem = "its tables need more memory than there is";
    struct tl_srtp_engine *engine;
    int result = make_engine(node, index, &engine);
    if (result != 0)
        return result;
    struct tl_worker_config config = {
        .index = index,
        .worker_count = geometry->worker_count,
        .shard_count = geometry->shard_count,
        .flows_per_worker = geometry->flows_per_worker,
        .next_hops = next_hops_for(geometry->flows_per_worker),
        .ice_flows = geometry->flows_per_worker / 2, // one leg of each call
        .secure_flows = node->options->secure_flows,
        .shared_flows = node->options->shared_flows,
        .dtmf_flows = node->options->dtmf_flows,
        .srtp = engine,
        .realm_count = geometry->realm_count,
        .address_count = geometry->address_count,
        .record_stride = node->own_layout.records.stride_bytes,
        .realms = node->realms,
        .addresses = node->addresses,
        .records = tl_section_at(&node->own, &node->own_layout.records,
                                 (uint64_t)index * geometry->flows_per_worker),
        .srtp_records = tl_section_at(&node->own, &node->own_layout.srtp_records,
                                      (uint64_t)index * geometry->flows_per_worker),
        .drop_records = tl_section_at(&node->own, &node->own_layout.drop_records,
                                      (uint64_t)index * geometry->flows_per_worker),
        .no_flow_drops = tl_section_at(
            &node->own, &node->own_layout.drop_records,
            (uint64_t)geometry->worker_count * geometry->flows_per_worker + index),
        .page = tl_section_at(&node->own, &node->own_layout.workers, index),
        // A replay's clock is the capture's, which is wall clock time, and it has no randomness:
        // the same capture gives the same output.
        .seed = replay ? 1 : clock_ns(CLOCK_REALTIME) * 2654435761u + index,
        .realtime_offset_ns =
            replay ? 0 : clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC),
    };
    uint32_t core = node->options->cores[index];
    uint64_t size_bytes = tl_worker_size(&config);
    enum tl_pages pages;
    void *memory = tl_memory_take(size_bytes, tl_worker_size_at_once(&config), node->options, core,
                                  &pages);
    if (memory != NULL)
        node->workers[index] = tl_worker_init(memory, &config, clock_ns(CLOCK_MONOTONIC), &problem);
    if (node->workers[index] != NULL) {
        if (node->options->mode == TL_MODE_SERVE)
            say_memory(node, index, size_bytes, pages);
        return 0;
    }
    tl_say("worker %u cannot be made: %s", index, problem);
    return TL_EXIT_UNAVAILABLE;
}

void *tl_node_memory(const struct tl_node *node, uint64_t size_bytes, uint32_t worker)
{
    enum tl_pages pages;
    return tl_memory_take(size_bytes, size_bytes, node->options, node->options->cores[worker],
                          &pages);
}

static int make_lane(struct tl_node *node, uint32_t index)
{
    char name[RTE_RING_NAMESIZE];
    struct tl_lane *lane = tl_node_memory(node, sizeof(*lane), index);
    if (lane == NULL) {
        tl_say("no memory for worker %u", index);
        return TL_EXIT_UNAVAILABLE;
    }
    snprintf(name, sizeof(name), "inbox-%u", index);
    lane->inbox = rte_ring_create(name, INBOX_SLOTS, socket_of(node->options, index),
                                  RING_F_SC_DEQ);
    if (lane->inbox == NULL) {
        tl_say("no memory for the inbox of worker %u: raise memory-mb", index);
        return TL_EXIT_UNAVAILABLE;
    }
    lane->index = index;
    lane->core = node->options->cores[index];
    lane->worker = node->workers[index];
    lane->own = &node->own;
    lane->own_layout = &node->own_layout;
    lane->ports = &node->ports;
    lane->pool = node->pools[index];
    lane->wake_descriptor = node->wake_descriptor;
    lane->page = tl_section_at(&node->own, &node->own_layout.workers, index);
    lane->page->core = lane->core;
    lane->page->sleep = 0;
    lane->sleep_number = 1;
    node->lanes[index] = lane;
    return 0;
}

// What the process before us had in hand when it was killed (CFlowABI.h, worker counters). Torn
// snapshots were put right when the workers were made.
static void account_for_the_dead(struct tl_node *node)
{
    uint64_t handed_out = 0;
    uint64_t handed_in = 0;
    for (uint32_t i = 0; i < node->options->geometry.worker_count; i++) {
        struct tl_counters *counters = &node->workers[i]->counters;
        uint64_t in_hand = node->lanes[i]->page->in_hand;
        counters->received += in_hand;
        counters->drops[TL_DROP_INDEX_UNKNOWN_AT_RESTART] += in_hand;
        handed_out += counters->handed_out;
        handed_in += counters->handed_in;
    }
    struct tl_counters *first = &node->workers[0]->counters;
    uint64_t between = handed_out > handed_in ? handed_out - handed_in : 0;
    first->handed_in += between;
    first->drops[TL_DROP_INDEX_UNKNOWN_AT_RESTART] += between;
}

int tl_node_lanes(struct tl_node *node)
{
    uint32_t count = node->options->geometry.worker_count;
    settle_records(node);
    for (uint32_t i = 0; i < count; i++) {
        int result = make_worker(node, i);
        if (result == 0)
            result = make_lane(node, i);
        if (result != 0)
            return result;
    }
    account_for_the_dead(node);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < count; j++)
            node->lanes[i]->inboxes[j] = node->lanes[j]->inbox;
        tl_lane_publish(node->lanes[i], clock_ns(CLOCK_MONOTONIC));
    }
    tl_memif_guard_watch(node->lanes, count);
    return 0;
}

int tl_node_launch(struct tl_node *node)
{
    for (uint32_t i = 0; i < node->options->geometry.worker_count; i++) {
        if (rte_eal_remote_launch(tl_lane_run, node->lanes[i], TL_LCORE_OF_WORKER(i)) == 0)
            continue;
        tl_say("worker %u did not start on core %u", i, node->options->cores[i]);
        return TL_EXIT_DRIVER;
    }
    return 0;
}

void tl_node_wait(const struct tl_node *node)
{
    for (uint32_t i = 0; i < node->options->geometry.worker_count; i++) {
        while (rte_eal_get_lcore_state(TL_LCORE_OF_WORKER(i)) == RUNNING)
            tl_io_sleep_ns(TL_MILLISECOND_NS);
        rte_eal_wait_lcore(TL_LCORE_OF_WORKER(i));
    }
}

void tl_node_stop(struct tl_node *node)
{
    for (uint32_t i = 0; i < TL_WORKERS_MAX; i++)
        if (node->lanes[i] != NULL)
            __atomic_store_n(&node->lanes[i]->control.stop, 1, __ATOMIC_RELAXED);
    if (node->dpdk_started)
        tl_node_wait(node);
    tl_probes_finish(node);
    tl_neighbours_close(&node->neighbours);
    if (node->linker.own != NULL)
        tl_linker_close(&node->linker);
    tl_ports_stop(&node->ports);
    if (node->dpdk_started)
        rte_eal_cleanup();
    if (node->own.base != NULL)
        tl_node_set_state(node, TL_STATE_STOPPED);
    tl_file_unmap(&node->own);
}
