// SPDX-License-Identifier: Apache-2.0
// What happens by the clock: learn windows close, silence is reported, digits and RTCP leave.
#include "dtmf.h"
#include "frame.h"
#include "rtcp.h"
#include "secure.h"

static void check_silence(struct tl_worker *worker, uint32_t slot)
{
    const struct tl_flow_cold *cold = &worker->cold[slot];
    struct tl_flow_record *record = tl_worker_record(worker, slot);
    if (cold->spec.media_timeout_ms == 0 || record->media_timed_out)
        return;
    uint64_t timeout_ns = cold->spec.media_timeout_ms * TL_MILLISECOND_NS;
    if (worker->now_ns < tl_flow_heard(worker, slot) + timeout_ns)
        return;
    record->media_timed_out = 1;
    worker->counters.media_timeouts++;
    tl_channel_notify(worker, slot, TL_PENDING_TIMEOUT);
}

// The mean, times 0.5 to 1.5 (RFC 3550 6.2), from now.
static void rtcp_rearm(struct tl_worker *worker, struct tl_flow_cold *cold)
{
    uint64_t mean = cold->spec.rtcp_interval_ms * TL_MILLISECOND_NS;
    cold->rtcp_due_ns = worker->now_ns + mean / 2 + tl_worker_random(worker) % mean;
}

// 1: the view became a report. Without a way to the remote party nothing is made.
static uint32_t send_report(struct tl_worker *worker, uint32_t slot, struct tl_packet *packet)
{
    struct tl_flow *flow = &worker->flows[slot];
    const struct tl_flow_egress *egress = &flow->egress;
    if (egress->hop == TL_NO_HOP)
        return 0;
    uint64_t hop_word = tl_next_hop_word(&worker->hops, egress->hop);
    if (!tl_next_hop_resolved(hop_word))
        return 0;
    uint8_t *payload = tl_frame_begin(worker, packet, egress, TL_ORIGIN_GENERATED);
    uint32_t length = tl_rtcp_report(worker, slot, payload);
    if (flow->ingress.flags & TL_FLOW_SRTP)
        length = tl_secure_seal_rtcp(worker, slot, payload, length);
    if (length == 0)
        return 0;
    packet->kind = TL_KIND_RTCP;
    packet->peer = flow;
    tl_frame_finish(worker, packet, egress, hop_word, tl_flow_rtcp_ports(worker, slot), length);
    return 1;
}

static uint32_t send_farewell(struct tl_worker *worker, struct tl_packet *packet)
{
    struct tl_farewell *farewell = &worker->farewells[worker->farewell_first];
    const struct tl_flow_egress *egress = &farewell->egress;
    worker->farewell_first = (worker->farewell_first + 1) % TL_FAREWELLS_MAX;
    worker->farewell_count--;
    if (!tl_next_hop_resolved(farewell->hop_word))
        return 0;
    uint8_t *payload = tl_frame_begin(worker, packet, egress, TL_ORIGIN_GENERATED);
    packet->kind = TL_KIND_RTCP;
    tl_frame_finish(worker, packet, egress, farewell->hop_word, egress->ports_be,
                    tl_rtcp_farewell(farewell, payload));
    return 1;
}

static uint32_t timer_fired(struct tl_worker *worker, uint32_t slot, struct tl_packet *packet)
{
    struct tl_flow_cold *cold = &worker->cold[slot];
    struct tl_flow *flow = &worker->flows[slot];
    uint32_t made = 0;
    if (flow->ingress.flags & TL_FLOW_LEARN_OPEN && cold->learn_until_ns <= worker->now_ns)
        tl_flow_learn_close(flow);
    tl_keys_expire(worker, slot, worker->now_ns);
    check_silence(worker, slot);
    if (cold->digits_due_ns != 0 && cold->digits_due_ns <= worker->now_ns)
        made = tl_dtmf_tick(worker, slot, packet);
    // One packet a time: the report comes with the next, for which the timer stands already.
    if (made == 0 && cold->rtcp_due_ns != 0 && cold->rtcp_due_ns <= worker->now_ns) {
        made = send_report(worker, slot, packet);
        rtcp_rearm(worker, cold);
    }
    tl_flow_schedule(worker, slot, worker->now_ns);
    return made;
}

TL_PACKET_CODE uint32_t tl_worker_tick(struct tl_worker *worker, uint64_t now_ns, uint32_t budget,
                                       struct tl_packet *packets, uint32_t capacity)
{
    uint32_t made = 0;
    worker->now_ns = now_ns;
    while (made < capacity && worker->farewell_count > 0)
        made += send_farewell(worker, &packets[made]);
    while (made < capacity) { // without room for a report no timer may fire
        uint32_t slot = tl_timer_next(&worker->timers, worker->cold, now_ns, &budget);
        if (slot == TL_NO_FLOW)
            break;
        made += timer_fired(worker, slot, &packets[made]);
    }
    return made;
}
