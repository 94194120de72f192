// SPDX-License-Identifier: Apache-2.0
// The Internet checksum (RFC 1071).

#ifndef TL_CHECKSUM_H
#define TL_CHECKSUM_H

#include "tl_base.h"

/// One's complement sum of `length` bytes, not yet folded, as 16-bit words in memory order. Sums
/// of even-length pieces may be added.
TL_PACKET_CODE uint64_t tl_checksum_sum(const uint8_t *bytes, uint32_t length);

/// Folds a sum and complements it: the value to store in memory order.
TL_PACKET_CODE uint16_t tl_checksum_finish(uint64_t sum);

#endif
