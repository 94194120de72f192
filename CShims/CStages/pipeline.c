// SPDX-License-Identifier: Apache-2.0
// The stages, in the order in which packets meet them (stage.h). Together, with what is counted of
// a packet that was sent, 556 instructions for RTP over IPv4; each stage says its own part.
#include "classify.h"
#include "demux.h"
#include "egress.h"
#include "lookup.h"
#include "payload_type.h"
#include "police.h"
#include "rewrite.h"
#include "rtp_check.h"
#include "rtp_receive.h"
#include "source_check.h"

enum { RELAY_AHEAD = 2 }; // packets whose lines are fetched into the first-level cache

static inline void begin(struct tl_packet *packet)
{
    packet->flow = NULL;
    packet->peer = NULL;
    packet->flags &= TL_PACKET_LOOPED | TL_PACKET_SEGMENTED;
    packet->edge = TL_EDGE_NEXT;
    packet->target = 0;
    packet->reason = TL_DROP_REASON_COUNT;
    packet->kind = TL_KIND_NONE;
}

TL_STAGE_CODE void relay(struct tl_worker *worker, const struct found *found,
                         struct passage *passage)
{
    struct tl_packet *packet = found->packet;
    passage->flow = found->flow;
    passage->peer = packet->peer;
    passage->record = found->record;
    passage->out = found->out;
    passage->slot = found->slot;
    passage->rtp = packet->data + packet->payload_offset;
    passage->length = packet->payload_length;
    passage->flags = packet->flags;
    if (source_check(worker, packet, passage) && police(worker, packet, passage) &&
        demux(worker, packet, passage) && rtp_check(worker, packet, passage) &&
        payload_type(worker, packet, passage) && rtp_receive(worker, packet, passage) &&
        egress(worker, packet, passage))
        rewrite(worker, packet, passage);
}

TL_PACKET_CODE void tl_pipeline_run(struct tl_worker *worker, struct tl_packet *packets,
                                    uint32_t count, uint64_t now_ns)
{
    struct tl_packet *live[TL_BURST_MAX];
    struct found found[TL_BURST_MAX + RELAY_AHEAD];
    struct passage passage = {.now_ns = now_ns};
    uint32_t left = 0, known = 0, received = 0;
    uint64_t received_bytes = 0;
    worker->now_ns = now_ns;
    for (uint32_t i = 0; i < count; i++) {
        struct tl_packet *packet = &packets[i];
        uint32_t here = packet->origin == TL_ORIGIN_RECEIVED;
        received += here;
        received_bytes += here ? packet->length : 0;
        begin(packet);
        live[left] = packet;
        left += (uint32_t)classify(worker, packet);
    }
    for (uint32_t i = 0; i < left; i++)
        known += (uint32_t)lookup(worker, live[i], &found[known]);
    for (uint32_t i = 0; i < RELAY_AHEAD && known > 0; i++)
        found[known + i] = found[0]; // something to fetch
    for (uint32_t i = 0; i < known; i++) {
        lookup_fetch(&found[i + RELAY_AHEAD]);
        relay(worker, &found[i], &passage);
    }
    worker->counters.received += received;
    worker->counters.received_bytes += received_bytes;
    worker->counters.handed_in += count - received;
    worker->counters.bursts += count != 0;
}
