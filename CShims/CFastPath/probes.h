// SPDX-License-Identifier: Apache-2.0
// The probes of all lanes, as housekeeping sees them. Each call does nothing without --probe.

#ifndef TL_PROBES_H
#define TL_PROBES_H

#include "node.h"

// Gives each lane its probe. Before the lanes run. 0, or the exit code with a sentence.
int tl_probes_make(struct tl_node *node);

// SIGUSR1: all workers shall end their periods.
void tl_probes_ask(struct tl_node *node);

// Writes the file when all have done so.
void tl_probes_turn(struct tl_node *node);

// After the lanes have ended: writes what was collected since the last time.
void tl_probes_finish(struct tl_node *node);

#endif
