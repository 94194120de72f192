// SPDX-License-Identifier: Apache-2.0
// What this process may do, asked before a driver fails with a message that helps nobody.

#ifndef TL_PRIVILEGE_H
#define TL_PRIVILEGE_H

#include "options.h"

// Checks that the process has all of these capabilities (CAP_*, ended by -1). Returns 0, or says
// which one is missing for the realm and returns the exit code.
int tl_privilege_check(const struct tl_realm_options *realm, const int *capabilities);

#endif
