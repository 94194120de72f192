// SPDX-License-Identifier: Apache-2.0
// The rings between this worker and one signalling shard (rules: CFlowABI.h). The worker's side:
// consumes commands and packets to inject, produces events and packets.
//
// Nothing in the peer's file is believed: a cursor is checked before use, a message is copied once
// and checked in the copy. A cursor that lies is returned as a fault; whether it is one, or the
// peer just restarted, the caller decides by the peer's incarnation.
//
// Full event ring: no command is taken that could not be answered; notifications wait in the
// channel's list, which has a place for each flow. Full packet ring: control_ring_full. Peer gone:
// the channel is detached; notifications wait, packets are dropped as control_away.

#ifndef TL_CHANNEL_H
#define TL_CHANNEL_H

#include "tl_base.h"

#include "CFlowABI.h"

struct tl_worker;

#define TL_FAULTS(X)                                                                               \
    X(NONE, "none", "the peer's cursors are in order")                                             \
    X(COMMAND_CURSOR, "command_cursor", "the command producer is beyond its ring")                 \
    X(EVENT_CURSOR, "event_cursor", "the event consumer is beyond its producer")                   \
    X(PACKET_CURSOR, "packet_cursor", "the packet consumer is beyond its producer")                \
    X(INJECT_CURSOR, "inject_cursor", "the inject producer is beyond its ring")

#define TL_FAULT_CONSTANT(id, name, text) TL_FAULT_##id,
enum tl_fault { TL_FAULTS(TL_FAULT_CONSTANT) TL_FAULT_COUNT };
#undef TL_FAULT_CONSTANT

const char *tl_fault_name(enum tl_fault fault);
const char *tl_fault_text(enum tl_fault fault);

/// Where a channel's rings are mapped, and how both sides laid them out.
struct tl_channel_views {
    const struct tl_file_header *own_header; // both sides' incarnations
    const struct tl_file_header *peer_header;
    struct tl_channel_fastpath *own;       // our ring ends
    const struct tl_channel_control *peer; // theirs
    uint8_t *events;                       // our file
    uint8_t *packets;
    const uint8_t *commands; // the peer's file
    const uint8_t *injects;
    uint32_t event_stride;
    uint32_t packet_stride;
    uint32_t command_stride;
    uint32_t inject_stride;
    uint32_t command_size_bytes; // min(the peer's, ours)
    uint32_t command_slots;      // powers of two
    uint32_t event_slots;
    uint32_t packet_slots; // of both packet rings
    uint32_t cursor_start; // where all cursors start
};

#define TL_ANSWERS_KEPT 64u // answers that a repeated sequence can get again

struct tl_channel {
    struct tl_channel_views views;
    uint32_t attached;
    uint32_t command_position; // private copies of our own ring ends
    uint32_t event_position;
    uint32_t packet_position;
    uint32_t inject_position;
    uint32_t newest_sequence; // of the answers, valid when answered
    uint32_t answered;        // any since the channel was attached
    uint32_t match;           // grows with each attachment: one life of the peer
    uint32_t pending_head;    // flows with notifications that wait; TL_NO_FLOW = none
    uint32_t pending_tail;
    struct tl_event answers[TL_ANSWERS_KEPT]; // by sequence modulo TL_ANSWERS_KEPT
};

/// Fills `views` from the two mapped files. The geometries must be equal (tl_geometry).
void tl_channel_views_make(struct tl_channel_views *views, const struct tl_map *own,
                           const struct tl_layout *own_layout, const struct tl_map *peer,
                           const struct tl_layout *peer_layout, uint32_t shard, uint32_t worker);

/// 1 while the incarnations match crosswise. Asked after cursors of the peer were loaded and before
/// anything is taken that they offer: they are of the incarnation that the rings were reset for.
TL_PACKET_CODE int tl_channel_matched(const struct tl_channel_views *views);

/// Starts to use the rings. Both sides' ends must have been reset (incarnations crosswise equal).
void tl_channel_attach(struct tl_channel *channel, const struct tl_channel_views *views);

/// Stops to use the rings and sets our ends back to where they start. Answers are forgotten,
/// notifications kept.
void tl_channel_detach(struct tl_channel *channel);

/// One turn: notifications that wait, then up to `budget` commands, each answered. Call it in
/// every turn of the loop with now_ns of this turn. `*answered` is increased.
TL_PACKET_CODE enum tl_fault tl_channel_poll(struct tl_worker *worker, uint32_t shard,
                                             uint64_t now_ns, uint32_t budget,
                                             uint32_t *answered);

/// Marks a notification (TL_PENDING_*) of a flow; tl_channel_poll sends it.
TL_PACKET_CODE void tl_channel_notify(struct tl_worker *worker, uint32_t slot, uint32_t what);

#endif
