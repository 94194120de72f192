// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "number.h"
#include "say.h"

static const char help[] =
    "usage: trunkline-bench load --interface WHERE --own-mac MAC --relay-mac MAC [options]\n"
    "       trunkline-bench ceiling [options]\n"
    "       trunkline-bench probe [--seconds S] [--core N] [--other-core N]\n"
    "\n"
    "load plays all parties of calls against a media relay, or against anything that sends\n"
    "frames back, checks what returns, and prints one line of JSON. Frames are 214 bytes: RTP\n"
    "with 20 ms of G.711. SIGTERM or SIGINT ends it with what was measured until then.\n"
    "ceiling does the same between two ends of a memif in this process: the load that the\n"
    "generator itself can carry. probe watches for gaps that the machine makes, and\n"
    "with --other-core for how long a cache line takes to that core and back: on a virtual\n"
    "machine either changes while nobody looks, and both decide what a benchmark shows.\n"
    "\n"
    "  --interface memif:SOCKET[,role=client|server]   shared memory with a DPDK process (client)\n"
    "  --interface xdp:IFNAME  AF_XDP, which takes the whole interface: the far end of a veth\n"
    "                          pair, with \"ethtool -K tx off\" at the other end\n"
    "  --own-mac MAC           what frames come from and must return to\n"
    "  --relay-mac MAC         where frames go\n"
    "  --plan FILE             the relay's calls; without it calls are made up (--expect echo)\n"
    "  --calls N               the first N calls only, 1 to 200000 (all of the plan; 1000)\n"
    "  --expect relay|echo     frames return with the headers of the call's other leg, or as\n"
    "                          they were sent, MAC addresses swapped or not (relay)\n"
    "\n"
    "  --stream-pps N          each party sends N packets a second, at a phase of its own (50)\n"
    "  --rate PPS              or: PPS packets a second in all, evenly spaced\n"
    "  --saturate              or: as many as the interface takes\n"
    "      --in-flight N       with N frames under way at most, 32 to 65536 (896)\n"
    "  --seconds S             how long is measured (5)\n"
    "  --warm-up S             sent before that and not counted (1)\n"
    "  --junk-rate PPS         packets beside the calls: unused ports, strangers, malformed RTP,\n"
    "                          other protocols (0)\n"
    "      --junk-kinds KINDS  all, or no-flow: ports that no call uses, and nothing else (all)\n"
    "  --first-packet          one packet after each pause, for its latency\n"
    "      --count N           how often (100)\n"
    "      --pause-ms N        pause between two, in milliseconds (100)\n"
    "\n"
    "  --core N                core of the polling thread (1)\n"
    "  --no-huge               work without huge pages\n"
    "  --wait S                for the memif's other end (10)\n"
    "  --quiet                 no progress on the terminal\n"
    "  --help                  this text\n"
    "\n"
    "Exit: 0 measured, 64 bad arguments or plan, 69 an interface, memory or the other end is\n"
    "missing, 71 DPDK or a driver refused. Loss and faults are in the JSON only.\n";

enum option_id {
    OPTION_INTERFACE = 256,
    OPTION_OWN_MAC,
    OPTION_RELAY_MAC,
    OPTION_PLAN,
    OPTION_CALLS,
    OPTION_EXPECT,
    OPTION_STREAM_PPS,
    OPTION_RATE,
    OPTION_SATURATE,
    OPTION_IN_FLIGHT,
    OPTION_SECONDS,
    OPTION_WARM_UP,
    OPTION_JUNK_RATE,
    OPTION_JUNK_KINDS,
    OPTION_FIRST_PACKET,
    OPTION_COUNT,
    OPTION_PAUSE_MS,
    OPTION_CORE,
    OPTION_OTHER_CORE,
    OPTION_NO_HUGE,
    OPTION_WAIT,
    OPTION_QUIET,
    OPTION_HELP
};

static const struct option long_options[] = {
    {"interface", required_argument, NULL, OPTION_INTERFACE},
    {"own-mac", required_argument, NULL, OPTION_OWN_MAC},
    {"relay-mac", required_argument, NULL, OPTION_RELAY_MAC},
    {"plan", required_argument, NULL, OPTION_PLAN},
    {"calls", required_argument, NULL, OPTION_CALLS},
    {"expect", required_argument, NULL, OPTION_EXPECT},
    {"stream-pps", required_argument, NULL, OPTION_STREAM_PPS},
    {"rate", required_argument, NULL, OPTION_RATE},
    {"saturate", no_argument, NULL, OPTION_SATURATE},
    {"in-flight", required_argument, NULL, OPTION_IN_FLIGHT},
    {"seconds", required_argument, NULL, OPTION_SECONDS},
    {"warm-up", required_argument, NULL, OPTION_WARM_UP},
    {"junk-rate", required_argument, NULL, OPTION_JUNK_RATE},
    {"junk-kinds", required_argument, NULL, OPTION_JUNK_KINDS},
    {"first-packet", no_argument, NULL, OPTION_FIRST_PACKET},
    {"count", required_argument, NULL, OPTION_COUNT},
    {"pause-ms", required_argument, NULL, OPTION_PAUSE_MS},
    {"core", required_argument, NULL, OPTION_CORE},
    {"other-core", required_argument, NULL, OPTION_OTHER_CORE},
    {"no-huge", no_argument, NULL, OPTION_NO_HUGE},
    {"wait", required_argument, NULL, OPTION_WAIT},
    {"quiet", no_argument, NULL, OPTION_QUIET},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static int hex_digit(char digit)
{
    const char *digits = "0123456789abcdef0123456789ABCDEF";
    const char *at = digit != '\0' ? strchr(digits, digit) : NULL;
    return at != NULL ? (int)(at - digits) % 16 : -1;
}

static int read_mac(const char *name, const char *text, uint8_t mac[6])
{
    int is_right = strlen(text) == 17;
    for (int i = 0; i < 6 && is_right; i++) {
        int high = hex_digit(text[3 * i]), low = hex_digit(text[3 * i + 1]);
        is_right = high >= 0 && low >= 0 && text[3 * i + 2] == (i < 5 ? ':' : '\0');
        mac[i] = (uint8_t)((high << 4) + low);
    }
    if (!is_right || (mac[0] & 1) != 0) {
        tl_say("--%s: \"%s\" is not the MAC address of one station, as in 02:00:00:00:00:01",
               name, text);
        return -1;
    }
    return 0;
}

static int read_memif(struct tl_options *options, const char *text)
{
    const char *comma = strchr(text, ',');
    size_t length = comma != NULL ? (size_t)(comma - text) : strlen(text);
    options->interface = TL_INTERFACE_MEMIF;
    options->is_client = comma == NULL || strcmp(comma, ",role=client") == 0;
    if (!options->is_client && strcmp(comma, ",role=server") != 0) {
        tl_say("--interface: \"%s\" is not known; write role=client or role=server", comma + 1);
        return -1;
    }
    if (length == 0 || length >= sizeof(options->where)) {
        tl_say("--interface memif: a socket's path has 1 to %zu bytes",
               sizeof(options->where) - 1);
        return -1;
    }
    memcpy(options->where, text, length);
    options->where[length] = '\0';
    return 0;
}

static int read_interface(struct tl_options *options, const char *text)
{
    if (strncmp(text, "memif:", 6) == 0)
        return read_memif(options, text + 6);
    size_t length = strlen(text);
    if (strncmp(text, "xdp:", 4) != 0 || length <= 4 || length - 4 >= IF_NAMESIZE ||
        strchr(text, ',') != NULL) {
        tl_say("--interface: \"%s\" is wrong; write memif:SOCKET or xdp:IFNAME", text);
        return -1;
    }
    options->interface = TL_INTERFACE_XDP;
    memcpy(options->where, text + 4, length - 3);
    return 0;
}

static int read_expect(struct tl_options *options, const char *text)
{
    if (strcmp(text, "relay") == 0)
        options->expect = TL_EXPECT_RELAY;
    else if (strcmp(text, "echo") == 0)
        options->expect = TL_EXPECT_ECHO;
    else {
        tl_say("--expect: \"%s\" is not known; write relay or echo", text);
        return -1;
    }
    return 0;
}

static int read_junk_kinds(struct tl_options *options, const char *text)
{
    options->junk_no_flow = strcmp(text, "no-flow") == 0;
    if (options->junk_no_flow || strcmp(text, "all") == 0)
        return 0;
    tl_say("--junk-kinds: \"%s\" is not known; write all or no-flow", text);
    return -1;
}

static int read_other_core(struct tl_options *options, const char *text)
{
    uint32_t core;
    if (tl_number_read("other-core", text, 0, 1023, &core) < 0)
        return -1;
    options->other_core = (int32_t)core;
    return 0;
}

static int read_flag(struct tl_options *options, int id)
{
    switch (id) {
    case OPTION_SATURATE:
        options->pace = TL_PACE_SATURATE;
        return 0;
    case OPTION_FIRST_PACKET:
        options->first_packet = 1;
        return 0;
    case OPTION_NO_HUGE:
        options->no_huge = 1;
        return 0;
    case OPTION_QUIET:
        options->quiet = 1;
        return 0;
    default:
        return -1; // getopt_long has said why
    }
}

static int read_option(struct tl_options *options, int id, const char *text)
{
    switch (id) {
    case OPTION_INTERFACE:
        return read_interface(options, text);
    case OPTION_OWN_MAC:
        options->has_own_mac = 1;
        return read_mac("own-mac", text, options->own_mac);
    case OPTION_RELAY_MAC:
        options->has_relay_mac = 1;
        return read_mac("relay-mac", text, options->relay_mac);
    case OPTION_PLAN:
        options->plan_path = text;
        return 0;
    case OPTION_CALLS:
        return tl_number_read("calls", text, 1, TL_CALLS_MAX, &options->calls);
    case OPTION_EXPECT:
        return read_expect(options, text);
    case OPTION_STREAM_PPS:
        options->pace = TL_PACE_STREAMS;
        return tl_number_read("stream-pps", text, 1, 10000, &options->stream_pps);
    case OPTION_RATE:
        options->pace = TL_PACE_RATE;
        return tl_number_read("rate", text, 1, 100000000, &options->rate);
    case OPTION_IN_FLIGHT:
        return tl_number_read("in-flight", text, TL_IN_FLIGHT_MIN, 65536, &options->in_flight);
    case OPTION_SECONDS:
        return tl_number_read("seconds", text, 1, 86400, &options->seconds);
    case OPTION_WARM_UP:
        return tl_number_read("warm-up", text, 0, 3600, &options->warm_up);
    case OPTION_JUNK_RATE:
        return tl_number_read("junk-rate", text, 0, 10000000, &options->junk_rate);
    case OPTION_JUNK_KINDS:
        return read_junk_kinds(options, text);
    case OPTION_COUNT:
        return tl_number_read("count", text, 1, 100000, &options->count);
    case OPTION_PAUSE_MS:
        return tl_number_read("pause-ms", text, 1, 60000, &options->pause_ms);
    case OPTION_CORE:
        return tl_number_read("core", text, 0, 1023, &options->core);
    case OPTION_OTHER_CORE:
        return read_other_core(options, text);
    case OPTION_WAIT:
        return tl_number_read("wait", text, 0, 3600, &options->wait);
    default:
        return read_flag(options, id);
    }
}

static int read_verb(struct tl_options *options, int argc, char **argv)
{
    const char *const verbs[] = {"load", "ceiling", "probe"};
    for (int i = 0; i < 3 && argc > 1; i++) {
        if (strcmp(argv[1], verbs[i]) == 0) {
            options->verb = (enum tl_verb)i;
            return 0;
        }
    }
    tl_say("write load, ceiling or probe first; trunkline-bench --help explains them");
    return -1;
}

// What only the whole command line can tell.
static int check_whole(struct tl_options *options)
{
    if (options->verb == TL_VERB_PROBE && options->other_core == (int32_t)options->core) {
        tl_say("--other-core must not be the core of --core");
        return -1;
    }
    if (options->verb != TL_VERB_LOAD)
        return 0;
    if (options->interface == TL_INTERFACE_NONE || !options->has_own_mac ||
        !options->has_relay_mac) {
        tl_say("load needs --interface, --own-mac and --relay-mac");
        return -1;
    }
    if (options->plan_path == NULL && options->expect == TL_EXPECT_RELAY) {
        tl_say("--expect relay needs a --plan of the relay's calls");
        return -1;
    }
    return 0;
}

int tl_options_read(struct tl_options *options, int argc, char **argv, int *exit_code)
{
    *options = (struct tl_options){
        .pace = TL_PACE_STREAMS,
        .stream_pps = 50,
        // A memif ring has 1,024 slots: what comes back has room, and the relay's RTCP beside it.
        .in_flight = 896,
        .seconds = 5,
        .warm_up = 1,
        .core = 1,
        .other_core = -1,
        .wait = 10,
        .count = 100,
        .pause_ms = 100,
    };
    *exit_code = TL_EXIT_USAGE;
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        *exit_code = TL_EXIT_OK;
        return -1;
    }
    if (read_verb(options, argc, argv) < 0)
        return -1;
    argv[1] = argv[0];
    for (;;) {
        int id = getopt_long(argc - 1, argv + 1, "", long_options, NULL);
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
    if (optind < argc - 1) {
        tl_say("\"%s\" is not an option; trunkline-bench --help lists them", argv[optind + 1]);
        return -1;
    }
    return check_whole(options);
}
