// SPDX-License-Identifier: Apache-2.0
// Keeping the kernel from answering media.
//
// Where the kernel sees media (attach=packet always; attach=xdp between two programs) and owns the
// address, it finds no socket behind the port and sends ICMP port-unreachable. A drop rule in the
// raw table for UDP to each media address and its port range prevents that. The rule stays when
// this process ends: it must hold exactly while nobody else does. `iptables -t raw -S` shows it as
// the command that made it; with -D in the place of -A that takes it away.

#ifndef TL_GUARD_H
#define TL_GUARD_H

#include "options.h"

// Ensures the rules for all realms of this interface and attach. For attach=packet an address
// that has neither a rule nor is foreign to the kernel is a refusal; for attach=xdp it is a remark.
// Returns 0 or the exit code, and has said why.
int tl_guard_drop(const struct tl_options *options, const char *interface, enum tl_attach attach);

#endif
