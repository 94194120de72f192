// SPDX-License-Identifier: Apache-2.0
// Nanoseconds a packet of 20 ms: spandsp's detector and ours, by turns on the same audio. Flows of
// their own state each, in random order. spandsp gets samples; ours decodes octets itself.
//   speed FLOWS ROUNDS
#include "checks.h"
#include "judge.h"
#include "load_audio.h"

#include <spandsp.h>

#define PACKETS TL_LOAD_AUDIO_PACKETS
#define SAMPLES TL_LOAD_AUDIO_SAMPLES
#define BURST   32u
#define WINDOW  1024u // packets that are timed together; the shortest time of a round counts

static uint8_t octets[PACKETS][SAMPLES];
static int16_t samples[PACKETS][SAMPLES];

static uint32_t *shuffled(uint32_t count)
{
    uint32_t *order = calloc(count, sizeof(*order));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = random_below(i + 1);
        order[i] = order[at];
        order[at] = i;
    }
    return order;
}

static double ours_window(struct tl_tone_detector *detectors, struct tl_tone_store *stores,
                          const uint32_t *order, uint32_t round)
{
    static struct tl_tone_job jobs[BURST];
    static struct tl_tone_changes changes;
    uint64_t before = clock_ns();
    for (uint32_t first = 0; first < WINDOW; first += BURST) {
        for (uint32_t i = 0; i < BURST; i++)
            __builtin_prefetch(&detectors[order[first + i]], 1);
        for (uint32_t i = 0; i < BURST; i++) {
            uint32_t flow = order[first + i];
            jobs[i] = (struct tl_tone_job){
                .detector = &detectors[flow], .store = &stores[flow],
                .payload = octets[tl_load_audio_place(flow, round)], .length = SAMPLES,
                .now_ns = 1000000000ull + round * 20000000ull, .limit_ms = 60000,
                .codec = TL_CODEC_PCMU};
        }
        tl_tone_run(jobs, BURST, &changes);
    }
    return (double)(clock_ns() - before) / WINDOW;
}

static double theirs_window(dtmf_rx_state_t **receivers, const uint32_t *order, uint32_t round)
{
    uint64_t before = clock_ns();
    for (uint32_t i = 0; i < WINDOW; i++)
        dtmf_rx(receivers[order[i]], samples[tl_load_audio_place(order[i], round)], SAMPLES);
    return (double)(clock_ns() - before) / WINDOW;
}

static int by_size(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return a < b ? -1 : a > b;
}

static double median(double *values, uint32_t count)
{
    qsort(values, count, sizeof(*values), by_size);
    return values[count / 2];
}

int main(int count, char **words)
{
    uint32_t flows = count > 1 ? (uint32_t)strtoul(words[1], NULL, 10) : 10240;
    uint32_t rounds = count > 2 ? (uint32_t)strtoul(words[2], NULL, 10) : 21;
    flows = flows < WINDOW ? WINDOW : flows / WINDOW * WINDOW;
    rounds = rounds < 1 ? 1 : rounds;
    tl_tone_prepare();
    tl_load_audio_make(octets);
    for (uint32_t i = 0; i < PACKETS; i++)
        for (uint32_t at = 0; at < SAMPLES; at++)
            samples[i][at] = ulaw_to_linear(octets[i][at]);
    uint32_t *order = shuffled(flows);
    struct tl_tone_detector *detectors = aligned_alloc(64, flows * sizeof(*detectors));
    struct tl_tone_store *stores = calloc(flows, sizeof(*stores));
    dtmf_rx_state_t **receivers = calloc(flows, sizeof(*receivers));
    double *ours = calloc(rounds, sizeof(*ours)), *theirs = calloc(rounds, sizeof(*theirs));
    for (uint32_t i = 0; i < flows; i++) {
        tl_tone_reset(&detectors[i]);
        receivers[i] = dtmf_rx_init(NULL, NULL, NULL);
    }
    for (uint32_t round = 0; round < rounds; round++) {
        ours[round] = theirs[round] = 1e12;
        for (uint32_t first = 0; first < flows; first += WINDOW) {
            double one = ours_window(detectors, stores, order + first, round);
            double other = theirs_window(receivers, order + first, round);
            ours[round] = one < ours[round] ? one : ours[round];
            theirs[round] = other < theirs[round] ? other : theirs[round];
        }
    }
    double mine = median(ours, rounds), peer = median(theirs, rounds);
    printf("{\"flows\": %u, \"rounds\": %u, \"ns_per_packet\": %.1f, \"spandsp_ns_per_packet\": "
           "%.1f, \"ratio\": %.2f}\n",
           flows, rounds, mine, peer, peer / mine);
    return 0;
}
