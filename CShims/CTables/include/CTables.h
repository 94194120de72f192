// SPDX-License-Identifier: Apache-2.0
//
// What one fast path worker owns: flows, ports, next hops, counters, rings. No DPDK, no lock, no
// allocation after tl_worker_init, no system call. Everything here belongs to one worker thread
// unless a comment names another writer.
//
// Reading order: tl_flow.h (what a flow is), tl_worker.h (what holds it all), tl_command.h (how it
// changes), tl_channel.h (the rings). The packet stages that use it are in CStages.

#ifndef TL_CTABLES_H
#define TL_CTABLES_H

#include "CFlowABI.h"

#include "tl_base.h"

#include "tl_channel.h"
#include "tl_command.h"
#include "tl_counters.h"
#include "tl_dtmf.h"
#include "tl_flow.h"
#include "tl_hmac.h"
#include "tl_ice.h"
#include "tl_next_hop.h"
#include "tl_program.h"
#include "tl_realm.h"
#include "tl_secure.h"
#include "tl_shared.h"
#include "tl_timer.h"
#include "tl_worker.h"

#endif
