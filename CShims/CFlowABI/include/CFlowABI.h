// SPDX-License-Identifier: Apache-2.0
//
// The contract between the two planes of Trunkline.
//
//   trunkline (Swift, the "control" side)  <── two files on tmpfs ──>  trunkline-fastpath (C)
//
//   fastpath.shm   written by the fast path alone, mapped read-only by the control plane:
//                  realms, addresses, per-worker counters, flow records, answers and events.
//   control.shm    written by the control plane alone, mapped read-only by the fast path:
//                  commands, and packets to inject.
//
// Neither side can corrupt what the other owns. Both files outlive both processes.
//
// RULES OF THIS HEADER. Fixed-width integers in host byte order (one machine), explicit padding,
// sizes and offsets asserted below. No pointer, enum, bit-field, _Atomic or alignment above 16:
// Swift imports none of those. A field named `reserved` is written as zero and not read.
// Messages grow at the end only. Whatever is read from the peer's file is hostile until checked:
// it is copied into private memory once, checked there, and used from there.
//
// VERSIONS. A file says which version wrote it (`version`) and the oldest reader that understands
// it (`version_oldest`). A reader of version V accepts a file when version >= V - 1 and
// version_oldest <= V, so that the planes can be upgraded one by one, in either order. This holds
// from TL_ABI_VERSION_FIRST on: version 1 was never released and laid out records and doorbells in
// another way, so that every reader refuses it (TOO_OLD), whichever side wrote it, and both planes
// are replaced together. Message sizes and strides come from the file's header: a reader takes
// min(its own size, the writer's) bytes of a message and treats the rest as zero.
// A file is kept over a restart of its writer only where version and layout are the same; otherwise
// the writer makes a fresh one, without records. Indexes that may have been used are not known any
// more then: each secure flow needs other keys (KEYS_USED), and is silent until it has them. So the
// calls of a fast path are drained before it is replaced by one of another version.
//
// INCARNATIONS AND THE RESET HANDSHAKE. Each process picks a fresh non-zero `incarnation` when it
// starts. `peer_incarnation` is the incarnation of the other process for which this side has reset
// its ring ends. The rings may be used only while the two are crosswise equal:
//     mine.peer_incarnation == peer.incarnation  and  peer.peer_incarnation == mine.incarnation
//  1. A starting process stores peer_incarnation = 0, then its new incarnation (release), and only
//     then resets its own ring ends (tl_file_own does all of it).
//  2. A running process that sees peer.incarnation change stops using the rings, stores
//     peer_incarnation = 0, resets its own ring ends (all its threads have let go of them), and
//     stores peer_incarnation = peer.incarnation (release). A peer's file that was replaced
//     (another inode, tl_file_replaced) is the same: it is mapped anew, then step 2.
//  3. Each side waits for the crosswise match before it uses a ring.
//  Because the incarnation is stored before the cursors are reset, a side that loads a cursor of
//  the peer (acquire) and after that the peer's incarnation, and finds that unchanged, has a cursor
//  of that incarnation. It does so before it takes anything that the cursor offers. A cursor that
//  fails its check is a fault only if the incarnation is unchanged; otherwise it is step 2. After
//  a fault a side stops using the rings with that incarnation of the peer and says so. Commands
//  that were in flight are lost with their rings; the control plane compares flow records with its
//  calls and repeats what is missing.
//
// RINGS. Single producer, single consumer, slots of a fixed stride, free-running 32-bit cursors
// that start at cursor_start of the geometry (any number: zero, or shortly before the wrap so that
// every run wraps). Each cursor lies alone on a cache line in its owner's file; the slots lie in
// the producer's file. fill = producer - consumer (wrapping); a fill above the slot count is a lie.
//  * full command or inject ring: the control plane keeps what it has and tries again
//    (back-pressure).
//  * full event ring: the worker takes no command that it could not answer; a notification that
//    finds no room is kept as pending in the worker and sent when there is room (never lost).
//  * full packet ring: the packet is dropped as `control_ring_full`.
//  * the other side died: nobody waits. The survivor goes on with what it owns.
//
// WAKING. A worker without live flows sleeps for up to a millisecond at a time, and a command may
// end that. `sleep` in the worker's page (the worker writes it, the control plane reads it) is zero
// while no command need wake it, else the number of this sleep. `doorbell` lies in the control
// plane's file, in the command producer of shard 0's channel with that worker; all shards add to
// it, atomically, and the worker reads it. It is a futex, which may be waited on read-only.
//  * worker: seen = doorbell (acquire); stores sleep; full fence; looks at the command cursors of
//    its channels; only if nothing waits, FUTEX_WAIT(doorbell, seen, 1 ms); stores sleep = 0.
//  * control plane: stores its command cursor (release); full fence; loads sleep. When it is
//    neither zero nor a number that this shard rang for: adds 1 to doorbell, FUTEX_WAKE(doorbell).
//  Each side stores and then loads, so that at least one sees the other. A control plane that dies
//  before it rings costs at most the millisecond; a worker that died asleep, each shard one ring.
//
// FLOWS. A flow is one leg of a call: a local address and port, one remote party, one egress RTP
// stream. It is named by an index and a generation. Index ranges belong to workers:
// worker = index / flows_per_worker. The worker must also be the one that the port names:
// worker = (local_port / TL_PORT_BLOCK) % worker_count. The control plane chooses index,
// generation and port. What arrives at a flow leaves by its peer flow. A call has two flows.
//
// SECURE FLOWS. A flow with TL_FLOW_SRTP takes and sends SRTP and SRTCP (RFC 3711) and nothing
// else. Its keys come by TL_OP_KEYS, before or after the flags say so; while it has none everything
// is dropped as srtp_no_keys, so that a secure leg never speaks in the clear. key_id names the key
// that we send with: another one for each other key of a flow's life. A packet index is used once
// with a key: the next one out stands in the record, with the key_id, before a packet can leave,
// for RTP and for RTCP. Either direction's key may change alone (the branches of a fork share
// ours): the direction that changes begins anew with roll-over counter zero, the other goes on. A
// fast path that was started since takes the indexes of a left record up: the control plane adds
// the flow with the generation and the key_id that stand in the record, and gives the keys again.
// What leaves goes on behind them. An add with a key_id that the record does not have is refused
// (KEYS_USED): how far that key was used, nobody knows. What arrives under the receiving key that
// the flow's SRTP record tells of is refused at or below the indexes there, each SSRC's; of another
// one no account is left. The control plane keeps the keys for the flow's life.
//
// A flow with TL_FLOW_ICE is an ICE-lite agent (RFC 8445): it answers binding requests under the
// credentials of TL_OP_ICE and keeps the paths that they came by (TL_ICE_PATHS_MAX). Media is taken
// from checked paths, and sent by the nominated one, else by that of the highest priority, else
// where the specification says. Signalling that changes nothing of the remote party's user fragment
// changes nothing of the paths either.
//
// SHARED PORTS. Flows with TL_FLOW_SHARED have one local port together. A packet there is of the
// flow whose signalled remote party sent it (with ICE: that has a path from there), a binding
// request of the one whose local user fragment it names; an SSRC never selects a flow. So without
// ICE a flow has a remote party that no other has (SOURCE_IN_USE), and no path takes another's.

#ifndef TL_CFLOWABI_H
#define TL_CFLOWABI_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "abi_dtmf.h"
#include "abi_lists.h"

// ---------------------------------------------------------------------------------------------
// Constants
// ---------------------------------------------------------------------------------------------

#define TL_MAGIC_FASTPATH 0x3148544150464c54u // "TLFPATH1", little-endian
#define TL_MAGIC_CONTROL 0x314c5254434c4c54u  // "TLLCTRL1", little-endian
#ifndef TL_ABI_VERSION // tests build readers of other versions
#define TL_ABI_VERSION 5u
#endif
#define TL_ABI_VERSION_OLDEST 2u // reader that understands what this version writes
#define TL_ABI_VERSION_FIRST 2u  // that any reader accepts

#define TL_PORT_BLOCK 512u // aligned block of UDP ports that names its worker

#define TL_WORKERS_MAX 64u
#define TL_SHARDS_MAX 16u
#define TL_REALMS_MAX 32u
#define TL_ADDRESSES_MAX 64u
#define TL_FLOWS_PER_WORKER_MAX (1u << 22)
#define TL_RING_SLOTS_MAX (1u << 16) // slot counts are powers of two
#define TL_LIST_MAX 64u              // flows that one list command may ask for
#define TL_PACKET_BYTES_MAX 2048u    // largest packet in a packet ring, from its UDP payload on
#define TL_PAYLOAD_TYPES_MAX 16u     // payload types that one flow accepts
#define TL_SRTP_SSRCS_MAX 4u         // SSRCs under one key that a flow remembers at a time
#define TL_SRTP_MKI_BYTES_MAX 8u     // longest master key identifier (RFC 3711 section 3.1)
#define TL_DROP_RECORD_REASONS 11u   // drop reasons that are told apart for one flow
#define TL_ICE_PATHS_MAX 8u          // sources of authenticated checks that a flow remembers
#define TL_ICE_UFRAG_BYTES_MAX 64u   // longest user fragment that is told apart
#define TL_ICE_PASSWORD_BYTES_MAX 64u // of ours
#define TL_NAME_BYTES 32u            // NUL-terminated names in the files

#define TL_NO_FLOW 0xffffffffu       // peer_index of a flow that has no peer
#define TL_NO_PAYLOAD_TYPE 0xffu     // ends a payload map

// Process state, in the header.
#define TL_STATE_STARTING 1u
#define TL_STATE_RUNNING 2u
#define TL_STATE_DRAINING 3u
#define TL_STATE_STOPPED 4u

// Command operations.
#define TL_OP_PING 1u   // answered with OK; measures the path
#define TL_OP_ADD 2u    // install a flow; index must be free
#define TL_OP_MODIFY 3u // replace the specification of a live flow, all but address, port and SSRC
#define TL_OP_REMOVE 4u // take a flow out; its record keeps its last figures
#define TL_OP_LIST 5u   // one TL_EVENT_LISTED for each live flow of the `value` from flow_index on
#define TL_OP_KEYS 6u   // give a live flow its SRTP keys: struct tl_flow_keys in place of `spec`
#define TL_OP_ICE 7u    // give a live flow its ICE credentials: struct tl_flow_ice, likewise
#define TL_OP_DTMF 8u   // how a live flow takes and sends digits: struct tl_flow_dtmf, likewise
#define TL_OP_DIGITS 9u // digits for its party, all or (DIGITS_FULL) none: struct tl_flow_digits

// Events.
#define TL_EVENT_ANSWER 1u          // the answer to the command with this sequence
#define TL_EVENT_LISTED 2u          // a live flow, on the way to the answer of a list command
#define TL_EVENT_MEDIA_TIMEOUT 3u   // no RTP and no RTCP accepted for media_timeout_ms; once until
                                    // one returns, and once more to a control plane (or of a fast
                                    // path) that was started since: silence counts anew from the
                                    // add that takes the flow up, or from the first modify
#define TL_EVENT_SOURCE_LEARNED 4u  // address, port: the one learned source of this flow
#define TL_EVENT_PATH_SELECTED 5u   // address, port: where media goes now, by ICE or early latch
#define TL_EVENT_DIGIT 6u           // a digit is over: `address` is a struct tl_digit; version 5

// Statuses of answers: abi_lists.h. Zero or negative; a refusal leaves everything as it was.
#define TL_STATUS_CONSTANT(id, value, name, text) static const int32_t TL_STATUS_##id = (value);
TL_STATUSES(TL_STATUS_CONSTANT)
#undef TL_STATUS_CONSTANT

// Flow flags.
#define TL_FLOW_RECEIVE (1u << 0)  // take media from the remote party (else drop: not_receiving)
#define TL_FLOW_SEND (1u << 1)     // send media to the remote party (else drop: not_sending)
#define TL_FLOW_RTCP_MUX (1u << 2) // RTCP shares the RTP port (RFC 5761)
#define TL_FLOW_RTCP (1u << 3)     // send our own RTCP reports on this leg
#define TL_FLOW_LEARN (1u << 4)    // accept one other source within learn_window_ms, once,
                                   // reported, unless the signalled source spoke first. Media
                                   // then goes there
#define TL_FLOW_DELIVER (1u << 5)  // DTLS records of the RTP port go to the control plane's packet
                                   // ring; from anybody, as long as remote_address is not known
#define TL_FLOW_SRTP (1u << 6)     // SRTP and SRTCP, under the keys of TL_OP_KEYS, and nothing else
#define TL_FLOW_ICE (1u << 7)      // ICE-lite, under the credentials of TL_OP_ICE; excludes LEARN
#define TL_FLOW_EARLY_LATCH (1u << 8) // with ICE and SRTP: before a nomination media is also taken
                                      // from the first source whose SRTP authenticates
#define TL_FLOW_SHARED (1u << 9)      // its local port is that of others with this flag too;
                                      // excludes LEARN and EARLY_LATCH; a modify keeps it
#define TL_FLOW_FLAGS_ALL 0x3ffu

// SRTP suites: abi_lists.h.
#define TL_SUITE_CONSTANT(id, value, name, key, salt, tag, rtcp_tag)                               \
    static const uint8_t TL_SUITE_##id = (value);
TL_SRTP_SUITES(TL_SUITE_CONSTANT)
#undef TL_SUITE_CONSTANT
#define TL_SUITES_MAX 7u // one more than the highest

// Flags of a key set.
#define TL_KEYS_PLAIN_SRTCP_IN (1u << 0)  // SRTCP that is not encrypted is taken too (agreed)
#define TL_KEYS_PLAIN_SRTCP_OUT (1u << 1) // ours is not encrypted; authenticated it always is
#define TL_KEYS_FLAGS_ALL 0x3u
#define TL_KEYS_OVERLAP_MAX_MS 10000u

// Drop reasons: abi_lists.h.
#define TL_DROP_CONSTANT(id, name, text) TL_DROP_INDEX_##id,
enum { TL_DROP_REASONS(TL_DROP_CONSTANT) TL_DROP_REASON_COUNT };
#undef TL_DROP_CONSTANT
#define TL_DROPS_MAX 64u

// ---------------------------------------------------------------------------------------------
// Files
// ---------------------------------------------------------------------------------------------

// A table in a file: `count` elements, `stride_bytes` apart, from `offset_bytes` (multiple of 64).
struct tl_section {
    uint64_t offset_bytes;
    uint32_t stride_bytes; // multiple of 64
    uint32_t count;
};

// At offset zero of both files. Sections that a file does not have are all zero.
struct tl_file_header {
    uint64_t magic;
    uint32_t version;
    uint32_t version_oldest;
    uint64_t file_size_bytes;
    uint32_t header_size_bytes;
    uint32_t command_size_bytes; // size of struct tl_command that this side was built with
    uint32_t event_size_bytes;
    uint32_t packet_size_bytes; // never changes: the payload has a fixed offset
    uint32_t record_size_bytes;
    uint32_t worker_size_bytes;
    uint32_t realm_size_bytes;
    uint32_t address_size_bytes;
    uint32_t channel_size_bytes;
    uint32_t cursor_start;     // where the cursors of all rings start; part of the geometry
    uint64_t incarnation;      // offset 64. Non-zero once the process has started
    uint64_t peer_incarnation; // for which this side's ring ends were reset; 0 = for none
    uint64_t heartbeat_ns;     // CLOCK_MONOTONIC of this side's last sign of life
    uint32_t state;            // TL_STATE_*
    uint32_t process_id;
    uint64_t started_ns;       // CLOCK_MONOTONIC
    uint8_t reserved_0[24];
    // Geometry, chosen by the fast path and repeated by the control plane. Offset 128.
    uint32_t worker_count;
    uint32_t shard_count;
    uint32_t flows_per_worker;
    uint32_t command_slots; // powers of two
    uint32_t event_slots;
    uint32_t packet_slots;
    uint32_t realm_count;
    uint32_t address_count;
    // Sections. Offset 160. Channel c = shard * worker_count + worker.
    struct tl_section channels;  // struct tl_channel_fastpath or tl_channel_control, one a channel
    struct tl_section commands;  // control: command_slots x channels, struct tl_command
    struct tl_section events;    // fast path: event_slots x channels, struct tl_event
    struct tl_section packets;   // both: packet_slots x channels, struct tl_packet_slot
    struct tl_section records;   // fast path: one struct tl_flow_record for each flow index
    struct tl_section workers;   // fast path: one struct tl_worker_page for each worker
    struct tl_section realms;    // fast path: struct tl_realm_page
    struct tl_section addresses; // fast path: struct tl_address_page
    struct tl_section srtp_records; // fast path: a struct tl_srtp_record a flow; since version 3
    struct tl_section drop_records; // fast path: one struct tl_drop_record for each flow index,
                                    // then one for each worker; since version 4
    uint8_t reserved_1[192];
};

// One end of a ring, alone on its line. Written by one side only.
struct tl_ring_end {
    uint32_t position; // free-running, wraps
    uint32_t doorbell; // of shard 0's command producers, any shard adds (WAKING above); else zero
    uint8_t reserved[56];
};

// The ring ends of one channel that the fast path owns (the worker of the channel writes them).
struct tl_channel_fastpath {
    struct tl_ring_end command_consumer;
    struct tl_ring_end event_producer;
    struct tl_ring_end packet_producer; // packets to the control plane
    struct tl_ring_end inject_consumer; // packets from the control plane
};

// The ring ends of one channel that the control plane owns (the shard of the channel writes them).
struct tl_channel_control {
    struct tl_ring_end command_producer;
    struct tl_ring_end event_consumer;
    struct tl_ring_end packet_consumer;
    struct tl_ring_end inject_producer;
};

// ---------------------------------------------------------------------------------------------
// Messages
// ---------------------------------------------------------------------------------------------

// A transport address. IPv4 is written as an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2).
// Ports are host order.

struct tl_payload_type {
    uint8_t ingress; // payload type accepted from this flow's remote party, 0...127
    uint8_t egress;  // payload type written when it leaves by the peer flow
};

// What a flow is. Written by the control plane, checked and copied by the worker.
struct tl_flow_spec {
    uint32_t peer_index;        // TL_NO_FLOW: no peer, received media is dropped as no_peer
    uint32_t peer_generation;
    uint8_t remote_address[16]; // the signalled source and destination; :: = not known yet
    uint16_t remote_port;       // 0 with ::
    uint16_t remote_rtcp_port;  // 0 = remote_port + 1, or remote_port with TL_FLOW_RTCP_MUX
    uint16_t address_index;     // local address: index into the addresses section
    uint16_t local_port;        // even; RTCP is local_port + 1 without TL_FLOW_RTCP_MUX
    uint32_t flags;             // TL_FLOW_*
    uint32_t ssrc;              // of the egress stream on this leg
    uint32_t initial_timestamp; // of the egress stream
    uint16_t initial_sequence;  // of the egress stream
    uint8_t dscp;               // 0...63, of what is sent on this leg
    uint8_t reserved_0;
    uint32_t clock_rate_hz;       // RTP clock of the leg's audio, 8000...192000
    uint32_t packets_per_second;  // budget of what is received, 1...1000000
    uint32_t bits_per_second;     // budget of what is received, UDP payload, 1...1000000000
    uint32_t media_timeout_ms;    // 0 = none, else 1000...3600000
    uint32_t learn_window_ms;     // with TL_FLOW_LEARN, from installation; 1...60000
    uint32_t rtcp_interval_ms;    // with TL_FLOW_RTCP, mean between reports; 500...60000
    uint64_t key_id;              // add: 0, or that of the record to take up; modify: not read
    struct tl_payload_type payload_types[TL_PAYLOAD_TYPES_MAX]; // ended by TL_NO_PAYLOAD_TYPE
    uint8_t reserved_1[16];
};

// A master key of one direction (RFC 3711 section 8.2).
struct tl_srtp_key {
    uint8_t suite;     // TL_SUITE_*
    uint8_t mki_bytes; // 0 = no MKI, else 1...TL_SRTP_MKI_BYTES_MAX
    uint8_t reserved[2];
    uint8_t mki[TL_SRTP_MKI_BYTES_MAX]; // as it stands in packets
    uint8_t salt[14];                   // as many as the suite has, the rest zero
    uint8_t reserved_1[6];
    uint8_t key[32];                    // likewise
};

// The keys of a flow. The old receiving key stays good for overlap_ms; sending changes at once.
struct tl_flow_keys {
    uint64_t key_id;     // of `send`, 1...2^32 - 1: for each other key of this flow a higher one. A
                         // key that comes back has the one that it had; when it is not known any
                         // more how far that was used: KEYS_USED
    uint32_t flags;      // TL_KEYS_*
    uint32_t overlap_ms; // 0...TL_KEYS_OVERLAP_MAX_MS
    struct tl_srtp_key receive;
    struct tl_srtp_key send;
};

// The ICE credentials of a flow (RFC 8445 section 5.3). With another local user fragment than
// before it is an ICE restart: checks under the old one are answered, and its paths used, until a
// path is nominated under the new one. A remote user fragment of no bytes is not known yet: any is
// taken, and the paths are remembered with theirs.
struct tl_flow_ice {
    uint8_t local_ufrag_bytes;    // 4...TL_ICE_UFRAG_BYTES_MAX
    uint8_t local_password_bytes; // 22...TL_ICE_PASSWORD_BYTES_MAX
    uint8_t remote_ufrag_bytes;   // 0...TL_ICE_UFRAG_BYTES_MAX
    uint8_t reserved[5];
    uint8_t local_ufrag[TL_ICE_UFRAG_BYTES_MAX];
    uint8_t local_password[TL_ICE_PASSWORD_BYTES_MAX];
    uint8_t remote_ufrag[TL_ICE_UFRAG_BYTES_MAX];
};

// A command. Wiped by the control plane as soon as it is answered, and the worker's copy likewise.
struct tl_command {
    uint32_t size_bytes; // of this message as its writer knows it
    uint32_t operation;  // TL_OP_*
    uint32_t sequence;   // the first after a handshake is free, each next one is one more
                         // (wrapping). One of the last few again (at least the last): the same
                         // answer, and nothing is done. One of long ago: STALE_SEQUENCE
    uint32_t flow_index;
    uint32_t generation; // never zero; a new flow's is after all earlier ones of its index
                         // (wrapping), that of a flow which is taken up is its record's
    uint32_t value;      // list: how many indexes to look at
    uint8_t reserved[8];
    struct tl_flow_spec spec; // add, modify; of the other operations their own struct begins here
    uint8_t reserved_1[96];
};

// An answer or a notification.
struct tl_event {
    uint32_t size_bytes;
    uint32_t kind;       // TL_EVENT_*
    uint32_t sequence;   // answer, listed: of the command
    int32_t status;      // answer: TL_STATUS_*
    uint32_t flow_index;
    uint32_t generation;
    uint64_t time_ns;    // CLOCK_MONOTONIC
    uint8_t address[16]; // source_learned, path_selected; digit: a tl_digit
    uint16_t port;       // likewise
    uint16_t reserved_0;
    uint32_t value;      // answer to a list: flows listed; media_timeout: ms since the last packet;
                         // path_selected: 1 nominated by the remote party, 0 not yet
    uint8_t reserved_1[8];
};

// A whole packet: a DTLS record on its way to the control plane, or one to send for it.
struct tl_packet_slot {
    uint32_t size_bytes; // of this struct as its writer knows it, payload excluded
    uint32_t flow_index;
    uint32_t generation;
    uint32_t payload_bytes; // 1...TL_PACKET_BYTES_MAX
    uint64_t time_ns;
    uint8_t address[16]; // up: its source; down: ignored, it goes to the flow's remote party
    uint16_t port;
    uint8_t reserved[22];
    uint8_t payload[TL_PACKET_BYTES_MAX];
};

// ---------------------------------------------------------------------------------------------
// What the control plane reads without asking
// ---------------------------------------------------------------------------------------------

#define TL_RECORD_FREE 0u // no flow; the figures are those of the last one
#define TL_RECORD_LIVE 1u
#define TL_RECORD_LEFT 2u // was live when the process died that owned the file; not a live flow

// Of one flow index. Written by its worker; the control plane reads it while the generation is the
// one it expects before and after. Each field is one aligned store, but for source_address: it,
// source_port and source_learned go together, and source_version is odd while they are written, so
// that a reader repeats until it saw the same even one before and after (tl_record_read does it
// all). The generation is stored first when a flow is installed (zero before anything else of an
// earlier flow goes), the state last, both with release. It survives both processes: an add
// with the generation and key_id of a record that is left takes up its egress stream and source. A
// starting fast path turns live records into left ones before it stores peer_incarnation, so that
// while the incarnations match a live record is a live flow.
//
// A relayed packet writes two lines: that of what arrives, of its flow, and that of what leaves, of
// its peer. Everything else is on the third.
struct tl_flow_record {
    // line 0: identity, source, RTCP
    uint32_t generation;
    uint32_t state;              // TL_RECORD_*
    uint64_t key_id;
    uint8_t source_address[16];  // accepted source: signalled, or learned
    uint16_t source_port;
    uint16_t local_port;
    uint16_t address_index;
    uint8_t source_learned;      // 1: learned, or an ICE path; not signalled
    uint8_t source_version;      // odd: the source is being written
    uint64_t rx_rtcp_packets;
    uint32_t remote_jitter;      // of our stream as the remote party reported it, clock units
    int32_t remote_lost;         // likewise, cumulative
    uint32_t remote_fraction_lost; // likewise, last interval, 1/256
    uint32_t round_trip_us;      // from LSR and DLSR; 0 = not known
    // line 1: what came from the remote party
    uint64_t ingress_index;      // highest packet index accepted: wraps of the sequence << 16 |
                                 // sequence. Not SRTP's index, which begins anew with a key
    uint64_t rx_packets;         // accepted RTP
    uint64_t rx_bytes;           // its UDP payload
    uint64_t rx_time_ns;         // of the last accepted packet
    uint32_t ingress_ssrc;
    uint32_t ingress_timestamp;  // of the last packet accepted
    int32_t rx_lost;             // RFC 3550 6.4.1 cumulative number lost, may be negative
    uint32_t rx_jitter_16;       // RFC 3550 A.8: 16 times 6.4.1's jitter, in RTP clock units
    uint64_t rx_drops;           // packets of this flow dropped, any reason
    uint8_t media_timed_out;     // 1: since the last accepted packet a time-out was reported
    uint8_t reserved_1[3];
    uint32_t ingress_rtcp_index; // highest SRTCP index accepted under the receiving key, whosever
                                 // it is, plus one; 0 = none
    // line 2: what went to the remote party
    uint64_t egress_index;       // next RTP packet index to send, as above. Stored before the
                                 // packet can leave
    uint64_t egress_time_ns;     // when the last was sent, CLOCK_MONOTONIC
    uint64_t tx_packets;         // RTP that a transmit queue took, and, while its burst is in
                                 // hand, what is about to be given to it
    uint64_t tx_bytes;           // its UDP payload
    uint64_t tx_drops;           // packets for this party that were dropped after acceptance
    uint64_t tx_rtcp_packets;
    uint32_t egress_ssrc;
    uint32_t egress_timestamp;   // of the last packet sent; of a digit's, where the time line was
    uint32_t egress_rtcp_index;  // next SRTCP index to send (31 bits). Stored before it can leave
    uint32_t key_id_newest;      // highest key_id that the flow ever had
};

// What a secure flow received under its present receiving key, for the process that takes the flow
// up. Written by the flow's worker before a packet goes on; only the fast path reads it. It stands
// in a table of its own: flows that are not secure never touch it.
struct tl_srtp_record {
    uint64_t key_check;               // derived from the receiving key, tells nothing about it;
                                      // 0 = none, or the key is changing
    uint64_t next[TL_SRTP_SSRCS_MAX]; // of an SSRC: highest packet index accepted, plus one; 0 =
                                      // no such SSRC
    uint32_t ssrc[TL_SRTP_SSRCS_MAX];
    uint64_t parked_marks; // bits of SSRCs that ever made room: the next process takes no such
};

// Why packets of a flow were dropped. A packet counts once: for the flow that it came to, else for
// that which it was to leave by; what is of neither, in the record of its worker, whose generation
// is 1. Written where a packet is dropped and nowhere else: one that is relayed never touches it.
// A flow's first drop begins its record, so that one of another generation says nothing of it.
struct tl_drop_record {
    uint32_t generation; // stored first, zero before anything of an earlier flow goes
    uint32_t more;       // drops for reasons that found no place below; wraps
    uint32_t counts[TL_DROP_RECORD_REASONS]; // in the order in which reasons first came; zero ends
                                             // them, and a count wraps to one
    uint8_t reasons[TL_DROP_RECORD_REASONS]; // TL_DROP_INDEX_*; stored before its first count
    uint8_t reserved;
};

// Of one worker. `version` is odd while the worker writes; a reader repeats until it saw the same
// even version before and after. Published once a burst.
struct tl_worker_page {
    uint32_t version;
    uint32_t core;
    uint64_t heartbeat_ns; // CLOCK_MONOTONIC of the worker's loop, outside the version
    uint64_t in_hand;      // packets received since the last publication, outside the version
    uint32_t sleep;        // WAKING above, outside the version; a starting fast path stores zero
    uint8_t reserved_0[36];
#define TL_WORKER_FIELD(name, text) uint64_t name;
    TL_WORKER_COUNTERS(TL_WORKER_FIELD)
#undef TL_WORKER_FIELD
    uint64_t drops[TL_DROPS_MAX]; // by reason; reasons that this side does not know are summed
};

// Of one realm. The figures of the interface come from its driver, for the whole port.
struct tl_realm_page {
    char name[TL_NAME_BYTES];
    char attach[TL_NAME_BYTES];    // "xdp", "packet", "pci", "memif", "pcap", "self-load"
    char interface[TL_NAME_BYTES];
    uint16_t port_first; // media ports, inclusive, even
    uint16_t port_last;  // odd
    uint16_t vlan;       // 0 = untagged
    uint8_t dscp;        // default of the realm
    uint8_t link_up;
    uint8_t reserved_0[24];
    uint64_t port_received; // driver's count
    uint64_t port_sent;
    uint64_t port_missed;   // packets that the driver or the kernel's queue lost before us
    uint64_t port_errors;
    uint64_t reserved_1[4];
};

// Of one local media address.
struct tl_address_page {
    uint8_t address[16];
    uint16_t realm_index;
    uint8_t reserved[46];
};

// ---------------------------------------------------------------------------------------------
// Sizes and offsets
// ---------------------------------------------------------------------------------------------

#ifndef __cplusplus
_Static_assert(sizeof(struct tl_section) == 16, "section");
_Static_assert(sizeof(struct tl_file_header) == 512, "file header");
_Static_assert(offsetof(struct tl_file_header, incarnation) == 64, "liveness has its own line");
_Static_assert(offsetof(struct tl_file_header, worker_count) == 128, "geometry");
_Static_assert(offsetof(struct tl_file_header, channels) == 160, "sections");
_Static_assert(offsetof(struct tl_file_header, srtp_records) == 288, "sections since version 3");
_Static_assert(offsetof(struct tl_file_header, drop_records) == 304, "sections since version 4");
_Static_assert(sizeof(struct tl_ring_end) == 64, "one end a line");
_Static_assert(offsetof(struct tl_ring_end, doorbell) == 4, "doorbell");
_Static_assert(offsetof(struct tl_worker_page, sleep) == 24, "sleep");
_Static_assert(sizeof(struct tl_channel_fastpath) == 256, "channel, fast path side");
_Static_assert(sizeof(struct tl_channel_control) == 256, "channel, control side");
_Static_assert(sizeof(struct tl_flow_spec) == 128, "flow specification");
_Static_assert(offsetof(struct tl_flow_spec, payload_types) == 80, "payload map");
_Static_assert(sizeof(struct tl_command) == 256, "command");
_Static_assert(offsetof(struct tl_command, spec) == 32, "specification");
_Static_assert(sizeof(struct tl_srtp_key) == 64, "SRTP key");
_Static_assert(sizeof(struct tl_flow_keys) == 144, "SRTP keys");
_Static_assert(sizeof(struct tl_flow_ice) == 200, "ICE credentials");
_Static_assert(offsetof(struct tl_command, spec) + sizeof(struct tl_flow_ice) <=
                   sizeof(struct tl_command), "they fit into a command");
_Static_assert(sizeof(struct tl_event) == 64, "event");
_Static_assert(offsetof(struct tl_packet_slot, payload) == 64, "packet payload");
_Static_assert(sizeof(struct tl_packet_slot) == 64 + TL_PACKET_BYTES_MAX, "packet slot");
_Static_assert(sizeof(struct tl_flow_record) == 192, "flow record");
_Static_assert(offsetof(struct tl_flow_record, source_version) == 39, "behind the source");
_Static_assert(offsetof(struct tl_flow_record, ingress_index) == 64, "record line 1");
_Static_assert(offsetof(struct tl_flow_record, egress_index) == 128, "record line 2");
_Static_assert(sizeof(struct tl_srtp_record) == 64, "one line");
_Static_assert(sizeof(struct tl_drop_record) == 64, "one line");
_Static_assert(offsetof(struct tl_drop_record, reasons) == 52, "behind the counts");
_Static_assert(sizeof(struct tl_worker_page) == 64 + 256 + 512, "worker page");
_Static_assert(offsetof(struct tl_worker_page, drops) == 320, "drops");
_Static_assert(sizeof(struct tl_realm_page) == 192, "realm page");
_Static_assert(sizeof(struct tl_address_page) == 64, "address page");
_Static_assert(TL_DROP_REASON_COUNT <= TL_DROPS_MAX, "room for every drop reason");
#endif

#include "abi_words.h"
#include "abi_file.h"
#include "abi_names.h"
#include "abi_read.h"
#include "abi_wake.h"

#endif
