// SPDX-License-Identifier: Apache-2.0
// Sentences for people, on standard error, and the exit codes that go with them.

#ifndef TL_SAY_H
#define TL_SAY_H

// Stopped by a signal, or a replay or self-load that went through.
#define TL_EXIT_OK 0
// The self-load or the replay found a count that does not add up.
#define TL_EXIT_MISCOUNT 1
// The command line is wrong.
#define TL_EXIT_USAGE 64
// A privilege, an interface or memory is missing; the sentence says what to do.
#define TL_EXIT_UNAVAILABLE 69
// 70 is TL_EXIT_PEER_FILE, of the contract.
// DPDK or a driver refused.
#define TL_EXIT_DRIVER 71

// Writes one line, "trunkline-fastpath: ..." with its newline, in one write. Never on a packet's
// way. A line above 1 KiB is cut.
__attribute__((format(printf, 1, 2))) void tl_say(const char *format, ...);

#endif
