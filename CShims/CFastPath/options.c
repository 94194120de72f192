// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "number.h"
#include "say.h"
#include "self_load.h"

#define DIRECTORY_DEFAULT "/run/trunkline"
// A little before the cursors wrap, so that every run that carries calls wraps.
#define CURSOR_START 0xffffffc0u
// Of secure_flows and dtmf_flows, as long as the command line says nothing.
#define ALL_FLOWS UINT32_MAX

static const char help[] =
    "usage: trunkline-fastpath [options] --realm KEY=VALUE,... [--realm ...]\n"
    "\n"
    "Relays the media of calls that the control plane installs. Runs until SIGTERM or SIGINT.\n"
    "\n"
    "  --directory DIR         where fastpath.shm and control.shm are (" DIRECTORY_DEFAULT ");\n"
    "                          self-load and replay make a hidden file of their own instead\n"
    "  --cores N[,N...]        one worker pinned to each of these cores (1)\n"
    "  --housekeeping-core N   core of the housekeeping thread (any that is no worker's)\n"
    "  --no-huge               work without huge pages\n"
    "  --memory-mb N           memory for packet buffers (what the interfaces need)\n"
    "  --flows-per-worker N    flow indexes a worker (16384)\n"
    "  --secure-flows N        of them, how many can have SRTP keys at a time (all)\n"
    "  --dtmf-flows N          of them, how many can take or send digits at a time (all)\n"
    "  --shared-flows N        of them, how many can share ports at a time (0)\n"
    "  --shards N              signalling shards, each with its own rings (1)\n"
    "  --command-slots N       ring sizes, powers of two (1024)\n"
    "  --event-slots N         (4096)\n"
    "  --packet-slots N        (64)\n"
    "  --probe FILE            measure where the workers' time goes (probe.h); JSON to FILE at\n"
    "                          SIGUSR1, which begins anew, and at the end\n"
    "  --realm KEY=VALUE,...   a media realm; may be repeated\n"
    "      name=NAME           required\n"
    "      attach=HOW          xdp, packet, pci, memif or pcap; required\n"
    "      interface=WHERE     interface, PCI address, memif socket or capture; required\n"
    "      address=ADDRESS     a local media address, IPv4 or IPv6; may be repeated. The index of\n"
    "                          an address is its place among all addresses of the command line\n"
    "      ports=FIRST-LAST    media ports, first even, last odd; required\n"
    "      dscp=N              default mark of what is sent (0)\n"
    "      vlan=N              VLAN of the realm, 0 = untagged (0)\n"
    "      gateway-mac=MAC     send everything here instead of asking the kernel's tables\n"
    "      twin=TAP            pci, memif: TAP interface that is the kernel's end\n"
    "      role=server|client  memif: which end this is (server)\n"
    "      id=N                memif: number of the link (0)\n"
    "      output=FILE         pcap: capture to write\n"
    "\n"
    "  --self-load KEY=VALUE,...   drive the workers with frames made in the process and stop\n"
    "      sessions=N          calls of two flows, 64 or more (1000); shared by the cores\n"
    "      seconds=N           how long (2)\n"
    "      addresses=N         media addresses (8)\n"
    "      srtp=SUITE          secure calls: cm80, cm32, cm256_80, cm256_32, gcm128 or gcm256\n"
    "      pairing=HOW         of those: rtp-srtp or srtp-srtp (rtp-srtp)\n"
    "      digits=FORM         plain calls whose digits are found: events or tones\n"
    "  --replay                run the captures of all pcap realms through one worker, in the\n"
    "                          captures' own time and as fast as possible, and stop\n"
    "  --commands FILE         replay: struct tl_command records to run before the first packet\n"
    "  --json                  self-load: print JSON instead of text (a replay always does)\n"
    "  --help                  this text\n"
    "\n"
    "Capabilities are dropped as soon as the interfaces run. Kept is CAP_NET_ADMIN, with xdp and\n"
    "where the kernel finds next hops (packet, twin=), unless gateway-mac= says them all.\n"
    "\n"
    "Exit: 0 stopped by a signal or through, 1 self-load or replay miscounted, 64 bad arguments,\n"
    "69 a privilege, interface or memory is missing, 70 the control plane's file is faulty,\n"
    "71 DPDK or a driver refused.\n";

enum option_id {
    OPTION_DIRECTORY = 256,
    OPTION_CORES,
    OPTION_HOUSEKEEPING_CORE,
    OPTION_NO_HUGE,
    OPTION_MEMORY_MB,
    OPTION_FLOWS_PER_WORKER,
    OPTION_SECURE_FLOWS,
    OPTION_DTMF_FLOWS,
    OPTION_SHARED_FLOWS,
    OPTION_SHARDS,
    OPTION_COMMAND_SLOTS,
    OPTION_EVENT_SLOTS,
    OPTION_PACKET_SLOTS,
    OPTION_PROBE,
    OPTION_REALM,
    OPTION_SELF_LOAD,
    OPTION_REPLAY,
    OPTION_COMMANDS,
    OPTION_JSON,
    OPTION_HELP
};

static const struct option long_options[] = {
    {"directory", required_argument, NULL, OPTION_DIRECTORY},
    {"cores", required_argument, NULL, OPTION_CORES},
    {"housekeeping-core", required_argument, NULL, OPTION_HOUSEKEEPING_CORE},
    {"no-huge", no_argument, NULL, OPTION_NO_HUGE},
    {"memory-mb", required_argument, NULL, OPTION_MEMORY_MB},
    {"flows-per-worker", required_argument, NULL, OPTION_FLOWS_PER_WORKER},
    {"secure-flows", required_argument, NULL, OPTION_SECURE_FLOWS},
    {"dtmf-flows", required_argument, NULL, OPTION_DTMF_FLOWS},
    {"shared-flows", required_argument, NULL, OPTION_SHARED_FLOWS},
    {"shards", required_argument, NULL, OPTION_SHARDS},
    {"command-slots", required_argument, NULL, OPTION_COMMAND_SLOTS},
    {"event-slots", required_argument, NULL, OPTION_EVENT_SLOTS},
    {"packet-slots", required_argument, NULL, OPTION_PACKET_SLOTS},
    {"probe", required_argument, NULL, OPTION_PROBE},
    {"realm", required_argument, NULL, OPTION_REALM},
    {"self-load", required_argument, NULL, OPTION_SELF_LOAD},
    {"replay", no_argument, NULL, OPTION_REPLAY},
    {"commands", required_argument, NULL, OPTION_COMMANDS},
    {"json", no_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static int read_slots(const char *name, const char *text, uint32_t *value)
{
    if (tl_number_read(name, text, 2, TL_RING_SLOTS_MAX, value) < 0)
        return -1;
    if ((*value & (*value - 1)) == 0)
        return 0;
    tl_say("--%s: %s is not a power of two", name, text);
    return -1;
}

static int read_cores(struct tl_options *options, const char *text)
{
    char copy[TL_WORKERS_MAX * 5];
    if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy)) {
        tl_say("--cores: more than %u cores", TL_WORKERS_MAX);
        return -1;
    }
    uint32_t count = 0;
    char *rest = copy;
    for (char *part = strsep(&rest, ","); part != NULL; part = strsep(&rest, ",")) {
        if (count == TL_WORKERS_MAX) {
            tl_say("--cores: more than %u cores", TL_WORKERS_MAX);
            return -1;
        }
        if (tl_number_read("cores", part, 0, 1023, &options->cores[count]) < 0)
            return -1;
        for (uint32_t i = 0; i < count; i++) {
            if (options->cores[i] == options->cores[count]) {
                tl_say("--cores: core %u is named twice", options->cores[count]);
                return -1;
            }
        }
        count++;
    }
    options->geometry.worker_count = count;
    return 0;
}

static int read_pairing(const char *value, uint8_t *both_legs)
{
    *both_legs = strcmp(value, "srtp-srtp") == 0;
    if (*both_legs || strcmp(value, "rtp-srtp") == 0)
        return 0;
    tl_say("--self-load: pairing=%s is not known; write rtp-srtp or srtp-srtp", value);
    return -1;
}

static int read_self_load(struct tl_options *options, const char *text)
{
    char copy[128];
    options->mode = TL_MODE_SELF_LOAD;
    snprintf(copy, sizeof(copy), "%s", text);
    char *rest = copy;
    for (char *part = strsep(&rest, ","); part != NULL; part = strsep(&rest, ",")) {
        char *key = strsep(&part, "=");
        const char *value = part != NULL ? part : "";
        int result;
        if (strcmp(key, "sessions") == 0)
            result =
                tl_number_read("self-load sessions", value, 64, 1u << 20, &options->load_sessions);
        else if (strcmp(key, "seconds") == 0)
            result = tl_number_read("self-load seconds", value, 1, 3600, &options->load_seconds);
        else if (strcmp(key, "addresses") == 0)
            result = tl_number_read("self-load addresses", value, 1, TL_ADDRESSES_MAX,
                                    &options->load_addresses);
        else if (strcmp(key, "srtp") == 0)
            result = tl_load_suite_read(value, &options->load_suite);
        else if (strcmp(key, "pairing") == 0)
            result = read_pairing(value, &options->load_both_legs);
        else if (strcmp(key, "digits") == 0)
            result = tl_load_digits_read(value, &options->load_digits);
        else {
            tl_say("--self-load: %s is not known; write sessions=, seconds=, addresses=, srtp=, "
                   "pairing= or digits=",
                   key);
            return -1;
        }
        if (result < 0)
            return -1;
    }
    return 0;
}

static int read_housekeeping_core(struct tl_options *options, const char *text)
{
    uint32_t core;
    if (tl_number_read("housekeeping-core", text, 0, 1023, &core) < 0)
        return -1;
    options->housekeeping_core = (int32_t)core;
    return 0;
}

static int read_option(struct tl_options *options, int id, const char *text)
{
    struct tl_geometry *geometry = &options->geometry;
    switch (id) {
    case OPTION_DIRECTORY:
        options->directory = text;
        return 0;
    case OPTION_CORES:
        return read_cores(options, text);
    case OPTION_HOUSEKEEPING_CORE:
        return read_housekeeping_core(options, text);
    case OPTION_NO_HUGE:
        options->no_huge = 1;
        return 0;
    case OPTION_MEMORY_MB:
        return tl_number_read("memory-mb", text, 16, 1u << 20, &options->memory_mb);
    case OPTION_FLOWS_PER_WORKER:
        return tl_number_read("flows-per-worker", text, 2, TL_FLOWS_PER_WORKER_MAX,
                              &geometry->flows_per_worker);
    case OPTION_SECURE_FLOWS:
        return tl_number_read("secure-flows", text, 0, TL_FLOWS_PER_WORKER_MAX,
                              &options->secure_flows);
    case OPTION_DTMF_FLOWS:
        return tl_number_read("dtmf-flows", text, 0, TL_FLOWS_PER_WORKER_MAX,
                              &options->dtmf_flows);
    case OPTION_SHARED_FLOWS:
        return tl_number_read("shared-flows", text, 0, TL_FLOWS_PER_WORKER_MAX,
                              &options->shared_flows);
    case OPTION_SHARDS:
        return tl_number_read("shards", text, 1, TL_SHARDS_MAX, &geometry->shard_count);
    case OPTION_COMMAND_SLOTS:
        return read_slots("command-slots", text, &geometry->command_slots);
    case OPTION_EVENT_SLOTS:
        return read_slots("event-slots", text, &geometry->event_slots);
    case OPTION_PACKET_SLOTS:
        return read_slots("packet-slots", text, &geometry->packet_slots);
    case OPTION_PROBE:
        options->probe_path = text;
        return 0;
    case OPTION_REALM:
        return tl_options_realm(options, text);
    case OPTION_SELF_LOAD:
        return read_self_load(options, text);
    case OPTION_REPLAY:
        options->mode = TL_MODE_REPLAY;
        return 0;
    case OPTION_COMMANDS:
        options->commands_path = text;
        return 0;
    case OPTION_JSON:
        options->json = 1;
        return 0;
    default:
        return -1; // getopt_long has said why
    }
}

// The realm that a self-load runs in: benchmark addresses (RFC 2544), each with all ports from 1024
// on. A session takes two of them, and an index for each.
static int make_load_realm(struct tl_options *options)
{
    struct tl_geometry *geometry = &options->geometry;
    const uint32_t blocks_used = 65536 / TL_PORT_BLOCK - 1024 / TL_PORT_BLOCK;
    uint32_t blocks = blocks_used / geometry->worker_count; // of each worker, on each address
    uint64_t sessions = (uint64_t)blocks * (TL_PORT_BLOCK / 4) * options->load_addresses;
    uint32_t each = (options->load_sessions + geometry->worker_count - 1) / geometry->worker_count;
    if (geometry->realm_count != 0) {
        tl_say("--self-load makes its own realm; take --realm away");
        return -1;
    }
    if (options->load_digits != 0 && options->load_suite != 0) {
        tl_say("--self-load: digits= is for plain calls; take srtp= away");
        return -1;
    }
    if (each > sessions) {
        tl_say("--self-load: %u addresses hold %llu sessions; write more with addresses=",
               options->load_addresses, (unsigned long long)(sessions * geometry->worker_count));
        return -1;
    }
    options->realms[0] = (struct tl_realm_options){.name = "self-load",
                                                   .attach = TL_ATTACH_COUNT,
                                                   .interface = "none",
                                                   .port_first = 1024,
                                                   .port_last = 65535,
                                                   .has_gateway_mac = 1,
                                                   .gateway_mac = {2, 0, 0, 0, 0, 1}};
    for (uint32_t i = 0; i < options->load_addresses; i++) {
        uint8_t *bytes = options->addresses[i].address;
        const uint8_t address[16] = {[10] = 0xff, 0xff, 198, 18, 0, (uint8_t)(i + 1)};
        memcpy(bytes, address, sizeof(address));
    }
    geometry->realm_count = 1;
    geometry->address_count = options->load_addresses;
    geometry->flows_per_worker = 2 * each;
    options->secure_flows = options->load_both_legs ? 2 * each : each;
    if (options->load_suite == 0)
        options->secure_flows = 0;
    options->dtmf_flows = options->load_digits != 0 ? 2 * each : 0;
    return 0;
}

// What only the whole command line can tell.
static int check_whole(struct tl_options *options)
{
    if (options->mode != TL_MODE_SERVE && options->probe_path != NULL) {
        tl_say("--probe measures a fast path that serves; take --self-load or --replay away");
        return -1;
    }
    if (options->secure_flows == ALL_FLOWS)
        options->secure_flows = options->geometry.flows_per_worker;
    if (options->dtmf_flows == ALL_FLOWS)
        options->dtmf_flows = options->geometry.flows_per_worker;
    if (options->mode == TL_MODE_SELF_LOAD)
        return make_load_realm(options);
    if (options->secure_flows > options->geometry.flows_per_worker) {
        tl_say("--secure-flows: %u are more than --flows-per-worker %u", options->secure_flows,
               options->geometry.flows_per_worker);
        return -1;
    }
    if (options->dtmf_flows > options->geometry.flows_per_worker) {
        tl_say("--dtmf-flows: %u are more than --flows-per-worker %u", options->dtmf_flows,
               options->geometry.flows_per_worker);
        return -1;
    }
    if (options->shared_flows > options->geometry.flows_per_worker) {
        tl_say("--shared-flows: %u are more than --flows-per-worker %u", options->shared_flows,
               options->geometry.flows_per_worker);
        return -1;
    }
    if (options->geometry.realm_count == 0) {
        tl_say("no --realm is given; trunkline-fastpath --help shows how to write one");
        return -1;
    }
    if (options->mode != TL_MODE_REPLAY && options->commands_path != NULL) {
        tl_say("--commands belongs to --replay");
        return -1;
    }
    if (options->mode == TL_MODE_REPLAY && options->geometry.worker_count != 1) {
        tl_say("--replay runs one worker; give --cores one core");
        return -1;
    }
    for (uint32_t i = 0; i < options->geometry.realm_count; i++) {
        int capture = options->realms[i].attach == TL_ATTACH_PCAP;
        if (options->mode == TL_MODE_REPLAY && !capture) {
            tl_say("--replay takes realms of attach=pcap only; realm %s is not one",
                   options->realms[i].name);
            return -1;
        }
    }
    return 0;
}

int tl_options_read(struct tl_options *options, int argc, char **argv, int *exit_code)
{
    *options = (struct tl_options){
        .directory = DIRECTORY_DEFAULT,
        .cores = {1},
        .housekeeping_core = -1,
        .geometry = {.worker_count = 1,
                     .shard_count = 1,
                     .flows_per_worker = 16384,
                     .command_slots = 1024,
                     .event_slots = 4096,
                     .packet_slots = 64,
                     .cursor_start = CURSOR_START},
        .secure_flows = ALL_FLOWS,
        .dtmf_flows = ALL_FLOWS,
        .load_sessions = 1000,
        .load_seconds = 2,
        .load_addresses = 8,
    };
    *exit_code = TL_EXIT_USAGE;
    for (;;) {
        int id = getopt_long(argc, argv, "", long_options, NULL);
        if (id == -1)
            break;
        if (id == OPTION_HELP) {
            fputs(help, stdout);
            *exit_code = TL_EXIT_OK;
            return -1;
        }
        if (read_option(options, id, optarg) < 0)
            return -1;
    }
    if (optind < argc) {
        tl_say("\"%s\" is not an option; trunkline-fastpath --help lists them", argv[optind]);
        return -1;
    }
    return check_whole(options);
}
