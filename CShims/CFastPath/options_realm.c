// SPDX-License-Identifier: Apache-2.0
// One --realm argument.

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "options.h"
#include "number.h"
#include "say.h"

static const char *const attach_names[TL_ATTACH_COUNT] = {"xdp", "packet", "pci", "memif", "pcap"};

const char *tl_attach_name(enum tl_attach attach)
{
    return attach < TL_ATTACH_COUNT ? attach_names[attach] : "unknown";
}

static int refuse(const char *key, const char *value, const char *wanted)
{
    tl_say("--realm: %s=%s is wrong; write %s", key, value, wanted);
    return -1;
}

static int read_text(const char *key, const char *value, char *to, size_t size_bytes)
{
    size_t length = strlen(value);
    if (length == 0 || length >= size_bytes) {
        tl_say("--realm: %s= takes 1 to %zu characters", key, size_bytes - 1);
        return -1;
    }
    memcpy(to, value, length + 1);
    return 0;
}

static int read_attach(struct tl_realm_options *realm, const char *value)
{
    for (int i = 0; i < TL_ATTACH_COUNT; i++) {
        if (strcmp(value, attach_names[i]) == 0) {
            realm->attach = (enum tl_attach)i;
            return 0;
        }
    }
    return refuse("attach", value, "xdp, packet, pci, memif or pcap");
}

static int read_ports(struct tl_realm_options *realm, const char *value)
{
    char copy[16];
    snprintf(copy, sizeof(copy), "%s", value);
    char *rest = copy;
    const char *first_text = strsep(&rest, "-");
    int64_t first = tl_number(first_text, UINT16_MAX);
    int64_t last = rest != NULL ? tl_number(rest, UINT16_MAX) : -1;
    // Port 0 and 1 are no media ports; RTP is even and its RTCP the odd port behind it.
    if (first < 2 || last < first || (first & 1) != 0 || (last & 1) == 0)
        return refuse("ports", value, "FIRST-LAST with an even first and an odd last port");
    realm->port_first = (uint16_t)first;
    realm->port_last = (uint16_t)last;
    return 0;
}

static int read_mac(struct tl_realm_options *realm, const char *value)
{
    unsigned int octets[6];
    char after;
    if (sscanf(value, "%2x:%2x:%2x:%2x:%2x:%2x%c", &octets[0], &octets[1], &octets[2], &octets[3],
               &octets[4], &octets[5], &after) != 6)
        return refuse("gateway-mac", value, "six hexadecimal octets, as 02:00:00:00:00:01");
    for (int i = 0; i < 6; i++)
        realm->gateway_mac[i] = (uint8_t)octets[i];
    realm->has_gateway_mac = 1;
    return 0;
}

// A unicast address. The unspecified address and multicast cannot be a source of media.
static int read_address(struct tl_options *options, const char *value)
{
    struct tl_geometry *geometry = &options->geometry;
    if (geometry->address_count == TL_ADDRESSES_MAX) {
        tl_say("--realm: more than %u addresses in all", TL_ADDRESSES_MAX);
        return -1;
    }
    struct tl_address_options *address = &options->addresses[geometry->address_count];
    uint8_t *bytes = address->address;
    memset(bytes, 0, 16);
    int usable;
    if (inet_pton(AF_INET, value, bytes + 12) == 1) {
        bytes[10] = bytes[11] = 0xff;
        usable = bytes[12] != 0 && bytes[12] < 224;
    } else {
        static const uint8_t mapped_or_none[12] = {[10] = 0xff, [11] = 0xff};
        static const uint8_t none[12];
        usable = inet_pton(AF_INET6, value, bytes) == 1 && bytes[0] != 0xff &&
                 memcmp(bytes, mapped_or_none, 12) != 0 && memcmp(bytes, none, 12) != 0;
    }
    if (!usable)
        return refuse("address", value, "one unicast IPv4 or IPv6 address");
    for (uint32_t i = 0; i < geometry->address_count; i++)
        if (memcmp(options->addresses[i].address, bytes, 16) == 0)
            return refuse("address", value, "each address once");
    address->realm_index = (uint16_t)geometry->realm_count;
    geometry->address_count++;
    return 0;
}

static int read_small(const char *key, const char *value, uint32_t most, uint32_t *to)
{
    int64_t number = tl_number(value, most);
    if (number < 0) {
        tl_say("--realm: %s=%s is wrong; write a number from 0 to %u", key, value, most);
        return -1;
    }
    *to = (uint32_t)number;
    return 0;
}

static int read_role(struct tl_realm_options *realm, const char *value)
{
    realm->memif_client = strcmp(value, "client") == 0;
    if (realm->memif_client || strcmp(value, "server") == 0)
        return 0;
    return refuse("role", value, "server or client");
}

static int read_key(struct tl_options *options, struct tl_realm_options *realm, const char *key,
                    const char *value)
{
    uint32_t number = 0;
    int result;
    if (strcmp(key, "name") == 0)
        return read_text(key, value, realm->name, sizeof(realm->name));
    if (strcmp(key, "attach") == 0)
        return read_attach(realm, value);
    if (strcmp(key, "interface") == 0)
        return read_text(key, value, realm->interface, sizeof(realm->interface));
    if (strcmp(key, "address") == 0)
        return read_address(options, value);
    if (strcmp(key, "ports") == 0)
        return read_ports(realm, value);
    if (strcmp(key, "gateway-mac") == 0)
        return read_mac(realm, value);
    if (strcmp(key, "twin") == 0)
        return read_text(key, value, realm->twin, sizeof(realm->twin));
    if (strcmp(key, "output") == 0)
        return read_text(key, value, realm->output, sizeof(realm->output));
    if (strcmp(key, "role") == 0)
        return read_role(realm, value);
    if (strcmp(key, "id") == 0)
        return read_small(key, value, UINT16_MAX, &realm->memif_id);
    if (strcmp(key, "dscp") == 0) {
        result = read_small(key, value, 63, &number);
        realm->dscp = (uint8_t)number;
        return result;
    }
    if (strcmp(key, "vlan") == 0) {
        result = read_small(key, value, 4094, &number);
        realm->vlan = (uint16_t)number;
        return result;
    }
    tl_say("--realm: the key %s is not known; trunkline-fastpath --help lists them", key);
    return -1;
}

// The first required key that is not there, or NULL.
static const char *missing_key(const struct tl_realm_options *realm, uint32_t addresses)
{
    if (realm->name[0] == '\0')
        return "name";
    if (realm->attach == TL_ATTACH_COUNT)
        return "attach";
    if (realm->interface[0] == '\0')
        return "interface";
    if (realm->port_first == 0)
        return "ports";
    return addresses == 0 ? "address" : NULL;
}

static int check_realm(const struct tl_options *options, const struct tl_realm_options *realm,
                       uint32_t addresses)
{
    const char *missing = missing_key(realm, addresses);
    if (missing != NULL) {
        tl_say("--realm %s: %s= is missing", realm->name, missing);
        return -1;
    }
    for (uint32_t i = 0; i < options->geometry.realm_count; i++) {
        if (strcmp(options->realms[i].name, realm->name) == 0) {
            tl_say("--realm: the name %s is given twice", realm->name);
            return -1;
        }
    }
    int own_device = realm->attach == TL_ATTACH_PCI || realm->attach == TL_ATTACH_MEMIF;
    if (own_device && !realm->has_gateway_mac && realm->twin[0] == '\0') {
        tl_say("--realm %s: attach=%s needs twin= (the kernel's end) or gateway-mac=", realm->name,
               tl_attach_name(realm->attach));
        return -1;
    }
    if (!own_device && realm->twin[0] != '\0') {
        tl_say("--realm %s: twin= belongs to attach=pci and memif; with %s the kernel has the "
               "interface itself",
               realm->name, tl_attach_name(realm->attach));
        return -1;
    }
    int kernel_interface = realm->attach == TL_ATTACH_XDP || realm->attach == TL_ATTACH_PACKET;
    if (kernel_interface && strlen(realm->interface) >= IF_NAMESIZE) {
        tl_say("--realm %s: %s is no interface name", realm->name, realm->interface);
        return -1;
    }
    // The characters that would end a value in DPDK's own argument lists.
    if (strpbrk(realm->interface, ",[]()") != NULL || strpbrk(realm->output, ",[]()") != NULL) {
        tl_say("--realm %s: interface= and output= may not hold , [ ] ( )", realm->name);
        return -1;
    }
    return 0;
}

int tl_options_realm(struct tl_options *options, const char *text)
{
    char copy[2 * PATH_MAX];
    if (options->geometry.realm_count == TL_REALMS_MAX) {
        tl_say("--realm: more than %u realms", TL_REALMS_MAX);
        return -1;
    }
    if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy)) {
        tl_say("--realm: too long");
        return -1;
    }
    struct tl_realm_options *realm = &options->realms[options->geometry.realm_count];
    *realm = (struct tl_realm_options){.attach = TL_ATTACH_COUNT};
    uint32_t addresses_before = options->geometry.address_count;
    char *rest = copy;
    for (char *part = strsep(&rest, ","); part != NULL; part = strsep(&rest, ",")) {
        const char *key = strsep(&part, "=");
        if (part == NULL) {
            tl_say("--realm: \"%s\" is not KEY=VALUE", key);
            return -1;
        }
        if (read_key(options, realm, key, part) < 0)
            return -1;
    }
    if (check_realm(options, realm, options->geometry.address_count - addresses_before) < 0)
        return -1;
    options->geometry.realm_count++;
    return 0;
}
