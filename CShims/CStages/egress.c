// SPDX-License-Identifier: Apache-2.0
#include "egress.h"

#define UNDER_MS 100u // so long after its last packet a digit takes what came beside its end

// A stream that gave way to digits goes on by its own clock. Packets of it whose time digits have
// taken give way, too, for a while; then it is mapped like another stream.
static int comes_back(const struct tl_worker *worker, const struct tl_packet *packet,
                      struct tl_dtmf_former *former, uint32_t timestamp, uint64_t after_ns)
{
    int same = former->source_slot == tl_worker_slot(worker, packet->flow) &&
               former->source_stream == packet->stream;
    int under = (int32_t)(timestamp + former->timestamp_offset - former->timestamp) < 0;
    if (same && under && after_ns <= UNDER_MS * TL_MILLISECOND_NS)
        return 0;
    if (!same || under)
        former->source_slot = TL_NO_FLOW;
    return 1;
}

static int give_way(struct tl_worker *worker, struct tl_packet *packet)
{
    worker->counters.consumed++;
    packet->edge = TL_EDGE_FREE;
    return 0;
}

TL_PACKET_CODE int tl_egress_map(struct tl_worker *worker, struct tl_packet *packet,
                                 uint32_t timestamp)
{
    struct tl_flow_egress *egress = &packet->peer->egress;
    uint32_t slot = tl_worker_slot(worker, packet->peer);
    const struct tl_flow_record *record = tl_worker_record(worker, slot);
    uint64_t passed_ns = worker->now_ns - record->egress_time_ns;
    struct tl_dtmf *dtmf = tl_dtmf_of(worker, slot);
    if (dtmf != NULL && !comes_back(worker, packet, &dtmf->former, timestamp, passed_ns))
        return give_way(worker, packet);
    uint32_t next = record->egress_timestamp;
    if (record->egress_time_ns != 0) {
        uint32_t passed = wire_clock(passed_ns, worker->cold[slot].spec.clock_rate_hz);
        next += passed != 0 ? passed : 1; // two packets of two streams differ
    }
    egress->source_slot = tl_worker_slot(worker, packet->flow);
    egress->source_stream = packet->stream;
    egress->first_index = record->egress_index;
    egress->index_offset = (uint32_t)record->egress_index - packet->place;
    egress->timestamp_offset = next - timestamp;
    if (dtmf != NULL && dtmf->former.source_slot != TL_NO_FLOW) {
        egress->timestamp_offset = dtmf->former.timestamp_offset;
        dtmf->former.source_slot = TL_NO_FLOW;
    }
    return 1;
}

// Why a packet may not leave, or TL_DROP_REASON_COUNT.
static uint32_t obstacle(const struct tl_worker *worker, struct tl_packet *packet)
{
    if (packet->peer == NULL ||
        packet->peer->egress.generation != packet->flow->ingress.peer_generation ||
        !(packet->peer->egress.way & TL_WAY_LIVE)) {
        packet->peer = NULL;
        return TL_DROP_INDEX_NO_PEER;
    }
    struct tl_flow_egress *egress = &packet->peer->egress;
    if (!(egress->way & TL_WAY_SEND)) {
        egress->source_slot = TL_NO_FLOW; // what is held back is no loss: map again afterwards
        return TL_DROP_INDEX_NOT_SENDING;
    }
    if (egress->way & TL_VARIANT_HAIRPIN)
        return packet->hops < TL_HAIRPIN_HOPS_MAX ? TL_DROP_REASON_COUNT
                                                  : TL_DROP_INDEX_HAIRPIN_LOOP;
    if (egress->hop == TL_NO_HOP ||
        !tl_next_hop_resolved(tl_next_hop_word(&worker->hops, egress->hop)))
        return TL_DROP_INDEX_NO_NEXT_HOP;
    return TL_DROP_REASON_COUNT;
}

TL_PACKET_CODE int tl_egress_obstacle(struct tl_worker *worker, struct tl_packet *packet)
{
    uint32_t reason = obstacle(worker, packet);
    if (reason != TL_DROP_REASON_COUNT)
        return stage_drop(worker, packet, reason);
    if (!(packet->peer->egress.way & TL_WAY_DIGITS))
        return 1;
    return give_way(worker, packet);
}
