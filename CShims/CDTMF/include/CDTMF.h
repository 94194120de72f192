// SPDX-License-Identifier: Apache-2.0
//
// Digits: what a telephone's keys say, in whatever form it travels. No packets and no flows:
// CStages brings payloads here and acts on what comes back.
//
//   tl_tone.h        tones in audio: found (ITU-T Q.23, Q.24) and silenced
//   tl_tone_maker.h  tones made
//   tl_event.h       telephone-events (RFC 4733): taken in, written
//   tl_sender.h      digits that wait for a party, and the packets that they become
//   tl_audio.h       G.711 and G.722 (RFC 3551 sections 4.5.14, 4.5.2)
//
// A digit has an event code (RFC 4733 section 3.2), a start, a duration and a level.

#ifndef TL_CDTMF_H
#define TL_CDTMF_H

#include "tl_audio.h"
#include "tl_digit.h"
#include "tl_event.h"
#include "tl_sender.h"
#include "tl_tone.h"
#include "tl_tone_maker.h"

#endif
