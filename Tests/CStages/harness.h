// SPDX-License-Identifier: Apache-2.0
// A world of one or two workers with three realms, driven by a clock that only moves when a test
// says so.

#ifndef HARNESS_H
#define HARNESS_H

#include "../checks/checks.h"
#include "CStages.h"

enum { WORKERS = 2, FLOWS = 64, SECURE_FLOWS = 4, ICE_FLOWS = 4, SHARED_FLOWS = 16 };
enum { DTMF_FLOWS = 32, BURST = 8, ROOM = 4096 };

// Realm 0: interface 0, untagged, 198.18.1.1 and 2001:db8:1::1.
// Realm 1: interface 1, VLAN 100, 198.18.2.1 and 2001:db8:2::1.
// Realm 2: interface 2, untagged, with a twin and next hops to resolve, 198.18.3.1.
enum { ADDRESS_1, ADDRESS_1_V6, ADDRESS_2, ADDRESS_2_V6, ADDRESS_3, ADDRESS_COUNT };
extern const char *const address_text[ADDRESS_COUNT];

struct world {
    uint32_t worker_count;
    uint64_t now_ns;
    struct tl_worker *worker; // the first
    struct tl_worker *workers[WORKERS];
    struct tl_srtp_engine *srtp[WORKERS];
    struct tl_realm realms[3];
    struct tl_address addresses[ADDRESS_COUNT];
    struct tl_flow_record records[WORKERS * FLOWS];
    struct tl_srtp_record srtp_records[WORKERS * FLOWS];
    struct tl_drop_record drop_records[WORKERS * FLOWS + WORKERS]; // as in the file
    struct tl_worker_page pages[WORKERS];
    // One burst.
    struct tl_packet packets[BURST];
    uint32_t count;
    uint8_t buffers[BURST][ROOM];
};

/// One worker, or two of them.
struct world *world_make(uint32_t workers);
void world_free(struct world *world);
/// Kills the workers and makes new ones on the same records and pages.
void world_restart(struct world *world);

/// "198.18.1.2" or "2001:db8::2" as 16 bytes.
void parse_address(const char *text, uint8_t address[16]);

/// A specification that is accepted: PCMU, send and receive, remote at text and port.
struct tl_flow_spec spec_make(uint32_t address_index, uint16_t local_port, const char *remote,
                              uint16_t remote_port);
/// Applies a command and returns its status.
int32_t command(struct world *world, uint32_t operation, uint32_t index, uint32_t generation,
                const struct tl_flow_spec *spec);
/// Two flows that are each other's peer, indexes 0 and 1, generation 7:
/// a: ADDRESS_1 port 20000, remote 198.18.1.2:30000.  b: `address` port 20002, remote `remote`.
void call_make(struct world *world, uint32_t address, const char *remote, uint32_t flags);

/// Starts an empty burst, runs it, and lets everything that was to be sent be sent.
void burst_begin(struct world *world);
struct tl_packet *burst_add(struct world *world); // zeroed view with room
void burst_run(struct world *world);
/// Reason of the only packet of a burst; TL_DROP_REASON_COUNT when it was not dropped.
uint32_t burst_reason(const struct world *world);

uint64_t drops(const struct world *world, uint32_t reason);
/// Checks the accounting identity in the published page.
void check_identity(struct world *world);

#endif
