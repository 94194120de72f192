// SPDX-License-Identifier: Apache-2.0
#include "CStages.h"

static void packets_begin(struct tl_worker *worker, struct tl_packet *packets, uint32_t count)
{
    struct tl_counters *counters = &worker->counters;
    for (uint32_t i = 0; i < count; i++) {
        struct tl_packet *packet = &packets[i];
        packet->flow = NULL;
        packet->peer = NULL;
        packet->edge = TL_EDGE_NEXT;
        packet->reason = TL_DROP_REASON_COUNT;
        packet->kind = TL_KIND_NONE;
        packet->flags &= TL_PACKET_LOOPED | TL_PACKET_SEGMENTED;
        if (packet->origin == TL_ORIGIN_RECEIVED) {
            counters->received++;
            counters->received_bytes += packet->length;
        } else {
            counters->handed_in++;
        }
    }
    counters->bursts += count != 0;
}

TL_PACKET_CODE void tl_pipeline_run(struct tl_worker *worker, struct tl_packet *packets,
                                    uint32_t count, uint64_t now_ns)
{
    worker->now_ns = now_ns;
    packets_begin(worker, packets, count);
    tl_classify(worker, packets, count);
    tl_lookup(worker, packets, count);
    tl_source_check(worker, packets, count);
    tl_police(worker, packets, count);
    tl_demux(worker, packets, count);
    tl_rtp_check(worker, packets, count);
    tl_payload_type(worker, packets, count);
    tl_rtp_receive(worker, packets, count);
    tl_egress(worker, packets, count);
    tl_rewrite(worker, packets, count);
    if (worker->kinds_in_burst & 1u << TL_KIND_RTCP)
        tl_rtcp_receive(worker, packets, count);
    if (worker->kinds_in_burst & 1u << TL_KIND_DTLS)
        tl_deliver(worker, packets, count);
}
