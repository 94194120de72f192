// SPDX-License-Identifier: Apache-2.0
// Sentences for people, on standard error, and the exit codes that go with them (sysexits).

#ifndef TL_SAY_H
#define TL_SAY_H

/// Stopped by a signal, or what was asked for went through.
#define TL_EXIT_OK 0
/// The fast path's self-load or replay found a count that does not add up.
#define TL_EXIT_MISCOUNT 1
/// The command line, or a file that it names, is wrong.
#define TL_EXIT_USAGE 64
/// A privilege, an interface, memory or a core is missing, or nobody connected; the sentence says
/// what to do.
#define TL_EXIT_UNAVAILABLE 69
// 70 is TL_EXIT_PEER_FILE, of the contract.
/// DPDK or a driver refused.
#define TL_EXIT_DRIVER 71

/// Writes one line, the program's name before it, in one write. Never on a packet's way. A line
/// above 1 KiB is cut.
__attribute__((format(printf, 1, 2))) void tl_say(const char *format, ...);

#endif
