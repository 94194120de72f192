// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

#include "io.h"
#include "replay.h"
#include "say.h"

// Header of a pcap file with nanoseconds, and of one packet in it.
struct file_header {
    uint32_t magic;
    uint16_t major, minor;
    uint32_t zone, accuracy, snapshot_bytes, link_type;
};

struct packet_header {
    uint32_t seconds, nanoseconds, captured_bytes, length_bytes;
};

#define MAGIC_NANOSECONDS 0xa1b23c4du
#define LINK_ETHERNET 1u

// net_pcap stamps in microseconds, later versions of it in nanoseconds. The year 2000 in the one
// is far beyond any sensible date in the other.
#define NANOSECONDS_FROM 100000000000000000ull

static int stamp_offset(void)
{
    return rte_mbuf_dynfield_lookup(RTE_MBUF_DYNFIELD_TIMESTAMP_NAME, NULL);
}

static uint64_t time_of(const struct rte_mbuf *buffer)
{
    int offset = stamp_offset();
    if (offset < 0)
        return 0;
    uint64_t stamp = *RTE_MBUF_DYNFIELD(buffer, offset, const rte_mbuf_timestamp_t *);
    return stamp >= NANOSECONDS_FROM ? stamp : stamp * 1000;
}

// The driver reads the file synchronously: nothing received means that it is through.
static void read_ahead(struct tl_replay *replay, struct tl_capture *capture)
{
    if (capture->next >= capture->count) {
        uint16_t port_id = replay->node->ports.list[capture->port].port_id;
        capture->next = 0;
        capture->count = tl_io_receive(port_id, 0, capture->buffers, TL_BURST_MAX);
    }
    if (capture->next < capture->count)
        capture->time_ns = time_of(capture->buffers[capture->next]);
}

static int open_output(struct tl_capture *capture, const struct tl_realm_options *realm)
{
    const struct file_header header = {
        MAGIC_NANOSECONDS, 2, 4, 0, 0, 65535, LINK_ETHERNET,
    };
    if (realm->output[0] == '\0')
        return 0;
    capture->output = fopen(realm->output, "we");
    if (capture->output != NULL && fwrite(&header, sizeof(header), 1, capture->output) == 1)
        return 0;
    tl_say("realm %s: %s cannot be written: %s", realm->name, realm->output, strerror(errno));
    return TL_EXIT_UNAVAILABLE;
}

int tl_captures_open(struct tl_replay *replay)
{
    const struct tl_ports *ports = &replay->node->ports;
    for (uint16_t i = 0; i < ports->count; i++) {
        struct tl_capture *capture = &replay->captures[replay->capture_count++];
        capture->port = i;
        int result = open_output(capture, ports->list[i].realm);
        if (result != 0)
            return result;
        read_ahead(replay, capture);
    }
    return 0;
}

struct tl_capture *tl_captures_earliest(struct tl_replay *replay)
{
    struct tl_capture *earliest = NULL;
    for (uint32_t i = 0; i < replay->capture_count; i++) {
        struct tl_capture *capture = &replay->captures[i];
        if (capture->next < capture->count &&
            (earliest == NULL || capture->time_ns < earliest->time_ns))
            earliest = capture;
    }
    return earliest;
}

struct rte_mbuf *tl_capture_take(struct tl_replay *replay, struct tl_capture *capture)
{
    struct rte_mbuf *buffer = capture->buffers[capture->next++];
    read_ahead(replay, capture);
    return buffer;
}

void tl_captures_write(struct tl_replay *replay)
{
    for (uint32_t i = 0; i < replay->sink.count; i++) {
        const struct rte_mbuf *buffer = replay->sink.buffers[i];
        FILE *output = replay->captures[replay->sink.ports[i]].output;
        const struct packet_header header = {
            .seconds = (uint32_t)(replay->now_ns / TL_NANOSECONDS),
            .nanoseconds = (uint32_t)(replay->now_ns % TL_NANOSECONDS),
            .captured_bytes = buffer->data_len,
            .length_bytes = buffer->data_len,
        };
        replay->written++;
        if (output == NULL)
            continue;
        // Errors stay in the stream and are looked at when it is closed.
        fwrite(&header, sizeof(header), 1, output);
        fwrite(rte_pktmbuf_mtod(buffer, const void *), buffer->data_len, 1, output);
    }
    tl_io_free(replay->sink.buffers, replay->sink.count);
    replay->sink.count = 0;
}

int tl_captures_close(struct tl_replay *replay)
{
    int result = 0;
    for (uint32_t i = 0; i < replay->capture_count; i++) {
        FILE *output = replay->captures[i].output;
        if (output == NULL)
            continue;
        int failed = ferror(output);
        if (fclose(output) == 0 && !failed)
            continue;
        tl_say("an output of the replay could not be written whole: %s", strerror(errno));
        result = -1;
    }
    return result;
}
