// SPDX-License-Identifier: Apache-2.0
// Puts a leg's headers before a UDP payload. Internal to CStages.

#ifndef TL_FRAME_H
#define TL_FRAME_H

#include "CStages.h"

/// Writes Ethernet to UDP headers so that they end where the packet's payload begins, and moves
/// `data` and `length` accordingly. `hop_word` gives the destination link address.
typedef void (*tl_frame_builder)(struct tl_packet *packet, const struct tl_flow_headers *headers,
                                 uint64_t hop_word) TL_PACKET_CODE;

/// By TL_VARIANT_* bits; all but TL_VARIANT_NOWHERE.
extern const tl_frame_builder tl_frame_builders[8];

/// Where a packet that the box makes goes.
struct tl_frame_way {
    const struct tl_flow_headers *headers;
    uint64_t hop_word;
    uint16_t local_port;
    uint16_t remote_port;
    uint8_t variant;
    uint8_t target;
    uint8_t template_bytes;
    uint8_t reserved;
};

/// Turns an empty view into a packet of this flow's leg, whose payload the caller then writes at
/// the returned place. tl_frame_finish completes it.
TL_PACKET_CODE uint8_t *tl_frame_begin(struct tl_packet *packet, uint32_t template_bytes,
                                       uint8_t origin);

/// Completes a packet that the box made: headers, ports, edge.
TL_PACKET_CODE void tl_frame_finish(struct tl_packet *packet, const struct tl_frame_way *way,
                                    uint32_t payload_bytes);

#endif
