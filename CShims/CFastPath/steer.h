// SPDX-License-Identifier: Apache-2.0
// The XDP program that steers media ports: making its object for one interface, and taking one
// that a killed process left off.

#ifndef TL_STEER_H
#define TL_STEER_H

#include "options.h"

// A descriptor of a file in memory that holds the program's object with the media addresses and
// ports of all realms of `interface` in it, or -1 with a sentence.
int tl_steer_make(const struct tl_options *options, const char *interface);

// Takes a program of ours off the interface: one that tl_steer_remember noted in the directory, or
// that carries our name (to look at a name needs CAP_SYS_ADMIN, which a service does not have). A
// foreign one is a refusal with a sentence. Returns 0 or the exit code.
int tl_steer_take_off(const struct tl_options *options, const struct tl_realm_options *realm,
                      uint32_t kernel_index);

// Notes in the directory which program is on the interface now, so that the next process knows it
// again after this one was killed. Returns 0, or the exit code with a sentence.
int tl_steer_remember(const struct tl_options *options, const struct tl_realm_options *realm,
                      uint32_t kernel_index);

#endif
