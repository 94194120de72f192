// SPDX-License-Identifier: Apache-2.0
// SRTP suites as the makers of keys need them.

#ifndef TL_SUITES_H
#define TL_SUITES_H

#include <stdint.h>

/// Bytes of a suite's master key and of its salt; 0 for a number that is no suite's.
uint32_t tl_suite_key_bytes(uint8_t suite);
uint32_t tl_suite_salt_bytes(uint8_t suite);

#endif
