// SPDX-License-Identifier: Apache-2.0
#include "privilege.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "say.h"

static const char *name_of(int capability)
{
    switch (capability) {
    case CAP_NET_ADMIN:
        return "CAP_NET_ADMIN";
    case CAP_NET_RAW:
        return "CAP_NET_RAW";
    case CAP_BPF:
        return "CAP_BPF";
    default:
        return "another capability";
    }
}

int tl_privilege_check(const struct tl_realm_options *realm, const int *capabilities)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    // No library for one system call. Where it fails the driver will say what is wrong.
    if (syscall(SYS_capget, &header, data) < 0)
        return 0;
    for (; *capabilities >= 0; capabilities++) {
        uint32_t word = data[*capabilities / 32].effective;
        if ((word >> (*capabilities % 32) & 1) != 0)
            continue;
        tl_say("realm %s: attach=%s needs %s: start as root, or give the service that capability "
               "(AmbientCapabilities=)",
               realm->name, tl_attach_name(realm->attach), name_of(*capabilities));
        return TL_EXIT_UNAVAILABLE;
    }
    return 0;
}
