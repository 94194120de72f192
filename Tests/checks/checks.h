// SPDX-License-Identifier: Apache-2.0
// What every C test of the product stands on: checks that say where they failed, chance that comes
// again, bytes from hexadecimal text, and the test data of $TRUNKLINE_TESTDATA.

#ifndef CHECKS_H
#define CHECKS_H

#include <stdint.h>
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

extern uint64_t checks_made;
void check_failed(const char *file, int line, const char *what);
void check_equal_failed(const char *file, int line, const char *what, long long actual,
                        long long expected);
/// The last line of every test program: its name, how much it checked, and how many cases were left
/// out because their data is not there. Its exit status.
int tests_passed(const char *name, uint32_t left_out);

/// A repeatable generator; tests print its seed when they fail.
extern uint64_t test_seed;
uint64_t random_64(void);
uint32_t random_below(uint32_t bound);

/// Bytes of hexadecimal text, spaces between them allowed, at most `room`; returns how many.
uint32_t hex(const char *text, uint8_t *out, uint32_t room);

/// CLOCK_MONOTONIC, for what measures; no test asserts a time.
uint64_t clock_ns(void);

/// Reads a file of the test data. Returns how many bytes it has, at most `room`; -1 when absent.
int64_t data_read(const char *path, void *bytes, uint32_t room);
/// Hands each file of a folder of the test data to `run`, in place. Returns how many folders were
/// absent: 0 or 1.
uint32_t data_each(const char *folder, void (*run)(void *context, uint8_t *bytes, uint32_t length),
                   void *context);

#endif
