// SPDX-License-Identifier: Apache-2.0
#include "number.h"

#include <string.h>

#include "say.h"

int64_t tl_number(const char *text, uint64_t most)
{
    uint64_t value = 0;
    if (*text == '\0' || strlen(text) > 10)
        return -1;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        value = value * 10 + (uint64_t)(*text - '0');
    }
    return value <= most ? (int64_t)value : -1;
}

int tl_number_read(const char *name, const char *text, uint32_t least, uint32_t most,
                   uint32_t *value)
{
    int64_t number = tl_number(text, most);
    if (number < least) {
        tl_say("--%s: \"%s\" is not a number from %u to %u", name, text, least, most);
        return -1;
    }
    *value = (uint32_t)number;
    return 0;
}
