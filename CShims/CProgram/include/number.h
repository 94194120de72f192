// SPDX-License-Identifier: Apache-2.0
// Numbers of a command line.

#ifndef TL_NUMBER_H
#define TL_NUMBER_H

#include <stdint.h>

/// A decimal number from 0 to `most`, digits only; -1 when it is none.
int64_t tl_number(const char *text, uint64_t most);

/// The value of option --name, from `least` to `most`. 0, or -1 with a sentence.
int tl_number_read(const char *name, const char *text, uint32_t least, uint32_t most,
                   uint32_t *value);

#endif
