// SPDX-License-Identifier: Apache-2.0
// Parties that speak SRTP: what party B sends is sealed on the way out, what arrives there is
// opened before it is checked as any other frame. The only part of the generator that is the
// product's own (CSRTP): a peer of other makers that opens what it seals vouches for it.
//
// A sealed frame that does not open stays as it came. It is a stranger then, and its packet lost.

#ifndef TL_SECURE_H
#define TL_SECURE_H

#include "frame.h"

#include <CSRTP.h>

enum { TL_SECURE_BURST = 32 };

/// Party B of one call.
struct tl_secure_party {
    struct tl_srtp_keys seal, open;
    struct tl_srtp_stream heard;
    uint32_t source_be; // of what arrives: the relay, towards B
    uint16_t source_port_be;
    uint16_t port_be; // B's own
    uint32_t address_be;
};

struct tl_secure {
    struct tl_srtp_engine *engine;
    struct tl_secure_party *parties; // by call; NULL: all calls are plain
    uint32_t *calls; // open hash table by B's address and port: call + 1, 0 = free
    uint32_t mask;   // of its size
    struct tl_frame prepared;
};

/// Bytes that tl_secure_init takes from rte_malloc for the calls of a plan.
uint64_t tl_secure_bytes(const struct tl_plan *plan);

/// Expands the keys of a plan, if it has any; all of its calls must have them then. `prepared` is a
/// frame as it leaves. 0, or -1 with a sentence.
int tl_secure_init(struct tl_secure *secure, const struct tl_plan *plan,
                   const struct tl_frame *prepared);

/// Makes a whole frame that tl_frame_patch has something to patch in: what was sealed is gone.
static inline void tl_secure_renew(const struct tl_secure *secure, struct tl_frame *frame)
{
    *frame = secure->prepared;
}

/// Seals those of `count` (at most TL_SECURE_BURST) patched frames that a party B sends; `lengths`
/// are their lengths then.
void tl_secure_seal(struct tl_secure *secure, const struct tl_stream *streams,
                    struct tl_frame **frames, uint16_t *lengths, uint32_t count);

/// Opens those of `count` frames that came to a party B; they are then as if they had come plain.
void tl_secure_open(struct tl_secure *secure, struct tl_frame **frames, uint16_t *lengths,
                    uint32_t count);

#endif
