// SPDX-License-Identifier: Apache-2.0
// Packets beside the calls, which a relay must take without letting one through.

#ifndef TL_JUNK_H
#define TL_JUNK_H

#include "frame.h"

enum { TL_JUNK_PORTS = 64 };

enum tl_junk_kind {
    TL_JUNK_UNUSED_PORT, // of the relay: packets for no flow
    TL_JUNK_STRANGER,    // right port, but from a source that no call has
    TL_JUNK_MALFORMED,   // RTP that says it has more CSRCs than bytes
    TL_JUNK_OTHER,       // right source, but neither RTP, RTCP, STUN nor DTLS (RFC 7983)
    TL_JUNK_KINDS
};

struct tl_junk {
    const struct tl_stream *streams;
    uint32_t stream_count;
    struct tl_frame prepared;
    uint16_t unused_be[TL_JUNK_PORTS]; // ports of the first stream's relay address
    uint32_t unused_count;
    uint32_t kinds; // of tl_junk_kind that are made, from the first on
    uint64_t made;
    uint64_t due; // TSC of the next one
    uint64_t period;
};

/// All kinds are made in turn; the caller sets `kinds`, `due` and `period`.
void tl_junk_init(struct tl_junk *junk, const struct tl_stream *streams, uint32_t stream_count,
                  const uint8_t to[6], const uint8_t from[6], uint32_t magic);

/// Writes the next one, its kinds in turn, and returns its length.
uint16_t tl_junk_make(struct tl_junk *junk, struct tl_frame *frame);

#endif
