// SPDX-License-Identifier: Apache-2.0
// The calls that a relay carries, as whoever programmed it wrote them down.
//
// A text file. The first line is "trunkline-plan 1"; each other line is a call:
//   A_ADDR:PORT RELAY_A_ADDR:PORT B_ADDR:PORT RELAY_B_ADDR:PORT [SUITE KEY_OF_B KEY_OF_RELAY_B]
// Party A sends to RELAY_A, and that arrives at B from RELAY_B; and the other way round. Where B
// speaks SRTP, SUITE is its number in the contract (TL_SUITE_*), and each key is master key and
// master salt, in hexadecimal.

#ifndef TL_PLAN_H
#define TL_PLAN_H

#include <stdint.h>
#include <stdio.h>

enum { TL_CALLS_MAX = 200000, TL_PLAN_LINE_BYTES = 320, TL_PLAN_KEY_BYTES = 46 };

struct tl_endpoint {
    uint32_t address_be;
    uint16_t port_be;
};

/// One call: index 0 is party A, 1 is party B.
struct tl_call {
    struct tl_endpoint party[2];
    struct tl_endpoint relay[2]; // where the party of the same index sends to
    uint8_t suite;               // party B's; 0: plain
    uint8_t key_bytes;           // of each of the two
    uint8_t key_of_b[TL_PLAN_KEY_BYTES], key_of_relay[TL_PLAN_KEY_BYTES];
};

struct tl_plan {
    uint32_t count;
    struct tl_call *calls;
};

/// Reads at most `most` calls (the whole file is checked up to there, and it must hold `least`).
/// Returns 0, or says a sentence with file, line and what is wrong, and returns -1.
int tl_plan_read(struct tl_plan *plan, FILE *file, const char *name, uint32_t least,
                 uint32_t most);

/// Makes a plan of `count` calls on benchmark addresses (RFC 2544) for a peer that has none: an
/// echo. Returns 0, or -1 when there is no memory.
int tl_plan_make(struct tl_plan *plan, uint32_t count);

void tl_plan_free(struct tl_plan *plan);

#endif
