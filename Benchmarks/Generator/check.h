// SPDX-License-Identifier: Apache-2.0
// What comes back: is it ours, is it right, is it in order, and how long did it take.

#ifndef TL_CHECK_H
#define TL_CHECK_H

#include "frame.h"
#include "histogram.h"
#include "window.h"

/// Why a frame of ours is corrupt; the first that applies is counted.
#define TL_FAULTS(X)                                                                               \
    X(LENGTH, length)             /* frame, IP or UDP length is not what was sent */               \
    X(ETHERNET, ethernet)         /* MAC addresses */                                              \
    X(DESTINATION, destination)   /* not the address and port of the other party */                \
    X(SOURCE, source)             /* not the relay's address and port of that leg */               \
    X(SSRC, ssrc)                 /* changed within the stream */                                  \
    X(SEQUENCE, sequence)         /* not at the stream's constant offset from what was sent */     \
    X(TIME_STAMP, time_stamp)     /* likewise */                                                   \
    X(COUNTER, counter)           /* never sent */                                                 \
    X(IP_HEADER, ip_header)       /* a fragment, no hops left, or (echo) not as sent */            \
    X(IP_CHECKSUM, ip_checksum)   /* IPv4 header checksum */                                       \
    X(UDP_CHECKSUM, udp_checksum) /* wrong, or taken off */                                        \
    X(RTP_HEADER, rtp_header)     /* version, flags or payload type */                             \
    X(PAYLOAD, payload)

enum tl_fault {
#define X(upper, lower) TL_FAULT_##upper,
    TL_FAULTS(X)
#undef X
        TL_FAULT_COUNT
};

extern const char *const tl_fault_names[TL_FAULT_COUNT];

enum tl_expect {
    TL_EXPECT_RELAY, // the other leg's headers, RTP header rewritten by constant offsets or kept
    TL_EXPECT_ECHO,  // what was sent; MAC addresses swapped or not
};

/// One stream as it arrives: one cache line.
struct tl_arrival {
    struct tl_window window;
    uint32_t source_be, destination_be;
    uint16_t source_port_be, destination_port_be;
    uint32_t ssrc_be;
    uint32_t timestamp_offset; // received - 160 * counter
    uint16_t sequence_offset;  // received - counter
    uint8_t is_known;          // the three above are learned
} __attribute__((aligned(TL_LINE_BYTES)));

_Static_assert(sizeof(struct tl_arrival) == TL_LINE_BYTES, "one line");

/// Counts of packets that were sent after the warm-up, if not said otherwise.
struct tl_tally {
    uint64_t received; // all of ours, duplicated and corrupt ones too
    uint64_t duplicated, reordered, corrupt;
    uint64_t corrupt_by[TL_FAULT_COUNT];
    uint64_t verified;      // checked byte by byte, checksums too
    uint64_t foreign;       // not a frame of this run: ARP, RTCP, ...; whenever it came
    uint64_t junk_returned; // junk that somebody let through
    uint64_t arrived;       // ours, sent at any time, that arrived while `is_open`
};

struct tl_checker {
    const struct tl_stream *streams;
    struct tl_arrival *arrivals;
    uint32_t stream_count;
    uint32_t magic;      // ~magic marks junk
    uint32_t verify_mask; // every packet whose count has none of these bits is verified
    enum tl_expect expect;
    struct tl_frame prepared;  // to compare with
    struct tl_frame unswapped; // echo: MAC addresses as sent
    int is_open;               // within the measured time
    uint64_t ours; // frames of this run, whenever sent and however damaged
    int64_t missing; // packets, sent at any time, that later ones of their streams overtook
    struct tl_tally tally;
    struct tl_histogram latency; // TSC cycles
};

/// Sets up checker and arrivals (room for all streams) for frames that `own` sends to `relay`.
void tl_check_init(struct tl_checker *checker, const struct tl_stream *streams,
                   struct tl_arrival *arrivals, uint32_t stream_count, enum tl_expect expect,
                   const uint8_t own[6], const uint8_t relay[6], uint32_t magic);

/// The arrival line that a frame will need, to be prefetched; any valid address if it is not ours.
static inline const void *tl_check_line(const struct tl_checker *checker, const void *bytes)
{
    const struct tl_frame *frame = bytes;
    uint32_t stream = frame->tag.stream & ~TL_TAG_MEASURED;
    return &checker->arrivals[stream < checker->stream_count ? stream : 0];
}

/// Judges one frame of `length` bytes in a buffer of at least TL_FRAME_BYTES, received at `now`.
void tl_check_frame(struct tl_checker *checker, const void *bytes, uint32_t length, uint64_t now);

#endif
