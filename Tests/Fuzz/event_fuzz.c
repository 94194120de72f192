// SPDX-License-Identifier: Apache-2.0
// Telephone-events as anybody may send them. Input: records of {what, time, time stamp, length,
// bytes}. A digit ends once, after it began, and lasts no longer than it may; silence ends it.
//   what & 3        clock
//   what >> 2 & 1   marker; bit 3: another SSRC; bit 4: a time-out is looked for first
//   time            milliseconds since the record before
//   time stamp      in steps of 160, or (bit 7) of a whole segment
#include <stdlib.h>
#include <string.h>

#include "CDTMF.h"
#include "CFlowABI.h"

enum { LIMIT_MS = 5000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct told {
    uint32_t began;
    uint32_t ended;
};

static void check(int good)
{
    if (!good)
        abort();
}

static void take(struct told *told, const struct tl_digit_change *changes, uint32_t count)
{
    check(count <= TL_EVENT_CHANGES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        told->began += changes[i].kind == TL_DIGIT_BEGAN;
        told->ended += changes[i].kind == TL_DIGIT_ENDED;
        check(told->ended <= told->began && told->began - told->ended <= 2);
        check(changes[i].event <= TL_DTMF_EVENT_MAX && changes[i].duration_ms <= LIMIT_MS);
    }
    check(told->began - told->ended <= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t clocks[4] = {8000, 16000, 48000, 192000};
    struct tl_event_receiver receiver = {0};
    struct tl_digit_change changes[TL_EVENT_CHANGES_MAX];
    struct told told = {0};
    uint64_t now_ns = 1ull << 40;
    uint32_t count = 0, good = 0;
    while (size >= 4) {
        uint32_t length = data[3] & 31;
        length = length > size - 4 ? (uint32_t)(size - 4) : length;
        now_ns += data[1] * 1000000ull;
        if (data[0] & 16 && tl_event_silence(&receiver, now_ns, changes))
            take(&told, changes, 1);
        struct tl_event_arrival arrival = {
            .payload = data + 4, .length = length, .ssrc = data[0] >> 3 & 1,
            .timestamp = (data[2] & 127u) * (data[2] & 128 ? 0xffffu : 160u),
            .clock_hz = clocks[data[0] & 3], .now_ns = now_ns, .limit_ms = LIMIT_MS,
            .marker = data[0] >> 2 & 1};
        good += tl_event_receive(&receiver, &arrival, changes, &count) == TL_EVENT_GOOD;
        take(&told, changes, count);
        data += 4 + length;
        size -= 4 + length;
    }
    // No packet is several digits, and none is one that was not afforded.
    check(told.began <= good * TL_EVENT_BLOCKS_MAX);
    now_ns += 60000 * 1000000ull;
    if (tl_event_silence(&receiver, now_ns, changes))
        take(&told, changes, 1);
    check(told.began == told.ended && tl_event_due(&receiver) == UINT64_MAX);
    return 0;
}
