// SPDX-License-Identifier: Apache-2.0
// Owning and attaching the two files. The order of stores follows the handshake in CFlowABI.h.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "abi_private.h"

static uint64_t monotonic_ns(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

// Never zero. Falls back to the clock where the kernel has no randomness to give yet.
static uint64_t fresh_incarnation(void)
{
    uint64_t value = 0;
    if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != (ssize_t)sizeof(value))
        value = monotonic_ns() ^ (uint64_t)getpid() << 48;
    return value ? value : 1;
}

// ---------------------------------------------------------------------------------------------
// Laying out
// ---------------------------------------------------------------------------------------------

static struct tl_section place(uint64_t *end, uint64_t count, uint32_t size_bytes)
{
    struct tl_section section = {0};
    if (count == 0)
        return section;
    section.offset_bytes = *end;
    section.stride_bytes = (size_bytes + 63u) & ~63u;
    section.count = (uint32_t)count;
    // Tables start on pages of their own, which keeps the lines of two owners' tables apart.
    *end = (*end + section.stride_bytes * count + 4095u) & ~(uint64_t)4095u;
    return section;
}

static void lay_out(uint64_t magic, const struct tl_geometry *g, struct tl_file_header *h)
{
    uint64_t channels = (uint64_t)g->worker_count * g->shard_count;
    int control = magic == TL_MAGIC_CONTROL;
    uint64_t fastpath = control ? 0 : 1;
    uint64_t end = 4096;
    *h = (struct tl_file_header){
        .magic = magic,
        .version = TL_ABI_VERSION,
        .version_oldest = TL_ABI_VERSION_OLDEST,
        .header_size_bytes = sizeof(*h),
        .command_size_bytes = sizeof(struct tl_command),
        .event_size_bytes = sizeof(struct tl_event),
        .packet_size_bytes = sizeof(struct tl_packet_slot),
        .record_size_bytes = sizeof(struct tl_flow_record),
        .worker_size_bytes = sizeof(struct tl_worker_page),
        .realm_size_bytes = sizeof(struct tl_realm_page),
        .address_size_bytes = sizeof(struct tl_address_page),
        .channel_size_bytes = sizeof(struct tl_channel_control),
        .cursor_start = g->cursor_start,
        .worker_count = g->worker_count,
        .shard_count = g->shard_count,
        .flows_per_worker = g->flows_per_worker,
        .command_slots = g->command_slots,
        .event_slots = g->event_slots,
        .packet_slots = g->packet_slots,
        .realm_count = g->realm_count,
        .address_count = g->address_count,
    };
    h->channels = place(&end, channels, h->channel_size_bytes);
    h->commands = place(&end, control ? channels * g->command_slots : 0, h->command_size_bytes);
    h->events = place(&end, fastpath * channels * g->event_slots, h->event_size_bytes);
    h->packets = place(&end, channels * g->packet_slots, h->packet_size_bytes);
    h->workers = place(&end, fastpath * g->worker_count, h->worker_size_bytes);
    h->realms = place(&end, fastpath * g->realm_count, h->realm_size_bytes);
    h->addresses = place(&end, fastpath * g->address_count, h->address_size_bytes);
    uint64_t flows = fastpath * g->worker_count * g->flows_per_worker;
    h->srtp_records = place(&end, flows, sizeof(struct tl_srtp_record));
    uint64_t drops = flows + fastpath * g->worker_count;
    h->drop_records = place(&end, drops, sizeof(struct tl_drop_record));
    h->records = place(&end, flows, h->record_size_bytes);
    h->file_size_bytes = end;
}

// ---------------------------------------------------------------------------------------------
// Owning
// ---------------------------------------------------------------------------------------------

// Path with a suffix, or -1 with errno ENAMETOOLONG.
static int suffixed(char *out, const char *path, const char *suffix)
{
    int length = snprintf(out, PATH_MAX, "%s%s", path, suffix);
    if (length > 0 && length < PATH_MAX)
        return 0;
    errno = ENAMETOOLONG;
    return -1;
}

static int take_lock(const char *path)
{
    char name[PATH_MAX];
    if (suffixed(name, path, ".lock") != 0)
        return -1;
    int lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) != 0) {
        int cause = errno;
        close(lock);
        errno = cause;
        return -1;
    }
    return lock;
}

// A descriptor of the file at path if it is laid out exactly as wanted, else -1.
static int open_kept(const char *path, const struct tl_file_header *wanted, uint32_t mode)
{
    struct tl_file_header found;
    struct stat status;
    int file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return -1;
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode) ||
        (uint64_t)status.st_size != wanted->file_size_bytes ||
        pread(file, &found, sizeof(found), 0) != (ssize_t)sizeof(found))
        goto different;
    // The line of liveness is the only part that may differ.
    const size_t liveness = offsetof(struct tl_file_header, incarnation);
    const size_t geometry = offsetof(struct tl_file_header, worker_count);
    if (memcmp(&found, wanted, liveness) != 0 ||
        memcmp((uint8_t *)&found + geometry, (const uint8_t *)wanted + geometry,
               sizeof(found) - geometry) != 0 ||
        fchmod(file, (mode_t)mode) != 0)
        goto different;
    return file;
different:
    close(file);
    return -1;
}

// A fresh file under a name aside, complete but for its rename. -1 with errno on failure.
static int make_aside(const char *aside, const struct tl_file_header *wanted, uint32_t mode)
{
    if (unlink(aside) != 0 && errno != ENOENT)
        return -1;
    int file = open(aside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return -1;
    int cause = posix_fallocate(file, 0, (off_t)wanted->file_size_bytes);
    if (cause == 0 && pwrite(file, wanted, sizeof(*wanted), 0) != (ssize_t)sizeof(*wanted))
        cause = EIO;
    if (cause == 0 && fchmod(file, (mode_t)mode) != 0)
        cause = errno;
    if (cause == 0)
        return file;
    close(file);
    unlink(aside);
    errno = cause;
    return -1;
}

// At an address that lets the kernel map huge pages of the file, where it has any.
static void *map_aligned(uint64_t size_bytes, int protection, int file)
{
    const uint64_t huge = 2u << 20;
    if (size_bytes < huge)
        return mmap(NULL, size_bytes, protection, MAP_SHARED, file, 0);
    uint8_t *room = mmap(NULL, size_bytes + huge, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED)
        return MAP_FAILED;
    const uint64_t page = 4096;
    uint64_t before = (huge - ((uintptr_t)room & (huge - 1))) & (huge - 1);
    uint64_t length = (size_bytes + page - 1) & ~(page - 1);
    void *base = mmap(room + before, size_bytes, protection, MAP_SHARED | MAP_FIXED, file, 0);
    if (before > 0)
        munmap(room, before);
    if (base == MAP_FAILED)
        munmap(room + before, size_bytes + huge - before);
    else if (before + length < size_bytes + huge)
        munmap(room + before + length, size_bytes + huge - before - length);
    return base;
}

static int map_file(int file, uint64_t size_bytes, int is_peer, struct tl_map *map)
{
    struct stat status;
    if (fstat(file, &status) != 0)
        return -1;
    int protection = is_peer ? PROT_READ : PROT_READ | PROT_WRITE;
    void *base = map_aligned(size_bytes, protection, file);
    if (base == MAP_FAILED)
        return -1;
    *map = (struct tl_map){
        .base = base,
        .size_bytes = size_bytes,
        .device = (uint64_t)status.st_dev,
        .inode = (uint64_t)status.st_ino,
        .lock_descriptor = -1,
    };
    if (tl_guard_add(map, is_peer) == 0)
        return 0;
    munmap(base, size_bytes);
    *map = (struct tl_map){0};
    return -1;
}

void tl_file_reset_rings(const struct tl_map *own, const struct tl_layout *layout)
{
    // Both sides' channels are four ring ends, whatever they are called.
    for (uint32_t c = 0; c < layout->channels.count; c++) {
        struct tl_ring_end *ends = tl_section_at(own, &layout->channels, c);
        for (int i = 0; i < 4; i++)
            tl_store_release_u32(&ends[i].position, layout->geometry.cursor_start);
    }
}

// Step 1 of the handshake, on a mapped file that may still be watched by the peer.
static void start_incarnation(const struct tl_map *map, const struct tl_layout *layout)
{
    struct tl_file_header *header = map->base;
    uint64_t incarnation = fresh_incarnation();
    if (incarnation == header->incarnation)
        incarnation++;
    uint64_t now_ns = monotonic_ns();
    __atomic_store_n(&header->state, TL_STATE_STARTING, __ATOMIC_RELAXED);
    __atomic_store_n(&header->process_id, (uint32_t)getpid(), __ATOMIC_RELAXED);
    __atomic_store_n(&header->started_ns, now_ns, __ATOMIC_RELAXED);
    __atomic_store_n(&header->heartbeat_ns, now_ns, __ATOMIC_RELAXED);
    tl_store_release_u64(&header->peer_incarnation, 0);
    tl_store_release_u64(&header->incarnation, incarnation ? incarnation : 1);
    tl_file_reset_rings(map, layout);
    // Keys must not outlive the process that wrote them.
    for (uint32_t i = 0; i < layout->commands.count; i++)
        explicit_bzero(tl_section_at(map, &layout->commands, i), layout->commands.stride_bytes);
}

// Writes every byte behind the header, through the mapping. An allocated page that nobody wrote has
// the bytes of whoever had it before: the kernel clears it when it is used in the ordinary way, but
// MADV_COLLAPSE maps such a huge page as it is (seen on Linux 6.18, where tmpfs is mounted with
// huge=always or within_size). Whatever else a kernel does, what was written is there.
static void write_zeros(const struct tl_map *map)
{
    const size_t header = sizeof(struct tl_file_header);
    memset((uint8_t *)map->base + header, 0, map->size_bytes - header);
}

// Makes the fresh file and puts it in place, mapped and with an incarnation of its own.
static int own_fresh(const char *path, const struct tl_file_header *wanted, uint32_t mode,
                     struct tl_map *map, const struct tl_layout *layout)
{
    char aside[PATH_MAX];
    if (suffixed(aside, path, ".new") != 0)
        return -1;
    int file = make_aside(aside, wanted, mode);
    if (file < 0)
        return -1;
    int failed = map_file(file, wanted->file_size_bytes, 0, map);
    int cause = errno;
    close(file);
    if (!failed) {
        // Before the rename: nobody ever sees the file without an incarnation, or with anything
        // that is not ours.
        write_zeros(map);
        start_incarnation(map, layout);
        failed = rename(aside, path);
        cause = errno;
    }
    if (failed) {
        tl_file_unmap(map);
        unlink(aside);
        errno = cause;
    }
    return failed;
}

int32_t tl_file_own(const char *path, uint64_t magic, const struct tl_geometry *geometry,
                    uint32_t mode, struct tl_map *map, struct tl_layout *layout, int *kept)
{
    struct tl_file_header wanted;
    struct tl_layout own_layout;
    struct tl_map own_map = {0};
    if (tl_geometry_check(geometry) != TL_FILE_OK)
        return TL_FILE_BAD_GEOMETRY;
    lay_out(magic, geometry, &wanted);
    wanted.incarnation = 1; // the check wants one
    int32_t result = tl_file_check(&wanted, wanted.file_size_bytes, magic, &own_layout);
    if (result != TL_FILE_OK)
        return result;
    wanted.incarnation = 0;
    int lock = take_lock(path);
    if (lock < 0)
        return TL_FILE_SYSTEM;
    int file = open_kept(path, &wanted, mode);
    int failed;
    if (file >= 0) {
        failed = map_file(file, wanted.file_size_bytes, 0, &own_map);
        close(file);
        if (!failed)
            start_incarnation(&own_map, &own_layout);
    } else {
        failed = own_fresh(path, &wanted, mode, &own_map, &own_layout);
    }
    if (failed) {
        int cause = errno;
        close(lock);
        errno = cause;
        return TL_FILE_SYSTEM;
    }
    own_map.lock_descriptor = lock;
    *map = own_map;
    *layout = own_layout;
    *kept = file >= 0;
    return TL_FILE_OK;
}

// ---------------------------------------------------------------------------------------------
// The peer's file
// ---------------------------------------------------------------------------------------------

int32_t tl_file_attach(const char *path, uint64_t magic, struct tl_map *map,
                       struct tl_layout *layout)
{
    struct tl_file_header header;
    struct tl_layout checked;
    struct stat status;
    // O_NONBLOCK: a FIFO in the file's place must not stop us.
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0)
        return errno == ENOENT ? TL_FILE_ABSENT : TL_FILE_SYSTEM;
    int32_t result = TL_FILE_SYSTEM;
    if (fstat(file, &status) != 0)
        goto out;
    result = TL_FILE_BAD_MAGIC;
    if (!S_ISREG(status.st_mode))
        goto out;
    result = TL_FILE_TOO_SHORT;
    if (pread(file, &header, sizeof(header), 0) != (ssize_t)sizeof(header))
        goto out;
    result = tl_file_check(&header, (uint64_t)status.st_size, magic, &checked);
    if (result != TL_FILE_OK)
        goto out;
    result = TL_FILE_SYSTEM;
    if (map_file(file, header.file_size_bytes, 1, map) != 0)
        goto out;
    *layout = checked;
    result = TL_FILE_OK;
out:;
    int cause = errno;
    close(file);
    errno = cause;
    return result;
}

int tl_file_replaced(const char *path, const struct tl_map *map)
{
    struct stat status;
    return stat(path, &status) != 0 || (uint64_t)status.st_dev != map->device ||
           (uint64_t)status.st_ino != map->inode || (uint64_t)status.st_size < map->size_bytes;
}

int tl_file_matched(const struct tl_map *own, const struct tl_map *peer)
{
    const struct tl_file_header *mine = own->base;
    const struct tl_file_header *theirs = peer->base;
    uint64_t incarnation = tl_load_acquire_u64(&theirs->incarnation);
    return incarnation != 0 && tl_load_acquire_u64(&mine->peer_incarnation) == incarnation &&
           tl_load_acquire_u64(&theirs->peer_incarnation) ==
               tl_load_acquire_u64(&mine->incarnation);
}

void tl_file_unmap(struct tl_map *map)
{
    if (map->base == NULL)
        return;
    tl_guard_remove(map);
    munmap(map->base, map->size_bytes);
    if (map->lock_descriptor >= 0)
        close(map->lock_descriptor);
    *map = (struct tl_map){0};
}
