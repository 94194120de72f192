// SPDX-License-Identifier: Apache-2.0
// What this process may do: asked before a driver fails with a message that helps nobody, and let
// go of as soon as it is not needed any more.

#ifndef TL_PRIVILEGE_H
#define TL_PRIVILEGE_H

#include "options.h"
#include "port.h"

// Checks that the process has all of these capabilities (CAP_*, ended by -1). Returns 0, or says
// which one is missing for the realm and returns the exit code.
int tl_privilege_check(const struct tl_realm_options *realm, const int *capabilities);

// Once all ports run: drops every capability of every thread but those that the attach modes need
// from now on. That is CAP_NET_ADMIN where neighbours are resolved or a program is taken off at the
// end, else none. The bounding set goes too where the process may do that. Says so when it fails.
void tl_privilege_drop(const struct tl_options *options, const struct tl_ports *ports);

#endif
