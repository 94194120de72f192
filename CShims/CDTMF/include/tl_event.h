// SPDX-License-Identifier: Apache-2.0
// Telephone-events (RFC 4733). A receiver makes digits of packets that may be lost, repeated or out
// of order: an event is one by its SSRC, time stamp and code, however many packets it had and
// whichever of them came.

#ifndef TL_EVENT_H
#define TL_EVENT_H

#include "tl_digit.h"

#define TL_EVENT_BYTES 4u          // RFC 4733 section 2.3
#define TL_EVENT_BLOCKS_MAX 4u     // events in one packet (section 2.5.1.5); more are not read
#define TL_EVENT_SILENCE_MS 200u   // without a packet an event is over
#define TL_EVENT_RECENT 4u         // events that are over and may still have late packets,
#define TL_EVENT_RECENT_MS 2000u   // for so long
#define TL_EVENT_CHANGES_MAX (2u * TL_EVENT_BLOCKS_MAX + 1u) // of one packet
#define TL_EVENT_BURST 16u         // digits at once, and
#define TL_EVENT_PER_SECOND 20u    // digits a second, of one flow

/// An event that is over, or a segment of one.
struct tl_event_name {
    uint32_t ssrc;
    uint32_t timestamp;
    uint32_t event;
};

struct tl_event_receiver {
    uint64_t started_ns;
    uint64_t heard_ns;       // last packet of the present event
    uint64_t flood_until_ns; // up to which the budget of digits is used
    uint64_t named_ns;       // when the newest name below was written
    uint32_t ssrc;
    uint32_t timestamp;      // of the present segment
    uint32_t duration;       // of it, so far
    uint32_t before;         // that of segments before it (section 2.5.1.3)
    uint32_t clock_hz;
    uint8_t state;           // opaque
    uint8_t event;
    uint8_t volume;
    uint8_t recent_count;    // places of `recent` in use
    uint32_t recent_next;    // place that is taken next
    uint32_t left_out;       // further digits of packets that were not taken; its owner counts it
    struct tl_event_name recent[TL_EVENT_RECENT];
};

/// What to do with a packet.
enum {
    TL_EVENT_GOOD,  // of a digit, or a repetition of one
    TL_EVENT_SHORT, // shorter than an event
    TL_EVENT_OTHER, // an event, but none up to TL_DTMF_EVENT_MAX
    TL_EVENT_FLOOD, // one more new digit than the budget allows
};

/// An event packet as it came.
struct tl_event_arrival {
    const uint8_t *payload;
    uint32_t length;
    uint32_t ssrc;
    uint32_t timestamp;
    uint32_t clock_hz; // of its payload type
    uint64_t now_ns;
    uint32_t limit_ms; // what lasts longer ends here
    uint32_t marker;   // 1: it says that an event begins. That it does not says nothing
};

/// Takes a packet in. Fills up to TL_EVENT_CHANGES_MAX changes. Returns TL_EVENT_*; with all but
/// GOOD nothing of the packet's first event was taken.
TL_DTMF_CODE uint32_t tl_event_receive(struct tl_event_receiver *receiver,
                                       const struct tl_event_arrival *arrival,
                                       struct tl_digit_change *changes, uint32_t *change_count);

/// The party began its stream anew: what was over in it is no measure of what comes.
TL_DTMF_CODE void tl_event_forget(struct tl_event_receiver *receiver);

/// When the present event is over without another packet; UINT64_MAX: none has begun.
TL_DTMF_CODE uint64_t tl_event_due(const struct tl_event_receiver *receiver);

/// Ends an event whose packets stay away. 1: `change` says so.
TL_DTMF_CODE int tl_event_silence(struct tl_event_receiver *receiver, uint64_t now_ns,
                                  struct tl_digit_change *change);

/// Ends the present event, whatever comes: nobody listens any more. 1: `change` says so.
TL_DTMF_CODE int tl_event_stop(struct tl_event_receiver *receiver, struct tl_digit_change *change);

/// Writes a payload (section 2.3). `duration` above 65,535 is written as that.
TL_DTMF_CODE void tl_event_write(uint8_t payload[TL_EVENT_BYTES], uint8_t event, int end,
                                 uint8_t volume, uint32_t duration);

#endif
