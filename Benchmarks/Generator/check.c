// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include <string.h>

enum {
    NONE = TL_FAULT_COUNT,
    // A counter this far above all before is looked up before it is believed. Below, the checks of
    // sequence and time stamp have already tied it to the headers.
    LEAP = 4096,
    FRAGMENT_MASK = 0x3fff, // more fragments, and the offset
    RTP_START = 2,          // bytes of the RTP header that never change
};

const char *const tl_fault_names[TL_FAULT_COUNT] = {
#define X(upper, lower) #lower,
    TL_FAULTS(X)
#undef X
};

void tl_check_init(struct tl_checker *checker, const struct tl_stream *streams,
                   struct tl_arrival *arrivals, uint32_t stream_count, enum tl_expect expect,
                   const uint8_t own[6], const uint8_t relay[6], uint32_t magic)
{
    *checker = (struct tl_checker){
        .streams = streams,
        .arrivals = arrivals,
        .stream_count = stream_count,
        .magic = magic,
        .expect = expect,
    };
    tl_frame_prepare(&checker->prepared, own, relay, magic);
    tl_frame_prepare(&checker->unswapped, relay, own, magic);
    for (uint32_t i = 0; i < stream_count; i++) {
        const struct tl_stream *stream = &streams[i];
        const struct tl_stream *other = &streams[i ^ 1];
        int is_relay = expect == TL_EXPECT_RELAY;
        arrivals[i] = (struct tl_arrival){
            .source_be = is_relay ? other->destination_be : stream->source_be,
            .source_port_be = is_relay ? other->destination_port_be : stream->source_port_be,
            .destination_be = is_relay ? other->source_be : stream->destination_be,
            .destination_port_be = is_relay ? other->source_port_be : stream->destination_port_be,
            .ssrc_be = stream->ssrc_be,
            .sequence_offset = stream->sequence_first,
            .timestamp_offset = stream->timestamp_first,
            .is_known = !is_relay,
        };
    }
}

static int same_ethernet(const struct tl_frame *frame, const struct tl_frame *wanted)
{
    return memcmp(frame, wanted, TL_FRAME_IP) == 0;
}

// What every packet is checked for.
static enum tl_fault check_headers(const struct tl_checker *checker, struct tl_arrival *arrival,
                                   const struct tl_frame *frame, uint32_t length)
{
    uint16_t sequence = (uint16_t)(ntohs(frame->sequence_be) - frame->tag.counter);
    uint32_t timestamp =
        ntohl(frame->timestamp_be) - (uint32_t)frame->tag.counter * TL_FRAME_SAMPLES;
    if (length != TL_FRAME_BYTES || frame->length_be != htons(TL_FRAME_IP_BYTES) ||
        frame->udp_length_be != htons(TL_FRAME_UDP_BYTES))
        return TL_FAULT_LENGTH;
    if (!same_ethernet(frame, &checker->prepared) &&
        (checker->expect == TL_EXPECT_RELAY || !same_ethernet(frame, &checker->unswapped)))
        return TL_FAULT_ETHERNET;
    if (frame->destination_be != arrival->destination_be ||
        frame->destination_port_be != arrival->destination_port_be)
        return TL_FAULT_DESTINATION;
    if (frame->source_be != arrival->source_be ||
        frame->source_port_be != arrival->source_port_be)
        return TL_FAULT_SOURCE;
    if (!arrival->is_known) {
        arrival->is_known = 1;
        arrival->ssrc_be = frame->ssrc_be;
        arrival->sequence_offset = sequence;
        arrival->timestamp_offset = timestamp;
    }
    if (frame->ssrc_be != arrival->ssrc_be)
        return TL_FAULT_SSRC;
    if (sequence != arrival->sequence_offset)
        return TL_FAULT_SEQUENCE;
    if (timestamp != arrival->timestamp_offset)
        return TL_FAULT_TIME_STAMP;
    if (frame->tag.counter >= arrival->window.next + LEAP &&
        frame->tag.counter >= checker->streams[frame->tag.stream & ~TL_TAG_MEASURED].counter)
        return TL_FAULT_COUNTER;
    return NONE;
}

// All the rest, which reads every byte of the frame.
static enum tl_fault check_whole(const struct tl_checker *checker, const struct tl_frame *frame)
{
    const struct tl_stream *stream =
        &checker->streams[frame->tag.stream & ~TL_TAG_MEASURED];
    const uint8_t *header = (const uint8_t *)frame + TL_FRAME_IP;
    if (frame->tag.counter >= stream->counter)
        return TL_FAULT_COUNTER;
    if ((frame->fragment_be & htons(FRAGMENT_MASK)) != 0 || frame->ttl == 0)
        return TL_FAULT_IP_HEADER;
    if (tl_sum_fold(tl_sum_bytes(header, TL_FRAME_UDP - TL_FRAME_IP)) != 0xffff)
        return TL_FAULT_IP_CHECKSUM;
    if (checker->expect == TL_EXPECT_ECHO && frame->header_sum != stream->header_sum)
        return TL_FAULT_IP_HEADER;
    if (memcmp(&frame->rtp_version, &checker->prepared.rtp_version, RTP_START) != 0)
        return TL_FAULT_RTP_HEADER;
    if (memcmp(frame->rest, checker->prepared.rest, TL_FRAME_REST_BYTES) != 0)
        return TL_FAULT_PAYLOAD;
    // Last, so that it is blamed for itself alone.
    if (frame->udp_sum != tl_frame_udp_sum(frame, TL_FRAME_UDP_BYTES))
        return TL_FAULT_UDP_CHECKSUM;
    return NONE;
}

// Neither a packet of this run nor one that could be damaged beyond what the tag says.
static int is_foreign(const struct tl_checker *checker, const struct tl_frame *frame,
                      uint32_t length)
{
    return length < TL_FRAME_TAG + sizeof(struct tl_tag) || frame->tag.magic != checker->magic ||
           (frame->tag.stream & ~TL_TAG_MEASURED) >= checker->stream_count;
}

static void note_stranger(struct tl_checker *checker, const struct tl_frame *frame,
                          uint32_t length)
{
    if (length >= TL_FRAME_TAG + sizeof(struct tl_tag) && frame->tag.magic == ~checker->magic)
        checker->tally.junk_returned++;
    else
        checker->tally.foreign++;
}

void tl_check_frame(struct tl_checker *checker, const void *bytes, uint32_t length, uint64_t now)
{
    const struct tl_frame *frame = bytes;
    struct tl_tally *tally = &checker->tally;
    if (__builtin_expect(is_foreign(checker, frame, length), 0)) {
        note_stranger(checker, frame, length);
        return;
    }
    uint32_t stream = frame->tag.stream & ~TL_TAG_MEASURED;
    uint64_t measured = (frame->tag.stream & TL_TAG_MEASURED) != 0;
    struct tl_arrival *arrival = &checker->arrivals[stream];
    int is_whole = (checker->ours++ & checker->verify_mask) == 0;
    enum tl_fault fault = check_headers(checker, arrival, frame, length);
    if (fault == NONE && is_whole)
        fault = check_whole(checker, frame);
    tally->arrived += checker->is_open != 0;
    tally->received += measured;
    tally->verified += is_whole ? measured : 0;
    if (__builtin_expect(fault != NONE, 0)) {
        tally->corrupt += measured;
        tally->corrupt_by[fault] += measured;
        if (frame->tag.counter >= checker->streams[stream].counter)
            return; // never sent: it would spoil the window
    }
    checker->missing -= (int64_t)arrival->window.next;
    enum tl_order order = tl_window_note(&arrival->window, frame->tag.counter);
    checker->missing += (int64_t)arrival->window.next - (order != TL_ORDER_DUPLICATE);
    if (__builtin_expect(order != TL_ORDER_NEXT, 0)) {
        tally->duplicated += order == TL_ORDER_DUPLICATE ? measured : 0;
        tally->reordered += order == TL_ORDER_LATE ? measured : 0;
    }
    if (measured)
        tl_histogram_add(&checker->latency, now - frame->tag.tsc);
}
