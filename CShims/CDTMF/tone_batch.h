// SPDX-License-Identifier: Apache-2.0
// What a batch of payloads needs of the digits that are being followed.

#ifndef TL_TONE_BATCH_H
#define TL_TONE_BATCH_H

#include "screen.h"

#include <string.h>

#define SEGMENT_NS 10000000ull

/// A payload's audio while it is worked.
struct tone_work {
    struct tl_tone_job *job;
    struct tl_tone_changes *changes;
    uint32_t place; // of the job
};

/// A segment in its block.
struct tone_segment {
    const int16_t *samples;
    const struct spectra *spectra;
    uint32_t lane;
    int is_near; // 1: it may be a hit (screen.h)
    const uint8_t *levels;
};

/// Of a segment's energy the strongest tones, each as if it were alone, explain so much, or the
/// segment is not worth a second look.
#define TONE_NEAR 0.30f

/// Takes the job's next segment in, whose first sample was at segment_ns. 1: it is, or may be, of a
/// digit.
TL_DTMF_CODE int tone_segment(const struct tone_work *work, const struct tone_segment *segment,
                              uint64_t segment_ns);

/// All that a segment that is not near does to a detector to which nothing is suspicious.
static inline void tone_pass(struct tl_tone_detector *detector,
                             const uint8_t levels[SPECTRUM_TONES])
{
    memcpy(detector->before, levels, SPECTRUM_TONES);
    detector->lost = 0;
}

/// Segments that did not arrive.
TL_DTMF_CODE void tone_lost(const struct tone_work *work, uint32_t segments);

#endif
