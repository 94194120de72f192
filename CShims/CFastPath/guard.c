// SPDX-License-Identifier: Apache-2.0
#include "guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "say.h"

extern char **environ;

struct rule {
    const char *program; // iptables or ip6tables
    char address[INET6_ADDRSTRLEN];
    char ports[16];
};

static int is_ipv4(const uint8_t *address)
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(address, prefix, sizeof(prefix)) == 0;
}

static void make_rule(struct rule *rule, const struct tl_address_options *address,
                      const struct tl_realm_options *realm)
{
    int ipv4 = is_ipv4(address->address);
    rule->program = ipv4 ? "iptables" : "ip6tables";
    inet_ntop(ipv4 ? AF_INET : AF_INET6, address->address + (ipv4 ? 12 : 0), rule->address,
              sizeof(rule->address));
    snprintf(rule->ports, sizeof(rule->ports), "%u:%u", realm->port_first, realm->port_last);
}

// Runs the program on the rule with "-C" (is it there) or "-A" (add it). 0 = done. A tool that
// cannot be started counts as one that refused. No shell: nothing is quoted. A later fragment of
// IPv4 has no ports, but iptables over nftables takes its payload for them: text, such as that of a
// long SIP message, looks like a media port. "! -f" keeps the rule off it.
static int run(const struct rule *rule, const char *verb)
{
    char *arguments[] = {(char *)rule->program, (char *)"-w",    (char *)"2",
                         (char *)"-t",          (char *)"raw",   (char *)verb,
                         (char *)"PREROUTING",  (char *)"-p",    (char *)"udp",
                         (char *)"-d",          (char *)rule->address,
                         (char *)"--dport",     (char *)rule->ports,
                         (char *)"-j",          (char *)"DROP",  NULL, NULL, NULL};
    if (strcmp(rule->program, "iptables") == 0) {
        arguments[15] = (char *)"!";
        arguments[16] = (char *)"-f";
    }
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status = -1;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return -1;
    // Its own words would say what the one sentence of ours says better.
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    if (posix_spawnp(&child, rule->program, &actions, NULL, arguments, environ) == 0)
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
    posix_spawn_file_actions_destroy(&actions);
    return status == 0 ? 0 : -1;
}

// 1 when an interface of this machine (this network namespace) has the address.
static int kernel_owns(const uint8_t *address)
{
    struct ifaddrs *all = NULL;
    int found = 0;
    if (getifaddrs(&all) < 0)
        return 1;
    for (const struct ifaddrs *one = all; one != NULL && !found; one = one->ifa_next) {
        if (one->ifa_addr == NULL)
            continue;
        if (one->ifa_addr->sa_family == AF_INET && is_ipv4(address)) {
            const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)one->ifa_addr;
            found = memcmp(&in->sin_addr, address + 12, 4) == 0;
        } else if (one->ifa_addr->sa_family == AF_INET6 && !is_ipv4(address)) {
            const struct sockaddr_in6 *in =
                (const struct sockaddr_in6 *)(const void *)one->ifa_addr;
            found = memcmp(&in->sin6_addr, address, 16) == 0;
        }
    }
    freeifaddrs(all);
    return found;
}

static int ensure(const struct tl_address_options *address, const struct tl_realm_options *realm)
{
    struct rule rule;
    make_rule(&rule, address, realm);
    if (run(&rule, "-C") == 0 || run(&rule, "-A") == 0)
        return 0;
    // An address that the kernel does not own is not answered, and forwarding it is the
    // administrator's business.
    if (!kernel_owns(address->address))
        return 0;
    if (realm->attach == TL_ATTACH_XDP) {
        tl_say("realm %s: no drop rule for %s could be made (CAP_NET_ADMIN and %s): while this "
               "process restarts the kernel answers media with port-unreachable",
               realm->name, rule.address, rule.program);
        return 0;
    }
    tl_say("realm %s: the kernel would answer media to %s with port-unreachable: allow "
           "CAP_NET_ADMIN and install %s so that a drop rule can be made, or use an address that "
           "no interface has",
           realm->name, rule.address, rule.program);
    return TL_EXIT_UNAVAILABLE;
}

int tl_guard_drop(const struct tl_options *options, const char *interface, enum tl_attach attach)
{
    for (uint32_t i = 0; i < options->geometry.address_count; i++) {
        const struct tl_address_options *address = &options->addresses[i];
        const struct tl_realm_options *realm = &options->realms[address->realm_index];
        if (realm->attach != attach || strcmp(realm->interface, interface) != 0)
            continue;
        int result = ensure(address, realm);
        if (result != 0)
            return result;
    }
    return 0;
}
