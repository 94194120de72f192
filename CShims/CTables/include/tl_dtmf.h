// SPDX-License-Identifier: Apache-2.0
// What a flow with digits has beside its lines: how it takes and sends them, and the state of
// both. A worker has a pool of these contexts; a flow takes one with its first TL_OP_DTMF and gives
// it back when it goes, or is told of no digits any more.

#ifndef TL_DTMF_H
#define TL_DTMF_H

#include "tl_base.h"

#include "CDTMF.h"
#include "CFlowABI.h"

struct tl_worker;

#define TL_NO_DTMF 0xffffffffu

/// Digits that wait to be reported, of one flow. So many end within a second at most, and the ring
/// of events is read sooner.
#define TL_DTMF_TOLD_MAX 16u

/// Packets of the ingress stream that were consumed: bit n is that n places before `newest`. What
/// comes late counts by it how many behind it have no place in the stream that leaves.
struct tl_dtmf_taken {
    unsigned __int128 places;
    uint32_t newest;
    uint32_t stream; // of the flow; of another one nothing is known
};

// A press in both forms: so long after the tone's end its event may begin, found late and sent
// through a network; so long after the event's end the tone, which is older than its event.
#define TL_DTMF_EVENT_AFTER_MS 250u
#define TL_DTMF_TONE_AFTER_MS 50u

/// The last digit of a party in one form.
struct tl_dtmf_press {
    uint64_t started_ns;
    uint64_t ended_ns;    // UINT64_MAX: it lasts
    uint8_t event;        // its code plus one; 0: there was none
    uint8_t is_paired;    // 1: it and one of the other form are one press
    uint8_t is_double;    // 1: it is the later one of the two
    uint8_t late_is_double; // the same of one that was over when it came, while this one lasted
    uint8_t reserved[4];
};

/// How audio was mapped onto the stream of the flow's leg before digits took that over.
struct tl_dtmf_former {
    uint32_t source_slot; // TL_NO_FLOW: there was none, or it is back
    uint32_t source_stream;
    uint32_t timestamp_offset;
    uint32_t timestamp; // up to which digits have the leg's time
};

/// What audio touches of a flow with digits: two lines. They stand by the flow's slot, where they
/// are found without another line, and not in the context, so that the caches are theirs.
struct tl_dtmf_tones {
    struct tl_tone_detector detector;
    struct tl_tone_store *store; // the context's
    uint64_t heard_ns;           // last audio
    uint32_t stream;             // ingress stream that the detector follows
    uint32_t next;               // time stamp that comes next in it
    uint32_t flags;              // as the context's `how` has them, like what follows: TL_DTMF_*
    uint32_t digit_limit_ms;
    struct tl_audio_type audio_types[TL_DTMF_AUDIO_TYPES_MAX];
};

_Static_assert(sizeof(struct tl_dtmf_tones) == 128, "two lines");

struct tl_dtmf {
    struct tl_flow_dtmf how;
    uint32_t events_stream;  // one more than the ingress stream that `events` is of
    uint8_t told_first;      // in `told`
    uint8_t told_count;
    uint8_t passed_form;     // TL_DIGIT_BY_*: of a digit that is passed on and not over; or 0
    struct tl_tone_store store; // of tones
    // What events touch.
    struct tl_event_receiver events;
    struct tl_dtmf_taken taken;
    // What is sent to the party.
    struct tl_sender sender;
    struct tl_dtmf_former former;
    // What commands and the channel touch.
    uint32_t passed_slot; // peer flow with that digit, or TL_NO_FLOW: it could not be
    uint32_t passed_generation;
    uint64_t passed_ns;   // when it began to be passed on
    uint32_t next_free;   // in the pool
    uint8_t passed_event;
    uint8_t reserved[3];
    struct tl_dtmf_press presses[2]; // by event, by tone
    struct tl_digit told[TL_DTMF_TOLD_MAX];
};

/// TL_STATUS_OK, TL_STATUS_BAD_DTMF or TL_STATUS_DTMF_FULL. All zero: the context goes back.
TL_PACKET_CODE int32_t tl_dtmf_program(struct tl_worker *worker, uint32_t slot,
                                       const struct tl_flow_dtmf *wanted, uint64_t now_ns);

/// TL_STATUS_OK, TL_STATUS_BAD_DTMF or TL_STATUS_DIGITS_FULL.
TL_PACKET_CODE int32_t tl_dtmf_digits(struct tl_worker *worker, uint32_t slot,
                                      const struct tl_flow_digits *wanted, uint64_t now_ns);

/// Gives the context of a flow back, if it has one. A digit that lasts is over, for its peer too.
TL_PACKET_CODE void tl_dtmf_drop(struct tl_worker *worker, uint32_t slot, uint64_t now_ns);

/// A digit of the flow's party begins or is over: it is counted, reported and passed on.
TL_PACKET_CODE void tl_dtmf_change(struct tl_worker *worker, uint32_t slot,
                                   const struct tl_digit_change *change, uint8_t form,
                                   uint64_t now_ns);

/// Ends what nobody was heard of for a while.
TL_PACKET_CODE void tl_dtmf_silence(struct tl_worker *worker, uint32_t slot, uint64_t now_ns);

/// Brings the flow's timer in line with what its context waits for.
TL_PACKET_CODE void tl_dtmf_schedule(struct tl_worker *worker, uint32_t slot, uint64_t now_ns);

/// What waits to be sent is lost: nobody may get it, or knows any more how.
TL_PACKET_CODE void tl_dtmf_discard(struct tl_worker *worker, uint32_t slot);

/// The oldest digit that waits to be reported leaves `told`. Its report, all but for its place in
/// the ring.
TL_PACKET_CODE struct tl_digit tl_dtmf_tell(struct tl_dtmf *dtmf);

/// What of the flow's packets must be looked at (usual.h): 2 whether they are events, since its
/// first payload type may be one; 1 its audio, for tones; 0 nothing.
TL_PACKET_CODE int tl_dtmf_looks(const struct tl_worker *worker, uint32_t slot);

#endif
