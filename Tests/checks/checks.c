// SPDX-License-Identifier: Apache-2.0
#include "checks.h"

#include <dirent.h>
#include <time.h>

uint64_t checks_made;
uint64_t test_seed = 1;

void check_failed(const char *file, int line, const char *what)
{
    printf("%s:%d: failed: %s (seed %llu)\n", file, line, what, (unsigned long long)test_seed);
    exit(1);
}

void check_equal_failed(const char *file, int line, const char *what, long long actual,
                        long long expected)
{
    printf("%s:%d: %s is %lld, expected %lld (seed %llu)\n", file, line, what, actual, expected,
           (unsigned long long)test_seed);
    exit(1);
}

int tests_passed(const char *name, uint32_t left_out)
{
    printf("%s: passed, %llu checks", name, (unsigned long long)checks_made);
    if (left_out > 0)
        printf(", %u left out", left_out);
    printf("\n");
    return 0;
}

uint64_t random_64(void)
{
    static uint64_t state, state_seed;
    if (state_seed != test_seed) {
        state_seed = test_seed;
        state = test_seed * 0x9e3779b97f4a7c15ull | 1;
    }
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1dull;
}

uint32_t random_below(uint32_t bound)
{
    return (uint32_t)((random_64() >> 32) % bound);
}

uint32_t hex(const char *text, uint8_t *out, uint32_t room)
{
    uint32_t count = 0;
    for (; text[0] != '\0'; text += 2) {
        while (*text == ' ')
            text++;
        char two[3] = {text[0], text[1], 0}, *end;
        unsigned long value = strtoul(two, &end, 16);
        if (*end != '\0' || end != two + 2 || count == room)
            check_failed(__FILE__, __LINE__, text);
        out[count++] = (uint8_t)value;
    }
    return count;
}

uint64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void data_path(const char *name, char *path, uint32_t room)
{
    const char *root = getenv("TRUNKLINE_TESTDATA");
    snprintf(path, room, "%s/%s", root != NULL ? root : ".", name);
}

int64_t data_read(const char *path, void *bytes, uint32_t room)
{
    char whole[4096];
    data_path(path, whole, sizeof(whole));
    FILE *file = fopen(whole, "rb");
    if (file == NULL)
        return -1;
    size_t count = fread(bytes, 1, room, file);
    fclose(file);
    return (int64_t)count;
}

uint32_t data_each(const char *folder, void (*run)(void *context, uint8_t *bytes, uint32_t length),
                   void *context)
{
    static uint8_t bytes[1 << 16];
    char path[4096];
    data_path(folder, path, sizeof(path));
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort); // in the same order everywhere
    if (count < 0)
        return 1;
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        int64_t length = entries[i]->d_name[0] != '.' ? data_read(path, bytes, sizeof(bytes)) : 0;
        if (length > 0)
            run(context, bytes, (uint32_t)length);
        free(entries[i]);
    }
    free(entries);
    return 0;
}
