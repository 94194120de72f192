// SPDX-License-Identifier: Apache-2.0
// What a receiver keeps of the SSRCs of one key, by the fast path's own code (tl_secure.h), and a
// model beside it that says by itself who has a place, who made room, and up to which index.

#ifndef RECEIVED_H
#define RECEIVED_H

#include "harness.h"
#include "tl_secure.h"

enum { SSRCS = 20 };

/// What is to be expected of one SSRC.
struct place {
    uint32_t ssrc;
    enum { ABSENT, PRESENT, PARKED, LOST } state; // lost: parked by a process before
    uint64_t heard; // in units of TL_SECURE_HEARD
    uint64_t highest;
    uint64_t closed; // indexes below it count as seen
};

struct received {
    struct tl_secure_streams streams;
    struct tl_srtp_record record; // what the next process has of them
    struct place places[SSRCS];
    uint32_t count;
    uint16_t idle;
};

static struct {
    uint64_t made_room, came_back, back_behind_wrap, meanwhile, restarts, lost;
} parking;

/// What is kept of an SSRC, present or parked; unused when nothing is.
static inline struct tl_srtp_stream received_stream(struct received *received, uint32_t ssrc)
{
    const struct tl_srtp_stream *stream = tl_secure_stream(&received->streams, ssrc);
    return stream != NULL ? *stream : tl_secure_parked(&received->streams, ssrc);
}

/// NULL for an SSRC that was damaged.
static inline struct place *received_place(struct received *received, uint32_t ssrc)
{
    for (uint32_t i = 0; i < received->count; i++)
        if (received->places[i].ssrc == ssrc)
            return &received->places[i];
    return NULL;
}

/// Whether an index counts as seen only because its SSRC had made room.
static inline bool received_is_closed(struct received *received, uint32_t ssrc, uint64_t index)
{
    const struct place *place = received_place(received, ssrc);
    if (place == NULL || index >= place->closed || place->highest - index >= TL_SRTP_WINDOW)
        return false;
    parking.meanwhile += place->state == PARKED;
    return true;
}

/// Whether an SSRC is to have a place, and the longest silence of those that have one.
static inline bool received_has_room(const struct received *received, const struct place *place,
                                     uint64_t now, uint64_t *longest)
{
    uint32_t present = 0, parked = 0;
    uint64_t marks = tl_secure_mark(place->ssrc);
    *longest = 0;
    for (uint32_t i = 0; i < received->count; i++) {
        const struct place *other = &received->places[i];
        parked += other->state == PARKED;
        present += other->state == PRESENT;
        if (other->state == PRESENT && now - other->heard > *longest)
            *longest = now - other->heard;
    }
    if (place->state == LOST)
        return false;
    if (place->state == ABSENT && (received->streams.parked_before & marks) == marks)
        return false; // taken for a lost one
    if (place->state == PRESENT || (place->state == ABSENT && present < TL_SRTP_SSRCS_MAX))
        return true;
    return *longest >= received->idle &&
           (place->state == PARKED || parked < TL_SRTP_SSRCS_PARKED_MAX);
}

/// Who made room is the one that was silent longest, and is seen up to its highest index.
static inline void received_expect_parked(struct received *received, uint64_t now,
                                          uint64_t longest)
{
    uint32_t gone = 0, present = 0;
    for (uint32_t i = 0; i < received->count; i++) {
        struct place *place = &received->places[i];
        present += place->state == PRESENT;
        if (place->state != PRESENT || tl_secure_stream(&received->streams, place->ssrc) != NULL)
            continue;
        CHECK_EQUAL(now - place->heard, longest);
        CHECK_EQUAL(tl_secure_parked(&received->streams, place->ssrc).highest, place->highest);
        place->state = PARKED;
        place->closed = place->highest + 1;
        gone++;
    }
    CHECK_EQUAL(gone, present == TL_SRTP_SSRCS_MAX);
    parking.made_room += gone;
}

/// Remembers an index that authenticated. False: there is no room for its SSRC.
static inline bool received_take(struct received *received, uint32_t ssrc, uint64_t index,
                                 uint64_t now)
{
    struct place *place = received_place(received, ssrc);
    CHECK(place != NULL);
    uint64_t longest;
    bool room = received_has_room(received, place, now, &longest);
    const struct tl_srtp_stream *stream =
        tl_secure_take(&received->streams, ssrc, index, (uint16_t)now, received->idle);
    CHECK_EQUAL(stream != NULL, room);
    if (!room)
        return false;
    if (place->state != PRESENT)
        received_expect_parked(received, now, longest);
    if (place->state == PARKED) {
        CHECK(index > place->highest);
        parking.came_back++;
        parking.back_behind_wrap += index >> 16 > place->highest >> 16;
    }
    place->state = PRESENT;
    place->heard = now;
    place->highest = index > place->highest ? index : place->highest;
    CHECK_EQUAL(stream->highest, place->highest);
    tl_secure_note(&received->record, &received->streams,
                   (uint32_t)(stream - received->streams.of));
    return true;
}

/// The process is killed, and another takes up what the record tells.
static inline void received_restart(struct received *received, uint64_t now)
{
    memset(&received->streams, 0, sizeof(received->streams));
    tl_secure_take_up(&received->streams, &received->record, (uint16_t)now);
    for (uint32_t i = 0; i < received->count; i++) {
        struct place *place = &received->places[i];
        uint64_t marks = tl_secure_mark(place->ssrc);
        if (place->state == PRESENT) {
            CHECK_EQUAL(tl_secure_stream(&received->streams, place->ssrc)->highest,
                        place->highest);
            place->closed = place->highest + 1;
            place->heard = now;
        } else if (place->state != ABSENT) {
            CHECK_EQUAL(received->streams.parked_before & marks, marks);
            parking.lost += place->state == PARKED;
            place->state = LOST;
        }
    }
    parking.restarts++;
}

/// The same of SRTCP: of all together the highest index is kept. Those below what is returned are
/// seen.
static inline uint64_t received_restart_rtcp(struct received *received, uint64_t floor)
{
    memset(&received->streams, 0, sizeof(received->streams));
    for (uint32_t i = 0; i < received->count; i++) {
        struct place *place = &received->places[i];
        if (place->state != ABSENT && place->highest >= floor)
            floor = place->highest + 1;
        *place = (struct place){.ssrc = place->ssrc};
    }
    return floor;
}

#endif
