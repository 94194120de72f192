// SPDX-License-Identifier: Apache-2.0
#include "CFlowABI.h"

struct name {
    const char *name;
    const char *text;
};

static const struct name drops[] = {
#define TL_ROW(id, name, text) {name, text},
    TL_DROP_REASONS(TL_ROW)
#undef TL_ROW
};

static const struct name counters[] = {
#define TL_ROW(name, text) {#name, text},
    TL_WORKER_COUNTERS(TL_ROW)
#undef TL_ROW
};

static const struct {
    int32_t status;
    struct name row;
} statuses[] = {
#define TL_ROW(id, value, name, text) {value, {name, text}},
    TL_STATUSES(TL_ROW)
#undef TL_ROW
};

static const struct {
    int32_t result;
    struct name row;
} results[] = {
#define TL_ROW(id, value, name, text) {value, {name, text}},
    TL_FILE_RESULTS(TL_ROW)
#undef TL_ROW
};

static const struct name unknown = {"unknown", "not known to this version"};

static const struct name *drop_row(uint32_t reason)
{
    return reason < TL_DROP_REASON_COUNT ? &drops[reason] : &unknown;
}

static const struct name *counter_row(uint32_t counter)
{
    return counter < tl_counter_count() ? &counters[counter] : &unknown;
}

static const struct name *status_row(int32_t status)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        if (statuses[i].status == status)
            return &statuses[i].row;
    return &unknown;
}

static const struct name *result_row(int32_t result)
{
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
        if (results[i].result == result)
            return &results[i].row;
    return &unknown;
}

const char *tl_file_result_name(int32_t result)
{
    return result_row(result)->name;
}

const char *tl_file_result_text(int32_t result)
{
    return result_row(result)->text;
}

const char *tl_drop_name(uint32_t reason)
{
    return drop_row(reason)->name;
}

const char *tl_drop_text(uint32_t reason)
{
    return drop_row(reason)->text;
}

uint32_t tl_drop_count(void)
{
    return TL_DROP_REASON_COUNT;
}

const char *tl_status_name(int32_t status)
{
    return status_row(status)->name;
}

const char *tl_status_text(int32_t status)
{
    return status_row(status)->text;
}

uint32_t tl_counter_count(void)
{
    return (uint32_t)(sizeof(counters) / sizeof(counters[0]));
}

const char *tl_counter_name(uint32_t counter)
{
    return counter_row(counter)->name;
}

const char *tl_counter_text(uint32_t counter)
{
    return counter_row(counter)->text;
}
