// SPDX-License-Identifier: Apache-2.0
#include "suites.h"

#include "CFlowABI.h"

#define KEY(id, value, name, key, salt, tag, rtcp_tag) [value] = key,
static const uint8_t key_bytes[TL_SUITES_MAX] = {TL_SRTP_SUITES(KEY)};
#define SALT(id, value, name, key, salt, tag, rtcp_tag) [value] = salt,
static const uint8_t salt_bytes[TL_SUITES_MAX] = {TL_SRTP_SUITES(SALT)};

uint32_t tl_suite_key_bytes(uint8_t suite)
{
    return suite < TL_SUITES_MAX ? key_bytes[suite] : 0;
}

uint32_t tl_suite_salt_bytes(uint8_t suite)
{
    return suite < TL_SUITES_MAX ? salt_bytes[suite] : 0;
}
