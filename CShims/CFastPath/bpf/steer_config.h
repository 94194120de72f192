// SPDX-License-Identifier: Apache-2.0
// What the steering program is told. It is written over the program's read-only data before the
// program is loaded (steer.c finds it there by its magic), so that the kernel's verifier and
// compiler see constants and there is no moment with a program that knows nothing.

#ifndef TL_STEER_CONFIG_H
#define TL_STEER_CONFIG_H

#include <linux/types.h>

#define TL_STEER_MAGIC "TLSTEER1.CONFIG" // 16 bytes with its terminator
#define TL_STEER_ENTRIES_MAX 64
#define TL_STEER_QUEUES_MAX 64

// One media address. Ports are host order and inclusive.
struct tl_steer_entry {
    __u32 address_be[4]; // IPv4: three zero words but for 0x0000ffff, then the address
    __u16 port_first;
    __u16 port_last;
};

struct tl_steer_config {
    char magic[16];
    __u32 entry_count;
    struct tl_steer_entry entries[TL_STEER_ENTRIES_MAX];
};

#endif
