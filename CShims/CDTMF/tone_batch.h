// SPDX-License-Identifier: Apache-2.0
// What a batch of payloads needs of the digits that are being followed.

#ifndef TL_TONE_BATCH_H
#define TL_TONE_BATCH_H

#include "spectrum.h"

#define SEGMENT_NS 10000000ull

/// A payload's audio while it is worked.
struct tone_work {
    struct tl_tone_job *job;
    struct tl_tone_changes *changes;
    uint32_t place; // of the job
};

/// Takes the job's next segment in, whose first sample was at segment_ns. 1: it is, or may be, of a
/// digit.
TL_DTMF_CODE int tone_segment(const struct tone_work *work, const int16_t *samples,
                              const struct spectrum *spectrum, uint64_t segment_ns);

/// Segments that did not arrive.
TL_DTMF_CODE void tone_lost(const struct tone_work *work, uint32_t segments);

#endif
