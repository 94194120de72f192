// SPDX-License-Identifier: Apache-2.0
#include "harness.h"

uint64_t checks_made;
uint64_t test_seed = 1;
const char *const backend_names[2] = {"ipsec-mb", "openssl"};

#define NAME(id, value, name, key, salt, tag, rtcp_tag) [value] = name,
const char *const suite_names[TL_SUITES_MAX] = {TL_SRTP_SUITES(NAME)};
#define KEY(id, value, name, key, salt, tag, rtcp_tag) [value] = key,
static const uint8_t key_bytes[TL_SUITES_MAX] = {TL_SRTP_SUITES(KEY)};
#define SALT(id, value, name, key, salt, tag, rtcp_tag) [value] = salt,
static const uint8_t salt_bytes[TL_SUITES_MAX] = {TL_SRTP_SUITES(SALT)};

uint32_t suite_key_bytes(uint8_t suite)
{
    return key_bytes[suite];
}

uint32_t suite_salt_bytes(uint8_t suite)
{
    return salt_bytes[suite];
}

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

void check_hex(const char *file, int line, const char *what, const uint8_t *actual,
               const char *text)
{
    uint8_t expected[4096];
    uint32_t count = hex(text, expected, sizeof(expected));
    checks_made++;
    if (memcmp(actual, expected, count) == 0)
        return;
    printf("%s:%d: %s is ", file, line, what);
    for (uint32_t i = 0; i < count; i++)
        printf("%02x", actual[i]);
    printf(", expected %s\n", text);
    exit(1);
}

int tests_passed(const char *name, unsigned left_out)
{
    printf("%s: passed, %llu checks", name, (unsigned long long)checks_made);
    if (left_out > 0)
        printf(", %u left out", left_out);
    printf("\n");
    return 0;
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

void random_bytes(uint8_t *out, uint32_t count)
{
    for (uint32_t i = 0; i < count; i += 8) {
        uint64_t word = random_64();
        memcpy(out + i, &word, count - i < 8 ? count - i : 8);
    }
}

struct tl_srtp_engine *engine_make(enum tl_srtp_backend backend)
{
    void *memory = aligned_alloc(64, tl_srtp_engine_size(backend));
    struct tl_srtp_engine *engine = memory ? tl_srtp_engine_init(memory, backend) : NULL;
    if (engine == NULL)
        check_failed(__FILE__, __LINE__, backend_names[backend]);
    return engine;
}

void engine_free(struct tl_srtp_engine *engine)
{
    tl_srtp_engine_close(engine);
    free(engine);
}

struct tl_srtp_key master_random(uint8_t suite, uint8_t mki_bytes)
{
    struct tl_srtp_key master = {.suite = suite, .mki_bytes = mki_bytes};
    random_bytes(master.key, suite_key_bytes(suite));
    random_bytes(master.salt, suite_salt_bytes(suite));
    random_bytes(master.mki, mki_bytes);
    return master;
}

const char *json_text(const char *from, const char *name, char *out, size_t room)
{
    char quoted[64];
    snprintf(quoted, sizeof(quoted), "\"%s\": \"", name);
    const char *value = strstr(from, quoted);
    if (value == NULL)
        return NULL;
    value += strlen(quoted);
    size_t bytes = strcspn(value, "\"");
    if (bytes >= room)
        check_failed(__FILE__, __LINE__, name);
    memcpy(out, value, bytes);
    out[bytes] = '\0';
    return value + bytes;
}

char *data_read(const char *name, uint32_t *bytes)
{
    const char *root = getenv("TRUNKLINE_TESTDATA");
    char path[1024];
    snprintf(path, sizeof(path), "%s/srtp/%s", root ? root : "", name);
    FILE *file = root ? fopen(path, "rb") : NULL;
    if (file == NULL)
        return NULL;
    char *text = calloc(1, 1 << 16);
    *bytes = (uint32_t)fread(text, 1, (1 << 16) - 1, file);
    fclose(file);
    return text;
}
