// SPDX-License-Identifier: Apache-2.0
#include "frame.h"

#include <string.h>

#include "random.h"

enum { PROTOCOL_UDP = 17, PSEUDO_BYTES = 8 };

uint64_t tl_sum_bytes(const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    uint64_t sum = 0;
    for (; length >= 8; length -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        sum += tl_sum_halves(word);
    }
    uint64_t rest = 0; // an odd byte is padded with zero behind it
    memcpy(&rest, at, length);
    return sum + tl_sum_halves(rest);
}

// The pseudo header's addresses stand in front of the UDP header.
static uint64_t sum_udp(const struct tl_frame *frame, uint16_t udp_bytes)
{
    const uint8_t *bytes = (const uint8_t *)frame;
    return tl_sum_bytes(bytes + TL_FRAME_UDP - PSEUDO_BYTES, PSEUDO_BYTES + (size_t)udp_bytes) +
           htons(PROTOCOL_UDP) + htons(udp_bytes);
}

uint16_t tl_frame_udp_sum(const struct tl_frame *frame, uint16_t udp_bytes)
{
    uint64_t sum = sum_udp(frame, udp_bytes) + (uint16_t)~frame->udp_sum;
    uint16_t udp_sum = (uint16_t)~tl_sum_fold(sum);
    return udp_sum != 0 ? udp_sum : 0xffff;
}

void tl_frame_prepare(struct tl_frame *frame, const uint8_t to[6], const uint8_t from[6],
                      uint32_t magic)
{
    *frame = (struct tl_frame){
        .type_be = htons(0x0800),
        .version = 0x45,
        .tos = 46 << 2, // expedited forwarding, as media is
        .length_be = htons(TL_FRAME_IP_BYTES),
        .fragment_be = htons(0x4000), // do not fragment
        .ttl = 64,
        .protocol = PROTOCOL_UDP,
        .udp_length_be = htons(TL_FRAME_UDP_BYTES),
        .rtp_version = TL_FRAME_RTP_VERSION,
        .tag = {.magic = magic},
    };
    memcpy(frame->to, to, 6);
    memcpy(frame->from, from, 6);
    // Every value of a byte that G.711 can have, so that a relay cannot keep it by chance.
    for (uint32_t i = 0; i < TL_FRAME_REST_BYTES; i++)
        frame->rest[i] = (uint8_t)(i * 37 + 11);
}

void tl_stream_init(struct tl_stream streams[2], uint32_t call_number, const struct tl_call *call,
                    uint32_t magic, uint64_t *random)
{
    const uint8_t nobody[6] = {0};
    for (uint32_t side = 0; side < 2; side++) {
        struct tl_frame frame;
        struct tl_stream *stream = &streams[side];
        *stream = (struct tl_stream){
            .source_be = call->party[side].address_be,
            .destination_be = call->relay[side].address_be,
            .source_port_be = call->party[side].port_be,
            .destination_port_be = call->relay[side].port_be,
            .sequence_first = (uint16_t)tl_random_next(random),
            .timestamp_first = (uint32_t)tl_random_next(random),
            .ssrc_be = (uint32_t)tl_random_next(random),
            .number = 2 * call_number + side,
        };
        // The constant part is what a frame sums to in which everything that changes is zero.
        tl_frame_prepare(&frame, nobody, nobody, magic);
        frame.source_be = stream->source_be;
        frame.destination_be = stream->destination_be;
        frame.source_port_be = stream->source_port_be;
        frame.destination_port_be = stream->destination_port_be;
        frame.ssrc_be = stream->ssrc_be;
        stream->udp_base = tl_sum_fold(sum_udp(&frame, TL_FRAME_UDP_BYTES));
        const uint8_t *header = (const uint8_t *)&frame + TL_FRAME_IP;
        stream->header_sum =
            (uint16_t)~tl_sum_fold(tl_sum_bytes(header, TL_FRAME_UDP - TL_FRAME_IP));
    }
}
