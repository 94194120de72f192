// SPDX-License-Identifier: Apache-2.0
//
// The contract's part on digits (DTMF). Its rules are those of CFlowABI.h.
//
// A flow that was given TL_OP_DTMF takes digits from its remote party and sends digits to it. A
// digit has one event code (RFC 4733 section 3.2), a start, a duration and a level, whatever form
// it came in. It is counted and reported once, when it ends: an event at its end packet, or when
// its packets stay away, a tone when it is over, either at digit_limit_ms at the latest. With
// TL_DTMF_TAKE it ends here: event packets are consumed, and tones silenced in the audio that is
// relayed. With TL_DTMF_PASS_ON the peer flow sends the digit, in its own form, from the moment
// that it is certain. While a flow sends digits, other media to its party is consumed; the egress
// stream keeps one sequence and one time line through all of it. Digits of the control plane
// (TL_OP_DIGITS) wait in the same queue. A party that is on hold is sent none: what waits for it,
// and what comes for it meanwhile, is counted as digits_lost.
//
// An event that is none of these digits is dropped (dtmf_event) with TL_DTMF_TAKE, and relayed
// without. A digit that its peer cannot send (flash, as a tone) is reported and goes no further.
//
// All of this is a worker's own: a fast path that was started since is given TL_OP_DTMF again, and
// what the one before had in its queue is gone. A digit that lasts meanwhile is reported once,
// because none is before its end; passed on it is sent anew.

#ifndef TL_ABI_DTMF_H
#define TL_ABI_DTMF_H

#include <stdint.h>

#define TL_DTMF_EVENT_TYPES_MAX 4u // payload types of telephone-event that one flow accepts
#define TL_DTMF_AUDIO_TYPES_MAX 4u // payload types in which one flow's tones are looked for
#define TL_DIGITS_MAX 32u          // digits that wait to be sent to one party
#define TL_DTMF_EVENT_MAX 16u      // highest event code: 0-9, * (10), # (11), A-D, flash (16)

// Flags of a flow's digits.
#define TL_DTMF_EVENTS (1u << 0)     // telephone-events of its party are digits (event_types)
#define TL_DTMF_TONES (1u << 1)      // tones in its party's audio are (audio_types)
#define TL_DTMF_TAKE (1u << 2)       // in the form that they came in they are not relayed
#define TL_DTMF_LOOK_AHEAD (1u << 3) // only with TONES and TAKE: audio is 20 ms late, and no tone
                                     // leaks; else a digit's is silenced from its first 10 ms on
#define TL_DTMF_REPORT (1u << 4)     // each digit is a TL_EVENT_DIGIT
#define TL_DTMF_PASS_ON (1u << 5)    // each digit is sent by the peer flow, if that sends any
#define TL_DTMF_FLAGS_ALL 0x3fu

// How a flow sends digits to its party.
#define TL_DTMF_SEND_NONE 0u
#define TL_DTMF_SEND_EVENTS 1u // telephone-events (RFC 4733)
#define TL_DTMF_SEND_TONES 2u  // tones, in the codec of the leg

// Forms that a digit came in.
#define TL_DIGIT_BY_EVENT 1u
#define TL_DIGIT_BY_TONE 2u

// Codecs in which tones are found and made.
#define TL_CODEC_PCMU 1u // 8,000 octets a second each
#define TL_CODEC_PCMA 2u
#define TL_CODEC_G722 3u // its RTP clock is 8,000 Hz (RFC 3551 section 4.5.2)
#define TL_CODECS_MAX 4u // one more than the highest

// A payload type of telephone-event that a flow accepts.
struct tl_event_type {
    uint32_t clock_hz;    // 8000...192000
    uint8_t payload_type; // TL_NO_PAYLOAD_TYPE ends their list
    uint8_t reserved[3];
};

// A payload type of audio in which a flow's tones are looked for.
struct tl_audio_type {
    uint8_t payload_type; // TL_NO_PAYLOAD_TYPE ends their list
    uint8_t codec;        // TL_CODEC_*
    uint8_t reserved[2];
};

// How a flow takes digits from its remote party, and sends digits to it. All zero: neither.
struct tl_flow_dtmf {
    uint32_t flags;            // TL_DTMF_*
    uint32_t digit_limit_ms;   // what lasts longer ends here, 1000...60000
    struct tl_audio_type audio_types[TL_DTMF_AUDIO_TYPES_MAX]; // with TONES, one at least; none of
                                                               // event_types
    struct tl_event_type event_types[TL_DTMF_EVENT_TYPES_MAX]; // with EVENTS, one at least
    uint8_t send;              // TL_DTMF_SEND_*
    uint8_t send_type;         // payload type of that, 0...127
    uint8_t send_codec;        // tones: TL_CODEC_*
    uint8_t send_volume;       // of an event, and of each of a tone's frequencies: -dBm0, 0...36
    uint32_t send_clock_hz;    // of the events, 8000...192000
    uint16_t send_interval_ms; // between packets, 10...100
    uint8_t reserved[6];
};

// Digits to send to a flow's party, one after the other, behind those that wait.
struct tl_flow_digits {
    uint8_t count; // 1...TL_DIGITS_MAX
    uint8_t reserved_0[3];
    uint16_t duration_ms; // of each, 40...8000
    uint16_t pause_ms;    // after each, 40...8000
    uint8_t events[TL_DIGITS_MAX]; // 0...TL_DTMF_EVENT_MAX; flash (16) goes by events alone
};

// A digit that is over.
struct tl_digit {
    uint8_t event;  // 0...TL_DTMF_EVENT_MAX
    uint8_t form;   // TL_DIGIT_BY_*
    uint8_t volume; // -dBm0: as its packets said, or of the stronger of a tone's two frequencies
    uint8_t reserved;
    uint32_t duration_ms;
    uint64_t started_ns; // CLOCK_MONOTONIC
};

#ifndef __cplusplus
_Static_assert(sizeof(struct tl_flow_dtmf) == 72, "digits of a flow");
_Static_assert(sizeof(struct tl_flow_digits) == 40, "digits to send");
_Static_assert(sizeof(struct tl_digit) == 16, "in place of an address");
#endif

#endif
