// SPDX-License-Identifier: Apache-2.0
// The decoders as plain C: what others are compared with, octet by octet.

#ifndef TL_AUDIO_PRIVATE_H
#define TL_AUDIO_PRIVATE_H

#include "tl_audio.h"

TL_DTMF_CODE void tl_audio_decode_pcmu_portable(const uint8_t *octets, int16_t *samples,
                                                uint32_t count);
TL_DTMF_CODE void tl_audio_decode_pcma_portable(const uint8_t *octets, int16_t *samples,
                                                uint32_t count);

#endif
