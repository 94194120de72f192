// SPDX-License-Identifier: Apache-2.0
// Memory for workers: near their cores, in huge pages where there are. Everything is taken before
// the first packet, by the main thread, and never given back.
//
// A machine with one memory node, or a kernel without NUMA, has node 0 and no policy is set. With
// several, policies are preferences: a node that is full costs speed, not the start. (Only tried on
// a machine with one node: there is no other here.)

#ifndef TL_MEMORY_H
#define TL_MEMORY_H

#include <stdint.h>

#include "options.h"

enum tl_pages { TL_PAGES_RESERVED, TL_PAGES_TRANSPARENT };

// Memory nodes of this machine, at least 1, and that of a core.
uint32_t tl_memory_nodes(void);
uint32_t tl_memory_node(uint32_t core);

// Zeroed memory on a core's node, at least its first `at_once` bytes in their place. In reserved
// huge pages (vm.nr_hugepages) unless the options refuse them or too few are free, else in what the
// kernel has: transparent huge pages as far as it can. NULL when there is none.
void *tl_memory_take(uint64_t size_bytes, uint64_t at_once, const struct tl_options *options,
                     uint32_t core, enum tl_pages *pages);

// Prefers a core's node for pages of a mapping, shared ones too, and moves those that are there.
void tl_memory_near(void *memory, uint64_t size_bytes, uint32_t core);

// Puts what is mapped into transparent huge pages, as far as it covers whole ones: memory of our
// own, and files on any tmpfs, whatever its mount options are. Linux 6.1 or newer (MADV_COLLAPSE);
// without it nothing happens. Contents stay, and so do other mappings. A file's
// bytes must all have been written before (tl_file_own): what is only allocated is not cleared.
void tl_memory_collapse(void *memory, uint64_t size_bytes);

// Whether this mapping's first whole huge page is in one, as the kernel says. For what is said at
// the start.
int tl_memory_is_huge(const void *memory);

#endif
