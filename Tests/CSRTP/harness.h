// SPDX-License-Identifier: Apache-2.0
// Engines, master keys, and what test data in JSON says.

#ifndef HARNESS_H
#define HARNESS_H

#include "../checks/checks.h"
#include "CSRTP.h"

/// `actual` holds the bytes that `text` says in hexadecimal.
#define CHECK_HEX(actual, text) check_hex(__FILE__, __LINE__, #actual, (actual), (text))

void check_hex(const char *file, int line, const char *what, const uint8_t *actual,
               const char *text);
void random_bytes(uint8_t *out, uint32_t count);

struct tl_srtp_engine *engine_make(enum tl_srtp_backend backend);
void engine_free(struct tl_srtp_engine *engine);
extern const char *const backend_names[2];

/// Key and salt bytes of a suite.
uint32_t suite_key_bytes(uint8_t suite);
uint32_t suite_salt_bytes(uint8_t suite);
extern const char *const suite_names[TL_SUITES_MAX];
struct tl_srtp_key master_random(uint8_t suite, uint8_t mki_bytes);

/// The value of the next "name": "..." behind `from`, in `out`; NULL when there is none, else
/// what comes behind it.
const char *json_text(const char *from, const char *name, char *out, size_t room);

#endif
