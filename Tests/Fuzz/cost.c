// SPDX-License-Identifier: Apache-2.0
// Runs a fuzzer's entry once on each file named, for callgrind to count what one run takes.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BYTES_MAX = 1 << 20 };

// By this name callgrind counts. Before it one run has made what a process makes but once.
__attribute__((noinline)) static void measured_run(const uint8_t *bytes, size_t size) {
    (void)LLVMFuzzerTestOneInput(bytes, size);
    __asm__ volatile("" ::: "memory");
}

int main(int count, char **names) {
    for (int i = 1; i < count; i++) {
        FILE *file = fopen(names[i], "rb");
        if (!file) {
            perror(names[i]);
            return 1;
        }
        uint8_t *bytes = malloc(BYTES_MAX);
        if (!bytes)
            return 1;
        size_t size = fread(bytes, 1, BYTES_MAX, file);
        fclose(file);
        (void)LLVMFuzzerTestOneInput(bytes, size);
        measured_run(bytes, size);
        free(bytes);
    }
    return 0;
}
