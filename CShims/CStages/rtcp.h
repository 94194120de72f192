// SPDX-License-Identifier: Apache-2.0
// RTCP packets (RFC 3550 6). Internal to CStages.

#ifndef TL_RTCP_H
#define TL_RTCP_H

#include "CStages.h"

#define TL_RTCP_SR   200u
#define TL_RTCP_RR   201u
#define TL_RTCP_SDES 202u
#define TL_RTCP_BYE  203u

#define TL_RTCP_TYPE_FIRST 192u // RFC 5761 4
#define TL_RTCP_TYPE_LAST  223u

#define TL_RTCP_SR_BYTES    28u // before the report blocks
#define TL_RTCP_RR_BYTES    8u
#define TL_RTCP_BLOCK_BYTES 24u

/// 1 when the bytes are a valid compound packet by the rules of RFC 3550 A.2, or one of reduced
/// size (RFC 5506), and each SR, RR, SDES and BYE in it holds what its header says.
TL_PACKET_CODE int tl_rtcp_check(const uint8_t *bytes, uint32_t length);

/// NTP time stamp (RFC 3550 4) of a monotonic time: seconds since 1900 << 32 | fraction.
static inline uint64_t tl_rtcp_ntp(const struct tl_worker *worker, uint64_t time_ns)
{
    uint64_t real_ns = time_ns + worker->realtime_offset_ns;
    uint64_t seconds = real_ns / TL_NANOSECONDS + 2208988800ull;
    uint64_t fraction = ((real_ns % TL_NANOSECONDS) << 32) / TL_NANOSECONDS;
    return seconds << 32 | fraction;
}

static inline uint32_t tl_rtcp_ntp_middle(const struct tl_worker *worker, uint64_t time_ns)
{
    return (uint32_t)(tl_rtcp_ntp(worker, time_ns) >> 16);
}

/// Makes the report that is due for a live flow: SR or RR, and SDES with CNAME. Returns its bytes.
TL_PACKET_CODE uint32_t tl_rtcp_report(struct tl_worker *worker, uint32_t slot, uint8_t *bytes);

/// Makes the last packet of a flow that is gone: an empty RR, SDES, BYE. Returns its bytes.
TL_PACKET_CODE uint32_t tl_rtcp_farewell(const struct tl_farewell *farewell, uint8_t *bytes);

#endif
