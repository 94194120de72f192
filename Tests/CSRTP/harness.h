// SPDX-License-Identifier: Apache-2.0
// Checks that say where they failed, bytes from hexadecimal text, repeatable chance, engines.

#ifndef HARNESS_H
#define HARNESS_H

#include "CSRTP.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        checks_made++;                                                                             \
        if (!(condition))                                                                          \
            check_failed(__FILE__, __LINE__, #condition);                                          \
    } while (0)

#define CHECK_EQUAL(actual, expected)                                                              \
    do {                                                                                           \
        checks_made++;                                                                             \
        long long actual_ = (long long)(actual), expected_ = (long long)(expected);                \
        if (actual_ != expected_)                                                                  \
            check_equal_failed(__FILE__, __LINE__, #actual, actual_, expected_);                   \
    } while (0)

/// `actual` holds the bytes that `text` says in hexadecimal.
#define CHECK_HEX(actual, text) check_hex(__FILE__, __LINE__, #actual, (actual), (text))

extern uint64_t checks_made;
extern uint64_t test_seed;
void check_failed(const char *file, int line, const char *what);
void check_equal_failed(const char *file, int line, const char *what, long long actual,
                        long long expected);
void check_hex(const char *file, int line, const char *what, const uint8_t *actual,
               const char *text);
/// The last line of a test program; its exit status.
int tests_passed(const char *name, unsigned left_out);

/// Bytes of hexadecimal text, at most `room`; returns how many.
uint32_t hex(const char *text, uint8_t *out, uint32_t room);
uint32_t random_below(uint32_t bound);
uint64_t random_64(void);
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
/// A file of the test data, NUL behind it, to be freed; NULL when absent.
char *data_read(const char *name, uint32_t *bytes);

#endif
