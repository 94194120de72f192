// SPDX-License-Identifier: Apache-2.0
#include "checksum.h"

TL_PACKET_CODE uint64_t tl_checksum_sum(const uint8_t *bytes, uint32_t length)
{
    return checksum_sum(bytes, length);
}

TL_PACKET_CODE uint16_t tl_checksum_finish(uint64_t sum)
{
    return checksum_finish(sum);
}
