// SPDX-License-Identifier: Apache-2.0
#include "rtcp.h"
#include "wire.h"

// Chunks of an SDES packet: a source, items up to a zero byte, padded to four bytes.
static int check_sdes(const uint8_t *at, const uint8_t *end, uint32_t chunks)
{
    at += 4;
    for (; chunks > 0; chunks--) {
        if (end - at < 8) // a source and at least one ending word
            return 0;
        const uint8_t *chunk = at;
        at += 4;
        while (at < end && *at != 0) {
            if (end - at < 2 || end - at < 2 + at[1])
                return 0;
            at += 2 + at[1];
        }
        if (at == end)
            return 0;
        at = chunk + ((at - chunk) / 4 + 1) * 4;
        if (at > end)
            return 0;
    }
    return 1;
}

static int check_bye(const uint8_t *at, const uint8_t *end, uint32_t sources)
{
    at += 4;
    if (end - at < (ptrdiff_t)sources * 4)
        return 0;
    at += sources * 4;
    return at == end || 1 + *at <= end - at; // an optional reason
}

static int check_one(const uint8_t *at, uint32_t length, uint32_t count)
{
    switch (at[1]) {
    case TL_RTCP_SR:
        return length >= TL_RTCP_SR_BYTES + count * TL_RTCP_BLOCK_BYTES;
    case TL_RTCP_RR:
        return length >= TL_RTCP_RR_BYTES + count * TL_RTCP_BLOCK_BYTES;
    case TL_RTCP_SDES:
        return check_sdes(at, at + length, count);
    case TL_RTCP_BYE:
        return check_bye(at, at + length, count);
    default:
        return 1; // APP, feedback, extended reports, and what may come: to be ignored
    }
}

TL_PACKET_CODE int tl_rtcp_check(const uint8_t *bytes, uint32_t length)
{
    // Some parties send packets alone that are no report (RFC 5506), so the first may be any type.
    if (length < 4 || bytes[1] < TL_RTCP_TYPE_FIRST || bytes[1] > TL_RTCP_TYPE_LAST)
        return 0;
    uint32_t at = 0;
    while (length - at >= 4) {
        uint32_t size = (wire_get_16(bytes + at + 2) + 1u) * 4;
        if (bytes[at] >> 6 != 2 || size > length - at)
            return 0;
        uint32_t padding = 0;
        if (bytes[at] & 0x20) { // the last one only
            padding = bytes[at + size - 1];
            if (at + size != length || padding == 0 || padding % 4 != 0 || padding > size - 4)
                return 0;
        }
        if (!check_one(bytes + at, size - padding, bytes[at] & 31u))
            return 0;
        at += size;
    }
    return at == length;
}
