// SPDX-License-Identifier: Apache-2.0
// Digits on their way through the stages (tl_dtmf.h). What leads here is a payload type: no flow
// without digits pays for them.
//
//   dtmf_receive.c  telephone-events are taken in, audio is parked
//   dtmf_tones.c    tones are looked for in the audio of a burst
//   dtmf_send.c     digits for a party become packets of its leg's stream
//
// Internal to CStages.

#ifndef TL_DTMF_STAGE_H
#define TL_DTMF_STAGE_H

#include "parked.h"

/// A packet of a flow with a context. `known`: its payload type was negotiated, and leaves as
/// passage->payload_type says. 1: nothing about it concerns digits, it goes on; else its way ends
/// here, for now or for good.
TL_PACKET_CODE int tl_dtmf_receive(struct tl_worker *worker, struct tl_packet *packet,
                                   struct passage *passage, int known);

/// A packet of audio in which tones are looked for, with a payload type that was negotiated: it is
/// received, and parked. Always 0.
TL_PACKET_CODE int tl_dtmf_receive_audio(struct tl_worker *worker, struct tl_packet *packet,
                                         struct passage *passage);

/// One that was received: it gets its place in the stream that leaves, and is parked.
TL_PACKET_CODE void tl_dtmf_park(struct tl_worker *worker, struct tl_packet *packet,
                                 const struct passage *passage);

/// Looks at what was parked for it; what leaves then goes on.
TL_PACKET_CODE void tl_dtmf_look(struct tl_worker *worker, struct parked *parked);

/// How many of the flow's packets behind this place, which came late, were consumed: by so many it
/// stands further ahead in the stream that leaves.
TL_PACKET_CODE uint32_t tl_dtmf_taken_behind(const struct tl_dtmf *dtmf, uint32_t stream,
                                             uint32_t place);

/// What the flow's context waited for has come. 1: the view became a packet.
TL_PACKET_CODE uint32_t tl_dtmf_tick(struct tl_worker *worker, uint32_t slot,
                                     struct tl_packet *packet);

#endif
