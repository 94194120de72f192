// SPDX-License-Identifier: Apache-2.0
// The ICE-lite agent of a flow (RFC 8445): its credentials, the paths that authenticated checks
// came by, and which of them media takes.
//
//  * Before a nomination media goes by the checked path of the highest priority, else to the first
//    source whose SRTP authenticated (early latch), else where the specification says; it is taken
//    from all of these paths. After a nomination it goes by, and comes from, the nominated one.
//  * A peer that nominates regularly checks without USE-CANDIDATE first: its last nomination
//    counts. One all of whose checks carry it (aggressive) means the nominated path of the highest
//    priority, and of equal ones the later (a NAT that gave a party another port).
//  * A path counts when the remote user fragment of its checks is that of signalling, or signalling
//    has said none. Others are remembered: they are another branch's of a fork.
//  * Another local user fragment is a restart: under the former one checks are answered, and what
//    was nominated stays, until a path is nominated under the present one.
//
// What is selected becomes the flow's source as a learned one would (tl_flow_learn); so it stands
// in the record, and a flow that is taken up goes on by it.

#ifndef TL_ICE_H
#define TL_ICE_H

#include "tl_base.h"
#include "tl_hmac.h"

#include "CFlowABI.h"

struct tl_worker;

#define TL_ICE_NO_PATH 0xffu
/// A path that was not checked for so long gives way to another, and its nomination is no more
/// (consent expires after 30 s: RFC 7675 section 5.1).
#define TL_ICE_STALE_NS (30 * TL_NANOSECONDS)
/// Authenticated checks that a flow may get: 50 a second, and 100 at once. A full agent sends 20 a
/// second while it checks (RFC 8445 section 14.2) and one in 5 s for consent.
#define TL_ICE_CHECK_NS (TL_NANOSECONDS / 50)
#define TL_ICE_BURST_NS (2 * TL_NANOSECONDS)

#define TL_PATH_CHECKED   (1u << 0) // by an authenticated check
#define TL_PATH_LATCHED   (1u << 1) // by SRTP that authenticated
#define TL_PATH_NOMINATED (1u << 2)
#define TL_PATH_REGULAR   (1u << 3) // was checked without USE-CANDIDATE, too

struct tl_ice_path {
    uint8_t address[16];
    uint64_t checked_ns;  // last heard of
    uint64_t remote_hash; // of its checks' remote user fragment; 0 = none
    uint32_t priority;    // as the last check said
    uint32_t hop;         // kept while the path is known, so that its checks can be answered
    uint32_t epoch;       // of the credentials that it was last checked under
    uint16_t port;
    uint8_t flags;        // TL_PATH_*
    uint8_t reserved;
};

struct tl_ice_credentials {
    struct tl_hmac_key key;
    uint64_t remote_hash; // as signalled; 0 = not known yet
    uint8_t ufrag_bytes;  // 0 = no such credentials
    uint8_t reserved[7];
    uint8_t ufrag[TL_ICE_UFRAG_BYTES_MAX]; // ours
};

struct tl_ice {
    struct tl_ice_credentials present;
    struct tl_ice_credentials former; // during a restart
    uint64_t checks_until_ns;         // time up to which the budget is used
    uint64_t others_until_ns;         // likewise of checks that are another branch's of a fork
    uint64_t seed;                    // of the hashes
    uint32_t epoch;                   // grows with each restart
    uint32_t next_free;
    uint8_t path_count;
    uint8_t selected;  // path, or TL_ICE_NO_PATH
    uint8_t nominated; // media is bound to the selected path
    uint8_t reserved[5];
    struct tl_ice_path paths[TL_ICE_PATHS_MAX];
};

/// An authenticated check, as far as paths are concerned.
struct tl_ice_check {
    uint8_t address[16]; // its source
    uint16_t port;
    uint8_t is_former; // it came under the former credentials
    uint8_t nominates; // USE-CANDIDATE
    uint32_t priority;
    uint64_t remote_hash;
};

/// The agent of a flow, or NULL.
TL_PACKET_CODE struct tl_ice *tl_ice_of(const struct tl_worker *worker, uint32_t slot);

/// Gives a live flow its credentials. TL_STATUS_OK, TL_STATUS_BAD_ICE, TL_STATUS_NO_CONTEXT.
TL_PACKET_CODE int32_t tl_ice_program(struct tl_worker *worker, uint32_t slot,
                                      const struct tl_flow_ice *wanted);

/// Gives the agent of a flow back, if it has one. Its source stays as it is.
TL_PACKET_CODE void tl_ice_drop(struct tl_worker *worker, uint32_t slot);

/// The selected path of a record that was taken up is the new agent's, as nominated.
TL_PACKET_CODE void tl_ice_take_up(struct tl_worker *worker, uint32_t slot);

/// Signalling names another remote user fragment, or (`another` zero) one for the first time: media
/// takes a path of it, or goes where the specification says.
TL_PACKET_CODE void tl_ice_remote_changed(struct tl_worker *worker, uint32_t slot, int another);

/// Finds the credentials that a USERNAME (local fragment, colon, remote fragment) names, or NULL.
/// `*is_former` and `*remote_hash` as in tl_ice_check.
TL_PACKET_CODE const struct tl_ice_credentials *
tl_ice_credentials_find(const struct tl_ice *ice, const uint8_t *username, uint32_t bytes,
                        uint8_t *is_former, uint64_t *remote_hash);

/// 1 when the budget has room for one more authenticated check, which is taken from it. Checks that
/// are known to be another branch's of a fork have a budget of their own (`is_other`): what those
/// send is not taken from the party that has the call.
TL_PACKET_CODE int tl_ice_afford(struct tl_ice *ice, int is_other, uint64_t now_ns);

/// The path that a check came by, made if need be (without any TL_PATH_*), so that it has a next
/// hop. Whose check it is says which paths make room for it. TL_ICE_NO_PATH: no room for it, or no
/// way to it.
TL_PACKET_CODE uint32_t tl_ice_path_take(struct tl_worker *worker, uint32_t slot,
                                         const struct tl_ice_check *check);

/// What a check that is answered with success means for its path, and for where media goes.
TL_PACKET_CODE void tl_ice_checked(struct tl_worker *worker, uint32_t slot, uint32_t path,
                                   const struct tl_ice_check *check);

/// 1 when media is taken from this source, which is not the flow's accepted one.
TL_PACKET_CODE int tl_ice_accepts(const struct tl_worker *worker, uint32_t slot,
                                  const uint8_t address[16], uint16_t port);

/// 1 when a source whose SRTP authenticates may be latched: TL_FLOW_EARLY_LATCH, nothing nominated,
/// nobody latched yet.
TL_PACKET_CODE int tl_ice_may_latch(const struct tl_worker *worker, uint32_t slot);

/// Latches the source of SRTP that authenticated. 1: media is taken from it from now on.
TL_PACKET_CODE int tl_ice_latch_source(struct tl_worker *worker, uint32_t slot,
                                       const uint8_t address[16], uint16_t port);

#endif
