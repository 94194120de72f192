// SPDX-License-Identifier: Apache-2.0
// What a receiver (or a sender that must not send an index twice) remembers of one SSRC under one
// key set: the highest index and which of the last 128 were seen (RFC 3711 sections 3.3.1, 3.3.2).
// For SRTCP the index stands in the packet: check and take alone serve it.

#ifndef TL_SRTP_STREAM_H
#define TL_SRTP_STREAM_H

#include <stdint.h>

/// How far below the highest index a packet may be; RFC 3711 asks for 64 at least.
#define TL_SRTP_WINDOW 128u

struct tl_srtp_stream {
    uint64_t highest;   ///< index, once used
    uint64_t window[2]; ///< bit n of the 128: highest - n was seen
    uint32_t ssrc;      ///< host order; the caller's
    uint8_t used;       ///< 0 = no packet was taken yet
    uint16_t heard;     ///< the caller's: when the last was taken
};

/// Where an index stands.
enum tl_srtp_place {
    TL_SRTP_NEW,    ///< not seen yet
    TL_SRTP_REPLAY, ///< seen
    TL_SRTP_OLD,    ///< below the window: nobody knows
};

/// The index that a sequence number most likely has (RFC 3711 section 3.3.1, appendix A). Before
/// the first packet the roll-over counter is 0, and it is never guessed below 0.
static inline uint64_t tl_srtp_stream_index(const struct tl_srtp_stream *stream, uint16_t sequence)
{
    if (!stream->used)
        return sequence;
    uint64_t roc = stream->highest >> 16;
    uint32_t last = stream->highest & 0xffff;
    if (last < 0x8000) {
        if (roc > 0 && sequence > last + 0x8000)
            roc--;
    } else if (last - 0x8000 > sequence) {
        roc++;
    }
    return roc << 16 | sequence;
}

/// The one other index to try where the first packet of a stream did not authenticate: its sender
/// may have begun just below 65,536 and the packets before the wrap were lost. 0 = none.
static inline uint64_t tl_srtp_stream_second_index(const struct tl_srtp_stream *stream,
                                                   uint16_t sequence)
{
    return !stream->used && sequence < 64 ? 1ull << 16 | sequence : 0;
}

static inline enum tl_srtp_place tl_srtp_stream_check(const struct tl_srtp_stream *stream,
                                                      uint64_t index)
{
    if (!stream->used || index > stream->highest)
        return TL_SRTP_NEW;
    uint64_t back = stream->highest - index;
    if (back >= TL_SRTP_WINDOW)
        return TL_SRTP_OLD;
    return stream->window[back >> 6] >> (back & 63) & 1 ? TL_SRTP_REPLAY : TL_SRTP_NEW;
}

/// Remembers an index that tl_srtp_stream_check called new and that authenticated (or leaves).
static inline void tl_srtp_stream_take(struct tl_srtp_stream *stream, uint64_t index)
{
    if (stream->used && index <= stream->highest) {
        uint64_t back = stream->highest - index;
        if (back < TL_SRTP_WINDOW)
            stream->window[back >> 6] |= 1ull << (back & 63);
        return;
    }
    uint64_t ahead = stream->used ? index - stream->highest : TL_SRTP_WINDOW;
    if (ahead >= TL_SRTP_WINDOW) {
        stream->window[0] = stream->window[1] = 0;
    } else if (ahead >= 64) {
        stream->window[1] = stream->window[0] << (ahead - 64);
        stream->window[0] = 0;
    } else {
        stream->window[1] = stream->window[1] << ahead | stream->window[0] >> (64 - ahead);
        stream->window[0] <<= ahead;
    }
    stream->window[0] |= 1;
    stream->highest = index;
    stream->used = 1;
}

#endif
