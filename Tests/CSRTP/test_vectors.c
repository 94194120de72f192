// SPDX-License-Identifier: Apache-2.0
// What the standards print: RFC 3711 B.2 and B.3, RFC 6188 7.1 and 7.2, RFC 7714 16 and 17, and
// libsrtp's reference packets; by both back ends. RFC 3711 B.1 is AES-f8, which no suite here has.
#include "engine.h"
#include "harness.h"

/// Session keys that a standard gives without a master key.
static struct tl_srtp_keys session_keys(struct tl_srtp_engine *engine, uint8_t suite,
                                        const char *key, const char *salt,
                                        const char *authentication)
{
    struct tl_srtp_key master = {.suite = suite};
    struct tl_srtp_keys keys;
    CHECK_EQUAL(tl_srtp_keys_derive(engine, &keys, &master), TL_STATUS_OK);
    expanded_drop(&keys.expanded, keys.backend);
    memset(keys.salt, 0, sizeof(keys.salt));
    CHECK_EQUAL(hex(salt, keys.salt, 16), suite_salt_bytes(suite));
    memcpy(keys.rtcp_salt, keys.salt, 16);
    CHECK_EQUAL(hex(key, keys.rtcp_key, 32), suite_key_bytes(suite));
    hex(authentication, keys.rtcp_authentication, 20);
    CALL(engine, expand, &keys.expanded, keys.aead, keys.rtcp_key, keys.key_bytes,
         keys.rtcp_authentication);
    return keys;
}

static void rtp_both_ways(struct tl_srtp_engine *engine, struct tl_srtp_keys *keys,
                          const char *plain, const char *sealed, uint32_t header_bytes)
{
    uint8_t packet[256];
    uint32_t length = hex(plain, packet, 200);
    struct tl_srtp_job job = {.keys = keys, .packet = packet, .length = length};
    job.header_bytes = header_bytes ? header_bytes : length;
    job.index = (uint64_t)packet[2] << 8 | packet[3];
    tl_srtp_seal(engine, &job, 1);
    CHECK_EQUAL(job.good, 1);
    CHECK_EQUAL(job.length, strlen(sealed) / 2);
    CHECK_HEX(packet, sealed);
    tl_srtp_open(engine, &job, 1);
    CHECK_EQUAL(job.good, 1);
    CHECK_EQUAL(job.length, length);
    CHECK_HEX(packet, plain);
}

static void rtcp_both_ways(struct tl_srtp_engine *engine, const struct tl_srtp_keys *keys,
                           const char *plain, const char *sealed, uint32_t index, bool encrypt)
{
    uint8_t packet[256];
    uint32_t length = hex(plain, packet, 200), seen = 0, whole = length;
    CHECK_EQUAL(tl_srtcp_seal(engine, keys, packet, &length, index, encrypt), TL_DROP_REASON_COUNT);
    CHECK_EQUAL(length, strlen(sealed) / 2);
    CHECK_HEX(packet, sealed);
    CHECK_EQUAL(tl_srtcp_open(engine, keys, packet, &length, &seen, !encrypt),
                TL_DROP_REASON_COUNT);
    CHECK_EQUAL(length, whole);
    CHECK_EQUAL(seen, index);
    CHECK_HEX(packet, plain);
}

static void keystream(struct tl_srtp_engine *engine, uint8_t suite, const char *key,
                      const char *expected)
{
    struct tl_srtp_keys keys = session_keys(engine, suite, key, "F0F1F2F3F4F5F6F7F8F9FAFBFCFD", "");
    uint8_t stream[48] = {0};
    struct task *task = &engine->cm[0];
    *task = (struct task){.expanded = &keys.expanded, .data = stream, .data_bytes = 48};
    task->key_bytes = keys.key_bytes;
    iv_cm(task->iv, keys.salt, 0, 0);
    CALL(engine, cipher, task, 1, keys.key_bytes);
    CHECK_HEX(stream, expected);
    tl_srtp_keys_wipe(&keys);
}

static void rfc_3711_b_2_keystream(struct tl_srtp_engine *engine)
{
    keystream(engine, TL_SUITE_AES_CM_128_HMAC_SHA1_80, "2B7E151628AED2A6ABF7158809CF4F3C",
              "E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB"
              "41E95B3BB0A2E8DD477901E4FCA894C0");
}

static void rfc_6188_7_1_keystream(struct tl_srtp_engine *engine)
{
    keystream(engine, TL_SUITE_AES_256_CM_HMAC_SHA1_80,
              "57f82fe3613fd170a85ec93c40b1f0922ec4cb0dc025b58272147cc438944a98",
              "92bdd28a93c3f52511c677d08b5515a49da71b2378a854f67050756ded165bac"
              "63c4868b7096d88421b563b8c94c9a31");
}

/// Derived keys are those expected when a packet sealed with them is.
static void derivation(struct tl_srtp_engine *engine, uint8_t suite, const char *master_key,
                       const char *master_salt, const char *key, const char *salt,
                       const char *authentication)
{
    struct tl_srtp_key master = {.suite = suite};
    struct tl_srtp_keys keys, expected = session_keys(engine, suite, key, salt, authentication);
    hex(master_key, master.key, 32);
    hex(master_salt, master.salt, 14);
    CHECK_EQUAL(tl_srtp_keys_derive(engine, &keys, &master), TL_STATUS_OK);
    CHECK_HEX(keys.salt, salt);
    uint8_t packets[2][128];
    random_bytes(packets[0], 128);
    memcpy(packets[1], packets[0], 128);
    struct tl_srtp_job jobs[2] = {{.keys = &keys, .packet = packets[0]},
                                  {.keys = &expected, .packet = packets[1]}};
    for (uint32_t i = 0; i < 2; i++) {
        jobs[i].length = 100;
        jobs[i].header_bytes = 12;
    }
    tl_srtp_seal(engine, jobs, 2);
    CHECK(memcmp(packets[0], packets[1], 128) == 0);
    tl_srtp_keys_wipe(&keys);
    tl_srtp_keys_wipe(&expected);
}

static void rfc_3711_b_3_derivation(struct tl_srtp_engine *engine)
{
    derivation(engine, TL_SUITE_AES_CM_128_HMAC_SHA1_80, "E1F97A0D3E018BE0D64FA32C06DE4139",
               "0EC675AD498AFEEBB6960B3AABE6", "C61E7A93744F39EE10734AFE3FF7A087",
               "30CBBC08863D8C85D49DB34A9AE1", "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4");
}

static void rfc_6188_7_2_derivation(struct tl_srtp_engine *engine)
{
    derivation(engine, TL_SUITE_AES_256_CM_HMAC_SHA1_80,
               "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6",
               "3b04803de51ee7c96423ab5b78d2",
               "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4",
               "fa31791685ca444a9e07c6c64e93", "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05");
}

#define QUID_PRO_QUO "517569642070726f2071756f"
#define KEY_128      "000102030405060708090a0b0c0d0e0f"
#define KEY_256      KEY_128 "101112131415161718191a1b1c1d1e1f"
#define GALLIA                                                                                     \
    "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e69732064697669736120696e2070617274657320" \
    "74726573"
#define MARS                                                                                       \
    "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdead" \
    "beefdeadbeef"

static void rfc_7714_16_rtp(struct tl_srtp_engine *engine)
{
    struct tl_srtp_keys keys =
        session_keys(engine, TL_SUITE_AEAD_AES_128_GCM, KEY_128, QUID_PRO_QUO, "");
    rtp_both_ways(engine, &keys, GALLIA,
                  "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f4"
                  "7a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce",
                  12);
    rtp_both_ways(engine, &keys, GALLIA, GALLIA "22493f82d2bce397e9d79e3b19aa4216", 0);
    tl_srtp_keys_wipe(&keys);
    keys = session_keys(engine, TL_SUITE_AEAD_AES_256_GCM, KEY_256, QUID_PRO_QUO, "");
    rtp_both_ways(engine, &keys, GALLIA,
                  "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a"
                  "0276ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13",
                  12);
    rtp_both_ways(engine, &keys, GALLIA, GALLIA "a866d5910f887463067ceefec45215d4", 0);
    tl_srtp_keys_wipe(&keys);
}

static void rfc_7714_17_rtcp(struct tl_srtp_engine *engine)
{
    struct tl_srtp_keys keys =
        session_keys(engine, TL_SUITE_AEAD_AES_128_GCM, KEY_128, QUID_PRO_QUO, "");
    rtcp_both_ways(engine, &keys, MARS,
                   "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6f"
                   "da4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4",
                   0x5d4, true);
    rtcp_both_ways(engine, &keys, MARS, MARS "841dd9683dd78ec92ae58790125f62b3000005d4", 0x5d4,
                   false);
    tl_srtp_keys_wipe(&keys);
    keys = session_keys(engine, TL_SUITE_AEAD_AES_256_GCM, KEY_256, QUID_PRO_QUO, "");
    rtcp_both_ways(engine, &keys, MARS,
                   "81c8000d4d617273d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555"
                   "be8415f658c61de0476f1b6fad1d1eb30c4446839f57ff6f6cb26ac3be800005d4",
                   0x5d4, true);
    rtcp_both_ways(engine, &keys, MARS, MARS "91db4afbfeee5a978fab4393ed2615fe000005d4", 0x5d4,
                   false);
    tl_srtp_keys_wipe(&keys);
}

static uint8_t suite_named(const char *name)
{
    for (uint8_t i = 1; i < TL_SUITES_MAX; i++)
        if (strcmp(name, suite_names[i]) == 0)
            return i;
    check_failed(__FILE__, __LINE__, name);
    return 0;
}

/// The reference packets of libsrtp's own tests. 0 where the file is absent.
static uint32_t libsrtp_reference_packets(struct tl_srtp_engine *engine)
{
    static char text[1 << 16];
    char value[6][512];
    uint32_t seen = 0;
    if (data_read("srtp/libsrtp-protect-vectors.json", text, sizeof(text) - 1) < 0)
        return 0;
    static const char *const names[] = {"master_key", "master_salt",    "rtp_plaintext",
                                        "srtp",       "rtcp_plaintext", "srtcp"};
    for (const char *at = text; at != NULL; seen++) {
        if ((at = json_text(at, "profile", value[0], sizeof(value[0]))) == NULL)
            break;
        struct tl_srtp_key master = {.suite = suite_named(value[0])};
        for (uint32_t i = 0; i < 6; i++)
            at = json_text(at, names[i], value[i], sizeof(value[i]));
        struct tl_srtp_keys keys;
        hex(value[0], master.key, 32);
        hex(value[1], master.salt, 14);
        CHECK_EQUAL(tl_srtp_keys_derive(engine, &keys, &master), TL_STATUS_OK);
        rtp_both_ways(engine, &keys, value[2], value[3], 12);
        rtcp_both_ways(engine, &keys, value[4], value[5], 1, true);
        tl_srtp_keys_wipe(&keys);
    }
    return seen;
}

static void libsrtp_reference_packet_aes_256(struct tl_srtp_engine *engine)
{
    struct tl_srtp_key master = {.suite = TL_SUITE_AES_256_CM_HMAC_SHA1_80};
    struct tl_srtp_keys keys;
    hex("f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6", master.key, 32);
    hex("3b04803de51ee7c96423ab5b78d2", master.salt, 14);
    CHECK_EQUAL(tl_srtp_keys_derive(engine, &keys, &master), TL_STATUS_OK);
    rtp_both_ways(engine, &keys, "800f1234decafbadcafebabeabababababababababababababababab",
                  "800f1234decafbadcafebabef1d9de17ff251ff1aa007774b0b4b40da08d9d9a5b3a55d8873b",
                  12);
    tl_srtp_keys_wipe(&keys);
}

static const struct {
    const char *name;
    void (*run)(struct tl_srtp_engine *engine);
} tests[] = {
    {"RFC 3711 B.2", rfc_3711_b_2_keystream},
    {"RFC 3711 B.3", rfc_3711_b_3_derivation},
    {"RFC 6188 7.1", rfc_6188_7_1_keystream},
    {"RFC 6188 7.2", rfc_6188_7_2_derivation},
    {"RFC 7714 16", rfc_7714_16_rtp},
    {"RFC 7714 17", rfc_7714_17_rtcp},
    {"libsrtp AES-256", libsrtp_reference_packet_aes_256},
};

int main(void)
{
    uint32_t left_out = 0;
    for (uint32_t backend = 0; backend < 2; backend++) {
        struct tl_srtp_engine *engine = engine_make((enum tl_srtp_backend)backend);
        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
            tests[i].run(engine);
            printf("%s, %s: passed\n", tests[i].name, backend_names[backend]);
        }
        uint32_t packets = libsrtp_reference_packets(engine);
        CHECK(packets == 0 || packets == 2);
        left_out += packets == 0;
        engine_free(engine);
    }
    return tests_passed("test_vectors", left_out);
}
