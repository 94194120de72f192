// SPDX-License-Identifier: Apache-2.0
// What all forms of a digit have in common.

#ifndef TL_DIGIT_H
#define TL_DIGIT_H

#include <stdint.h>

/// Stands before every function that runs for packets (CTables says the same).
#define TL_DTMF_CODE __attribute__((nonblocking))

#define TL_DTMF_RATE_HZ 8000u // samples a second of every codec here
#define TL_DIGIT_MS_NS 1000000ull

/// What became of a digit.
enum {
    TL_DIGIT_BEGAN, // it is certain; `started` stands, duration and level so far
    TL_DIGIT_ENDED, // with its duration and level; it had begun
};

struct tl_digit_change {
    uint8_t kind;        // TL_DIGIT_BEGAN, TL_DIGIT_ENDED
    uint8_t event;       // 0...16
    uint8_t volume;      // -dBm0
    int8_t twist;        // of a tone: dB of its high frequency over its low one; of an event 0
    uint32_t duration_ms;
    uint64_t started_ns; // CLOCK_MONOTONIC
};

#endif
