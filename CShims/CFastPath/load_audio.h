// SPDX-License-Identifier: Apache-2.0
// Audio as callers make it, for measurements of the detector of tones: no part of the path of
// packets, and without DPDK, so that a detector that stands beside it hears the same.

#ifndef TL_LOAD_AUDIO_H
#define TL_LOAD_AUDIO_H

#include <stdint.h>

#define TL_LOAD_AUDIO_SAMPLES   160u  // 20 ms
#define TL_LOAD_AUDIO_PACKETS   1000u // 20 s, over and over
#define TL_LOAD_AUDIO_KEY_EVERY 100u  // packets; a key's tone at their beginning

/// Twenty seconds in PCMU: noise whose loudness changes as a voice's does, and between, for a
/// twentieth of the time, keys. The same at each call.
void tl_load_audio_make(uint8_t audio[TL_LOAD_AUDIO_PACKETS][TL_LOAD_AUDIO_SAMPLES]);

/// The packet that a flow sends in a round: each flow is somewhere else.
static inline uint32_t tl_load_audio_place(uint32_t flow, uint32_t round)
{
    return (flow * 37 + round) % TL_LOAD_AUDIO_PACKETS;
}

#endif
