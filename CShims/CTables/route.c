// SPDX-License-Identifier: Apache-2.0
// The way out of a flow: next hop, variant, and the headers that every packet gets.
#include "CTables.h"

#include <arpa/inet.h>

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
// fragmented (RFC 6864 4.1). Lengths and checksums are filled for each packet.
static uint8_t *put_ipv4(uint8_t *at, uint8_t dscp, const uint8_t *from, const uint8_t *to)
{
    const uint8_t fixed[12] = {0x45, (uint8_t)(dscp << 2), 0, 0, 0, 0, 0x40, 0, TTL, IPPROTO_UDP};
    at = put_bytes(at, fixed, sizeof(fixed));
    at = put_bytes(at, from + 12, 4);
    return put_bytes(at, to + 12, 4);
}

static uint8_t *put_ipv6(uint8_t *at, uint8_t dscp, const uint8_t *from, const uint8_t *to)
{
    const uint8_t fixed[8] = {(uint8_t)(0x60 | dscp >> 2), (uint8_t)(dscp << 6), 0, 0, 0, 0,
                              IPPROTO_UDP, TTL};
    at = put_bytes(at, fixed, sizeof(fixed));
    at = put_bytes(at, from, 16);
    return put_bytes(at, to, 16);
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

static void headers_make(const struct tl_worker *worker, const struct tl_flow_spec *spec,
                         const uint8_t *remote, uint16_t port, struct tl_flow *flow)
{
    const struct tl_address *local = &worker->addresses.addresses[spec->address_index];
    const struct tl_realm *realm = &worker->realms[local->realm_index];
    int ipv4 = !(flow->egress.variant & TL_VARIANT_IPV6);
    uint8_t *at = put_bytes(flow->headers.bytes, realm->mac, 6);
    if (flow->egress.variant & TL_VARIANT_VLAN)
        at = put_16(put_16(at, 0x8100), realm->vlan);
    at = put_16(at, ipv4 ? 0x0800 : 0x86dd);
    at = ipv4 ? put_ipv4(at, spec->dscp, local->address, remote)
              : put_ipv6(at, spec->dscp, local->address, remote);
    uint32_t sum = __builtin_bswap16(IPPROTO_UDP);
    sum = sum_words(ipv4 ? local->address + 12 : local->address, ipv4 ? 4 : 16, sum);
    flow->headers.pseudo_sum = sum_words(ipv4 ? remote + 12 : remote, ipv4 ? 4 : 16, sum);
    at = put_16(put_16(at, spec->local_port), port);
    at = put_16(put_16(at, 0), 0);
    flow->egress.template_bytes = (uint8_t)(at - flow->headers.bytes);
}

TL_PACKET_CODE void tl_route_apply(struct tl_worker *worker, uint32_t slot,
                                   const uint8_t address[16], uint16_t port,
                                   const struct tl_route *route)
{
    struct tl_flow *flow = &worker->flows[slot];
    struct tl_flow_cold *cold = &worker->cold[slot];
    uint32_t old = cold->hop;
    cold->hop = route->hop;
    flow->egress.hop = route->hop == TL_NO_HOP ? NULL : &worker->hops.entries[route->hop];
    flow->egress.variant = route->variant;
    flow->egress.target = route->target;
    flow->admission.flags &= ~TL_FLOW_HAIRPIN;
    if (route->variant & TL_VARIANT_HAIRPIN)
        flow->admission.flags |= TL_FLOW_HAIRPIN;
    flow->egress.flags = flow->admission.flags;
    if (route->variant != TL_VARIANT_NOWHERE)
        headers_make(worker, &cold->spec, address, port, flow);
    tl_next_hop_release(&worker->hops, old); // after the new one was taken: often the same
}
