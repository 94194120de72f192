// SPDX-License-Identifier: Apache-2.0
// The command line, checked. Nothing after options.c looks at a string of the command line that
// has a meaning.

#ifndef TL_OPTIONS_H
#define TL_OPTIONS_H

#include <limits.h>
#include <net/if.h>
#include <stdint.h>

#include "CFlowABI.h"

enum tl_mode { TL_MODE_SERVE, TL_MODE_SELF_LOAD, TL_MODE_REPLAY };

enum tl_attach {
    TL_ATTACH_XDP,
    TL_ATTACH_PACKET,
    TL_ATTACH_PCI,
    TL_ATTACH_MEMIF,
    TL_ATTACH_PCAP,
    TL_ATTACH_COUNT
};

struct tl_realm_options {
    char name[TL_NAME_BYTES];
    enum tl_attach attach;
    char interface[PATH_MAX]; // interface, PCI address, socket path or capture to read
    char output[PATH_MAX];    // pcap: capture to write
    char twin[IF_NAMESIZE];   // pci, memif: the TAP that is the kernel's end; empty = none
    uint16_t port_first;      // even
    uint16_t port_last;       // odd
    uint16_t vlan;            // 0 = untagged
    uint8_t dscp;
    uint8_t has_gateway_mac;
    uint8_t gateway_mac[6]; // where everything is sent, when the kernel is not asked
    uint8_t memif_client;   // memif: connect to the peer's socket instead of waiting for it
    uint32_t memif_id;
};

struct tl_address_options {
    uint8_t address[16]; // IPv4 as IPv4-mapped
    uint16_t realm_index;
};

struct tl_options {
    enum tl_mode mode;
    const char *directory; // of fastpath.shm and control.shm
    uint32_t cores[TL_WORKERS_MAX];
    int32_t housekeeping_core; // -1: wherever the scheduler likes, off the workers' cores
    uint8_t no_huge;
    uint8_t json;
    const char *probe_path; // where figures of the probe go; NULL = it is off
    uint32_t secure_flows; // that can have SRTP keys at a time, of each worker
    uint32_t dtmf_flows;   // that can take or send digits at a time, of each worker
    uint32_t shared_flows; // that can share ports at a time, of each worker
    uint32_t memory_mb; // 0 = what the pools need
    struct tl_geometry geometry;
    struct tl_realm_options realms[TL_REALMS_MAX];
    struct tl_address_options addresses[TL_ADDRESSES_MAX]; // index = media address index
    // Self-load.
    uint32_t load_sessions;
    uint32_t load_seconds;
    uint32_t load_addresses;
    uint8_t load_suite;     // TL_SUITE_*; 0: calls are plain
    uint8_t load_both_legs; // of a call are secure, not only one
    uint8_t load_digits;    // TL_LOAD_EVENTS, TL_LOAD_TONES; 0: flows have no digits
    // Replay.
    const char *commands_path; // struct tl_command records, one after the other; NULL = none
};

// Reads the command line. Returns 0, or says one sentence (or the help) and returns -1 with
// *exit_code set.
int tl_options_read(struct tl_options *options, int argc, char **argv, int *exit_code);

// The name of an attach as it is written on the command line and in the realm's page.
const char *tl_attach_name(enum tl_attach attach);

// Reads "name=carrier,attach=packet,..." into the next free realm. Says a sentence and returns -1
// when it is wrong. Part of options.c, in a file of its own (options_realm.c).
int tl_options_realm(struct tl_options *options, const char *text);

#endif
