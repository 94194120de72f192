// SPDX-License-Identifier: Apache-2.0
// The control plane's file: finding it, mapping it, and the handshake of CFlowABI.h that both
// processes run when either restarts. Housekeeping only.
//
//   DETACHED   no file, or not a good one; looked for in every turn
//   LETTING_GO the lanes were told to let go of the rings; waiting for all of them
//   WAITING    our ring ends are reset for the peer's incarnation; waiting for its match
//   ATTACHED   the lanes use the rings
//
//   DETACHED -> LETTING_GO -> WAITING -> ATTACHED, and from each of the last two back to LETTING_GO
//   when the peer has another incarnation or another file. A fault (a cursor that lies) leads to
//   DETACHED by way of LETTING_GO, until the peer has another incarnation.

#ifndef TL_LINK_H
#define TL_LINK_H

#include "lane.h"

enum tl_link_state { TL_LINK_DETACHED, TL_LINK_LETTING_GO, TL_LINK_WAITING, TL_LINK_ATTACHED };

struct tl_linker {
    char path[PATH_MAX];
    const struct tl_map *own;
    const struct tl_layout *own_layout;
    struct tl_lane *const *lanes;
    uint32_t lane_count;
    enum tl_link_state state;
    struct tl_link link; // mapped when not DETACHED
    uint64_t incarnation;        // of the peer, for which our ring ends were reset
    uint64_t faulty_incarnation; // of a peer whose cursors lied; 0 = none
    uint8_t drop_map;            // LETTING_GO: the file was replaced or is of no use: unmap
    int32_t said;                // the last TL_FILE_* that was said, so that it is said once
};

void tl_linker_init(struct tl_linker *linker, const char *directory, const struct tl_map *own,
                    const struct tl_layout *own_layout, struct tl_lane *const *lanes,
                    uint32_t lane_count);

// One step. Call it in every turn of housekeeping.
void tl_linker_turn(struct tl_linker *linker);

// After the lanes have ended.
void tl_linker_close(struct tl_linker *linker);

#endif
