// SPDX-License-Identifier: Apache-2.0
// The command line, checked.

#ifndef TL_OPTIONS_H
#define TL_OPTIONS_H

#include <net/if.h>
#include <stdint.h>

#include "check.h"

enum tl_verb { TL_VERB_LOAD, TL_VERB_CEILING, TL_VERB_PROBE };
enum tl_pace { TL_PACE_STREAMS, TL_PACE_RATE, TL_PACE_SATURATE };
enum tl_interface { TL_INTERFACE_NONE, TL_INTERFACE_MEMIF, TL_INTERFACE_XDP };

enum { TL_SOCKET_BYTES = 108 /* sun_path */, TL_IN_FLIGHT_MIN = 32 };

struct tl_options {
    enum tl_verb verb;
    enum tl_interface interface;
    char where[TL_SOCKET_BYTES]; // memif socket or interface
    uint8_t is_client;           // memif
    uint8_t no_huge;
    uint8_t quiet;
    uint8_t first_packet;
    uint8_t has_own_mac, has_relay_mac;
    uint8_t own_mac[6], relay_mac[6];
    const char *plan_path; // NULL = made up, for an echo
    enum tl_pace pace;
    enum tl_expect expect;
    uint32_t calls; // 0 = all of the plan
    uint32_t rate;  // TL_PACE_RATE: packets a second in all
    uint32_t stream_pps;
    uint32_t in_flight; // TL_PACE_SATURATE: frames under way at most
    uint32_t seconds, warm_up, wait;
    uint32_t junk_rate; // packets a second
    uint8_t junk_no_flow; // only such as no call has a port for
    uint32_t core;
    int32_t other_core;       // TL_VERB_PROBE; -1 = none
    uint32_t count, pause_ms; // first_packet
};

/// Reads the command line. Returns 0, or says one sentence (or the help) and returns -1 with
/// *exit_code set.
int tl_options_read(struct tl_options *options, int argc, char **argv, int *exit_code);

#endif
