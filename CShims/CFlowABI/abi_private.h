// SPDX-License-Identifier: Apache-2.0
// Shared between the .c files of this folder, and nobody else's.

#ifndef TL_ABI_PRIVATE_H
#define TL_ABI_PRIVATE_H

#include "CFlowABI.h"

// TL_FILE_OK, or TL_FILE_BAD_GEOMETRY.
int32_t tl_geometry_check(const struct tl_geometry *geometry);

// Lets the SIGBUS handler know a map: 0, or -1 with errno ENFILE when it knows too many.
int tl_guard_add(struct tl_map *map, int is_peer);
void tl_guard_remove(const struct tl_map *map);

#endif
