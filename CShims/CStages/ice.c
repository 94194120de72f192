// SPDX-License-Identifier: Apache-2.0
// A request costs one HMAC-SHA1 when its user name is right, and nothing of any budget until that
// is right, too: whoever does not have the password can neither use up what a party may send (a
// flow gets 50 authenticated checks a second, and as many of other branches of a fork, which have
// the password) nor fill the table of paths. What a forger gets for a packet is a counted drop,
// which takes less time than relaying that packet would.
#include "ice.h"
#include "frame.h"
#include "stage.h"
#include "stun.h"

_Static_assert(STUN_GROWTH_MAX + VLAN_BYTES <= TL_HEADROOM_BYTES, "an answer grows to the front");

// A request, and where its answer goes.
struct request {
    struct stun stun;
    struct tl_ice_check check;
    struct tl_hmac_key key;
    uint32_t slot;
    uint32_t path; // or TL_ICE_NO_PATH: it came by the RTCP port
    uint32_t code; // of an error, or zero
};

static int is_source(const struct tl_worker *worker, const struct tl_packet *packet,
                     const uint8_t address[16])
{
    const struct tl_flow_ingress *ingress = &packet->flow->ingress;
    uint32_t key = ingress->source_key;
    if (packet->flags & TL_PACKET_RTCP_PORT)
        key = worker->cold[tl_worker_slot(worker, packet->flow)].rtcp_source_key;
    return key != TL_NO_SOURCE && (uint16_t)key == packet->remote_port &&
           memcmp(ingress->source, address, 16) == 0;
}

// An indication keeps a NAT's mapping alive (RFC 8445 section 11). Nobody signs it.
static uint32_t use_indication(struct tl_worker *worker, struct tl_packet *packet)
{
    struct wire_address from = wire_source(packet);
    const uint8_t *address = (const uint8_t *)from.words;
    if (!is_source(worker, packet, address) &&
        !tl_ice_accepts(worker, tl_worker_slot(worker, packet->flow), address,
                        packet->remote_port))
        return TL_DROP_INDEX_WRONG_SOURCE;
    worker->counters.consumed++;
    packet->edge = TL_EDGE_FREE;
    return TL_DROP_REASON_COUNT;
}

// Whose request is it? A drop reason, or TL_DROP_REASON_COUNT.
static uint32_t authenticate(struct tl_worker *worker, const struct tl_packet *packet,
                             struct tl_ice *ice, struct request *request)
{
    const struct stun *stun = &request->stun;
    struct tl_ice_check *check = &request->check;
    if (!(stun->flags & STUN_HAS_USERNAME))
        return TL_DROP_INDEX_STUN_AUTHENTICATION;
    const struct tl_ice_credentials *credentials = tl_ice_credentials_find(
        ice, stun->username, stun->username_bytes, &check->is_former, &check->remote_hash);
    if (credentials == NULL || !tl_stun_authenticate(worker->hmac, stun, &credentials->key))
        return TL_DROP_INDEX_STUN_AUTHENTICATION;
    int is_other =
        credentials->remote_hash != 0 && credentials->remote_hash != check->remote_hash;
    if (!tl_ice_afford(ice, is_other, worker->now_ns))
        return TL_DROP_INDEX_STUN_BUDGET;
    struct wire_address from = wire_source(packet);
    memcpy(check->address, from.words, 16);
    check->port = packet->remote_port;
    check->priority = stun->priority;
    check->nominates = (stun->flags & STUN_USE_CANDIDATE) != 0;
    request->key = credentials->key;
    request->code = stun->unknown_count != 0              ? STUN_UNKNOWN_ATTRIBUTE
                    : stun->flags & STUN_ICE_CONTROLLED ? STUN_ROLE_CONFLICT
                                                          : 0;
    return TL_DROP_REASON_COUNT;
}

// The next hop of the answer, taken, and the path. A drop reason, or TL_DROP_REASON_COUNT.
static uint32_t find_way(struct tl_worker *worker, const struct tl_packet *packet,
                         struct request *request, struct tl_route *route)
{
    const struct tl_flow_spec *spec = &worker->cold[request->slot].spec;
    const struct tl_ice_check *check = &request->check;
    if (packet->flags & TL_PACKET_LOOPED ||
        !tl_remote_is_good(worker, spec, check->address, check->port))
        return TL_DROP_INDEX_WRONG_SOURCE;
    int32_t status = tl_route_find(worker, spec, check->address, check->port, route);
    if (status == TL_STATUS_NO_NEXT_HOP)
        return TL_DROP_INDEX_NO_NEXT_HOP;
    if (status != TL_STATUS_OK || route->hop == TL_NO_HOP)
        return TL_DROP_INDEX_WRONG_SOURCE; // one of our own addresses
    request->path = TL_ICE_NO_PATH;
    if (packet->flags & TL_PACKET_RTCP_PORT)
        return TL_DROP_REASON_COUNT;
    request->path = tl_ice_path_take(worker, request->slot, check);
    if (request->path != TL_ICE_NO_PATH)
        return TL_DROP_REASON_COUNT;
    tl_next_hop_release(&worker->hops, route->hop);
    return TL_DROP_INDEX_ICE_PATHS;
}

// The other component's check (RTCP without mux) says where RTCP of the accepted party comes from;
// its media is the first component's business.
static void check_rtcp(struct tl_worker *worker, const struct request *request)
{
    const struct tl_ice_check *check = &request->check;
    const struct tl_flow_ingress *ingress = &worker->flows[request->slot].ingress;
    if (memcmp(ingress->source, check->address, 16) != 0)
        return;
    tl_shared_leave(worker, request->slot);
    worker->cold[request->slot].rtcp_source_key =
        check->port | (tl_address_is_ipv4(check->address) ? 0 : TL_SOURCE_IPV6);
    tl_shared_enter(worker, request->slot);
}

// Turns the request into its answer.
static void answer(struct tl_worker *worker, struct tl_packet *packet,
                   const struct request *request, const struct tl_route *route, uint64_t hop_word)
{
    uint8_t bytes[STUN_ANSWER_BYTES_MAX];
    const struct tl_ice_check *check = &request->check;
    const struct tl_flow_spec *spec = &worker->cold[request->slot].spec;
    uint32_t count =
        request->code != 0
            ? tl_stun_error(worker->hmac, &request->stun, &request->key, request->code, bytes)
            : tl_stun_success(worker->hmac, &request->stun, &request->key, check->address,
                              check->port, bytes);
    if (count > packet->payload_length) // behind the packet there may be no room
        packet->data -= count - packet->payload_length;
    memcpy(packet->data + packet->payload_offset, bytes, count);
    struct tl_flow_egress egress;
    tl_route_egress(worker, spec, check->address, check->port, route, &egress);
    uint32_t ports_be =
        __builtin_bswap16(packet->local_port) | (uint32_t)__builtin_bswap16(check->port) << 16;
    worker->counters.consumed++;
    worker->counters.stun_answered++;
    packet->kind = TL_KIND_STUN;
    packet->origin = TL_ORIGIN_GENERATED;
    packet->peer = packet->flow;
    packet->flow = NULL;
    packet->flags = 0;
    tl_frame_finish(worker, packet, &egress, hop_word, ports_be, count);
}

static uint32_t use_request(struct tl_worker *worker, struct tl_packet *packet,
                            struct tl_ice *ice, struct request *request)
{
    struct tl_route route;
    uint32_t reason = authenticate(worker, packet, ice, request);
    if (reason == TL_DROP_REASON_COUNT)
        reason = find_way(worker, packet, request, &route);
    if (reason != TL_DROP_REASON_COUNT)
        return reason;
    uint64_t hop_word = tl_next_hop_word(&worker->hops, route.hop);
    if (!tl_next_hop_resolved(hop_word)) // the path keeps it: when the party asks again it may be
        reason = TL_DROP_INDEX_NO_NEXT_HOP;
    else
        answer(worker, packet, request, &route, hop_word);
    if (request->code == 0 && request->path != TL_ICE_NO_PATH)
        tl_ice_checked(worker, request->slot, request->path, &request->check);
    else if (request->code == 0)
        check_rtcp(worker, request);
    tl_next_hop_release(&worker->hops, route.hop);
    return reason;
}

TL_PACKET_CODE void tl_ice_stun(struct tl_worker *worker, struct tl_packet *packet)
{
    struct request request;
    request.slot = tl_worker_slot(worker, packet->flow);
    struct tl_ice *ice = tl_ice_of(worker, request.slot);
    uint32_t reason = TL_DROP_INDEX_STUN_MALFORMED;
    packet->kind = TL_KIND_STUN;
    if (ice == NULL) // nobody can know the credentials
        reason = TL_DROP_INDEX_STUN_AUTHENTICATION;
    else if (!tl_stun_read(worker->hmac, packet->data + packet->payload_offset,
                           packet->payload_length, &request.stun))
        reason = TL_DROP_INDEX_STUN_MALFORMED;
    else if (request.stun.type == STUN_INDICATION)
        reason = use_indication(worker, packet);
    else if (request.stun.type == STUN_REQUEST)
        reason = use_request(worker, packet, ice, &request);
    // Else an answer: to what? We ask nothing.
    if (reason != TL_DROP_REASON_COUNT)
        tl_packet_drop(worker, packet, reason);
}

TL_PACKET_CODE int tl_ice_source(struct tl_worker *worker, struct tl_packet *packet)
{
    uint32_t slot = tl_worker_slot(worker, packet->flow);
    struct wire_address from = wire_source(packet);
    if (packet->flags & (TL_PACKET_RTCP_PORT | TL_PACKET_LOOPED) || packet->remote_port == 0)
        return stage_drop(worker, packet, TL_DROP_INDEX_WRONG_SOURCE);
    if (tl_ice_accepts(worker, slot, (const uint8_t *)from.words, packet->remote_port))
        return 1;
    if (!tl_ice_may_latch(worker, slot))
        return stage_drop(worker, packet, TL_DROP_INDEX_WRONG_SOURCE);
    packet->flags |= TL_PACKET_LEARN;
    return 1;
}

TL_PACKET_CODE int tl_ice_latch(struct tl_worker *worker, struct tl_packet *packet)
{
    uint32_t slot = tl_worker_slot(worker, packet->flow);
    struct wire_address from = wire_source(packet);
    const uint8_t *address = (const uint8_t *)from.words;
    // Of one burst several may come from the source that the first of them latched.
    if (!tl_ice_accepts(worker, slot, address, packet->remote_port) &&
        !tl_ice_latch_source(worker, slot, address, packet->remote_port))
        return 0;
    packet->flags &= (uint8_t)~TL_PACKET_LEARN;
    return 1;
}
