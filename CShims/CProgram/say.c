// SPDX-License-Identifier: Apache-2.0
#include "say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum { LINE_BYTES = 1024 };

void tl_say(const char *format, ...)
{
    char line[LINE_BYTES];
    int head = snprintf(line, sizeof(line), "%s: ", program_invocation_short_name);
    va_list arguments;
    va_start(arguments, format);
    int body = vsnprintf(line + head, sizeof(line) - (size_t)head - 1, format, arguments);
    va_end(arguments);
    if (body < 0)
        return;
    size_t length = (size_t)head + (size_t)body;
    if (length > sizeof(line) - 2)
        length = sizeof(line) - 2;
    line[length++] = '\n';
    // One write, so that lines of several processes on one journal do not mix. There is nobody to
    // tell when it fails.
    ssize_t written = write(STDERR_FILENO, line, length);
    (void)written;
}
