// SPDX-License-Identifier: Apache-2.0
#include "harness.h"

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
