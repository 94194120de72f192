// SPDX-License-Identifier: Apache-2.0
// RTP and RTCP packets of other implementations, read in place from $TRUNKLINE_TESTDATA.
#include "frames.h"

static const struct sender rtcp_a = {"198.18.1.2", 30001, "198.18.1.1", 20001, 0, 0};

static const struct {
    const char *name;
    int rtcp;
    uint32_t reason;
} known[] = {
    {"rtp-rtcp/aiortc/rtp.bin", 0, TL_DROP_REASON_COUNT},
    {"rtp-rtcp/aiortc/rtp_only_padding.bin", 0, TL_DROP_INDEX_PAYLOAD_TYPE}, // type 120
    {"rtp-rtcp/aiortc/rtp_with_sdes_mid.bin", 0, TL_DROP_INDEX_PAYLOAD_TYPE},
    {"rtp-rtcp/aiortc/rtcp_sr.bin", 1, TL_DROP_REASON_COUNT},
    {"rtp-rtcp/aiortc/rtcp_rr.bin", 1, TL_DROP_REASON_COUNT},
    {"rtp-rtcp/aiortc/rtcp_sdes.bin", 1, TL_DROP_REASON_COUNT}, // alone: reduced size (RFC 5506)
    {"rtp-rtcp/aiortc/rtcp_bye.bin", 1, TL_DROP_REASON_COUNT},
    {"rtp-rtcp/aiortc/rtcp_sr_invalid.bin", 1, TL_DROP_INDEX_MALFORMED_RTCP},
    {"rtp-rtcp/aiortc/rtcp_bye_invalid.bin", 1, TL_DROP_INDEX_MALFORMED_RTCP},
    {"rtp-rtcp/aiortc/rtcp_sdes_item_truncated.bin", 1, TL_DROP_INDEX_MALFORMED_RTCP},
    {"rtp-rtcp/aiortc/rtcp_psfb_pli.bin", 1, TL_DROP_REASON_COUNT},
};

static uint32_t run_known(struct world *world)
{
    uint32_t left_out = 0;
    for (uint32_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        uint8_t bytes[1500];
        int64_t length = data_read(known[i].name, bytes, sizeof(bytes));
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

// Of corpora without verdicts: each is consumed, relayed or refused by one of the named reasons.
static void run_rtp(void *context, uint8_t *bytes, uint32_t length)
{
    struct world *world = context;
    world->now_ns += TL_NANOSECONDS;
    uint32_t reason = send_udp(world, &party_a, bytes, length);
    CHECK(reason == TL_DROP_REASON_COUNT || reason == TL_DROP_INDEX_MALFORMED_RTP ||
          reason == TL_DROP_INDEX_PAYLOAD_TYPE || reason == TL_DROP_INDEX_STUN);
}

static void run_rtcp(void *context, uint8_t *bytes, uint32_t length)
{
    struct world *world = context;
    world->now_ns += TL_NANOSECONDS;
    uint32_t reason = send_udp(world, &rtcp_a, bytes, length);
    CHECK(reason == TL_DROP_REASON_COUNT || reason == TL_DROP_INDEX_MALFORMED_RTCP ||
          reason == TL_DROP_INDEX_STUN || reason == TL_DROP_INDEX_DTLS);
}

int main(void)
{
    struct world *world = world_make(1);
    call_make(world, ADDRESS_2, "198.18.2.2", 0);
    uint32_t left_out = run_known(world);
    left_out += data_each("rtp-rtcp/webrtc-rtp", run_rtp, world);
    left_out += data_each("rtp-rtcp/webrtc-rtcp", run_rtcp, world);
    world_free(world);
    return tests_passed("samples", left_out);
}
