// SPDX-License-Identifier: Apache-2.0
// Checks that say where they failed.

#ifndef EXPECT_H
#define EXPECT_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK_EQUAL(actual, expected)                                                              \
    do {                                                                                           \
        long long actual_ = (long long)(actual), expected_ = (long long)(expected);                \
        checks_made++;                                                                             \
        if (actual_ != expected_) {                                                                \
            fprintf(stderr, "%s:%d: %s is %lld and not %lld\n", __FILE__, __LINE__, #actual,       \
                    actual_, expected_);                                                           \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#define CHECK(condition) CHECK_EQUAL(!!(condition), 1)

static unsigned long checks_made;

static inline int tests_passed(const char *name)
{
    printf("%s: %lu checks\n", name, checks_made);
    return 0;
}

#endif
