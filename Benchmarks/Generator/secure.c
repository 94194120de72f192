// SPDX-License-Identifier: Apache-2.0
#include "secure.h"

#include <string.h>

#include <rte_malloc.h>

#include "say.h"
#include "suites.h"

enum { RTP_HEADER = 12, RTP_BYTES = TL_FRAME_BYTES - TL_FRAME_RTP };

static uint32_t table_size(uint32_t calls)
{
    uint32_t size = 64;
    while (size < 2 * calls)
        size *= 2;
    return size;
}

uint64_t tl_secure_bytes(const struct tl_plan *plan)
{
    if (plan->count == 0 || plan->calls[0].suite == 0)
        return 0;
    return tl_srtp_engine_size(TL_SRTP_IPSEC_MB) + table_size(plan->count) * sizeof(uint32_t) +
           plan->count * sizeof(struct tl_secure_party);
}

static uint32_t place_of(const struct tl_secure *secure, uint32_t address_be, uint16_t port_be)
{
    uint64_t key = ((uint64_t)address_be << 16 | port_be) * 0x9e3779b97f4a7c15ull;
    return (uint32_t)(key >> 32) & secure->mask;
}

static struct tl_secure_party *party_at(const struct tl_secure *secure, uint32_t address_be,
                                        uint16_t port_be)
{
    for (uint32_t at = place_of(secure, address_be, port_be);; at = (at + 1) & secure->mask) {
        if (secure->calls[at] == 0)
            return NULL;
        struct tl_secure_party *party = &secure->parties[secure->calls[at] - 1];
        if (party->address_be == address_be && party->port_be == port_be)
            return party;
    }
}

static int expand(struct tl_secure *secure, struct tl_srtp_keys *keys, const struct tl_call *call,
                  const uint8_t *bytes)
{
    uint32_t key = tl_suite_key_bytes(call->suite), salt = tl_suite_salt_bytes(call->suite);
    struct tl_srtp_key master = {.suite = call->suite};
    if (call->key_bytes != key + salt)
        return -1;
    memcpy(master.key, bytes, key);
    memcpy(master.salt, bytes + key, salt);
    return tl_srtp_keys_derive(secure->engine, keys, &master) == TL_STATUS_OK ? 0 : -1;
}

static int add_party(struct tl_secure *secure, uint32_t number, const struct tl_call *call)
{
    struct tl_secure_party *party = &secure->parties[number];
    party->address_be = call->party[1].address_be;
    party->port_be = call->party[1].port_be;
    party->source_be = call->relay[1].address_be;
    party->source_port_be = call->relay[1].port_be;
    uint32_t at = place_of(secure, party->address_be, party->port_be);
    while (secure->calls[at] != 0)
        at = (at + 1) & secure->mask;
    secure->calls[at] = number + 1;
    return expand(secure, &party->seal, call, call->key_of_b) < 0 ||
                   expand(secure, &party->open, call, call->key_of_relay) < 0
               ? -1
               : 0;
}

int tl_secure_init(struct tl_secure *secure, const struct tl_plan *plan,
                   const struct tl_frame *prepared)
{
    *secure = (struct tl_secure){.prepared = *prepared};
    if (tl_secure_bytes(plan) == 0)
        return 0;
    uint32_t size = table_size(plan->count);
    void *memory = rte_zmalloc(NULL, tl_srtp_engine_size(TL_SRTP_IPSEC_MB), TL_LINE_BYTES);
    secure->mask = size - 1;
    secure->calls = rte_zmalloc(NULL, size * sizeof(uint32_t), TL_LINE_BYTES);
    secure->parties =
        rte_zmalloc(NULL, plan->count * sizeof(struct tl_secure_party), TL_LINE_BYTES);
    secure->engine = memory != NULL ? tl_srtp_engine_init(memory, TL_SRTP_IPSEC_MB) : NULL;
    if (secure->engine == NULL || secure->calls == NULL || secure->parties == NULL) {
        tl_say("no memory for the keys of %u calls, or no libipsec-mb", plan->count);
        return -1;
    }
    for (uint32_t i = 0; i < plan->count; i++) {
        if (add_party(secure, i, &plan->calls[i]) < 0) {
            tl_say("the keys of call %u are not those of suite %u", i + 1, plan->calls[i].suite);
            return -1;
        }
    }
    return 0;
}

// Lengths and checksums of a frame whose UDP payload is `bytes` long.
static void finish(struct tl_frame *frame, uint32_t bytes)
{
    uint16_t udp_bytes = (uint16_t)(bytes + TL_FRAME_RTP - TL_FRAME_UDP);
    const uint8_t *header = (const uint8_t *)frame + TL_FRAME_IP;
    frame->length_be = htons((uint16_t)(udp_bytes + TL_FRAME_UDP - TL_FRAME_IP));
    frame->udp_length_be = htons(udp_bytes);
    frame->header_sum = 0;
    frame->header_sum = (uint16_t)~tl_sum_fold(tl_sum_bytes(header, TL_FRAME_UDP - TL_FRAME_IP));
    frame->udp_sum = tl_frame_udp_sum(frame, udp_bytes);
}

void tl_secure_seal(struct tl_secure *secure, const struct tl_stream *streams,
                    struct tl_frame **frames, uint16_t *lengths, uint32_t count)
{
    struct tl_srtp_job jobs[TL_SECURE_BURST];
    uint32_t places[TL_SECURE_BURST], jobs_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = frames[i]->tag.stream & ~TL_TAG_MEASURED;
        lengths[i] = TL_FRAME_BYTES;
        if (number % 2 == 0)
            continue;
        places[jobs_count] = i;
        jobs[jobs_count++] = (struct tl_srtp_job){
            .keys = &secure->parties[number / 2].seal,
            .packet = &frames[i]->rtp_version,
            .length = RTP_BYTES,
            .header_bytes = RTP_HEADER,
            .index = streams[number].sequence_first + frames[i]->tag.counter};
    }
    tl_srtp_seal(secure->engine, jobs, jobs_count);
    for (uint32_t i = 0; i < jobs_count; i++) {
        lengths[places[i]] = (uint16_t)(TL_FRAME_RTP + jobs[i].length);
        finish(frames[places[i]], jobs[i].length);
    }
}

// The party that a sealed frame came to, when it can be one: from where it must come, lengths and
// checksums right.
static struct tl_secure_party *party_of(const struct tl_secure *secure,
                                        const struct tl_frame *frame, uint16_t length)
{
    if (length <= TL_FRAME_BYTES || length > TL_FRAME_BYTES + TL_SRTP_TRAILER_BYTES ||
        frame->length_be != htons((uint16_t)(length - TL_FRAME_IP)) ||
        frame->udp_length_be != htons((uint16_t)(length - TL_FRAME_UDP)))
        return NULL;
    struct tl_secure_party *party =
        party_at(secure, frame->destination_be, frame->destination_port_be);
    const uint8_t *header = (const uint8_t *)frame + TL_FRAME_IP;
    if (party == NULL || frame->source_be != party->source_be ||
        frame->source_port_be != party->source_port_be ||
        tl_sum_fold(tl_sum_bytes(header, TL_FRAME_UDP - TL_FRAME_IP)) != 0xffff ||
        frame->udp_sum != tl_frame_udp_sum(frame, (uint16_t)(length - TL_FRAME_UDP)))
        return NULL;
    return party;
}

void tl_secure_open(struct tl_secure *secure, struct tl_frame **frames, uint16_t *lengths,
                    uint32_t count)
{
    struct tl_srtp_job jobs[TL_SECURE_BURST];
    struct tl_secure_party *parties[TL_SECURE_BURST];
    uint32_t places[TL_SECURE_BURST], jobs_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct tl_secure_party *party = party_of(secure, frames[i], lengths[i]);
        if (party == NULL)
            continue;
        parties[jobs_count] = party;
        places[jobs_count] = i;
        jobs[jobs_count++] = (struct tl_srtp_job){
            .keys = &party->open,
            .packet = &frames[i]->rtp_version,
            .length = (uint32_t)lengths[i] - TL_FRAME_RTP,
            .header_bytes = RTP_HEADER,
            .index = tl_srtp_stream_index(&party->heard, ntohs(frames[i]->sequence_be))};
    }
    tl_srtp_open(secure->engine, jobs, jobs_count);
    for (uint32_t i = 0; i < jobs_count; i++) {
        if (!jobs[i].good)
            continue;
        // Duplicates are the checker's business.
        if (tl_srtp_stream_check(&parties[i]->heard, jobs[i].index) == TL_SRTP_NEW)
            tl_srtp_stream_take(&parties[i]->heard, jobs[i].index);
        lengths[places[i]] = (uint16_t)(TL_FRAME_RTP + jobs[i].length);
        finish(frames[places[i]], jobs[i].length);
    }
}
