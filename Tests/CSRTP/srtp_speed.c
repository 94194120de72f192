// SPDX-License-Identifier: Apache-2.0
// Nanoseconds a packet to seal and to open RTP packets of 172 bytes (20 ms of G.711), in bursts
// of 32, each packet by the next of 10,000 key sets in random order; libipsec-mb and OpenSSL's
// EVP by turns, the best round of each. Lines: suite, back end, seal, open, both; then the row
// srtp.ratio_to_openssl.SUITE, OpenSSL's time by libipsec-mb's.
//   srtp_speed [key sets, default 10000] [rounds, default 5]
#include "harness.h"

enum { BURST = 32, PACKET = 172, ROOM = 256, BURSTS = 1000 };

struct stage {
    struct tl_srtp_engine *engine;
    struct tl_srtp_keys *seal; // one direction each, as a flow has
    struct tl_srtp_keys *open;
    double best[2];
};

static const char *const rows[TL_SUITES_MAX] = {
    [1] = "cm80", [2] = "cm32", [3] = "cm256_80", [4] = "cm256_32", [5] = "gcm128", [6] = "gcm256"};

static void stage_keys(struct stage *stage, uint8_t suite, uint32_t sets)
{
    size_t bytes = sets * sizeof(struct tl_srtp_keys);
    stage->seal = aligned_alloc(64, bytes);
    stage->open = aligned_alloc(64, bytes);
    for (uint32_t i = 0; i < sets; i++) {
        struct tl_srtp_key master = master_random(suite, 0);
        CHECK_EQUAL(tl_srtp_keys_derive(stage->engine, &stage->seal[i], &master), TL_STATUS_OK);
        CHECK_EQUAL(tl_srtp_keys_derive(stage->engine, &stage->open[i], &master), TL_STATUS_OK);
    }
    stage->best[0] = stage->best[1] = 1e9;
}

static void stage_free(struct stage *stage, uint32_t sets)
{
    for (uint32_t i = 0; i < sets; i++) {
        tl_srtp_keys_wipe(&stage->seal[i]);
        tl_srtp_keys_wipe(&stage->open[i]);
    }
    free(stage->seal);
    free(stage->open);
}

/// One round: bursts are sealed one by one, then opened one by one.
static void stage_run(struct stage *stage, const uint32_t *order, uint32_t sets,
                      uint8_t (*packets)[ROOM], struct tl_srtp_job *jobs)
{
    double spent[2] = {0};
    for (uint32_t burst = 0; burst < BURSTS; burst++) {
        for (uint32_t i = 0; i < BURST; i++) {
            uint32_t set = order[(burst * BURST + i) % sets];
            packets[i][0] = 0x80;
            jobs[i] = (struct tl_srtp_job){.packet = packets[i], .length = PACKET};
            jobs[i].keys = &stage->seal[set];
            jobs[i].header_bytes = 12;
            jobs[i].index = burst;
        }
        uint64_t begin = clock_ns();
        tl_srtp_seal(stage->engine, jobs, BURST);
        uint64_t sealed = clock_ns();
        for (uint32_t i = 0; i < BURST; i++)
            jobs[i].keys = &stage->open[jobs[i].keys - stage->seal];
        uint64_t turned = clock_ns();
        tl_srtp_open(stage->engine, jobs, BURST);
        uint64_t opened = clock_ns();
        spent[0] += (double)(sealed - begin);
        spent[1] += (double)(opened - turned);
        for (uint32_t i = 0; i < BURST; i++)
            CHECK_EQUAL(jobs[i].good, 1);
    }
    for (uint32_t i = 0; i < 2; i++) {
        double each = spent[i] / (BURSTS * BURST);
        if (each < stage->best[i])
            stage->best[i] = each;
    }
}

int main(int count, char **words)
{
    uint32_t sets = count > 1 ? (uint32_t)atoi(words[1]) : 10000;
    uint32_t rounds = count > 2 ? (uint32_t)atoi(words[2]) : 5;
    static uint8_t packets[BURST][ROOM];
    static struct tl_srtp_job jobs[BURST];
    uint32_t *order = malloc(sets * sizeof(*order));
    for (uint32_t i = 0; i < sets; i++) {
        uint32_t other = random_below(i + 1);
        order[i] = order[other];
        order[other] = i;
    }
    for (uint8_t suite = 1; suite < TL_SUITES_MAX; suite++) {
        struct stage stages[2];
        for (uint32_t i = 0; i < 2; i++) {
            stages[i].engine = engine_make((enum tl_srtp_backend)i);
            stage_keys(&stages[i], suite, sets);
        }
        for (uint32_t round = 0; round < rounds; round++)
            for (uint32_t i = 0; i < 2; i++)
                stage_run(&stages[i], order, sets, packets, jobs);
        for (uint32_t i = 0; i < 2; i++)
            printf("%-24s %-8s seal %6.1f open %6.1f both %6.1f ns\n", suite_names[suite],
                   backend_names[i], stages[i].best[0], stages[i].best[1],
                   stages[i].best[0] + stages[i].best[1]);
        printf("srtp.ratio_to_openssl.%s %.2f\n", rows[suite],
               (stages[1].best[0] + stages[1].best[1]) / (stages[0].best[0] + stages[0].best[1]));
        for (uint32_t i = 0; i < 2; i++) {
            stage_free(&stages[i], sets);
            engine_free(stages[i].engine);
        }
    }
    free(order);
    return 0;
}
