// SPDX-License-Identifier: Apache-2.0
// Digits that wait for a party, and the packets that they become: paced, one every interval, with
// the spacing that receivers need (40 ms at least of each digit and of each pause, ITU-T Q.24).
//
// Packets have places in time, an interval apart from a digit's start. Who comes late for one gets
// it and what follows at their places: a worker that was away for a moment sends them back to back.
// One that was away for longer (TL_SENDER_LATE_MS) goes on from where it is.

#ifndef TL_SENDER_H
#define TL_SENDER_H

#include "CFlowABI.h"

#include "tl_digit.h"
#include "tl_tone_maker.h"

#define TL_SENDER_ENDS 3u         // end packets of an event (RFC 4733 section 2.5.1.4)
#define TL_SENDER_OPEN 0xffffffffu // duration of a digit that is not over
#define TL_SENDER_LEAST_MS 40u
#define TL_SENDER_LATE_MS 100u
#define TL_SENDER_FOLLOW_MS 40u   // of silence, for G.722's decoder
#define TL_SENDER_PAYLOAD_MAX 800u // octets: 100 ms

/// A digit that waits.
struct tl_sender_digit {
    uint32_t duration_ms; // or TL_SENDER_OPEN
    uint16_t pause_ms;    // after it, before the next
    uint8_t event;
    uint8_t reserved;
};

struct tl_sender {
    struct tl_sender_digit queue[TL_DIGITS_MAX];
    uint64_t due_ns;       // place of the next packet; UINT64_MAX: nothing to send
    uint64_t began_ns;     // the present digit
    uint64_t ready_ns;     // before it no digit begins: the pause behind the last one
    struct tl_tone_maker maker;
    uint32_t timestamp;    // of the present digit's first packet, or of its segment
    uint32_t line;         // of tones: time stamp of the next packet
    uint32_t segments;     // clock units of the event that stand in segments before this one
    uint32_t sent_ms;      // of the present digit, that packets told of
    uint8_t first;         // in `queue`
    uint8_t count;         // of it, the present one included
    uint8_t phase;         // opaque
    uint8_t ends;          // end packets that are left
    uint8_t audio;         // tones: `line` stands, no other media came between
    uint8_t reserved[3];
};

/// Where the leg's time line is.
struct tl_sender_line {
    uint32_t timestamp; // at now_ns
    uint32_t last;      // of the packet that was sent last
    uint32_t clock_hz;
    uint32_t is_used;   // 0: none was, and `last` is `timestamp`
};

/// A packet to send.
struct tl_sender_packet {
    uint8_t payload[TL_SENDER_PAYLOAD_MAX];
    uint32_t length;    // 0: none now
    uint32_t timestamp;
    uint32_t until;     // time stamp, on the leg's line, of what may follow the packet
    uint8_t payload_type;
    uint8_t marker;
    uint8_t digit_over; // 1: with it a digit was sent whole
    uint8_t idle;       // 1: nothing waits any more; other media may go on
};

TL_DTMF_CODE void tl_sender_reset(struct tl_sender *sender);

/// Puts digits at the queue's end. 0: no room for all of them, and none was put.
TL_DTMF_CODE int tl_sender_put(struct tl_sender *sender, const struct tl_sender_digit *digits,
                               uint32_t count, uint64_t now_ns);

/// The digit that was put with TL_SENDER_OPEN is over and lasted so long. There is one at a time.
TL_DTMF_CODE void tl_sender_close(struct tl_sender *sender, uint32_t duration_ms);

/// Makes the packet that is due. Call it once due_ns has come, and again while it still has. A
/// digit's time stamp is that of its place in time, however late it is sent. Where the events'
/// clock is another one, their time stamps begin on the leg's line and go on in their own units.
TL_DTMF_CODE void tl_sender_next(struct tl_sender *sender, const struct tl_flow_dtmf *how,
                                 struct tl_sender_line line, uint64_t now_ns,
                                 struct tl_sender_packet *packet);

#endif
