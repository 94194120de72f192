// SPDX-License-Identifier: Apache-2.0
// The frames: Ethernet, IPv4, UDP, RTP and 160 bytes of G.711, of which the first 24 say which
// packet this is. A frame that comes back is known by these alone, whatever a relay did to its
// headers.
//
// What differs between streams is one cache line; everything else of a frame stands in a buffer
// that is written once and patched for each packet. (A finished frame kept for each stream would
// be five cache lines to fetch from memory for each packet instead of one.)

#ifndef TL_FRAME_H
#define TL_FRAME_H

#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>

#include "plan.h"

enum {
    TL_FRAME_BYTES = 214,
    TL_FRAME_IP = 14,
    TL_FRAME_UDP = 34,
    TL_FRAME_RTP = 42,
    TL_FRAME_TAG = 54,
    TL_FRAME_REST_BYTES = 136,
    TL_FRAME_SAMPLES = 160,
    TL_FRAME_IP_BYTES = TL_FRAME_BYTES - TL_FRAME_IP,
    TL_FRAME_UDP_BYTES = TL_FRAME_BYTES - TL_FRAME_UDP,
    TL_FRAME_RTP_VERSION = 0x80, // version 2, no padding, no extension, no CSRC
    TL_LINE_BYTES = 64
};

/// Bit of the tag's stream word: sent after the warm-up, so it counts.
#define TL_TAG_MEASURED 0x80000000u

/// First bytes of the RTP payload, in the machine's own order: nobody else reads them.
struct tl_tag {
    uint32_t magic;   // of this run, so that frames of another are foreign
    uint32_t stream;  // number, and TL_TAG_MEASURED
    uint64_t counter; // packets of this stream before this one
    uint64_t tsc;     // when it was handed to the driver
};

/// A frame as it stands in memory. Multi-byte fields of headers are network order.
struct tl_frame {
    uint8_t to[6], from[6];
    uint16_t type_be;
    uint8_t version, tos;
    uint16_t length_be, identification_be, fragment_be;
    uint8_t ttl, protocol;
    uint16_t header_sum;
    uint32_t source_be, destination_be;
    uint16_t source_port_be, destination_port_be, udp_length_be, udp_sum;
    uint8_t rtp_version, payload_type;
    uint16_t sequence_be;
    uint32_t timestamp_be, ssrc_be;
    struct tl_tag tag;
    uint8_t rest[TL_FRAME_REST_BYTES];
} __attribute__((packed));

_Static_assert(sizeof(struct tl_frame) == TL_FRAME_BYTES, "G.711, 20 ms");
_Static_assert(offsetof(struct tl_frame, tag) == TL_FRAME_TAG, "behind the RTP header");

/// One direction of a call: what sending needs of it. Stream 2c is party A's of call c, 2c + 1 is
/// party B's.
struct tl_stream {
    uint64_t counter; // packets made
    uint32_t source_be, destination_be;
    uint16_t source_port_be, destination_port_be;
    uint16_t header_sum;
    uint16_t sequence_first;
    uint32_t timestamp_first;
    uint32_t ssrc_be;
    uint32_t udp_base; // sum of all that the UDP checksum covers and that never changes
    uint32_t number;
} __attribute__((aligned(TL_LINE_BYTES)));

_Static_assert(sizeof(struct tl_stream) == TL_LINE_BYTES, "one line");

/// One's complement sum (RFC 1071) of `length` bytes, not folded. Even pieces may be added.
uint64_t tl_sum_bytes(const void *bytes, size_t length);

/// Folds a sum to 16 bits, without the complement.
static inline uint16_t tl_sum_fold(uint64_t sum)
{
    sum = (sum & 0xffffffffu) + (sum >> 32);
    sum = (sum & 0xffffffffu) + (sum >> 32);
    sum = (sum & 0xffffu) + (sum >> 16);
    sum = (sum & 0xffffu) + (sum >> 16);
    return (uint16_t)sum;
}

/// The UDP checksum of a frame as it must stand there, computed whole; the one that stands there
/// is left out. `udp_bytes` is the length of the UDP datagram.
uint16_t tl_frame_udp_sum(const struct tl_frame *frame, uint16_t udp_bytes);

/// Writes what is the same in every frame.
void tl_frame_prepare(struct tl_frame *frame, const uint8_t to[6], const uint8_t from[6],
                      uint32_t magic);

/// Sets up the two streams of a call: random sequence, time stamp and SSRC from `random`.
void tl_stream_init(struct tl_stream streams[2], uint32_t call_number, const struct tl_call *call,
                    uint32_t magic, uint64_t *random);

static inline uint64_t tl_sum_halves(uint64_t value)
{
    return (value & 0xffffffffu) + (value >> 32);
}

/// Makes a prepared frame packet `counter` of a stream. The checksum is computed from what
/// changed only. `mark` is TL_TAG_MEASURED or 0.
static inline void tl_frame_patch(struct tl_frame *frame, const struct tl_stream *stream,
                                  uint64_t counter, uint32_t mark, uint64_t tsc)
{
    uint16_t sequence_be = htons((uint16_t)(stream->sequence_first + counter));
    uint32_t timestamp_be =
        htonl(stream->timestamp_first + (uint32_t)counter * TL_FRAME_SAMPLES);
    uint32_t number = stream->number | mark;
    uint64_t sum = (uint64_t)stream->udp_base + sequence_be + timestamp_be + number +
                   tl_sum_halves(counter) + tl_sum_halves(tsc);
    uint16_t udp_sum = (uint16_t)~tl_sum_fold(sum);
    frame->header_sum = stream->header_sum;
    frame->source_be = stream->source_be;
    frame->destination_be = stream->destination_be;
    frame->source_port_be = stream->source_port_be;
    frame->destination_port_be = stream->destination_port_be;
    frame->udp_sum = udp_sum != 0 ? udp_sum : 0xffff; // zero would mean that there is none
    frame->sequence_be = sequence_be;
    frame->timestamp_be = timestamp_be;
    frame->ssrc_be = stream->ssrc_be;
    frame->tag.stream = number;
    frame->tag.counter = counter;
    frame->tag.tsc = tsc;
}

/// Gives a frame that the driver did not take another time (RFC 1624).
static inline void tl_frame_restamp(struct tl_frame *frame, uint64_t tsc)
{
    uint64_t sum = (uint64_t)(uint16_t)~frame->udp_sum + tl_sum_halves(~frame->tag.tsc) +
                   tl_sum_halves(tsc);
    uint16_t udp_sum = (uint16_t)~tl_sum_fold(sum);
    frame->udp_sum = udp_sum != 0 ? udp_sum : 0xffff;
    frame->tag.tsc = tsc;
}

#endif
