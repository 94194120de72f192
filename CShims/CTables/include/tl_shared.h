// SPDX-License-Identifier: Apache-2.0
// Flows that share a local port (CFlowABI.h, SHARED PORTS): one table a worker, which finds a flow
// by local port and source, or by local port and our user fragment.
//
// What stands in it of a flow follows from the flow alone: its signalled remote party, the paths of
// its agent, its present and former user fragment. So nobody keeps the two in step piece by piece:
// before something of that changes the flow leaves the table, and enters it again afterwards
// (tl_shared_leave, tl_shared_enter). That is rare; what packets do is one look-up.

#ifndef TL_SHARED_H
#define TL_SHARED_H

#include "tl_base.h"

#include "CFlowABI.h"

struct tl_worker;
struct tl_port_entry;

/// As slot of a place in the port table: flows share the port. Its `peer` counts them.
#define TL_SHARED_PORT 0xfffffffeu

/// Places that a flow may need: a signalled party with RTP and RTCP, all paths, two user fragments.
#define TL_SHARED_NAMES_MAX (2u + TL_ICE_PATHS_MAX + 2u)
/// Places for each flow, a power of two: the table is never more than three quarters full.
#define TL_SHARED_PLACES 16u

_Static_assert(TL_SHARED_NAMES_MAX <= TL_SHARED_PLACES * 3 / 4, "room for all names of all flows");

#define TL_NAME_NONE   0u // the place is empty
#define TL_NAME_SOURCE 1u // address and port of a source
#define TL_NAME_UFRAG  2u // one of our user fragments: two hashes in place of an address

/// What names a flow on a shared port.
struct tl_name {
    uint8_t address[16];
    uint32_t place; // of the local port (tl_worker_port), times two; plus one for a source at the
                    // RTCP port
    uint16_t port;
    uint8_t kind; // TL_NAME_*
    uint8_t reserved;
};

struct tl_shared_entry {
    struct tl_name name;
    uint32_t slot; // of the flow; the highest bit: TL_NAME_IS_WEAK
    uint32_t peer; // slot of its peer flow, or TL_NO_FLOW
};

/// A default candidate, as long as nothing is checked: gives way to a path of another flow.
#define TL_NAME_IS_WEAK 0x80000000u

_Static_assert(sizeof(struct tl_name) == 24, "compared as three words");
_Static_assert(sizeof(struct tl_shared_entry) == 32, "two of them a line");

/// Open addressing with linear probing. A name that goes is closed up at once.
struct tl_shared {
    struct tl_shared_entry *entries;
    uint32_t mask;  // places less one; 0: no flow can share a port
    uint32_t used;  // places
    uint32_t flows; // on shared ports
    uint32_t limit; // of those
    uint64_t seed;  // of the hashes: nobody outside knows where a name stands
};

/// Bytes of the table for so many flows; 0 for none.
uint64_t tl_shared_size(uint32_t flows);

/// Makes the table in zeroed memory of tl_shared_size.
void tl_shared_init(struct tl_shared *shared, void *memory, uint32_t flows, uint64_t seed);

/// Which flow a source at a shared port belongs to; `place` as in tl_name. TL_NO_FLOW in `slot`:
/// to none.
TL_PACKET_CODE struct tl_port_entry tl_shared_by_source(const struct tl_worker *worker,
                                                        uint32_t place,
                                                        const uint8_t address[16], uint16_t port);

/// Likewise by the user fragment that a binding request is for, at either port.
TL_PACKET_CODE struct tl_port_entry tl_shared_by_ufrag(const struct tl_worker *worker,
                                                       uint32_t place, const uint8_t *ufrag,
                                                       uint32_t bytes);

/// 1 when an agent may take a path from this source: no other flow of its port has it.
TL_PACKET_CODE int tl_shared_source_is_free(const struct tl_worker *worker, uint32_t slot,
                                            const uint8_t address[16], uint16_t port);

/// TL_STATUS_OK, or why a flow at `slot` cannot have this specification on a shared port.
TL_PACKET_CODE int32_t tl_shared_check(const struct tl_worker *worker, uint32_t slot,
                                       const struct tl_flow_spec *spec);

/// A flow comes to a shared port, or goes for good. Of others nothing happens.
TL_PACKET_CODE void tl_shared_join(struct tl_worker *worker, uint32_t slot);
TL_PACKET_CODE void tl_shared_part(struct tl_worker *worker, uint32_t slot);

/// Takes all names of a flow out of the table, or puts them there as they are now. Of a flow that
/// shares no port nothing happens.
TL_PACKET_CODE void tl_shared_leave(struct tl_worker *worker, uint32_t slot);
TL_PACKET_CODE void tl_shared_enter(struct tl_worker *worker, uint32_t slot);

#endif
