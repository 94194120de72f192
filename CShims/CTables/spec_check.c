// SPDX-License-Identifier: Apache-2.0
// What a flow's specification must be. Everything in it comes from the other process.
#include "CTables.h"

static int32_t check_payload_types(const struct tl_flow_spec *spec)
{
    for (uint32_t i = 0; i < TL_PAYLOAD_TYPES_MAX; i++) {
        const struct tl_payload_type *type = &spec->payload_types[i];
        if (type->ingress == TL_NO_PAYLOAD_TYPE)
            return TL_STATUS_OK;
        if (type->ingress > 127 || type->egress > 127)
            return TL_STATUS_BAD_PAYLOAD_MAP;
        for (uint32_t j = 0; j < i; j++)
            if (spec->payload_types[j].ingress == type->ingress)
                return TL_STATUS_BAD_PAYLOAD_MAP;
    }
    return TL_STATUS_OK;
}

static int32_t check_budgets(const struct tl_flow_spec *spec)
{
    uint32_t flags = spec->flags;
    int good = tl_between(spec->clock_rate_hz, 8000, 192000) &&
               tl_between(spec->packets_per_second, 1, 1000000) &&
               tl_between(spec->bits_per_second, 1, 1000000000) && spec->dscp <= 63;
    if (spec->media_timeout_ms != 0)
        good = good && tl_between(spec->media_timeout_ms, 1000, 3600000);
    if (flags & TL_FLOW_LEARN)
        good = good && tl_between(spec->learn_window_ms, 1, 60000);
    if (flags & TL_FLOW_RTCP)
        good = good && tl_between(spec->rtcp_interval_ms, 500, 60000);
    return good ? TL_STATUS_OK : TL_STATUS_BAD_BUDGET;
}

static int can_send_to(const uint8_t address[16])
{
    return tl_address_is_ipv4(address) ? tl_ipv4_is_unicast(address[12])
                                       : tl_ipv6_is_unicast(address);
}

TL_PACKET_CODE int tl_remote_is_good(const struct tl_worker *worker,
                                     const struct tl_flow_spec *spec, const uint8_t address[16],
                                     uint16_t port)
{
    const uint8_t *local = worker->addresses.addresses[spec->address_index].address;
    return port != 0 && can_send_to(address) &&
           tl_address_is_ipv4(address) == tl_address_is_ipv4(local);
}

static int32_t check_remote(const struct tl_worker *worker, const struct tl_flow_spec *spec)
{
    if (tl_address_is_unknown(spec->remote_address))
        return spec->remote_port == 0 ? TL_STATUS_OK : TL_STATUS_BAD_REMOTE;
    return tl_remote_is_good(worker, spec, spec->remote_address, spec->remote_port)
               ? TL_STATUS_OK
               : TL_STATUS_BAD_REMOTE;
}

static int32_t check_peer(const struct tl_worker *worker, uint32_t slot,
                          const struct tl_flow_spec *spec)
{
    if (spec->peer_index == TL_NO_FLOW)
        return TL_STATUS_OK;
    uint32_t peer = spec->peer_index - worker->first_flow; // wraps to something too large
    return peer < worker->flow_count && peer != slot ? TL_STATUS_OK : TL_STATUS_BAD_PEER;
}

TL_PACKET_CODE int32_t tl_spec_check_port(const struct tl_worker *worker,
                                          const struct tl_flow_spec *spec)
{
    if (spec->address_index >= worker->addresses.count)
        return TL_STATUS_BAD_ADDRESS;
    uint32_t realm_index = worker->addresses.addresses[spec->address_index].realm_index;
    const struct tl_realm *realm = &worker->realms[realm_index];
    uint16_t port = spec->local_port;
    if (port % 2 != 0 || !tl_between(port, realm->port_first, realm->port_last) ||
        tl_worker_of_port(worker, port) != worker->index)
        return TL_STATUS_BAD_PORT;
    uint32_t user = worker->ports[tl_worker_port(worker, spec->address_index, port)].slot;
    int shares = user == TL_SHARED_PORT && spec->flags & TL_FLOW_SHARED;
    return user == TL_NO_FLOW || shares ? TL_STATUS_OK : TL_STATUS_PORT_IN_USE;
}

TL_PACKET_CODE int32_t tl_spec_check(const struct tl_worker *worker, uint32_t slot,
                                     const struct tl_flow_spec *spec)
{
    const uint32_t both = TL_FLOW_ICE | TL_FLOW_LEARN; // each has an idea of its own of the source
    const uint32_t lets_in = TL_FLOW_LEARN | TL_FLOW_EARLY_LATCH; // whom nothing tells apart
    if (spec->flags & ~TL_FLOW_FLAGS_ALL || (spec->flags & both) == both ||
        (spec->flags & TL_FLOW_SHARED && spec->flags & lets_in))
        return TL_STATUS_BAD_FLAGS;
    int32_t status = check_remote(worker, spec);
    if (status == TL_STATUS_OK)
        status = check_peer(worker, slot, spec);
    if (status == TL_STATUS_OK)
        status = check_payload_types(spec);
    if (status == TL_STATUS_OK)
        status = check_budgets(spec);
    return status == TL_STATUS_OK ? tl_shared_check(worker, slot, spec) : status;
}
