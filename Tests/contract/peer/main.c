// SPDX-License-Identifier: Apache-2.0
// contract-peer serve DIRECTORY [option=value ...]   the fast path's side, without packets
// contract-peer attach FILE fastpath|control [loop]  reads a file of either side to its end
// contract-peer check FILE fastpath|control          what version six would say of a file
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "worker.h"

static volatile sig_atomic_t ended;
static volatile sig_atomic_t notify;
static volatile sig_atomic_t unhold;

static void on_signal(int number)
{
    if (number == SIGUSR1)
        unhold = 1;
    else if (number == SIGUSR2)
        notify = 1;
    else
        ended = 1;
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void say(const char *what, const char *more)
{
    printf("%s %s\n", what, more);
    fflush(stdout);
}

// ---------------------------------------------------------------------------------------------
// Serving
// ---------------------------------------------------------------------------------------------

static void fill_pages(struct peer *peer)
{
    for (uint32_t i = 0; i < peer->layout.records.count; i++) {
        struct tl_flow_record *r = tl_section_at(&peer->own, &peer->layout.records, i);
        if (r->state == TL_RECORD_LIVE)
            tl_store_release_u32(&r->state, TL_RECORD_LEFT);
    }
    for (uint32_t i = 0; i < peer->layout.realms.count; i++) {
        struct tl_realm_page *page = tl_section_at(&peer->own, &peer->layout.realms, i);
        *page = (struct tl_realm_page){
            .attach = "pcap", .port_first = 20000, .port_last = 24095, .dscp = 46};
        snprintf(page->name, sizeof(page->name), "realm%u", i);
    }
    for (uint32_t i = 0; i < peer->layout.addresses.count; i++) {
        struct tl_address_page *page = tl_section_at(&peer->own, &peer->layout.addresses, i);
        *page = (struct tl_address_page){.realm_index = (uint16_t)i};
        page->address[10] = page->address[11] = 0xff;
        memcpy(&page->address[12], (uint8_t[]){192, 0, 2, (uint8_t)(i + 1)}, 4);
    }
}

static void let_go(struct peer *peer)
{
    tl_file_unmap(&peer->control);
    tl_header_set_peer(peer->own.base, 0);
    peer->reset_for = 0;
    peer->faulted = 0;
}

// Maps the control plane's file; 1 when it is usable.
static int take_hold(struct peer *peer, const char *path, int32_t *last)
{
    if (peer->control.base != NULL)
        return 1;
    int32_t result =
        tl_file_attach(path, TL_MAGIC_CONTROL, &peer->control, &peer->control_layout);
    if (result == TL_FILE_OK) {
        result = tl_file_same_geometry(&peer->layout.geometry, &peer->control_layout.geometry);
        if (result != TL_FILE_OK)
            tl_file_unmap(&peer->control);
    }
    if (result != *last)
        say("attach", tl_file_result_name(result));
    *last = result;
    peer_point(peer, "attached");
    return result == TL_FILE_OK;
}

static void shake_hands(struct peer *peer)
{
    uint64_t incarnation = tl_header_incarnation(peer->control.base);
    if (incarnation == peer->reset_for)
        return;
    tl_header_set_peer(peer->own.base, 0);
    peer_point(peer, "withdrawn");
    tl_file_reset_rings(&peer->own, &peer->layout);
    peer_reset(peer);
    peer_point(peer, "reset");
    peer->reset_for = incarnation;
    peer->faulted = 0;
    tl_header_set_peer(peer->own.base, incarnation);
    peer_point(peer, "acknowledged");
    say("reset", "done");
}

static void turn(struct peer *peer, const char *path, int32_t *last)
{
    tl_header_beat(peer->own.base, now_ns());
    if (peer->control.base != NULL && tl_file_replaced(path, &peer->control))
        let_go(peer);
    if (!take_hold(peer, path, last))
        return;
    shake_hands(peer);
    if (peer->faulted || !tl_file_matched(&peer->own, &peer->control))
        return;
    peer_point(peer, "matched");
    if (unhold)
        peer->hold = 0;
    for (uint32_t c = 0; c < peer->control_layout.channels.count && !peer->faulted; c++)
        peer_channel(peer, c);
    if (notify) {
        char text[16];
        snprintf(text, sizeof(text), "%u", peer_notify(peer, TL_EVENT_MEDIA_TIMEOUT));
        notify = 0;
        say("notified", text);
    }
    if (peer->faulted) {
        tl_header_set_peer(peer->own.base, 0);
        say("fault", "cursor");
    }
}

// Writes as a version of its own would, which may know less of an event.
static void set_version(struct peer *peer)
{
    struct tl_file_header *header = peer->own.base;
    if (peer->event_bytes != 0)
        header->event_size_bytes = peer->event_bytes;
    if (peer->version == UINT32_MAX)
        return;
    header->version = peer->version;
    header->version_oldest = peer->version;
}

static int option(struct peer *peer, struct tl_geometry *g, char *text)
{
    char *value = strchr(text, '=');
    if (value == NULL)
        return -1;
    *value++ = '\0';
    uint32_t number = (uint32_t)strtoul(value, NULL, 0);
    if (strcmp(text, "cursor-start") == 0)
        g->cursor_start = number;
    else if (strcmp(text, "workers") == 0)
        g->worker_count = number;
    else if (strcmp(text, "flows") == 0)
        g->flows_per_worker = number;
    else if (strcmp(text, "hold") == 0)
        peer->hold = (int)number;
    else if (strcmp(text, "refuse") == 0)
        peer->refuse = -(int32_t)number;
    else if (strcmp(text, "version") == 0)
        peer->version = number;
    else if (strcmp(text, "event-bytes") == 0)
        peer->event_bytes = number;
    else if (strcmp(text, "stop-at") == 0)
        peer->stop_point = value;
    else if (strcmp(text, "stop-count") == 0)
        peer->stop_count = number;
    else
        return -1;
    return 0;
}

static int serve(int count, char **arguments)
{
    static struct peer peer = {.stop_count = 1, .version = UINT32_MAX};
    struct tl_geometry geometry = {.worker_count = 2,
                                   .shard_count = 1,
                                   .flows_per_worker = 64,
                                   .command_slots = 8,
                                   .event_slots = 8,
                                   .packet_slots = 2,
                                   .realm_count = 2,
                                   .address_count = 2};
    char own_path[4096], control_path[4096];
    for (int i = 1; i < count; i++)
        if (option(&peer, &geometry, arguments[i]) != 0)
            return 64;
    snprintf(own_path, sizeof(own_path), "%s/fastpath.shm", arguments[0]);
    snprintf(control_path, sizeof(control_path), "%s/control.shm", arguments[0]);
    int kept;
    int32_t result = tl_file_own(own_path, TL_MAGIC_FASTPATH, &geometry, 0640, &peer.own,
                                 &peer.layout, &kept);
    if (result != TL_FILE_OK) {
        say("own", tl_file_result_name(result));
        return 1;
    }
    peer_point(&peer, "owned");
    set_version(&peer);
    fill_pages(&peer);
    peer_reset(&peer);
    tl_header_set_state(peer.own.base, TL_STATE_RUNNING);
    say("ready", kept ? "kept" : "fresh");
    int32_t last = 1;
    while (!ended) {
        turn(&peer, control_path, &last);
        usleep(200);
    }
    return 0;
}

// ---------------------------------------------------------------------------------------------
// Reading
// ---------------------------------------------------------------------------------------------

static uint64_t sum_section(const struct tl_map *map, const struct tl_section *section)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < section->count; i++) {
        const uint8_t *bytes = tl_section_at(map, section, i);
        for (uint32_t j = 0; j < section->stride_bytes; j++)
            sum += ((const volatile uint8_t *)bytes)[j];
    }
    return sum;
}

static int attach(int count, char **arguments)
{
    struct tl_map map = {0};
    struct tl_layout layout;
    int loops = count > 2;
    uint64_t magic =
        strcmp(arguments[1], "control") == 0 ? TL_MAGIC_CONTROL : TL_MAGIC_FASTPATH;
    int32_t result = tl_file_attach(arguments[0], magic, &map, &layout);
    say("attach", tl_file_result_name(result));
    if (result != TL_FILE_OK)
        return 0;
    uint64_t sum = 0;
    do {
        const struct tl_section *sections[] = {&layout.channels, &layout.commands,
                                               &layout.events,   &layout.packets,
                                               &layout.records,  &layout.workers,
                                               &layout.realms,   &layout.addresses,
                                               &layout.srtp_records,
                                               &layout.drop_records};
        for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
            sum += sum_section(&map, sections[i]);
    } while (loops && !ended);
    tl_file_unmap(&map);
    return sum == UINT64_MAX;
}

static int check(char **arguments)
{
    struct tl_file_header header;
    struct tl_layout layout;
    uint64_t magic =
        strcmp(arguments[1], "control") == 0 ? TL_MAGIC_CONTROL : TL_MAGIC_FASTPATH;
    FILE *file = fopen(arguments[0], "rb");
    if (file == NULL || fread(&header, sizeof(header), 1, file) != 1)
        return 1;
    fclose(file);
    say("check", tl_file_result_name(tl_file_check_v6(&header, header.file_size_bytes, magic,
                                                      &layout)));
    return 0;
}

int main(int count, char **arguments)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t none;
    // Whoever starts this process may have had signals blocked.
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    tl_file_guard("the control plane");
    if (count >= 3 && strcmp(arguments[1], "serve") == 0)
        return serve(count - 2, arguments + 2);
    if (count >= 4 && strcmp(arguments[1], "attach") == 0)
        return attach(count - 2, arguments + 2);
    if (count == 4 && strcmp(arguments[1], "check") == 0)
        return check(arguments + 2);
    fprintf(stderr, "usage: contract-peer serve DIRECTORY [option=value ...]\n"
                    "       contract-peer attach FILE fastpath|control [loop]\n");
    return 64;
}
