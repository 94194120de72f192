// SPDX-License-Identifier: Apache-2.0
// Frames, junk, and the check of what comes back: every fault must be found, and none invented.

#include <string.h>

#include "check.h"
#include "expect.h"
#include "junk.h"
#include "random.h"

enum { CALLS = 3, STREAMS = 2 * CALLS, MAGIC = 0x5eed };

static const uint8_t own[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t relay[6] = {2, 0, 0, 0, 0, 2};
static struct tl_stream streams[STREAMS];
static struct tl_arrival arrivals[STREAMS];
static struct tl_checker checker;

static void set_up(enum tl_expect expect)
{
    struct tl_plan plan;
    uint64_t random = 1;
    CHECK_EQUAL(tl_plan_make(&plan, CALLS), 0);
    for (uint32_t i = 0; i < CALLS; i++)
        tl_stream_init(&streams[2 * i], i, &plan.calls[i], MAGIC, &random);
    tl_plan_free(&plan);
    tl_check_init(&checker, streams, arrivals, STREAMS, expect, own, relay, MAGIC);
    checker.is_open = 1;
}

static struct tl_frame make(uint32_t stream)
{
    struct tl_frame frame;
    tl_frame_prepare(&frame, relay, own, MAGIC);
    tl_frame_patch(&frame, &streams[stream], streams[stream].counter++, TL_TAG_MEASURED, 1000);
    return frame;
}

static void close_sums(struct tl_frame *frame)
{
    frame->header_sum = 0;
    const uint8_t *header = (const uint8_t *)frame + TL_FRAME_IP;
    frame->header_sum = (uint16_t)~tl_sum_fold(tl_sum_bytes(header, 20));
    frame->udp_sum = tl_frame_udp_sum(frame, TL_FRAME_UDP_BYTES);
}

// What a relay makes of it, with an RTP header of its own.
static struct tl_frame relayed(uint32_t stream)
{
    struct tl_frame frame = make(stream);
    const struct tl_stream *other = &streams[stream ^ 1];
    memcpy(frame.to, own, 6);
    memcpy(frame.from, relay, 6);
    frame.source_be = other->destination_be;
    frame.source_port_be = other->destination_port_be;
    frame.destination_be = other->source_be;
    frame.destination_port_be = other->source_port_be;
    frame.sequence_be = htons((uint16_t)(ntohs(frame.sequence_be) + 40000));
    frame.timestamp_be = htonl(ntohl(frame.timestamp_be) + 0xf0000000u);
    frame.ssrc_be = 0x01010101u * (stream + 1);
    frame.ttl = 63;
    frame.tos = 0;
    close_sums(&frame);
    return frame;
}

static void receive(const struct tl_frame *frame)
{
    tl_check_frame(&checker, frame, TL_FRAME_BYTES, 1500);
}

// Checksums by the book: 16 bits at a time, over all.
static uint16_t plain_sum(const struct tl_frame *frame)
{
    const uint8_t *bytes = (const uint8_t *)frame;
    uint32_t sum = 17 + TL_FRAME_UDP_BYTES;
    for (int i = 26; i < TL_FRAME_BYTES; i += 2)
        sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static void test_checksums(void)
{
    uint64_t random = 11;
    set_up(TL_EXPECT_ECHO);
    struct tl_frame frame = make(0);
    for (int i = 0; i < 100000; i++) {
        uint32_t stream = (uint32_t)tl_random_below(&random, STREAMS);
        tl_frame_patch(&frame, &streams[stream], tl_random_next(&random),
                       i % 2 == 0 ? TL_TAG_MEASURED : 0, tl_random_next(&random));
        CHECK_EQUAL(plain_sum(&frame), 0xffff);
        CHECK_EQUAL(frame.udp_sum, tl_frame_udp_sum(&frame, TL_FRAME_UDP_BYTES));
        tl_frame_restamp(&frame, tl_random_next(&random));
        CHECK_EQUAL(plain_sum(&frame), 0xffff);
        CHECK(frame.udp_sum != 0);
    }
    CHECK_EQUAL(tl_sum_fold(tl_sum_bytes((uint8_t *)&frame + TL_FRAME_IP, 20)), 0xffff);
}

static void test_relay_is_right(void)
{
    set_up(TL_EXPECT_RELAY);
    for (int i = 0; i < 70000; i++) { // the sequence number goes round
        struct tl_frame frame = relayed((uint32_t)i % STREAMS);
        receive(&frame);
    }
    for (int i = 0; i < 400000; i++) {
        struct tl_frame frame = relayed(0);
        if (i % 1000 == 0)
            receive(&frame);
    }
    CHECK_EQUAL(checker.tally.received, 70400);
    CHECK_EQUAL(checker.tally.verified, 70400);
    CHECK_EQUAL(checker.tally.arrived, 70400);
    CHECK_EQUAL(checker.tally.corrupt, 0);
    CHECK_EQUAL(checker.tally.foreign + checker.tally.reordered + checker.tally.duplicated, 0);
    CHECK_EQUAL(checker.latency.count, 70400);
    CHECK_EQUAL(checker.latency.most, 500);
}

static void test_order(void)
{
    set_up(TL_EXPECT_RELAY);
    struct tl_frame first = relayed(2), second = relayed(2);
    receive(&second);
    CHECK_EQUAL(checker.missing, 1);
    receive(&first);
    CHECK_EQUAL(checker.missing, 0);
    receive(&second);
    CHECK_EQUAL(checker.missing, 0);
    CHECK_EQUAL(checker.tally.received, 3);
    CHECK_EQUAL(checker.tally.reordered, 1);
    CHECK_EQUAL(checker.tally.duplicated, 1);
    CHECK_EQUAL(checker.tally.corrupt, 0);
}

static void test_warm_up(void)
{
    set_up(TL_EXPECT_RELAY);
    struct tl_frame frame = relayed(0);
    frame.tag.stream &= ~TL_TAG_MEASURED;
    close_sums(&frame);
    receive(&frame);
    CHECK_EQUAL(checker.tally.received, 0);
    CHECK_EQUAL(checker.tally.arrived, 1);
    CHECK_EQUAL(checker.latency.count, 0);
    receive(&frame);
    CHECK_EQUAL(checker.tally.duplicated, 0);
}

// Does one thing to the second frame of a stream, and expects it to be blamed for that.
#define CHECK_FAULT(expected_fault, change)                                                        \
    do {                                                                                           \
        set_up(TL_EXPECT_RELAY);                                                                   \
        struct tl_frame frame = relayed(1);                                                        \
        receive(&frame);                                                                           \
        frame = relayed(1);                                                                        \
        change;                                                                                    \
        receive(&frame);                                                                           \
        CHECK_EQUAL(checker.tally.received, 2);                                                    \
        CHECK_EQUAL(checker.tally.corrupt, 1);                                                     \
        CHECK_EQUAL(checker.tally.corrupt_by[expected_fault], 1);                                  \
    } while (0)

static void test_faults(void)
{
    CHECK_FAULT(TL_FAULT_LENGTH, frame.length_be--; close_sums(&frame));
    CHECK_FAULT(TL_FAULT_LENGTH, frame.udp_length_be++; close_sums(&frame));
    CHECK_FAULT(TL_FAULT_ETHERNET, frame.to[5]++);
    CHECK_FAULT(TL_FAULT_ETHERNET, frame.from[0]++);
    CHECK_FAULT(TL_FAULT_ETHERNET, frame.type_be++);
    CHECK_FAULT(TL_FAULT_DESTINATION, frame.destination_be++; close_sums(&frame));
    CHECK_FAULT(TL_FAULT_DESTINATION, frame.destination_port_be++; close_sums(&frame));
    CHECK_FAULT(TL_FAULT_SOURCE, frame.source_be++; close_sums(&frame));
    CHECK_FAULT(TL_FAULT_SOURCE, frame.source_port_be++; close_sums(&frame));
    CHECK_FAULT(TL_FAULT_SSRC, frame.ssrc_be++; close_sums(&frame));
    CHECK_FAULT(TL_FAULT_SEQUENCE, frame.sequence_be++; close_sums(&frame));
    CHECK_FAULT(TL_FAULT_TIME_STAMP, frame.timestamp_be++; close_sums(&frame));
    CHECK_FAULT(TL_FAULT_IP_HEADER, frame.fragment_be = htons(0x2000); close_sums(&frame));
    CHECK_FAULT(TL_FAULT_IP_HEADER, frame.ttl = 0; close_sums(&frame));
    CHECK_FAULT(TL_FAULT_IP_CHECKSUM, frame.header_sum++);
    CHECK_FAULT(TL_FAULT_UDP_CHECKSUM, frame.udp_sum++);
    CHECK_FAULT(TL_FAULT_UDP_CHECKSUM, frame.udp_sum = 0);
    CHECK_FAULT(TL_FAULT_RTP_HEADER, frame.rtp_version = 0x90; close_sums(&frame));
    CHECK_FAULT(TL_FAULT_RTP_HEADER, frame.payload_type = 8; close_sums(&frame));
    CHECK_FAULT(TL_FAULT_PAYLOAD, frame.rest[77]++; close_sums(&frame));
    CHECK_FAULT(TL_FAULT_COUNTER, frame.tag.counter += 65536 * 4096ull;
                frame.timestamp_be = htonl(ntohl(frame.timestamp_be) +
                                           (uint32_t)(65536 * 4096ull * 160));
                close_sums(&frame));
}

// Everything that is checked in one packet of 64 only is missed in the others, and counted so.
static void test_samples(void)
{
    set_up(TL_EXPECT_RELAY);
    checker.verify_mask = 63;
    for (int i = 0; i < 128; i++) {
        struct tl_frame frame = relayed(0);
        frame.udp_sum++;
        receive(&frame);
    }
    CHECK_EQUAL(checker.tally.verified, 2);
    CHECK_EQUAL(checker.tally.corrupt, 2);
}

static void test_echo(void)
{
    set_up(TL_EXPECT_ECHO);
    struct tl_frame frame = make(0);
    receive(&frame); // as sent
    frame = make(0);
    memcpy(frame.to, own, 6);
    memcpy(frame.from, relay, 6);
    receive(&frame); // swapped
    CHECK_EQUAL(checker.tally.corrupt, 0);
    frame = relayed(0);
    receive(&frame);
    CHECK_EQUAL(checker.tally.corrupt_by[TL_FAULT_DESTINATION], 1);
    frame = make(0);
    frame.ttl--;
    close_sums(&frame);
    receive(&frame);
    CHECK_EQUAL(checker.tally.corrupt_by[TL_FAULT_IP_HEADER], 1);
    set_up(TL_EXPECT_RELAY);
    frame = make(0);
    memcpy(frame.to, own, 6);
    memcpy(frame.from, relay, 6);
    receive(&frame);
    CHECK_EQUAL(checker.tally.corrupt_by[TL_FAULT_DESTINATION], 1);
}

static void test_strangers(void)
{
    struct tl_junk junk;
    set_up(TL_EXPECT_RELAY);
    struct tl_frame frame = relayed(0);
    tl_check_frame(&checker, &frame, 60, 1500);
    tl_check_frame(&checker, &frame, 0, 1500);
    frame.tag.magic++;
    receive(&frame);
    frame = relayed(0);
    frame.tag.stream = STREAMS;
    receive(&frame);
    frame.tag.stream = 0x7fffffff;
    CHECK(tl_check_line(&checker, &frame) == &arrivals[0]);
    receive(&frame);
    CHECK_EQUAL(checker.tally.foreign, 5);
    tl_junk_init(&junk, streams, STREAMS, relay, own, MAGIC);
    for (int i = 0; i < 1000; i++) {
        uint16_t length = tl_junk_make(&junk, &frame);
        CHECK(length <= TL_FRAME_BYTES);
        CHECK_EQUAL(frame.udp_sum, tl_frame_udp_sum(&frame, (uint16_t)(length - TL_FRAME_UDP)));
        CHECK_EQUAL(ntohs(frame.length_be), length - TL_FRAME_IP);
        tl_check_frame(&checker, &frame, length, 1500);
        for (uint32_t k = 0; k < STREAMS && i % TL_JUNK_KINDS == TL_JUNK_UNUSED_PORT; k++)
            CHECK(frame.destination_port_be != streams[k].destination_port_be);
    }
    CHECK_EQUAL(checker.tally.junk_returned, 1000);
    junk.kinds = 1; // for no flow
    for (int i = 0; i < 100; i++) {
        CHECK_EQUAL(tl_junk_make(&junk, &frame), TL_FRAME_BYTES);
        for (uint32_t k = 0; k < STREAMS; k++)
            CHECK(frame.destination_port_be != streams[k].destination_port_be);
    }
    CHECK_EQUAL(checker.tally.received, 0);
}

// Any bytes at all, of any length: nothing but counts may change.
static void test_garbled(void)
{
    uint64_t random = 5;
    set_up(TL_EXPECT_RELAY);
    for (int i = 0; i < 100000; i++) {
        struct tl_frame frame = relayed((uint32_t)i % STREAMS);
        for (uint64_t n = tl_random_below(&random, 8); n > 0; n--)
            ((uint8_t *)&frame)[tl_random_below(&random, TL_FRAME_BYTES)] =
                (uint8_t)tl_random_next(&random);
        (void)tl_check_line(&checker, &frame);
        tl_check_frame(&checker, &frame, (uint32_t)tl_random_below(&random, 300), 1500);
    }
    uint64_t counted = 0;
    for (int i = 0; i < TL_FAULT_COUNT; i++)
        counted += checker.tally.corrupt_by[i];
    CHECK_EQUAL(checker.tally.corrupt, counted);
    CHECK(checker.tally.foreign > 0 && checker.tally.received > 0);
}

int main(void)
{
    test_checksums();
    test_relay_is_right();
    test_order();
    test_warm_up();
    test_faults();
    test_samples();
    test_echo();
    test_strangers();
    test_garbled();
    return tests_passed("frames");
}
