// SPDX-License-Identifier: Apache-2.0
// Sentences for people, on standard error, and the exit codes that go with them (sysexits).

#ifndef TL_SAY_H
#define TL_SAY_H

/// Done, or ended by SIGTERM or SIGINT with what was measured until then.
#define TL_EXIT_OK 0
/// The command line or the plan is wrong.
#define TL_EXIT_USAGE 64
/// An interface, memory or a core is missing, or nobody connected.
#define TL_EXIT_UNAVAILABLE 69
/// DPDK or a driver refused.
#define TL_EXIT_DRIVER 71

/// Writes one line, "trunkline-bench: ..." with its newline. A line above 1 KiB is cut.
__attribute__((format(printf, 1, 2))) void tl_say(const char *format, ...);

#endif
