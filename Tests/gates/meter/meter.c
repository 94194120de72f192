// SPDX-License-Identifier: Apache-2.0
//
// Each block carries its size. Swift's arrays take what malloc_usable_size says for their capacity,
// and glibc's says 16 bytes more at times, by where a block happens to lie: how often an array
// grows would depend on everything that was allocated before. Here it is what glibc gives as a
// rule: a multiple of 16 and 8, at least 24.

#include "CMeter.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

// glibc exports its own allocator under these names for those who replace the public ones.
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *block);
// Not declared by <stdlib.h>.
void *memalign(size_t alignment, size_t bytes);
size_t malloc_usable_size(void *block);

/// Stands in front of each block.
struct header {
    uint64_t usable_bytes;
    /// From what glibc gave to the block.
    uint32_t offset;
    /// The meter was on when it was made.
    uint32_t counted;
};

static _Thread_local struct tl_meter_reading reading;
static _Thread_local int on;

/// What a block takes of glibc's heap beside what can be used of it.
static const uint64_t glibc_bytes = 8;

static struct header *header_of(void *block) { return (struct header *)block - 1; }

void *memalign(size_t alignment, size_t bytes)
{
    size_t offset = alignment > sizeof(struct header) ? alignment : sizeof(struct header);
    size_t usable = bytes <= 24 ? 24 : ((bytes + 7) & ~(size_t)15) + 8;
    char *base = NULL;
    if (bytes <= PTRDIFF_MAX - offset) base = __libc_memalign(offset, usable + offset);
    if (base == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    *header_of(base + offset) = (struct header){
        .usable_bytes = usable, .offset = (uint32_t)offset, .counted = on > 0,
    };
    reading.live += 1;
    if (on > 0) {
        reading.allocations += 1;
        reading.bytes += bytes;
        reading.held_blocks += 1;
        reading.held_bytes += (int64_t)(usable + glibc_bytes);
    }
    return base + offset;
}

void free(void *block)
{
    if (block == NULL) return;
    struct header *header = header_of(block);
    reading.live -= 1;
    if (header->counted) {
        reading.held_blocks -= 1;
        reading.held_bytes -= (int64_t)(header->usable_bytes + glibc_bytes);
    }
    __libc_free((char *)block - header->offset);
}

void *malloc(size_t bytes) { return memalign(sizeof(struct header), bytes); }

void *calloc(size_t count, size_t each)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, each, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    void *block = malloc(bytes);
    return block == NULL ? NULL : memset(block, 0, bytes);
}

void *realloc(void *block, size_t bytes)
{
    if (block != NULL && bytes == 0) {
        free(block);
        return NULL;
    }
    void *moved = malloc(bytes);
    if (moved == NULL || block == NULL) return moved;
    size_t before = header_of(block)->usable_bytes;
    memcpy(moved, block, before < bytes ? before : bytes);
    free(block);
    return moved;
}

void *aligned_alloc(size_t alignment, size_t bytes) { return memalign(alignment, bytes); }

int posix_memalign(void **block, size_t alignment, size_t bytes)
{
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) return EINVAL;
    void *made = memalign(alignment, bytes);
    if (made == NULL) return ENOMEM;
    *block = made;
    return 0;
}

size_t malloc_usable_size(void *block)
{
    return block == NULL ? 0 : header_of(block)->usable_bytes;
}

void tl_meter_on(int step) { on += step; }

struct tl_meter_reading tl_meter_read(void) { return reading; }

void tl_meter_keep(const void *value) { (void)value; }

void *tl_meter_allocate(uint64_t bytes) { return malloc(bytes); }

void tl_meter_release(void *block) { free(block); }
