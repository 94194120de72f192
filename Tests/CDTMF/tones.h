// SPDX-License-Identifier: Apache-2.0
// Tones over the whole tolerance mask (ITU-T Q.24, Bellcore TR-TSY-000763), made here and not by
// the product: 16-bit samples at 8 kHz.

#ifndef TONES_H
#define TONES_H

#include <stdint.h>

#define TONES_SAMPLES_MAX 120000u

/// A train of equal digits, with half a second of its other things before and behind.
struct tones {
    double level;        // dBm0 of the stronger tone
    double twist;        // dB of the high tone over the low one
    double row_off;      // per cent off the nominal frequency
    double column_off;
    double on_ms, off_ms;
    double gap_ms;       // within each digit, in its middle; 0: none
    double snr;          // dB of both tones over white noise; 0: no noise
    double dial_tone;    // dBm0 of each of 350 and 440 Hz; 0: none
    double harmonic;     // dB of each tone's second harmonic over it; 0: none
    uint8_t event;
    uint32_t count;
};

#define TONES_USUAL ((struct tones){.level = -10, .on_ms = 50, .off_ms = 50, .count = 10})

/// Returns how many samples; where the first digit begins is random.
uint32_t tones_make(const struct tones *tones, int16_t samples[TONES_SAMPLES_MAX]);

/// A key's tone alone, of a level of each of its frequencies, dBm0, over `count` samples.
void tones_key(uint8_t event, double level, int16_t *samples, uint32_t count);

/// Names of events: 0123456789*#ABCD.
extern const char tone_names[17];

#endif
