// SPDX-License-Identifier: Apache-2.0
#include "CStages.h"

TL_PACKET_CODE uint64_t tl_checksum_sum(const uint8_t *bytes, uint32_t length)
{
    uint64_t sum = 0;
    for (; length >= 8; length -= 8, bytes += 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        sum += (word & 0xffffffffu) + (word >> 32);
    }
    if (length >= 4) {
        uint32_t word;
        memcpy(&word, bytes, 4);
        sum += word;
        bytes += 4;
        length -= 4;
    }
    uint32_t rest = 0; // the odd byte is padded with zero behind it
    memcpy(&rest, bytes, length);
    return sum + rest;
}

TL_PACKET_CODE uint16_t tl_checksum_finish(uint64_t sum)
{
    sum = (sum & 0xffffffffu) + (sum >> 32);
    sum = (sum & 0xffffu) + (sum >> 16);
    sum = (sum & 0xffffu) + (sum >> 16);
    sum = (sum & 0xffffu) + (sum >> 16);
    return (uint16_t)~sum;
}
