// SPDX-License-Identifier: Apache-2.0
#include "junk.h"

#include <string.h>

enum {
    PORTS = 65536,
    DISCARD_PORT = 9,
    MALFORMED_BYTES = TL_FRAME_TAG + sizeof(struct tl_tag),
    FIFTEEN_SOURCES = TL_FRAME_RTP_VERSION | 15, // 60 bytes of CSRC, of which 24 are there
    ZRTP_FIRST = 0x10,
};

// The ports after the lowest that a call uses, so that they are in the media range where it has
// holes, and just behind it where it has none.
static void find_unused(struct tl_junk *junk)
{
    static uint8_t used[PORTS];
    uint32_t lowest = PORTS - 1;
    memset(used, 0, sizeof(used));
    for (uint32_t i = 0; i < junk->stream_count; i++) {
        uint16_t port = ntohs(junk->streams[i].destination_port_be);
        if (junk->streams[i].destination_be != junk->streams[0].destination_be)
            continue;
        used[port] = 1;
        used[port ^ 1] = 1; // RTCP
        lowest = port < lowest ? port : lowest;
    }
    for (uint32_t i = 1; i < PORTS && junk->unused_count < TL_JUNK_PORTS; i++) {
        uint32_t port = (lowest + i) % PORTS;
        if (port != 0 && !used[port])
            junk->unused_be[junk->unused_count++] = htons((uint16_t)port);
    }
}

void tl_junk_init(struct tl_junk *junk, const struct tl_stream *streams, uint32_t stream_count,
                  const uint8_t to[6], const uint8_t from[6], uint32_t magic)
{
    *junk = (struct tl_junk){.streams = streams, .stream_count = stream_count,
                             .kinds = TL_JUNK_KINDS};
    tl_frame_prepare(&junk->prepared, to, from, ~magic);
    find_unused(junk);
}

uint16_t tl_junk_make(struct tl_junk *junk, struct tl_frame *frame)
{
    enum tl_junk_kind kind = (enum tl_junk_kind)(junk->made % junk->kinds);
    uint64_t turn = junk->made / junk->kinds;
    const struct tl_stream *stream = &junk->streams[turn % junk->stream_count];
    uint16_t length = TL_FRAME_BYTES;
    junk->made++;
    *frame = junk->prepared;
    tl_frame_patch(frame, stream, turn, 0, 0);
    if (kind == TL_JUNK_UNUSED_PORT && junk->unused_count > 0) {
        frame->destination_be = junk->streams[0].destination_be;
        frame->destination_port_be = junk->unused_be[turn % junk->unused_count];
    } else if (kind == TL_JUNK_STRANGER) {
        frame->source_port_be = htons(DISCARD_PORT);
    } else if (kind == TL_JUNK_MALFORMED) {
        length = MALFORMED_BYTES;
        frame->rtp_version = FIFTEEN_SOURCES;
        frame->length_be = htons((uint16_t)(length - TL_FRAME_IP));
        frame->udp_length_be = htons((uint16_t)(length - TL_FRAME_UDP));
    } else {
        frame->rtp_version = ZRTP_FIRST;
    }
    frame->header_sum = 0;
    const uint8_t *header = (const uint8_t *)frame + TL_FRAME_IP;
    frame->header_sum = (uint16_t)~tl_sum_fold(tl_sum_bytes(header, TL_FRAME_UDP - TL_FRAME_IP));
    frame->udp_sum = tl_frame_udp_sum(frame, (uint16_t)(length - TL_FRAME_UDP));
    return length;
}
