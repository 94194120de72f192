// SPDX-License-Identifier: Apache-2.0
// RTP and RTCP packets of other implementations, read in place from $TRUNKLINE_TESTDATA.
#include "frames.h"

#include <dirent.h>

static const struct sender rtcp_a = {"198.18.1.2", 30001, "198.18.1.1", 20001, 0, 0};

static const struct {
    const char *name;
    int rtcp;
    uint32_t reason;
} known[] = {
    {"aiortc/rtp.bin", 0, TL_DROP_REASON_COUNT},
    {"aiortc/rtp_only_padding.bin", 0, TL_DROP_INDEX_PAYLOAD_TYPE}, // type 120
    {"aiortc/rtp_with_sdes_mid.bin", 0, TL_DROP_INDEX_PAYLOAD_TYPE},
    {"aiortc/rtcp_sr.bin", 1, TL_DROP_REASON_COUNT},
    {"aiortc/rtcp_rr.bin", 1, TL_DROP_REASON_COUNT},
    {"aiortc/rtcp_sdes.bin", 1, TL_DROP_REASON_COUNT}, // alone: reduced size (RFC 5506)
    {"aiortc/rtcp_bye.bin", 1, TL_DROP_REASON_COUNT},
    {"aiortc/rtcp_sr_invalid.bin", 1, TL_DROP_INDEX_MALFORMED_RTCP},
    {"aiortc/rtcp_bye_invalid.bin", 1, TL_DROP_INDEX_MALFORMED_RTCP},
    {"aiortc/rtcp_sdes_item_truncated.bin", 1, TL_DROP_INDEX_MALFORMED_RTCP},
    {"aiortc/rtcp_psfb_pli.bin", 1, TL_DROP_REASON_COUNT},
};

// Bytes of a sample, or -1 when it is absent.
static int read_sample(const char *folder, const char *name, uint8_t *bytes, uint32_t room)
{
    const char *root = getenv("TRUNKLINE_TESTDATA");
    char path[4096];
    snprintf(path, sizeof(path), "%s/rtp-rtcp/%s%s", root != NULL ? root : ".", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return -1;
    int count = (int)fread(bytes, 1, room, file);
    fclose(file);
    return count;
}

static uint32_t run_known(struct world *world)
{
    uint32_t left_out = 0;
    for (uint32_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        uint8_t bytes[1500];
        int length = read_sample("", known[i].name, bytes, sizeof(bytes));
        if (length < 0) {
            left_out++;
            continue;
        }
        world->now_ns += TL_NANOSECONDS;
        uint32_t reason = send_udp(world, known[i].rtcp ? &rtcp_a : &party_a, bytes,
                                   (uint32_t)length);
        if (reason != known[i].reason)
            printf("%s: %s\n", known[i].name, tl_drop_name(reason));
        CHECK_EQUAL(reason, known[i].reason);
    }
    return left_out;
}

// Corpora without verdicts: each file is consumed, relayed or refused by one of the named reasons.
static uint32_t run_folder(struct world *world, const char *folder, int rtcp)
{
    const char *root = getenv("TRUNKLINE_TESTDATA");
    char path[4096];
    snprintf(path, sizeof(path), "%s/rtp-rtcp/%s", root != NULL ? root : ".", folder);
    DIR *directory = opendir(path);
    if (directory == NULL)
        return 1;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        uint8_t bytes[1500];
        int length = read_sample(folder, entry->d_name, bytes, sizeof(bytes));
        if (length <= 0 || entry->d_name[0] == '.')
            continue;
        world->now_ns += TL_NANOSECONDS;
        uint32_t reason = send_udp(world, rtcp ? &rtcp_a : &party_a, bytes, (uint32_t)length);
        if (rtcp)
            CHECK(reason == TL_DROP_REASON_COUNT || reason == TL_DROP_INDEX_MALFORMED_RTCP ||
                  reason == TL_DROP_INDEX_STUN || reason == TL_DROP_INDEX_DTLS);
        else
            CHECK(reason == TL_DROP_REASON_COUNT || reason == TL_DROP_INDEX_MALFORMED_RTP ||
                  reason == TL_DROP_INDEX_PAYLOAD_TYPE || reason == TL_DROP_INDEX_STUN);
    }
    closedir(directory);
    return 0;
}

int main(void)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", 0);
    uint32_t left_out = run_known(world);
    left_out += run_folder(world, "webrtc-rtp/", 0);
    left_out += run_folder(world, "webrtc-rtcp/", 1);
    if (left_out > 0)
        printf("left out: %u cases (no test data)\n", left_out);
    world_free(world);
    return tests_passed("samples");
}
