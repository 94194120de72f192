// SPDX-License-Identifier: Apache-2.0
//
// A control plane for tests, in one file of C: owns control.shm, speaks the handshake and runs the
// verbs of its command line one after the other against a running trunkline-fastpath.
//
//   tl_poke DIR [VERB ARGUMENT...]...
//     ping                          one command and its answer, with the time it took
//     call INDEX ADDR PORT REMOTE ADDR PORT REMOTE
//                                   two flows, INDEX and INDEX + 1 of the ports' worker. ADDR is a
//                                   media address index, REMOTE is ADDRESS/PORT, v6 in brackets or
//                                   not; the flows point at each other. PCMU, 100 packets a second
//     generation N                  of the calls that follow (1)
//     flags N                       TL_FLOW_* of the calls that follow (RECEIVE | SEND)
//     remove PORT INDEX             of the port's worker
//     list PORT                     live flows of the port's worker
//     wait MS                       prints events for so long
//     counters                      of all workers, those that are not zero, and the identity
//     record PORT INDEX             packets and state of one flow
//     realms                        pages of realms and addresses
//     lie                           a command cursor beyond its ring
//     hold                          stays until it is killed
//
// Exit code 0 when all answers were OK and the identity holds.

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "CFlowABI.h"

static struct tl_map own, peer;
static struct tl_layout own_layout, peer_layout;
static uint32_t generation = 1, flags = TL_FLOW_RECEIVE | TL_FLOW_SEND;
static uint32_t sequences[TL_WORKERS_MAX];
static int failed;

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void die(const char *what, const char *why)
{
    fflush(stdout);
    fprintf(stderr, "tl_poke: %s: %s\n", what, why);
    exit(1);
}

static void attach(const char *directory)
{
    char path[4096];
    int kept;
    snprintf(path, sizeof(path), "%s/fastpath.shm", directory);
    int32_t result = TL_FILE_ABSENT;
    for (int i = 0; i < 500 && result != TL_FILE_OK; i++) {
        result = tl_file_attach(path, TL_MAGIC_FASTPATH, &peer, &peer_layout);
        if (result != TL_FILE_OK)
            usleep(10000);
    }
    if (result != TL_FILE_OK)
        die(path, tl_file_result_text(result));
    snprintf(path, sizeof(path), "%s/control.shm", directory);
    result = tl_file_own(path, TL_MAGIC_CONTROL, &peer_layout.geometry, 0640, &own, &own_layout,
                         &kept);
    if (result != TL_FILE_OK)
        die(path, tl_file_result_text(result));
    struct tl_file_header *mine = own.base;
    const struct tl_file_header *theirs = peer.base;
    uint64_t begin_ns = now_ns();
    while (!tl_file_matched(&own, &peer)) {
        // The fast path may be restarted under us; its incarnation is followed.
        tl_store_release_u64(&mine->peer_incarnation, tl_load_acquire_u64(&theirs->incarnation));
        if (now_ns() - begin_ns > 5000000000u)
            die("handshake", "the fast path does not answer");
        usleep(100);
    }
    mine->state = TL_STATE_RUNNING;
    printf("attached in %.1f ms\n", (double)(now_ns() - begin_ns) / 1e6);
}

static uint32_t worker_of(uint16_t port)
{
    return port / TL_PORT_BLOCK % peer_layout.geometry.worker_count;
}

static void print_event(const struct tl_event *event)
{
    printf("event kind %u sequence %u status %s flow %u generation %u value %u\n", event->kind,
           event->sequence, tl_status_name(event->status), event->flow_index, event->generation,
           event->value);
}

// Next event of a worker's channel (shard 0); 0 when there is none.
static int next_event(uint32_t worker, struct tl_event *event)
{
    const struct tl_channel_fastpath *theirs =
        tl_section_at(&peer, &peer_layout.channels, worker);
    struct tl_channel_control *mine = tl_section_at(&own, &own_layout.channels, worker);
    uint32_t position = mine->event_consumer.position;
    if (!tl_file_matched(&own, &peer))
        die("rings", "the fast path let go of them");
    if (tl_load_acquire_u32(&theirs->event_producer.position) == position)
        return 0;
    uint32_t slots = peer_layout.geometry.event_slots;
    memcpy(event,
           tl_section_at(&peer, &peer_layout.events,
                         (uint64_t)worker * slots + (position & (slots - 1))),
           sizeof(*event));
    tl_store_release_u32(&mine->event_consumer.position, position + 1);
    return 1;
}

static void run_command(uint32_t worker, struct tl_command *command)
{
    struct tl_channel_control *mine = tl_section_at(&own, &own_layout.channels, worker);
    uint32_t slots = own_layout.geometry.command_slots;
    uint32_t position = mine->command_producer.position;
    struct tl_event event;
    command->size_bytes = sizeof(*command);
    command->sequence = ++sequences[worker];
    memcpy(tl_section_at(&own, &own_layout.commands,
                         (uint64_t)worker * slots + (position & (slots - 1))),
           command, sizeof(*command));
    uint64_t begin_ns = now_ns();
    tl_store_release_u32(&mine->command_producer.position, position + 1);
    static uint32_t rung[TL_WORKERS_MAX];
    const struct tl_worker_page *page = tl_section_at(&peer, &peer_layout.workers, worker);
    tl_wake_worker(&page->sleep, &mine->command_producer.doorbell, &rung[worker]);
    for (;;) {
        if (now_ns() - begin_ns > 2000000000u)
            die("command", "no answer within 2 s");
        if (!next_event(worker, &event))
            continue;
        if (event.kind == TL_EVENT_ANSWER && event.sequence == command->sequence)
            break;
        print_event(&event);
    }
    printf("operation %u flow %u: %s, value %u, %.1f us\n", command->operation,
           command->flow_index, tl_status_name(event.status), event.value,
           (double)(now_ns() - begin_ns) / 1e3);
    failed |= event.status != TL_STATUS_OK;
}

static void read_remote(char *text, uint8_t address[16], uint16_t *port)
{
    char *slash = strchr(text, '/');
    if (slash == NULL)
        die(text, "write ADDRESS/PORT");
    *slash = '\0';
    memset(address, 0, 16);
    if (inet_pton(AF_INET, text, address + 12) == 1)
        address[10] = address[11] = 0xff;
    else if (inet_pton(AF_INET6, text, address) != 1)
        die(text, "no address");
    *port = (uint16_t)atoi(slash + 1);
}

static void add_leg(uint32_t base, uint32_t leg, char **arguments)
{
    uint16_t port = (uint16_t)atoi(arguments[1]);
    struct tl_command command = {
        .operation = TL_OP_ADD,
        .flow_index = base + leg,
        .generation = generation,
        .spec = {.peer_index = base + (leg ^ 1),
                 .peer_generation = generation,
                 .address_index = (uint16_t)atoi(arguments[0]),
                 .local_port = port,
                 .flags = flags,
                 .ssrc = 0x1000u + base + leg,
                 .initial_sequence = 100,
                 .initial_timestamp = 1000,
                 .dscp = 46,
                 .clock_rate_hz = 8000,
                 .packets_per_second = 1000000,
                 .bits_per_second = 1000000000,
                 .learn_window_ms = 5000,
                 .rtcp_interval_ms = 500},
    };
    memset(command.spec.payload_types, 0xff, sizeof(command.spec.payload_types));
    command.spec.payload_types[0] = (struct tl_payload_type){0, 0};
    read_remote(arguments[2], command.spec.remote_address, &command.spec.remote_port);
    run_command(worker_of(port), &command);
}

static void counters(void)
{
    for (uint32_t w = 0; w < peer_layout.geometry.worker_count; w++) {
        const struct tl_worker_page *page = tl_section_at(&peer, &peer_layout.workers, w);
        struct tl_worker_page copy;
        uint32_t version;
        do {
            version = tl_load_acquire_u32(&page->version);
            memcpy(&copy, page, sizeof(copy));
            __atomic_thread_fence(__ATOMIC_ACQUIRE);
        } while ((version & 1) != 0 || version != tl_load_acquire_u32(&page->version));
        printf("worker %u core %u:", w, copy.core);
#define SHOW(name, text)                                                                           \
    if (copy.name != 0)                                                                            \
        printf(" " #name " %llu", (unsigned long long)copy.name);
        TL_WORKER_COUNTERS(SHOW)
#undef SHOW
        uint64_t drops = 0;
        for (uint32_t i = 0; i < TL_DROPS_MAX; i++) {
            drops += copy.drops[i];
            if (copy.drops[i] != 0)
                printf(" drop:%s %llu", tl_drop_name(i), (unsigned long long)copy.drops[i]);
        }
        uint64_t in = copy.received + copy.handed_in + copy.own_dropped;
        uint64_t out = copy.forwarded + copy.consumed + copy.delivered + copy.handed_out + drops;
        int exact = in == out && copy.sent == copy.forwarded + copy.generated + copy.injected;
        printf(" identity %s\n", exact ? "exact" : "broken");
        failed |= !exact;
    }
}

static void record(uint32_t index)
{
    const struct tl_flow_record *r = tl_section_at(&peer, &peer_layout.records, index);
    char source[INET6_ADDRSTRLEN];
    inet_ntop(AF_INET6, r->source_address, source, sizeof(source));
    printf("flow %u generation %u state %u rx %llu tx %llu rx_drops %llu tx_drops %llu egress "
           "index %llu ssrc %x lost %d rtcp in %llu out %llu source %s %u\n",
           index, r->generation, r->state, (unsigned long long)r->rx_packets,
           (unsigned long long)r->tx_packets, (unsigned long long)r->rx_drops,
           (unsigned long long)r->tx_drops, (unsigned long long)r->egress_index, r->egress_ssrc,
           r->rx_lost, (unsigned long long)r->rx_rtcp_packets,
           (unsigned long long)r->tx_rtcp_packets, source, r->source_port);
}

static void realms(void)
{
    for (uint32_t i = 0; i < peer_layout.geometry.realm_count; i++) {
        const struct tl_realm_page *page = tl_section_at(&peer, &peer_layout.realms, i);
        printf("realm %s attach %s interface %s ports %u-%u link %u received %llu sent %llu "
               "missed %llu errors %llu\n",
               page->name, page->attach, page->interface, page->port_first, page->port_last,
               page->link_up, (unsigned long long)page->port_received,
               (unsigned long long)page->port_sent, (unsigned long long)page->port_missed,
               (unsigned long long)page->port_errors);
    }
}

static void wait_ms(int duration_ms)
{
    uint64_t end_ns = now_ns() + (uint64_t)duration_ms * 1000000u;
    struct tl_event event;
    while (now_ns() < end_ns) {
        for (uint32_t w = 0; w < peer_layout.geometry.worker_count; w++)
            while (next_event(w, &event))
                print_event(&event);
        usleep(1000);
    }
}

static uint32_t index_of(const char *port, const char *index)
{
    return worker_of((uint16_t)atoi(port)) * peer_layout.geometry.flows_per_worker +
           (uint32_t)atoi(index);
}

// Runs one verb; returns how many arguments it took, itself included.
static int run_verb(char **v, int count)
{
    static const struct {
        const char *name;
        int arguments;
    } verbs[] = {{"ping", 0},  {"call", 7},     {"generation", 1}, {"flags", 1},  {"remove", 2},
                 {"list", 1},  {"wait", 1},     {"counters", 0},   {"record", 2}, {"realms", 0},
                 {"lie", 0},   {"hold", 0}};
    size_t i = 0;
    while (i < sizeof(verbs) / sizeof(verbs[0]) && strcmp(v[0], verbs[i].name) != 0)
        i++;
    if (i == sizeof(verbs) / sizeof(verbs[0]) || verbs[i].arguments >= count)
        die(v[0], "not known, or not enough arguments");
    struct tl_command command = {0};
    struct tl_channel_control *mine = tl_section_at(&own, &own_layout.channels, 0);
    switch (i) {
    case 0:
        command.operation = TL_OP_PING;
        run_command(0, &command);
        break;
    case 1: {
        uint32_t base = index_of(v[3], v[1]);
        add_leg(base, 0, v + 2);
        add_leg(base, 1, v + 5);
        break;
    }
    case 2:
        generation = (uint32_t)strtoul(v[1], NULL, 0);
        break;
    case 3:
        flags = (uint32_t)strtoul(v[1], NULL, 0);
        break;
    case 4:
        command.operation = TL_OP_REMOVE;
        command.flow_index = index_of(v[1], v[2]);
        command.generation = generation;
        run_command(worker_of((uint16_t)atoi(v[1])), &command);
        break;
    case 5:
        command.operation = TL_OP_LIST;
        command.flow_index = index_of(v[1], "0");
        command.value = TL_LIST_MAX;
        run_command(worker_of((uint16_t)atoi(v[1])), &command);
        break;
    case 6:
        wait_ms(atoi(v[1]));
        break;
    case 7:
        counters();
        break;
    case 8:
        record(index_of(v[1], v[2]));
        break;
    case 9:
        realms();
        break;
    case 10:
        tl_store_release_u32(&mine->command_producer.position,
                             mine->command_producer.position + own_layout.geometry.command_slots +
                                 1000);
        break;
    default:
        pause();
    }
    fflush(stdout);
    return 1 + verbs[i].arguments;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        die("usage", "tl_poke DIR [VERB ARGUMENT...]...");
    attach(argv[1]);
    for (int i = 2; i < argc;)
        i += run_verb(argv + i, argc - i);
    return failed;
}
