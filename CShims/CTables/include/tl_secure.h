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

/// How far a sending key was used.
struct tl_secure_used {
    uint64_t key_id;     // 0: none
    uint64_t next_index; // of RTP
};

/// One key set's receiving side.
struct tl_secure_receive {
    struct tl_srtp_keys keys;
    struct tl_srtp_stream rtp[TL_SRTP_SSRCS_MAX];
    struct tl_srtp_stream rtcp[TL_SRTP_SSRCS_MAX];
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
static inline struct tl_srtp_stream *tl_secure_stream(struct tl_srtp_stream *streams, uint32_t ssrc)
{
    for (uint32_t i = 0; i < TL_SRTP_SSRCS_MAX; i++)
        if (streams[i].used && streams[i].ssrc == ssrc)
            return &streams[i];
    return NULL;
}

/// Remembers that an index was seen: of a stream, or of a new one. NULL: no room for one more SSRC.
static inline struct tl_srtp_stream *tl_secure_take(struct tl_srtp_stream *streams, uint32_t ssrc,
                                                    uint64_t index)
{
    struct tl_srtp_stream *stream = tl_secure_stream(streams, ssrc);
    for (uint32_t i = 0; stream == NULL && i < TL_SRTP_SSRCS_MAX; i++)
        if (!streams[i].used)
            stream = &streams[i];
    if (stream == NULL)
        return NULL;
    stream->ssrc = ssrc;
    tl_srtp_stream_take(stream, index);
    return stream;
}

/// Notes how far a stream of the present receiving key went, for the process after this one.
static inline void tl_secure_note(struct tl_srtp_record *record, uint32_t place,
                                  const struct tl_srtp_stream *stream)
{
    tl_store_release_u32(&record->ssrc[place], stream->ssrc);
    tl_store_release_u64(&record->next[place], stream->used ? stream->highest + 1 : 0);
}

/// Gives a live flow its keys. Statuses as the contract has them for TL_OP_KEYS; keys that it has
/// already are OK and change nothing.
TL_PACKET_CODE int32_t tl_keys_install(struct tl_worker *worker, uint32_t slot,
                                       const struct tl_flow_keys *keys, uint64_t now_ns);

/// Forgets the key set before, when its time is over.
TL_PACKET_CODE void tl_keys_expire(struct tl_worker *worker, uint32_t slot, uint64_t now_ns);

/// Forgets all keys of a flow and gives its context back. Nothing happens when it has none.
TL_PACKET_CODE void tl_keys_drop(struct tl_worker *worker, uint32_t slot);

#endif
