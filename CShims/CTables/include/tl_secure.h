// SPDX-License-Identifier: Apache-2.0
// What a secure flow has beside its lines: session keys, and what was seen and sent under them. A
// worker has a pool of these contexts; a flow takes one with its first keys and gives it back when
// it goes, or stops to be secure.

#ifndef TL_SECURE_H
#define TL_SECURE_H

#include "tl_base.h"

#include "CFlowABI.h"
#include "CSRTP.h"

struct tl_worker;

#define TL_NO_SECURE 0xffffffffu

#define TL_KEYS_REMEMBERED 4u // sending keys of before that may come back
/// SSRCs that made room for others under one key; then there is no room for further ones.
#define TL_SRTP_SSRCS_PARKED_MAX 12u

/// How far a sending key was used.
struct tl_secure_used {
    uint64_t key_id;     // 0: none
    uint64_t next_index; // of RTP
};

/// What was seen of each SSRC under one key. A party that plays music to whoever it holds takes
/// another SSRC each time, so one that is silent makes room. Of it the highest index is kept: when
/// it speaks again, as the party itself after its music, it goes on above that.
struct tl_secure_streams {
    struct tl_srtp_stream of[TL_SRTP_SSRCS_MAX];
    uint64_t parked_next[TL_SRTP_SSRCS_PARKED_MAX]; // highest index, plus one
    uint64_t parked_before; // tl_secure_mark of those that the process before had parked
    uint32_t parked[TL_SRTP_SSRCS_PARKED_MAX];
    uint32_t parked_count;  // places of `parked` and `parked_next` in use
};

/// One key set's receiving side.
struct tl_secure_receive {
    struct tl_srtp_keys keys;
    struct tl_secure_streams rtp;
    struct tl_secure_streams rtcp;
};

struct tl_secure {
    struct tl_secure_receive now;
    struct tl_srtp_keys send;
    struct tl_srtp_stream sent;       // RTP indexes that were used with `send`
    uint64_t former_until_ns;         // `former` is good up to here; 0: it has no keys
    uint32_t flags;                   // TL_KEYS_*
    uint32_t rtcp_floor;              // SRTCP indexes below it were seen by the process before
    uint32_t former_rtcp_floor;       // likewise, of the key before
    uint32_t used_next;               // place in `used` that is taken next
    struct tl_secure_used used[TL_KEYS_REMEMBERED]; // branches of a fork bring keys back
    uint32_t next_free;               // in the pool
    struct tl_secure_receive *former; // the key before, for those who have not changed yet: in a
                                      // table of its own, touched by a change of keys alone
};

/// The remembered stream of an SSRC, NULL when there is none.
static inline struct tl_srtp_stream *tl_secure_stream(struct tl_secure_streams *streams,
                                                      uint32_t ssrc)
{
    for (uint32_t i = 0; i < TL_SRTP_SSRCS_MAX; i++)
        if (streams->of[i].used && streams->of[i].ssrc == ssrc)
            return &streams->of[i];
    return NULL;
}

/// The stream of an SSRC that made room, as far as it is kept: nothing up to its highest index is
/// new. `used` 0: it did not make room.
TL_PACKET_CODE struct tl_srtp_stream tl_secure_parked(const struct tl_secure_streams *streams,
                                                      uint32_t ssrc);

/// A place for an SSRC that has none: a free one, or that of the SSRC that is silent longest, at
/// least for `idle` units of TL_SECURE_HEARD. One that made room before has what is kept of it.
/// NULL: none makes room, or nobody knows any more whether and how far the SSRC was used.
TL_PACKET_CODE struct tl_srtp_stream *tl_secure_make_room(struct tl_secure_streams *streams,
                                                          uint32_t ssrc, uint16_t heard,
                                                          uint16_t idle);

/// Up to three of 64 bits for an SSRC: of several the marks together say which it may be, and which
/// it is not. With four of them one stranger in 200 is taken for one, with twelve one in twelve.
static inline uint64_t tl_secure_mark(uint32_t ssrc)
{
    return 1ull << (ssrc * 0x9e3779b1u >> 26) | 1ull << (ssrc * 0x85ebca6bu >> 26) |
           1ull << (ssrc * 0xc2b2ae35u >> 26);
}

/// The marks of all that made room.
TL_PACKET_CODE uint64_t tl_secure_parked_marks(const struct tl_secure_streams *streams);

/// Time as tl_srtp_stream has it: about seconds, over and over in 19 hours.
#define TL_SECURE_HEARD(now_ns) ((uint16_t)((now_ns) >> 30))
/// So long an SSRC is silent before another takes its place; reports come every few seconds only.
#define TL_SECURE_IDLE_RTP  2u
#define TL_SECURE_IDLE_RTCP 30u

/// Remembers that an index was seen: of a stream, or of a new one. NULL: no room for one more SSRC.
static inline struct tl_srtp_stream *tl_secure_take(struct tl_secure_streams *streams,
                                                    uint32_t ssrc, uint64_t index, uint16_t heard,
                                                    uint16_t idle)
{
    struct tl_srtp_stream *stream = tl_secure_stream(streams, ssrc);
    if (stream == NULL)
        stream = tl_secure_make_room(streams, ssrc, heard, idle);
    if (stream == NULL)
        return NULL;
    stream->ssrc = ssrc;
    stream->heard = heard;
    tl_srtp_stream_take(stream, index);
    return stream;
}

/// Notes how far a stream of the present receiving key went, for the process after this one. Where
/// the place was another SSRC's, no moment shows one with the index of the other, and at each one
/// either of them has its mark or its index: one that comes back to a place keeps its mark.
static inline void tl_secure_note(struct tl_srtp_record *record,
                                  const struct tl_secure_streams *streams, uint32_t place)
{
    const struct tl_srtp_stream *stream = &streams->of[place];
    if (TL_UNLIKELY(record->ssrc[place] != stream->ssrc)) {
        tl_store_release_u64(&record->parked_marks,
                             record->parked_marks | tl_secure_parked_marks(streams));
        tl_store_release_u64(&record->next[place], 0);
        tl_store_release_u32(&record->ssrc[place], stream->ssrc);
    }
    tl_store_release_u64(&record->next[place], stream->used ? stream->highest + 1 : 0);
}

/// The streams that a record tells of, for the process after the one that noted them. Each SSRC has
/// its time to be heard again.
TL_PACKET_CODE void tl_secure_take_up(struct tl_secure_streams *streams,
                                      const struct tl_srtp_record *record, uint16_t heard);

/// Gives a live flow its keys. Statuses as the contract has them for TL_OP_KEYS; keys that it has
/// already are OK and change nothing.
TL_PACKET_CODE int32_t tl_keys_install(struct tl_worker *worker, uint32_t slot,
                                       const struct tl_flow_keys *keys, uint64_t now_ns);

/// Forgets the key set before, when its time is over.
TL_PACKET_CODE void tl_keys_expire(struct tl_worker *worker, uint32_t slot, uint64_t now_ns);

/// Forgets all keys of a flow and gives its context back. Nothing happens when it has none.
TL_PACKET_CODE void tl_keys_drop(struct tl_worker *worker, uint32_t slot);

#endif
