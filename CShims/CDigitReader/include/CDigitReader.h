// SPDX-License-Identifier: Apache-2.0
//
// The fast path's detectors of tones and telephone-events, for recordings and captures: what Swift
// calls. A reader is one stream of audio or of events.

#ifndef CDIGITREADER_H
#define CDIGITREADER_H

#include <stdint.h>

struct tl_digit_reader;

/// A digit that is over.
struct tl_digit_found {
    uint8_t event;   // 0-9, * (10), # (11), A-D (12-15), flash (16)
    uint8_t volume;  // -dBm0; of a tone, of the stronger of its two
    int8_t twist;    // of a tone: dB of the high one over the low one
    uint8_t reserved;
    uint32_t duration_ms;
    uint64_t started_ns;
};

#define TL_DIGITS_FOUND_MAX 32u // at most so many come of one call

/// NULL when there is no memory.
struct tl_digit_reader *tl_digit_reader_make(void);
void tl_digit_reader_free(struct tl_digit_reader *reader);

/// Takes a payload of a codec (1 PCMU, 2 PCMA, 3 G722) whose last sample was at now_ns. `missing`
/// samples are not there before it. Fills `found` and returns how many.
uint32_t tl_digit_reader_audio(struct tl_digit_reader *reader, uint8_t codec,
                               const uint8_t *octets, uint32_t length, uint32_t missing,
                               uint64_t now_ns, struct tl_digit_found *found);

/// Takes the payload of a telephone-event packet (RFC 4733).
uint32_t tl_digit_reader_event(struct tl_digit_reader *reader, const uint8_t *payload,
                               uint32_t length, uint32_t ssrc, uint32_t timestamp,
                               uint32_t clock_hz, uint64_t now_ns, struct tl_digit_found *found);

/// Nothing more comes.
uint32_t tl_digit_reader_end(struct tl_digit_reader *reader,
                             struct tl_digit_found *found);

/// Mu-law of a sample of 16 bits.
uint8_t tl_digit_reader_pcmu(int16_t sample);

/// The sample of 16 bits of an octet of G.711 (1 PCMU, 2 PCMA).
int16_t tl_digit_reader_sample(uint8_t codec, uint8_t octet);

#endif
