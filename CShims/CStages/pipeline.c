// SPDX-License-Identifier: Apache-2.0
// The stages, in the order in which packets meet them (stage.h). Together, with what is counted of
// a packet that was sent, 412 instructions for RTP over IPv4; each stage says its own part.
#include "classify.h"
#include "demux.h"
#include "dtmf.h"
#include "egress.h"
#include "lookup.h"
#include "payload_type.h"
#include "police.h"
#include "rewrite.h"
#include "rtp_check.h"
#include "rtp_receive.h"
#include "secure.h"
#include "source_check.h"
#include "usual.h"

enum { RELAY_AHEAD = 2 }; // packets whose lines are fetched into the first-level cache

static inline struct passage passage_of(const struct found *found, uint64_t now_ns)
{
    const struct tl_packet *packet = found->packet;
    return (struct passage){
        .now_ns = now_ns,
        .flow = packet->flow,
        .peer = packet->peer,
        .record = found->record,
        .out = found->out,
        .slot = found->slot,
        .rtp = packet->data + packet->payload_offset,
        .length = packet->payload_length,
    };
}

static inline void relay_rtp(struct tl_worker *worker, struct tl_packet *packet,
                             struct passage *passage)
{
    if (rtp_check(worker, packet, passage) && payload_type(worker, packet, passage) &&
        rtp_receive(worker, packet, passage) && egress(worker, packet, passage))
        rewrite(worker, packet, passage);
}

// Usual audio in which tones are looked for.
static inline void park_audio(struct tl_worker *worker, struct tl_packet *packet,
                              struct passage *passage)
{
    rtp_count(packet, passage);
    passage->payload_type = passage->flow->ingress.type_out;
    tl_dtmf_park(worker, packet, passage);
}

// All stages, for whatever packet.
TL_PACKET_CODE static __attribute__((noinline)) void relay_any(struct tl_worker *worker,
                                                               const struct found *found)
{
    struct passage passage = passage_of(found, worker->now_ns);
    struct tl_packet *packet = found->packet;
    if (passage.flow->ingress.type_in & TL_TYPE_LOOKS && usual(packet, &passage, TL_TYPE_LOOKS)) {
        if (police(worker, packet, &passage))
            park_audio(worker, packet, &passage);
        return;
    }
    passage.flags = packet->flags;
    if (passage.flow->ingress.flags & TL_FLOW_SRTP) {
        if (source_check(worker, packet, &passage) && demux(worker, packet, &passage))
            tl_secure_park_in(worker, packet, &passage);
    } else if (source_check(worker, packet, &passage) && police(worker, packet, &passage) &&
               demux(worker, packet, &passage)) {
        relay_rtp(worker, packet, &passage);
    }
}

TL_PACKET_CODE void tl_secure_go_on(struct tl_worker *worker, struct tl_packet *packet,
                                    struct passage *passage)
{
    if (police(worker, packet, passage))
        relay_rtp(worker, packet, passage);
}

// `clock` is the time as the packet before needed it.
TL_STAGE_CODE void relay(struct tl_worker *worker, const struct found *found,
                         struct clock *clock, uint64_t now_ns)
{
    struct passage passage = passage_of(found, now_ns);
    struct tl_packet *packet = found->packet;
    if (TL_UNLIKELY(!usual(packet, &passage, 0))) {
        relay_any(worker, found);
    } else if (police(worker, packet, &passage)) {
        passage.clock.rate_hz = clock->rate_hz; // one by one: they stay in registers
        passage.clock.time = clock->time;
        rtp_count(packet, &passage);
        clock->rate_hz = passage.clock.rate_hz;
        clock->time = passage.clock.time;
        passage.payload_type = passage.flow->ingress.type_out;
        if (egress(worker, packet, &passage))
            rewrite(worker, packet, &passage);
    }
}

static void count_arrivals(struct tl_counters *counters, uint8_t origin, uint32_t count,
                           uint64_t bytes)
{
    if (origin == TL_ORIGIN_RECEIVED) {
        counters->received += count;
        counters->received_bytes += bytes;
    } else {
        counters->handed_in += count;
    }
    counters->bursts += count != 0;
}

TL_PACKET_CODE void tl_pipeline_run(struct tl_worker *worker, struct tl_packet *packets,
                                    uint32_t count, uint64_t now_ns)
{
    struct tl_packet *live[TL_BURST_MAX];
    struct found found[TL_BURST_MAX + RELAY_AHEAD];
    struct clock clock = {0};
    struct parked parked;
    uint32_t left = 0, known = 0;
    uint64_t bytes = 0;
    parked.in_count = 0;
    parked.audio_count = 0;
    parked.out_count = 0;
    worker->parked = &parked;
    worker->now_ns = now_ns;
    for (struct tl_packet *packet = packets; packet < packets + count; packet++) {
        bytes += packet->length;
        live[left] = packet;
        left += (uint32_t)classify(worker, packet);
    }
    count_arrivals(&worker->counters, packets[0].origin, count, bytes);
    for (uint32_t i = 0; i < left; i++)
        known += (uint32_t)lookup(worker, live[i], &found[known]);
    for (uint32_t i = 0; i < RELAY_AHEAD && known > 0; i++)
        found[known + i] = found[0]; // something to fetch
    for (const struct found *at = found; at < found + known; at++) {
        lookup_fetch(at + RELAY_AHEAD);
        relay(worker, at, &clock, now_ns);
    }
    if (parked.in_count != 0)
        tl_secure_open(worker, &parked);
    if (parked.audio_count != 0)
        tl_dtmf_look(worker, &parked);
    if (parked.out_count != 0)
        tl_secure_seal(worker, &parked);
}
