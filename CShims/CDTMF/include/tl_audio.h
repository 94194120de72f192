// SPDX-License-Identifier: Apache-2.0
// G.711 (ITU-T G.711) and the lower band of G.722 (ITU-T G.722): 8,000 octets a second each, an
// octet is a sample of 0 to 4 kHz, where all of DTMF is. Of G.722 the upper band is left alone, or
// written as silence.

#ifndef TL_AUDIO_H
#define TL_AUDIO_H

#include "tl_digit.h"

/// State of G.722's lower-band ADPCM, of a decoder or an encoder.
struct tl_g722_low {
    int16_t signal;          // signal estimate
    int16_t pole_part;
    int16_t zero_part;
    int16_t log_scale;       // of the quantizer
    int16_t scale;
    int16_t poles[2];        // predictor coefficients
    int16_t zeros[6];
    int16_t differences[6];  // quantized difference signals, newest first
    int16_t partials[2];     // partially reconstructed signals
    int16_t reconstructed[2];
};

/// Full scale of samples here: those of mu-law, 14 bits. A sinusoid of 0 dBm0 has the amplitude
/// TL_AUDIO_0_DBM0 (ITU-T G.711 section 5: 3.17 dB below the largest of mu-law).
#define TL_AUDIO_MAX 8159
#define TL_AUDIO_0_DBM0 5664.0f

TL_DTMF_CODE void tl_audio_decode_pcmu(const uint8_t *octets, int16_t *samples, uint32_t count);
TL_DTMF_CODE void tl_audio_decode_pcma(const uint8_t *octets, int16_t *samples, uint32_t count);
TL_DTMF_CODE uint8_t tl_audio_encode_pcmu(int32_t sample);
TL_DTMF_CODE uint8_t tl_audio_encode_pcma(int32_t sample);
TL_DTMF_CODE void tl_g722_reset(struct tl_g722_low *low);
TL_DTMF_CODE void tl_g722_decode(struct tl_g722_low *low, const uint8_t *octets, int16_t *samples,
                                 uint32_t count);
TL_DTMF_CODE uint8_t tl_g722_encode(struct tl_g722_low *low, int32_t sample);

/// Octets that are silence in a codec (TL_CODEC_*).
TL_DTMF_CODE void tl_audio_silence(uint8_t codec, uint8_t *octets, uint32_t count);

#endif
