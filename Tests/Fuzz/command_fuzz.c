// SPDX-License-Identifier: Apache-2.0
// A control plane gone mad: commands, cursors and packets to inject with any content. Input: steps
// of {what, ...}. Commands begin as valid ones and are then written over at chosen places.
#include "fuzz_world.h"

enum { SLOTS = 8 };

static struct {
    struct tl_file_header own_header, peer_header; // zero: they match
    struct tl_channel_fastpath own;
    struct tl_channel_control peer;
    struct tl_event events[SLOTS];
    struct tl_packet_slot packets[SLOTS];
    struct tl_command commands[SLOTS];
    struct tl_packet_slot injects[SLOTS];
} files;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void attach(uint32_t start)
{
    struct tl_channel_views views = {
        .own_header = &files.own_header, .peer_header = &files.peer_header,
        .own = &files.own, .peer = &files.peer, .events = (uint8_t *)files.events,
        .packets = (uint8_t *)files.packets, .commands = (const uint8_t *)files.commands,
        .injects = (const uint8_t *)files.injects, .event_stride = sizeof(struct tl_event),
        .packet_stride = sizeof(struct tl_packet_slot),
        .command_stride = sizeof(struct tl_command),
        .inject_stride = sizeof(struct tl_packet_slot),
        .command_size_bytes = sizeof(struct tl_command), .command_slots = SLOTS,
        .event_slots = SLOTS, .packet_slots = SLOTS};
    struct tl_channel *channel = &fuzz.worker->channels[0];
    tl_channel_attach(channel, &views);
    channel->command_position = channel->event_position = start;
    channel->packet_position = channel->inject_position = start;
    files.peer.command_producer.position = files.peer.event_consumer.position = start;
    files.peer.packet_consumer.position = files.peer.inject_producer.position = start;
}

static void push_command(struct fuzz_input *input)
{
    uint32_t at = files.peer.command_producer.position++;
    struct tl_command *slot = &files.commands[at % SLOTS];
    uint32_t which = fuzz_byte(input);
    *slot = (struct tl_command){.size_bytes = sizeof(*slot), .operation = 1 + which % 5,
                                .sequence = at, .flow_index = fuzz_first() + (which >> 3) % 8,
                                .generation = 1 + fuzz_byte(input) % 4, .value = 4};
    slot->spec = fuzz_spec((which >> 3) % 4, (uint16_t)(FUZZ_PORT + (which >> 3) % 8 * 2));
    slot->spec.peer_index = fuzz_first() + ((which >> 3) % 8 ^ 1);
    slot->spec.peer_generation = 1;
    fuzz_overwrite(input, slot, 160);
}

static void push_inject(struct fuzz_input *input)
{
    uint32_t at = files.peer.inject_producer.position++;
    struct tl_packet_slot *slot = &files.injects[at % SLOTS];
    *slot = (struct tl_packet_slot){.size_bytes = 64, .flow_index = fuzz_first(), .generation = 1,
                                    .payload_bytes = at & 1 ? TL_PACKET_BYTES_MAX : 100};
    fuzz_overwrite(input, slot, 64);
}

static void inject(void)
{
    struct tl_packet packets[FUZZ_VIEWS];
    fuzz_blank(packets);
    enum tl_fault fault;
    uint32_t made = tl_channel_inject(fuzz.worker, 0, packets, FUZZ_VIEWS, &fault);
    for (uint32_t i = 0; i < made; i++)
        tl_packet_done(fuzz.worker, &packets[i]);
}

static void step(struct fuzz_input *input)
{
    uint32_t answered = 0;
    uint32_t what = fuzz_byte(input);
    switch (what % 9) {
    case 0:
    case 1:
        push_command(input);
        break;
    case 2:
        tl_channel_poll(fuzz.worker, 0, fuzz.now_ns, 1 + what / 9, &answered);
        break;
    case 3:
        files.peer.event_consumer.position = files.own.event_producer.position;
        break;
    case 4:
        push_inject(input);
        inject();
        break;
    case 5:
        fuzz.now_ns += (uint64_t)fuzz_word(input) << (what / 9);
        fuzz_tick(50);
        break;
    case 6: { // a lie
        struct tl_ring_end *ends = &files.peer.command_producer;
        ends[what / 9 % 4].position = fuzz_word(input);
        break;
    }
    case 7:
        tl_channel_detach(&fuzz.worker->channels[0]);
        attach(fuzz_word(input));
        break;
    default:
        tl_channel_notify(fuzz.worker, what / 9 % FUZZ_FLOWS, TL_PENDING_TIMEOUT);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, data + size};
    fuzz_world_make();
    memset(&files, 0, sizeof(files));
    attach(fuzz_word(&input));
    while (input.at < input.end) {
        step(&input);
        fuzz_check();
    }
    return 0;
}
