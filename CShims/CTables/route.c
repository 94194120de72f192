// SPDX-License-Identifier: Apache-2.0
// The way out of a flow: next hop, variant, and the headers that every packet gets.
#include "CTables.h"

#include <netinet/in.h>

#define TTL 64

static uint8_t *put_16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
    return at + 2;
}

static uint8_t *put_bytes(uint8_t *at, const uint8_t *bytes, uint32_t count)
{
    memcpy(at, bytes, count);
    return at + count;
}

TL_PACKET_CODE int32_t tl_route_find(struct tl_worker *worker, const struct tl_flow_spec *spec,
                                     const uint8_t address[16], uint16_t port,
                                     struct tl_route *route)
{
    uint32_t realm_index = worker->addresses.addresses[spec->address_index].realm_index;
    const struct tl_realm *realm = &worker->realms[realm_index];
    *route = (struct tl_route){.hop = TL_NO_HOP, .variant = TL_VARIANT_NOWHERE};
    if (tl_address_is_unknown(address))
        return TL_STATUS_OK;
    route->variant = tl_address_is_ipv4(address) ? 0 : TL_VARIANT_IPV6;
    uint32_t own = tl_address_find(&worker->addresses, address);
    if (own != TL_NO_ADDRESS) {
        const struct tl_realm *other =
            &worker->realms[worker->addresses.addresses[own].realm_index];
        if (port < other->port_first || port > other->port_last)
            return TL_STATUS_BAD_REMOTE;
        route->variant |= TL_VARIANT_HAIRPIN;
        route->target = (uint8_t)tl_worker_of_port(worker, port);
        return TL_STATUS_OK;
    }
    route->variant |= realm->vlan != 0 ? TL_VARIANT_VLAN : 0;
    route->target = realm->port;
    route->hop = tl_next_hop_take(&worker->hops, realm, realm_index, address);
    return route->hop == TL_NO_HOP ? TL_STATUS_NO_NEXT_HOP : TL_STATUS_OK;
}

// IPv4 with the fields that stay: identification zero is right for a datagram that may not be
// fragmented (RFC 6864 4.1). DSCP, lengths, checksums and the destination are filled in later.
static uint8_t *put_ipv4(uint8_t *at, const uint8_t *from)
{
    const uint8_t fixed[12] = {0x45, 0, 0, 0, 0, 0, 0x40, 0, TTL, IPPROTO_UDP};
    return put_bytes(put_bytes(at, fixed, sizeof(fixed)), from + 12, 4);
}

static uint8_t *put_ipv6(uint8_t *at, const uint8_t *from)
{
    const uint8_t fixed[8] = {0x60, 0, 0, 0, 0, 0, IPPROTO_UDP, TTL};
    return put_bytes(put_bytes(at, fixed, sizeof(fixed)), from, 16);
}

static void template_make(struct tl_leg_template *leg, const struct tl_realm *realm,
                          const struct tl_address *local, uint16_t vlan)
{
    int ipv4 = tl_address_is_ipv4(local->address);
    memset(leg, 0, sizeof(*leg));
    uint8_t *at = put_bytes(leg->bytes, realm->mac, 6);
    if (vlan != 0)
        at = put_16(put_16(at, 0x8100), vlan);
    at = put_16(at, ipv4 ? 0x0800 : 0x86dd);
    at = ipv4 ? put_ipv4(at, local->address) : put_ipv6(at, local->address);
    const uint32_t rest = (ipv4 ? 4 : 16) + 8; // destination, UDP
    leg->frame_bytes = (uint8_t)(6 + (at - leg->bytes) + rest);
}

void tl_templates_make(struct tl_worker *worker)
{
    for (uint32_t i = 0; i < worker->addresses.count; i++) {
        const struct tl_address *local = &worker->addresses.addresses[i];
        const struct tl_realm *realm = &worker->realms[local->realm_index];
        template_make(&worker->templates[i][0], realm, local, realm->vlan);
        template_make(&worker->templates[i][1], realm, local, 0);
    }
}

// Sum of 16-bit words in memory order, as the checksum needs it.
static uint32_t sum_words(const uint8_t *bytes, uint32_t count, uint32_t sum)
{
    for (uint32_t i = 0; i < count; i += 2) {
        uint16_t word;
        memcpy(&word, bytes + i, 2);
        sum += word;
    }
    return sum;
}

static uint16_t fold(uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

// What of a flow's headers is its own.
static void headers_make(const struct tl_worker *worker, const struct tl_flow_spec *spec,
                         const uint8_t *remote, uint16_t port, struct tl_flow_egress *egress)
{
    const uint8_t *local = worker->addresses.addresses[spec->address_index].address;
    uint32_t skip = egress->way & TL_VARIANT_IPV6 ? 0 : 12;
    uint32_t addresses = sum_words(local + skip, 16 - skip, 0);
    addresses = sum_words(remote + skip, 16 - skip, addresses);
    memcpy(egress->remote, remote, 16);
    egress->traffic_class = (uint8_t)(spec->dscp << 2);
    egress->address_index = (uint8_t)spec->address_index;
    uint32_t port_be = __builtin_bswap16(port);
    egress->ports_be = __builtin_bswap16(spec->local_port) | port_be << 16;
    egress->udp_sum = fold(addresses + __builtin_bswap16(IPPROTO_UDP));
    const uint8_t fixed[12] = {0x45, egress->traffic_class, 0, 0, 0, 0, 0x40, 0, TTL, IPPROTO_UDP};
    egress->ip_sum = fold(sum_words(fixed, sizeof(fixed), addresses));
}

TL_PACKET_CODE void tl_route_egress(const struct tl_worker *worker,
                                    const struct tl_flow_spec *spec, const uint8_t address[16],
                                    uint16_t port, const struct tl_route *route,
                                    struct tl_flow_egress *egress)
{
    memset(egress, 0, sizeof(*egress));
    egress->hop = route->hop;
    egress->target = route->target;
    egress->way = route->variant;
    headers_make(worker, spec, address, port, egress);
}

TL_PACKET_CODE void tl_route_apply(struct tl_worker *worker, uint32_t slot,
                                   const uint8_t address[16], uint16_t port,
                                   const struct tl_route *route)
{
    struct tl_flow *flow = &worker->flows[slot];
    struct tl_flow_egress *egress = &flow->egress;
    uint32_t old = egress->hop;
    egress->hop = route->hop;
    egress->target = route->target;
    egress->way = (uint8_t)(route->variant | (egress->way & TL_WAY_DIGITS));
    flow->ingress.flags &= (uint16_t)~TL_FLOW_HAIRPIN;
    if (route->variant & TL_VARIANT_HAIRPIN)
        flow->ingress.flags |= TL_FLOW_HAIRPIN;
    tl_flow_way(flow);
    if (route->variant != TL_VARIANT_NOWHERE)
        headers_make(worker, &worker->cold[slot].spec, address, port, egress);
    tl_next_hop_release(&worker->hops, old); // after the new one was taken: often the same
}
