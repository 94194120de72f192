// SPDX-License-Identifier: Apache-2.0
// What waits while its burst is looked at, to be worked together: packets to open, audio to look
// for tones in, packets to seal (secure.h, dtmf.h). In that order: one may wait for all three.
// Internal to CStages.

#ifndef TL_PARKED_H
#define TL_PARKED_H

#include "stage.h"

enum { PARKED_BEHIND = 2 };

/// One packet that waits to be opened.
struct parked_in {
    struct tl_packet *packet;
    struct tl_secure *secure; // of the flow that it came to; NULL: it has no keys
    struct passage passage;
};

/// One whose audio waits to be looked at. Its place in the stream that leaves it has already.
struct parked_audio {
    struct tl_packet *packet;
    struct passage passage;
    int leaves; // 0: whatever becomes of its audio, it was dropped or consumed
};

/// One that waits to be sealed. What else is to know of it stands in its view.
struct parked_out {
    struct tl_packet *packet;
    struct tl_secure *secure; // of the flow that it leaves by; NULL: it has no keys
    uint32_t slot;            // of that flow
    uint64_t index;           // that it leaves with
};

/// All that wait, of one burst. Where a secure flow has its context stands in a table, asked for
/// when its packet comes and read when PARKED_BEHIND more have come: to read it at once would be to
/// wait.
struct parked {
    uint32_t in_count;
    uint32_t audio_count;
    uint32_t out_count;
    struct parked_in in[TL_BURST_MAX];
    struct parked_audio audio[TL_BURST_MAX];
    struct parked_out out[TL_BURST_MAX];
};

#endif
