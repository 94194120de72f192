// SPDX-License-Identifier: Apache-2.0
// SRTP and SRTCP (RFC 3711) for bursts of packets: the suites of RFC 3711, 6188 and 7714 with a
// key derivation rate of zero. Cryptography only: which flow, which roll-over counter and whether
// a packet was seen before is the caller's business, with tl_srtp_stream.h for the last two.
//
// An engine belongs to one thread. Nothing here allocates, locks or calls the system after
// tl_srtp_engine_init, except that key sets of the OpenSSL back end hold OpenSSL's contexts: they
// are allocated by tl_srtp_keys_derive and freed by tl_srtp_keys_wipe.

#ifndef CSRTP_H
#define CSRTP_H

#include "CFlowABI.h"
#include "tl_srtp_stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The same as in tl_base.h of CTables, which this target does not see.
#ifndef TL_PACKET_CODE
#define TL_PACKET_CODE __attribute__((nonblocking))
#endif

/// Bytes that tl_srtp_seal may write behind a packet, and tl_srtcp_seal.
#define TL_SRTP_TRAILER_BYTES  16u
#define TL_SRTCP_TRAILER_BYTES 20u
/// Longest packet, header and trailer included: a counter of AES-CM has 16 bits.
#define TL_SRTP_PACKET_BYTES_MAX 65535u
/// Packet indexes and SRTCP indexes are below these (RFC 3711 section 9.2).
#define TL_SRTP_INDEX_END  (1ull << 48)
#define TL_SRTCP_INDEX_END (1u << 31)
/// Packets that are worked on together.
#define TL_SRTP_BURST 32u

/// What does the work.
enum tl_srtp_backend {
    TL_SRTP_IPSEC_MB, ///< libipsec-mb: the product's
    TL_SRTP_OPENSSL,  ///< OpenSSL's EVP: what the first is measured against
};

/// Expanded keys of one suite; what stands there is the back end's.
struct tl_srtp_expanded {
    _Alignas(64) uint8_t bytes[1024];
};

/// Session keys of one direction. RTP's are expanded, RTCP's are expanded for each packet.
struct tl_srtp_keys {
    _Alignas(64) uint8_t suite; ///< TL_SUITE_*; 0 = no keys
    uint8_t tag_bytes;          ///< that a packet grows by
    uint8_t rtcp_tag_bytes;
    uint8_t mki_bytes; ///< that received packets carry; never sent
    uint8_t key_bytes; ///< 16 or 32
    uint8_t aead;      ///< 1 = GCM, 0 = AES-CM with HMAC-SHA1
    uint8_t backend;   ///< enum tl_srtp_backend
    uint8_t reserved;
    uint8_t mki[TL_SRTP_MKI_BYTES_MAX];
    uint8_t salt[16]; ///< behind its 14 or 12 bytes zero
    uint8_t rtcp_salt[16];
    uint64_t check; ///< tells master keys apart, and nothing about them; never 0
    _Alignas(64) uint8_t rtcp_key[32];
    uint8_t rtcp_authentication[20];
    struct tl_srtp_expanded expanded;
};
_Static_assert(sizeof(struct tl_srtp_keys) == 1152, "SRTP keys");

struct tl_srtp_engine;

/// Bytes of an engine; its memory must be aligned to 64.
size_t tl_srtp_engine_size(enum tl_srtp_backend backend);
/// Makes an engine in `memory`. NULL where the back end refuses this machine.
struct tl_srtp_engine *tl_srtp_engine_init(void *memory, enum tl_srtp_backend backend);
/// Wipes what an engine remembers and gives back what its back end holds.
void tl_srtp_engine_close(struct tl_srtp_engine *engine);

/// Derives the session keys of a master key (RFC 3711 section 4.3). TL_STATUS_OK, or
/// TL_STATUS_BAD_KEYS for a suite or MKI that cannot be; `keys` has no suite then. What stood in
/// `keys` is written over: wipe it before.
TL_PACKET_CODE int32_t tl_srtp_keys_derive(struct tl_srtp_engine *engine, struct tl_srtp_keys *keys,
                                           const struct tl_srtp_key *master);
/// Forgets keys: no byte of them is left. Also for keys that are all zero.
TL_PACKET_CODE void tl_srtp_keys_wipe(struct tl_srtp_keys *keys);

/// Asks for the lines of keys that a packet needs, a while before, so that what is done between
/// hides it. Guesses that the suite is of the last burst's kind: to look would be to wait.
TL_PACKET_CODE void tl_srtp_keys_fetch(const struct tl_srtp_engine *engine,
                                       const struct tl_srtp_keys *keys);

/// Overwrites secrets in a way that no compiler leaves out.
TL_PACKET_CODE void tl_srtp_wipe(void *memory, size_t bytes);

/// One RTP packet to seal or open.
struct tl_srtp_job {
    struct tl_srtp_keys *keys; ///< derived by the same back end
    uint8_t *packet;           ///< from the RTP header on
    uint32_t length;           ///< in and out: bytes from the RTP header on
    uint32_t header_bytes;     ///< RTP header with CSRCs and extension, checked, at least 12
    uint64_t index;            ///< roll-over counter and sequence number, below TL_SRTP_INDEX_END
    uint8_t good;              ///< out: 1 = done
    uint8_t reason;            ///< out, where good is 0: TL_DROP_INDEX_*
};

/// Seals packets in place; each grows by its keys' tag_bytes, for which there must be room behind
/// it. What is not good (a header longer than its packet: SRTP_SHORT, an index out of range:
/// SRTP_INDEX) is untouched and must not leave.
TL_PACKET_CODE void tl_srtp_seal(struct tl_srtp_engine *engine, struct tl_srtp_job *jobs,
                                 uint32_t count);
/// Authenticates and decrypts packets in place; MKI and tag are taken off. What is not good
/// (SRTP_SHORT, SRTP_MKI, SRTP_AUTHENTICATION, SRTP_INDEX) has the bytes and the length that it
/// had, so that another index or key set can be tried. No two jobs share a packet.
TL_PACKET_CODE void tl_srtp_open(struct tl_srtp_engine *engine, struct tl_srtp_job *jobs,
                                 uint32_t count);

/// Seals some packets and opens others, TL_SRTP_BURST in all at most: together they fill the lanes
/// of the hash, which takes 17 packets the time of 32. Without any the engine is not looked at.
TL_PACKET_CODE void tl_srtp_both(struct tl_srtp_engine *engine, struct tl_srtp_job *seals,
                                 uint32_t seal_count, struct tl_srtp_job *opens,
                                 uint32_t open_count);

/// Seals one compound RTCP packet in place, under an index below TL_SRTCP_INDEX_END; `encrypt`
/// false leaves it readable. There must be TL_SRTCP_TRAILER_BYTES of room behind it. Returns
/// TL_DROP_REASON_COUNT when done, else SRTP_SHORT or SRTP_INDEX and the packet is untouched.
TL_PACKET_CODE uint32_t tl_srtcp_seal(struct tl_srtp_engine *engine,
                                      const struct tl_srtp_keys *keys, uint8_t *packet,
                                      uint32_t *length, uint32_t index, bool encrypt);
/// Reads the index of an SRTCP packet that nobody has authenticated yet, for the replay check that
/// stands before the costly part. False when the packet is too short to have one.
TL_PACKET_CODE bool tl_srtcp_index(const struct tl_srtp_keys *keys, const uint8_t *packet,
                                   uint32_t length, uint32_t *index);
/// Authenticates and decrypts one SRTCP packet in place. Returns TL_DROP_REASON_COUNT and the
/// index when good, else SRTP_SHORT, SRTP_MKI, SRTCP_PLAIN (not encrypted, `plain_allowed` false)
/// or SRTP_AUTHENTICATION, and packet and length are as they were.
TL_PACKET_CODE uint32_t tl_srtcp_open(struct tl_srtp_engine *engine,
                                      const struct tl_srtp_keys *keys, uint8_t *packet,
                                      uint32_t *length, uint32_t *index, bool plain_allowed);

#endif
