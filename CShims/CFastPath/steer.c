// SPDX-License-Identifier: Apache-2.0
#include "steer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "bpf/steer_config.h"
#include "bpf/steer_generated.h"
#include "say.h"

#define PROGRAM_NAME "tl_steer"
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

enum { LINE_BYTES = 128 };

static void fill(struct tl_steer_config *config, const struct tl_options *options,
                 const char *interface)
{
    *config = (struct tl_steer_config){.magic = TL_STEER_MAGIC};
    for (uint32_t i = 0; i < options->geometry.address_count; i++) {
        const struct tl_address_options *address = &options->addresses[i];
        const struct tl_realm_options *realm = &options->realms[address->realm_index];
        if (realm->attach != TL_ATTACH_XDP || strcmp(realm->interface, interface) != 0)
            continue;
        struct tl_steer_entry *entry = &config->entries[config->entry_count++];
        memcpy(entry->address_be, address->address, sizeof(entry->address_be));
        entry->port_first = realm->port_first;
        entry->port_last = realm->port_last;
    }
}

int tl_steer_make(const struct tl_options *options, const char *interface)
{
    struct tl_steer_config config;
    const char magic[] = TL_STEER_MAGIC;
    const size_t size_bytes = sizeof(tl_steer_object);
    const uint8_t *found = memmem(tl_steer_object, size_bytes, magic, sizeof(magic));
    // A file in memory has a path under /proc for net_af_xdp and is gone with the process.
    int file = memfd_create(PROGRAM_NAME, MFD_CLOEXEC);
    if (found == NULL || file < 0)
        goto fail;
    fill(&config, options, interface);
    off_t at = found - tl_steer_object;
    if (write(file, tl_steer_object, size_bytes) == (ssize_t)size_bytes &&
        pwrite(file, &config, sizeof(config), at) == (ssize_t)sizeof(config))
        return file;
fail:
    tl_say("the steering program for %s could not be made: %s", interface, strerror(errno));
    if (file >= 0)
        close(file);
    return -1;
}

static int program_name(uint32_t id, char *name, size_t size_bytes)
{
    struct bpf_prog_info info = {0};
    uint32_t info_bytes = sizeof(info);
    int program = bpf_prog_get_fd_by_id(id);
    if (program < 0)
        return -errno;
    int result = bpf_obj_get_info_by_fd(program, &info, &info_bytes);
    close(program);
    if (result == 0)
        snprintf(name, size_bytes, "%s", info.name);
    return result;
}

static int no_message(enum libbpf_print_level level, const char *format, va_list arguments)
{
    (void)level;
    (void)format;
    (void)arguments;
    return 0;
}

static int query_program(uint32_t kernel_index, struct bpf_xdp_query_opts *query)
{
    *query = (struct bpf_xdp_query_opts){.sz = sizeof(*query)};
    // The library's remarks ("No bpffs found") tell an operator nothing; results are checked.
    libbpf_set_print(no_message);
    return bpf_xdp_query((int)kernel_index, 0, query);
}

// What is remembered of a program: numbers are unique between two starts of the kernel, and are
// not given anew before two thousand million programs were loaded. 0, or -1 with errno.
static int memory_line(uint32_t kernel_index, uint32_t program, char line[LINE_BYTES])
{
    char boot[64] = "";
    int file = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -1;
    ssize_t length = read(file, boot, sizeof(boot) - 1);
    close(file);
    if (length <= 0)
        return -1;
    boot[strcspn(boot, "\n")] = '\0';
    snprintf(line, LINE_BYTES, "boot %s interface %u program %u\n", boot, kernel_index, program);
    return 0;
}

static void memory_path(const struct tl_options *options, const char *interface, char *path)
{
    snprintf(path, PATH_MAX, "%s/steer-%s", options->directory, interface);
}

// 1 when an earlier process of this directory attached exactly this program.
static int is_remembered(const struct tl_options *options, const char *interface,
                         uint32_t kernel_index, uint32_t program)
{
    char path[PATH_MAX];
    char expected[LINE_BYTES];
    char found[LINE_BYTES] = "";
    memory_path(options, interface, path);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    ssize_t length = read(file, found, sizeof(found) - 1);
    close(file);
    return length > 0 && memory_line(kernel_index, program, expected) == 0 &&
           strcmp(found, expected) == 0;
}

int tl_steer_remember(const struct tl_options *options, const struct tl_realm_options *realm,
                      uint32_t kernel_index)
{
    struct bpf_xdp_query_opts query;
    char path[PATH_MAX];
    char line[LINE_BYTES];
    memory_path(options, realm->interface, path);
    int result = query_program(kernel_index, &query);
    errno = result < 0 ? -result : 0;
    if (result == 0 && memory_line(kernel_index, query.prog_id, line) == 0) {
        // Made anew: in a sticky directory the kernel opens no other user's file for this.
        unlink(path);
        int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
        if (file >= 0 && write(file, line, strlen(line)) == (ssize_t)strlen(line)) {
            close(file);
            return 0;
        }
        if (file >= 0)
            close(file);
    }
    tl_say("realm %s: %s cannot be written, without which a later process would not know the "
           "XDP program on %s again: %s",
           realm->name, path, realm->interface, strerror(errno));
    return TL_EXIT_UNAVAILABLE;
}

// 0 when the program is ours to take off: one that was remembered, or that has our name.
static int is_ours(const struct tl_options *options, const struct tl_realm_options *realm,
                   uint32_t kernel_index, uint32_t program)
{
    char name[BPF_OBJ_NAME_LEN] = "";
    if (program != 0 && is_remembered(options, realm->interface, kernel_index, program))
        return 0;
    int result = program != 0 ? program_name(program, name, sizeof(name)) : 0;
    if (result < 0) {
        tl_say("realm %s: an XDP program that this directory's fast path did not attach is on %s, "
               "and its name cannot be looked at (%s): take it off with \"ip link set dev %s xdp "
               "off\", or use attach=packet",
               realm->name, realm->interface, strerror(-result), realm->interface);
        return TL_EXIT_UNAVAILABLE;
    }
    if (strcmp(name, PROGRAM_NAME) == 0)
        return 0;
    tl_say("realm %s: another XDP program (%s) is attached to %s: take it off with "
           "\"ip link set dev %s xdp off\", or use attach=packet",
           realm->name, name[0] != '\0' ? name : "several", realm->interface, realm->interface);
    return TL_EXIT_UNAVAILABLE;
}

int tl_steer_take_off(const struct tl_options *options, const struct tl_realm_options *realm,
                      uint32_t kernel_index)
{
    struct bpf_xdp_query_opts query;
    int result = query_program(kernel_index, &query);
    if (result == 0 && query.attach_mode == XDP_ATTACHED_NONE)
        return 0;
    if (result < 0) {
        tl_say("realm %s: the XDP program on %s cannot be asked for: %s", realm->name,
               realm->interface, strerror(-result));
        return TL_EXIT_UNAVAILABLE;
    }
    result = is_ours(options, realm, kernel_index, query.prog_id);
    if (result != 0)
        return result;
    uint32_t flags = query.attach_mode == XDP_ATTACHED_SKB ? XDP_FLAGS_SKB_MODE
                     : query.attach_mode == XDP_ATTACHED_HW ? XDP_FLAGS_HW_MODE
                                                            : XDP_FLAGS_DRV_MODE;
    result = bpf_xdp_detach((int)kernel_index, flags, NULL);
    if (result == 0)
        return 0;
    tl_say("realm %s: the program that an earlier process left on %s cannot be taken off: %s",
           realm->name, realm->interface, strerror(-result));
    return TL_EXIT_UNAVAILABLE;
}
