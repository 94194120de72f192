// SPDX-License-Identifier: Apache-2.0
// STUN messages as bytes: the vectors of RFC 5769, what is refused, what is ignored.
#include "stun_frames.h"

#include "../../CShims/CStages/stun.h"

static struct tl_hmac *hmac;

// RFC 5769 sections 2.1 to 2.3: short-term, password VOkJxbRl1RmTxUk/WvJxBt.
static const uint8_t rfc5769_2_1[] = {
    0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
    0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x10, 0x53, 0x54, 0x55, 0x4e, 0x20, 0x74, 0x65, 0x73,
    0x74, 0x20, 0x63, 0x6c, 0x69, 0x65, 0x6e, 0x74, 0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff,
    0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36, 0x00, 0x06, 0x00, 0x09,
    0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76, 0x59, 0x20, 0x20, 0x20, 0x00, 0x08, 0x00, 0x14,
    0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e, 0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49,
    0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf};
static const uint8_t rfc5769_2_2[] = {
    0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
    0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63,
    0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43,
    0x00, 0x08, 0x00, 0x14, 0x2b, 0x91, 0xf5, 0x99, 0xfd, 0x9e, 0x90, 0xc3, 0x8c, 0x74, 0x89, 0xf9,
    0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b, 0xe7, 0xd7, 0x80, 0x28, 0x00, 0x04, 0xc0, 0x7d, 0x4c, 0x96};
static const uint8_t rfc5769_2_3[] = {
    0x01, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
    0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63,
    0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa,
    0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9, 0x00, 0x08, 0x00, 0x14,
    0xa3, 0x82, 0x95, 0x4e, 0x4b, 0xe6, 0x7b, 0xf1, 0x17, 0x84, 0xc9, 0x7c, 0x82, 0x92, 0xc2, 0x75,
    0xbf, 0xe3, 0xed, 0x41, 0x80, 0x28, 0x00, 0x04, 0xc8, 0xfb, 0x0b, 0x4c};
// Section 2.4: long-term, without FINGERPRINT. Its key: MD5 of user name, realm and password.
static const uint8_t rfc5769_2_4[] = {
    0x00, 0x01, 0x00, 0x60, 0x21, 0x12, 0xa4, 0x42, 0x78, 0xad, 0x34, 0x33, 0xc6, 0xad, 0x72, 0xc0,
    0x29, 0xda, 0x41, 0x2e, 0x00, 0x06, 0x00, 0x12, 0xe3, 0x83, 0x9e, 0xe3, 0x83, 0x88, 0xe3, 0x83,
    0xaa, 0xe3, 0x83, 0x83, 0xe3, 0x82, 0xaf, 0xe3, 0x82, 0xb9, 0x00, 0x00, 0x00, 0x15, 0x00, 0x1c,
    0x66, 0x2f, 0x2f, 0x34, 0x39, 0x39, 0x6b, 0x39, 0x35, 0x34, 0x64, 0x36, 0x4f, 0x4c, 0x33, 0x34,
    0x6f, 0x4c, 0x39, 0x46, 0x53, 0x54, 0x76, 0x79, 0x36, 0x34, 0x73, 0x41, 0x00, 0x14, 0x00, 0x0b,
    0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x2e, 0x6f, 0x72, 0x67, 0x00, 0x00, 0x08, 0x00, 0x14,
    0xf6, 0x70, 0x24, 0x65, 0x6d, 0xd6, 0x4a, 0x3e, 0x02, 0xb8, 0xe0, 0x71, 0x2e, 0x85, 0xc9, 0xa2,
    0x8c, 0xa8, 0x96, 0x66};
static const uint8_t rfc5769_2_4_key[16] = {
    0xe8, 0xca, 0x7a, 0xd5, 0x9d, 0x5e, 0xb0, 0x51, 0x8e, 0x31, 0x29, 0x11, 0xd2, 0xda, 0xb2, 0xa9};
static const char short_term[] = "VOkJxbRl1RmTxUk/WvJxBt";

static struct tl_hmac_key key_of(const void *bytes, uint32_t count)
{
    struct tl_hmac_key key;
    tl_hmac_key_make(hmac, bytes, count, &key);
    return key;
}

static struct tl_hmac_key short_term_key(void)
{
    return key_of(short_term, sizeof(short_term) - 1);
}

// Read in a piece of memory that ends where the message ends.
static int reads(const uint8_t *bytes, uint32_t length, struct stun *stun, int *authentic)
{
    struct tl_hmac_key key = short_term_key();
    uint8_t *copy = malloc(length > 0 ? length : 1);
    memcpy(copy, bytes, length);
    int good = tl_stun_read(hmac, copy, length, stun);
    *authentic = good && tl_stun_authenticate(hmac, stun, &key);
    free(copy);
    return good;
}

// A message that is read, and authentic.
static struct stun check_authentic(const uint8_t *bytes, uint32_t length)
{
    struct stun stun;
    int authentic;
    CHECK(reads(bytes, length, &stun, &authentic));
    CHECK(authentic);
    return stun;
}

static void test_rfc5769_2_1(void)
{
    struct stun stun = check_authentic(rfc5769_2_1, sizeof(rfc5769_2_1));
    CHECK_EQUAL(stun.type, STUN_REQUEST);
    CHECK_EQUAL(stun.priority, 0x6e0001ff);
    CHECK_EQUAL(stun.username_bytes, 9);
    CHECK_EQUAL(stun.unknown_count, 0);
    CHECK_EQUAL(stun.flags, STUN_HAS_PRIORITY | STUN_HAS_USERNAME | STUN_ICE_CONTROLLED |
                                STUN_HAS_FINGERPRINT);
    CHECK(tl_stun_read(hmac, rfc5769_2_1, sizeof(rfc5769_2_1), &stun));
    CHECK(memcmp(stun.username, "evtj:h6vY", 9) == 0);
}

// Our answer to 2.1 is 2.2 or 2.3 without SOFTWARE.
static void answer_equals(const uint8_t *vector, uint32_t length, const char *address)
{
    uint8_t source[16], answer[STUN_ANSWER_BYTES_MAX];
    struct tl_hmac_key key = short_term_key();
    struct stun request;
    CHECK_EQUAL(check_authentic(vector, length).type, STUN_SUCCESS);
    parse_address(address, source);
    CHECK(tl_stun_read(hmac, rfc5769_2_1, sizeof(rfc5769_2_1), &request));
    uint32_t count = tl_stun_success(hmac, &request, &key, source, 32853, answer);
    CHECK_EQUAL(count, length - 16);
    CHECK(memcmp(answer, vector, 2) == 0);
    CHECK(memcmp(answer + 4, vector + 4, 16) == 0);
    CHECK(memcmp(answer + 20, vector + 36, count - 20 - 32) == 0);
    CHECK(check_authentic(answer, count).flags & STUN_HAS_FINGERPRINT);
}

static void test_rfc5769_2_2(void)
{
    answer_equals(rfc5769_2_2, sizeof(rfc5769_2_2), "192.0.2.1");
}

static void test_rfc5769_2_3(void)
{
    answer_equals(rfc5769_2_3, sizeof(rfc5769_2_3), "2001:db8:1234:5678:11:2233:4455:6677");
}

static void test_rfc5769_2_4(void)
{
    struct tl_hmac_key key = key_of(rfc5769_2_4_key, sizeof(rfc5769_2_4_key));
    struct stun stun;
    CHECK(tl_stun_read(hmac, rfc5769_2_4, sizeof(rfc5769_2_4), &stun));
    CHECK(tl_stun_authenticate(hmac, &stun, &key));
    CHECK_EQUAL(stun.flags, STUN_HAS_USERNAME);
    CHECK_EQUAL(stun.username_bytes, 18);
}

// No flipped bit is authentic, but in FINGERPRINT, which MESSAGE-INTEGRITY does not cover; and a
// FINGERPRINT that is found is right.
static void test_flipped_bits(void)
{
    uint8_t bytes[sizeof(rfc5769_2_1)];
    struct stun stun;
    int authentic;
    for (uint32_t bare = 0; bare < 2; bare++) {
        uint32_t length = (uint32_t)sizeof(bytes) - 8 * bare;
        for (uint32_t bit = 0; bit < 8 * length; bit++) {
            memcpy(bytes, rfc5769_2_1, sizeof(bytes));
            put_16(bytes + 2, length - 20);
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            int good = reads(bytes, length, &stun, &authentic);
            CHECK(!authentic || bit / 8 >= sizeof(bytes) - 8);
            CHECK(!good || !(stun.flags & STUN_HAS_FINGERPRINT));
        }
        memcpy(bytes, rfc5769_2_1, sizeof(bytes));
        put_16(bytes + 2, length - 20);
        check_authentic(bytes, length);
    }
}

static void test_cut_short(void)
{
    struct stun stun;
    int authentic;
    for (uint32_t length = 0; length < sizeof(rfc5769_2_1); length++) {
        uint8_t bytes[sizeof(rfc5769_2_1)];
        memcpy(bytes, rfc5769_2_1, sizeof(bytes));
        CHECK(!reads(bytes, length, &stun, &authentic));
        if (length < 20)
            continue;
        put_16(bytes + 2, length - 20); // and the header agrees
        int good = reads(bytes, length, &stun, &authentic);
        CHECK(!good || (length % 4 == 0 && authentic == (length == sizeof(bytes) - 8)));
    }
}

// A request of these attributes, signed or not. Returns whether it is read.
static int reads_with(const uint8_t *attributes, uint32_t count, int is_signed, struct stun *stun)
{
    static uint8_t bytes[2048];
    memcpy(bytes, rfc5769_2_1, 20);
    memcpy(bytes + 20, attributes, count);
    put_16(bytes + 2, count);
    uint32_t length = 20 + count;
    if (is_signed)
        length = stun_sign(hmac, bytes, bytes + 20 + count, short_term);
    return tl_stun_read(hmac, bytes, length, stun);
}

static void test_attributes(void)
{
    uint8_t bytes[2048], value[64] = {0}, *at;
    struct stun stun;
    struct tl_hmac_key key = short_term_key();
    static const struct {
        uint16_t type, size;
        int good;
    } sizes[] = {{0x24, 4, 1}, {0x24, 3, 0}, {0x24, 8, 0}, {0x25, 0, 1}, {0x25, 4, 0},
                 {0x8029, 8, 1}, {0x8029, 4, 0}, {0x802a, 8, 1}, {0x802a, 12, 0}, {0x08, 20, 1},
                 {0x08, 16, 0}, {0x08, 32, 0}, {0x8028, 8, 0}, {0x06, 0, 1}, {0x8022, 33, 1}};
    for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        at = stun_put(bytes, sizes[i].type, value, sizes[i].size);
        CHECK_EQUAL(reads_with(bytes, (uint32_t)(at - bytes), 0, &stun), sizes[i].good);
    }
    // An attribute that is longer than what is left.
    at = stun_put(bytes, 0x06, value, 8);
    put_16(bytes + 2, 9);
    CHECK(!reads_with(bytes, (uint32_t)(at - bytes), 0, &stun));
    // Unknown ones that must be understood are named, up to a limit. Of two the first counts.
    at = bytes;
    for (uint16_t i = 0; i < 12; i++)
        at = stun_put(stun_put(at, 0x7f00u + i, value, 1), 0xc000u + i, value, 0);
    put_32(value, 7);
    at = stun_put(at, 0x24, value, 4);
    put_32(value, 8);
    at = stun_put(at, 0x24, value, 4);
    CHECK(reads_with(bytes, (uint32_t)(at - bytes), 1, &stun));
    CHECK(tl_stun_authenticate(hmac, &stun, &key));
    CHECK_EQUAL(stun.unknown_count, STUN_UNKNOWN_MAX);
    CHECK_EQUAL(stun.unknown[7], 0x7f07);
    CHECK_EQUAL(stun.priority, 7);
    // Too long for any path.
    CHECK(!reads_with(bytes, STUN_BYTES_MAX, 0, &stun));
}

// Anybody may add what stands behind MESSAGE-INTEGRITY.
static void test_behind_integrity(void)
{
    uint8_t bytes[256], crc[4];
    struct stun stun;
    int authentic;
    uint8_t *at = bytes + sizeof(rfc5769_2_1) - 8; // over FINGERPRINT
    memcpy(bytes, rfc5769_2_1, sizeof(rfc5769_2_1));
    at = stun_put(stun_put(at, 0x25, NULL, 0), 0x7f00, "abcd", 4);
    at = stun_put(at, 0x08, bytes, 20);
    uint32_t length = (uint32_t)(at - bytes);
    put_16(bytes + 2, length - 20);
    stun = check_authentic(bytes, length);
    CHECK(!(stun.flags & (STUN_USE_CANDIDATE | STUN_HAS_FINGERPRINT)));
    CHECK_EQUAL(stun.unknown_count, 0);
    put_16(bytes + 2, length - 20 + 8);
    put_32(crc, tl_hmac_crc(hmac, bytes, length) ^ 0x5354554e);
    at = stun_put(at, 0x8028, crc, 4);
    CHECK(reads(bytes, length + 8, &stun, &authentic));
    CHECK(stun.flags & STUN_HAS_FINGERPRINT);
    // Not last: no FINGERPRINT of this message.
    stun_put(at, 0x8022, "late", 4);
    put_16(bytes + 2, length - 20 + 16);
    CHECK(!reads(bytes, length + 16, &stun, &authentic));
}

static void test_errors(void)
{
    uint8_t answer[STUN_ANSWER_BYTES_MAX];
    struct tl_hmac_key key = short_term_key();
    struct stun request;
    for (uint16_t count = 1; count <= STUN_UNKNOWN_MAX; count++) {
        CHECK(tl_stun_read(hmac, rfc5769_2_1, sizeof(rfc5769_2_1), &request));
        request.unknown_count = count;
        for (uint16_t i = 0; i < count; i++)
            request.unknown[i] = 0x7f00u + i;
        uint32_t length = tl_stun_error(hmac, &request, &key, STUN_UNKNOWN_ATTRIBUTE, answer);
        CHECK(length <= sizeof(answer));
        CHECK(length <= 56 + 4u * count + STUN_GROWTH_MAX);
        CHECK_EQUAL(check_authentic(answer, length).type, STUN_ERROR);
        CHECK_EQUAL(get_32(answer + 24), 4 << 8 | 20);
        CHECK_EQUAL(get_32(answer + 48), 0x000a0000 + 2u * count);
        CHECK_EQUAL(get_16(answer + 52 + 2 * (count - 1)), 0x7f00 + count - 1);
    }
    uint32_t length = tl_stun_error(hmac, &request, &key, STUN_ROLE_CONFLICT, answer);
    check_authentic(answer, length);
    CHECK_EQUAL(get_32(answer + 24), 4 << 8 | 87);
}

// Messages of other implementations: a verdict for those that have one, no fault for any.
static const struct {
    const char *name;
    int good;
    uint16_t type;
    uint32_t flags;
} known[] = {
    {"stun-ice/rfc5769/2.1-request.bin", 1, STUN_REQUEST,
     STUN_HAS_PRIORITY | STUN_HAS_USERNAME | STUN_ICE_CONTROLLED | STUN_HAS_FINGERPRINT},
    {"stun-ice/rfc5769/2.2-response-ipv4.bin", 1, STUN_SUCCESS, STUN_HAS_FINGERPRINT},
    {"stun-ice/aioice/binding_request.bin", 1, STUN_REQUEST, 0},
    {"stun-ice/aioice/binding_request_ice_controlling.bin", 1, STUN_REQUEST,
     STUN_HAS_PRIORITY | STUN_HAS_USERNAME | STUN_USE_CANDIDATE | STUN_ICE_CONTROLLING |
         STUN_HAS_FINGERPRINT},
    {"stun-ice/aioice/binding_response.bin", 1, STUN_SUCCESS, 0},
};

static uint32_t run_known(void)
{
    uint32_t left_out = 0;
    for (uint32_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        uint8_t bytes[1500];
        struct stun stun;
        int authentic;
        int64_t length = data_read(known[i].name, bytes, sizeof(bytes));
        left_out += length < 0;
        if (length < 0)
            continue;
        CHECK_EQUAL(reads(bytes, (uint32_t)length, &stun, &authentic), known[i].good);
        CHECK_EQUAL(stun.type, known[i].type);
        CHECK_EQUAL(stun.flags, known[i].flags);
    }
    return left_out;
}

static void run_any(void *context, uint8_t *bytes, uint32_t length)
{
    struct stun stun;
    int authentic;
    (void)context;
    if (reads(bytes, length, &stun, &authentic))
        CHECK_EQUAL(get_16(bytes + 2) + 20, length);
}

int main(void)
{
    hmac = tl_hmac_init(aligned_alloc(64, (tl_hmac_size() + 63) & ~63ull));
    test_rfc5769_2_1();
    test_rfc5769_2_2();
    test_rfc5769_2_3();
    test_rfc5769_2_4();
    test_flipped_bits();
    test_cut_short();
    test_attributes();
    test_behind_integrity();
    test_errors();
    uint32_t left_out = run_known() + data_each("stun-ice/webrtc-stun-corpus", run_any, NULL) +
                        data_each("stun-ice/browsers", run_any, NULL);
    free(hmac);
    return tests_passed("stun", left_out);
}
