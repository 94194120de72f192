// SPDX-License-Identifier: Apache-2.0
// The two files: laying out and mapping one's own, checking and mapping the peer's.
// Used by both planes; no other code looks at a header of the peer.

#ifndef TL_ABI_FILE_H
#define TL_ABI_FILE_H

#include <stdint.h>

// What a pair of files is dimensioned for. The fast path chooses it; the control plane repeats it.
struct tl_geometry {
    uint32_t worker_count;     // 1...TL_WORKERS_MAX
    uint32_t shard_count;      // 1...TL_SHARDS_MAX
    uint32_t flows_per_worker; // 1...TL_FLOWS_PER_WORKER_MAX
    uint32_t command_slots;    // powers of two, 2...TL_RING_SLOTS_MAX
    uint32_t event_slots;
    uint32_t packet_slots;
    uint32_t realm_count;      // 0...TL_REALMS_MAX
    uint32_t address_count;    // 0...TL_ADDRESSES_MAX
    uint32_t cursor_start;     // where ring cursors start, any number
};

// Results of the functions below. Zero, or negative with a name (tl_file_result_name) and a
// sentence (tl_file_result_text) for people.
#define TL_FILE_RESULTS(X)                                                                         \
    X(OK, 0, "ok", "accepted")                                                                     \
    X(SYSTEM, -1, "system", "a system call failed, see errno")                                     \
    X(ABSENT, -2, "absent", "the file does not exist yet")                                         \
    X(TOO_SHORT, -3, "too_short", "the file is shorter than its header or its sections say")       \
    X(BAD_MAGIC, -4, "bad_magic", "the file is not one of this contract")                          \
    X(TOO_OLD, -5, "too_old", "the file is of a version too old for this program")                 \
    X(TOO_NEW, -6, "too_new", "the file needs a newer program to read it")                         \
    X(BAD_SIZE, -7, "bad_size", "a message size in the header is impossible")                      \
    X(BAD_GEOMETRY, -8, "bad_geometry", "a count in the header is outside its limits")             \
    X(BAD_SECTION, -9, "bad_section", "a section is missing, misaligned, overlapping or outside the file") \
    X(OTHER_GEOMETRY, -10, "other_geometry", "the two files are dimensioned differently")          \
    X(NOT_STARTED, -11, "not_started", "the peer has not named its incarnation yet")

#define TL_FILE_CONSTANT(id, value, name, text) static const int32_t TL_FILE_##id = (value);
TL_FILE_RESULTS(TL_FILE_CONSTANT)
#undef TL_FILE_CONSTANT

// A mapped file. All zero = not mapped.
struct tl_map {
    void *base;
    uint64_t size_bytes;
    uint64_t device; // identity of the file that is mapped, to notice a replaced one
    uint64_t inode;
    int32_t lock_descriptor; // while mapped: the lock of an owned file, -1 for a peer's
    uint32_t guard_slot;     // where the guard knows this map
};

// What the header of a peer's file said, copied and checked once. Only this is used afterwards.
struct tl_layout {
    struct tl_geometry geometry;
    uint32_t version;
    uint32_t command_size_bytes; // min(the peer's, ours), as all sizes here
    uint32_t event_size_bytes;
    uint32_t packet_size_bytes;
    uint32_t record_size_bytes;
    uint32_t worker_size_bytes;
    uint32_t realm_size_bytes;
    uint32_t address_size_bytes;
    struct tl_section channels, commands, events, packets, records, workers, realms, addresses;
    struct tl_section srtp_records;
    struct tl_section drop_records; // absent in a file of version 3
};

// Opens or makes the file that this side owns and maps it for reading and writing.
// magic names the side. A file of the same geometry and version is kept with its flow records
// (*kept = 1); anything else is replaced by a fresh file (written aside, then renamed over).
// mode is the file's permission bits. All memory is taken here (ENOSPC now, not SIGBUS later).
// Takes an exclusive lock (on path with ".lock" behind it) until the file is unmapped or the
// process ends, so that two processes cannot own one file (SYSTEM with errno EWOULDBLOCK).
// On return peer_incarnation is 0, the new incarnation is stored, the ring ends are reset, command
// slots are wiped, the state is STARTING (in the order that step 1 of the handshake asks for).
// Worker pages, realm and address pages of a kept file are as the last process left them.
// BAD_GEOMETRY for a geometry outside its limits.
int32_t tl_file_own(const char *path, uint64_t magic, const struct tl_geometry *geometry,
                    uint32_t mode, struct tl_map *map, struct tl_layout *layout, int *kept);

// Maps the peer's file read-only and checks its header. Nothing is mapped unless OK.
int32_t tl_file_attach(const char *path, uint64_t magic, struct tl_map *map,
                       struct tl_layout *layout);

// Step 2 of the handshake, first half: sets each ring end of the file that this side owns
// (described by its own layout) to cursor_start. Only while peer_incarnation is 0.
void tl_file_reset_rings(const struct tl_map *own, const struct tl_layout *layout);

// TL_FILE_OK, or TL_FILE_OTHER_GEOMETRY when two files cannot be used together.
int32_t tl_file_same_geometry(const struct tl_geometry *one, const struct tl_geometry *other);

// The crosswise match of incarnations, without which no ring may be used.
int tl_file_matched(const struct tl_map *own, const struct tl_map *peer);

// 1 when the file at path is another one than the mapped one, or is gone or shorter than mapped.
int tl_file_replaced(const char *path, const struct tl_map *map);

// Checks a private copy of a header against the size of its file. Pure; what tl_file_attach uses.
int32_t tl_file_check(const struct tl_file_header *header, uint64_t file_size_bytes,
                      uint64_t magic, struct tl_layout *layout);

// Unmaps. The file stays.
void tl_file_unmap(struct tl_map *map);

// A mapped file that shrinks makes its pages unreadable (SIGBUS). From this call on that ends the
// process with exit code TL_EXIT_PEER_FILE and one line on standard error that names the file's
// side, instead of a core dump. peer_name stays valid. Call once, early. A SIGBUS outside the maps
// of this header keeps its default action.
#define TL_EXIT_PEER_FILE 70
void tl_file_guard(const char *peer_name);

// The same, in the control plane: Swift cannot keep a C string alive so simply.
static inline void tl_file_guard_fastpath(void)
{
    tl_file_guard("trunkline-fastpath");
}

const char *tl_file_result_name(int32_t result);
const char *tl_file_result_text(int32_t result);

// Addresses of elements. Indexes must have been checked.
static inline void *tl_section_at(const struct tl_map *map, const struct tl_section *section,
                                  uint64_t index)
{
    return (uint8_t *)map->base + section->offset_bytes + index * section->stride_bytes;
}

#endif
