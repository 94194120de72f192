// SPDX-License-Identifier: Apache-2.0
// Marks and limits that every file of the fast path uses.

#ifndef TL_BASE_H
#define TL_BASE_H

#include <stdint.h>

/// Stands before every function that runs for packets: it must not allocate, lock or call the
/// system. -Wfunction-effects proves it.
#define TL_PACKET_CODE __attribute__((nonblocking))

#define TL_LIKELY(x)   __builtin_expect(!!(x), 1)
#define TL_UNLIKELY(x) __builtin_expect(!!(x), 0)

/// Asks for a line that a later pass over the burst needs. Into the second-level cache: what is
/// asked for in the first level beyond what that can have outstanding (24 lines on Zen 4) is
/// silently dropped, and a burst asks for 128.
#define TL_PREFETCH(address) __builtin_prefetch((address), 0, 2)

#define TL_LINE_BYTES 64u
#define TL_BURST_MAX  32u // packets of one pipeline run

/// Writable bytes that must stand before a packet's first byte: headers may grow from
/// untagged IPv4 to tagged IPv6.
#define TL_HEADROOM_BYTES 64u
/// Largest packet that the box makes or injects, from the Ethernet header on.
#define TL_MADE_PACKET_BYTES (TL_PACKET_BYTES_MAX + 128u)
/// How often a packet may come back to the box before it is dropped as hairpin_loop.
#define TL_HAIRPIN_HOPS_MAX 4u

#define TL_NANOSECONDS    1000000000ull
#define TL_MILLISECOND_NS 1000000ull

static inline int tl_between(uint32_t value, uint32_t low, uint32_t high)
{
    return value >= low && value <= high;
}

#endif
