// SPDX-License-Identifier: Apache-2.0
// A fast path without packets, for the contract's tests.

#ifndef PEER_WORKER_H
#define PEER_WORKER_H

#include "CFlowABI.h"

struct peer {
    struct tl_map own;
    struct tl_map control;
    struct tl_layout layout;         // of our file
    struct tl_layout control_layout; // of the control plane's
    uint64_t reset_for;
    int faulted;
    int hold;               // take no command
    uint32_t version;       // to write into the header, UINT32_MAX = ours
    uint32_t event_bytes;   // likewise, 0 = ours
    int32_t refuse;         // status for every add, 0 = none
    const char *stop_point; // die there, the stop_count-th time
    unsigned stop_count;
};

// Where the process may be told to die, as kill -9 would have it.
void peer_point(struct peer *peer, const char *name);

// Takes the commands of one channel as far as there is room for their answers.
void peer_channel(struct peer *peer, uint32_t channel);

// Forgets all flows and cursors; the records stay.
void peer_reset(struct peer *peer);

// Puts one notification for each live flow into the event rings, as far as there is room.
unsigned peer_notify(struct peer *peer, uint32_t kind);

// The check of a reader of version six.
int32_t tl_file_check_v6(const struct tl_file_header *header, uint64_t file_size_bytes,
                         uint64_t magic, struct tl_layout *layout);

#endif
