// SPDX-License-Identifier: Apache-2.0
// ICE-lite on the wire: checks are answered, and say which sources media may come from. What they
// mean for a flow is in CTables (tl_ice.h).

#ifndef TL_ICE_STAGE_H
#define TL_ICE_STAGE_H

#include "wire.h"

/// STUN for a flow that speaks ICE: becomes its answer, is used, or is dropped by name.
TL_PACKET_CODE void tl_ice_stun(struct tl_worker *worker, struct tl_packet *packet);

/// What is no STUN, from another source than the accepted one. 1: it goes on; with TL_PACKET_LEARN
/// when only SRTP that authenticates may (tl_ice_latch).
TL_PACKET_CODE int tl_ice_source(struct tl_worker *worker, struct tl_packet *packet);

/// SRTP with TL_PACKET_LEARN authenticated: its source is latched. 1: the packet goes on, without
/// that flag. 0: another source was faster; it is to be dropped as wrong_source.
TL_PACKET_CODE int tl_ice_latch(struct tl_worker *worker, struct tl_packet *packet);

#endif
