// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tls.h"

FILE *tl_tls_file_open(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return NULL;
    struct stat about;
    errno = EINVAL;
    FILE *file = fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode)
                     ? fdopen(descriptor, "r")
                     : NULL;
    if (file == NULL) {
        int number = errno;
        close(descriptor);
        errno = number;
    }
    return file;
}
