// SPDX-License-Identifier: Apache-2.0
// One worker's self-load. self_load.c runs it, load_frames.c makes and checks frames,
// self_load_secure.c seals and opens them where calls are secure, self_load_digits.c says what is
// in them where flows have digits, self_load_stage.c is the SRTP stage alone, self_load_bare.c the
// bare memory loop, self_load_memory.c takes memory as a node would.

#ifndef TL_SELF_LOAD_H
#define TL_SELF_LOAD_H

#include "lane.h"

enum { TL_LOAD_FRAME_BYTES = 214, TL_LOAD_ROUND_FRAMES = 256, TL_LOAD_BACKENDS = 2 };
enum { TL_LOAD_PAYLOAD_BYTES = 160, TL_LOAD_SILENCE = 0xd5 }; // G.711 A-law, 20 ms
enum { TL_LOAD_EVENTS = 1, TL_LOAD_TONES, TL_LOAD_EVENT_TYPE = 101 };

// What the sender of a flow knows.
struct tl_load_flow {
    uint32_t remote_be; // IPv4
    uint32_t local_be;
    uint16_t remote_port;
    uint16_t local_port;
    uint32_t made; // packets
    uint16_t address_index;
};

struct tl_load_line {
    uint64_t words[TL_LINE_BYTES / sizeof(uint64_t)];
};

// Tables of the bare memory loop.
struct tl_load_bare {
    uint32_t *ports;                 // by 64 Ki times address index and port: flow
    struct tl_load_line *flows;
    struct tl_load_line *statistics; // in memory of the kind that the records are in
    uint64_t packets;
    uint64_t cycles;
    uint64_t frame_cycles; // of making the frames, in neither of the two above and below
};

// The SRTP stage alone, on one back end.
struct tl_load_stage {
    struct tl_srtp_engine *engine;
    struct tl_srtp_keys *seal; // by flow
    struct tl_srtp_keys *open;
    uint32_t next; // place in `order`
    uint64_t packets;
    uint64_t cycles;
};

struct tl_load_secure; // what the parties of secure calls know
struct tl_load_digits; // the audio of parties in which tones are looked for

struct tl_load {
    struct tl_lane *lane;
    struct tl_sink sink;
    struct tl_load_flow *flows;
    uint32_t *order; // flows in random order
    uint8_t *seen;   // by flow: verified
    uint32_t flow_count;
    uint32_t next; // place in `order`
    uint64_t seconds;
    struct tl_load_bare bare;
    struct tl_load_secure *secure; // NULL: calls are plain
    struct tl_load_digits *digits; // NULL: audio is silence
    uint8_t digits_mode;           // TL_LOAD_EVENTS, TL_LOAD_TONES; 0: flows have no digits
    struct tl_load_stage stages[TL_LOAD_BACKENDS]; // by enum tl_srtp_backend
    struct rte_mbuf *buffers[TL_LOAD_ROUND_FRAMES];
    int failed;
    uint32_t verified;
    uint64_t packets;
    uint64_t sent;
    uint64_t cycles;
    uint64_t plain_packets; // of `packets`, those of turns in which flows with digits had none
    uint64_t plain_cycles;  // of those, not in `cycles`
    uint64_t frame_cycles;
};

// Takes memory and dimensions the load. 0, or the exit code with a sentence.
int tl_load_init(struct tl_load *load, struct tl_lane *lane, const struct tl_options *options);

// Installs all flows with the commands that the control plane would send. 0, or -1 with a sentence.
int tl_load_install(struct tl_load *load);

// Makes `count` frames for the next flows in order and adds what that took to `cycles`. 0, or -1
// when no buffer is free.
int tl_load_frames(struct tl_load *load, struct rte_mbuf **buffers, uint32_t count,
                   uint64_t *cycles);

// 1 when a frame that left is what one flow must send: each header, both checksums, the payload.
int tl_load_check(const struct tl_load *load, struct rte_mbuf *buffer);

// Likewise, and it is the flow's first: called once a frame.
int tl_load_check_first(const struct tl_load *load, struct rte_mbuf *buffer);

// The next of the same numbers in each run; 31 bits.
uint32_t tl_load_random(uint64_t *state);

// What srtp= names, and back. 0, or -1 with a sentence.
int tl_load_suite_read(const char *name, uint8_t *suite);
const char *tl_load_suite_name(uint8_t suite);

// Makes the parties of secure calls, where the options want those. 0, or -1 when there is no memory
// or no libipsec-mb.
int tl_load_secure_init(struct tl_load *load, const struct tl_options *options);

// 1 when the party of flow `k` speaks SRTP; by how much its packets are longer.
int tl_load_is_secure(const struct tl_load *load, uint32_t k);
uint32_t tl_load_tag_bytes(const struct tl_load *load, uint32_t k);

// The command that gives secure flow `k` its keys.
void tl_load_keys_command(const struct tl_load *load, uint32_t k, struct tl_command *command);

// Expands what flow `k`'s party seals with (to_box) or opens with. 0, or -1.
int tl_load_keys_derive(struct tl_srtp_engine *engine, struct tl_srtp_keys *keys, uint8_t suite,
                        uint32_t k, int to_box);

// Collects an RTP packet that the party of flow `k` sends; at most TL_LOAD_ROUND_FRAMES of them.
void tl_load_seal_later(struct tl_load *load, uint32_t k, uint8_t *rtp, uint32_t length,
                        uint64_t index);

// Seals what was collected. A packet that cannot be sets `failed`.
void tl_load_seal(struct tl_load *load);

// Opens in place what reached the party of flow `k`. 1: it is good.
int tl_load_open(const struct tl_load *load, uint32_t k, uint8_t *rtp, uint32_t length,
                 uint64_t index);

// 1 when the worker opened what parties sealed, and sealed all that went to secure ones.
int tl_load_secure_is_exact(const struct tl_load *load);

// What digits= names. 0, or -1 with a sentence.
int tl_load_digits_read(const char *name, uint8_t *digits);

// Makes what parties say, where the options want flows with digits. 0, or -1 when there is no
// memory.
int tl_load_digits_init(struct tl_load *load, const struct tl_options *options);

// The command that tells flow `k` of its digits, or (`on` 0) of none.
void tl_load_digits_command(const struct tl_load *load, uint32_t k, int on,
                            struct tl_command *command);

// Tells all flows, where they have digits. 0, or -1 with a sentence.
int tl_load_digits_switch(struct tl_load *load, int on);

// 1 when about as many digits were found as the parties made. Those that a turn begins or ends in
// the midst of may be missing, or be two.
int tl_load_digits_are_found(const struct tl_load *load);

// Which packet of an event the party's packet with this number is, from 1 on; 0: it is audio.
uint32_t tl_load_digit_step(const struct tl_load *load, uint32_t k, uint32_t number);

// The payload of that packet.
void tl_load_digits_payload(const struct tl_load *load, uint32_t k, uint32_t number,
                            uint8_t payload[TL_LOAD_PAYLOAD_BYTES]);

// Takes key sets of both back ends, where calls are secure. 0, or -1 when there is no memory.
int tl_load_stages_init(struct tl_load *load, const struct tl_options *options);

// Seals and opens TL_LOAD_ROUND_FRAMES packets.
void tl_load_stage_round(struct tl_load *load, uint32_t backend);

// Takes the tables of the bare memory loop. 0, or -1 when there is no memory.
int tl_load_bare_init(struct tl_load *load, int no_huge);

// One round of the bare memory loop, over fresh frames of load->buffers.
void tl_load_bare_round(struct tl_load *load);

// Gives this process a /dev/shm of huge pages of its own, as an appliance mounts one for its files,
// before the fast path's file is made. Without the right to mount it stays as it is.
void tl_load_memory_prepare(int no_huge);

// Memory of a worker's tables (node.c), zeroed; and memory of the shared file. NULL: there is none.
void *tl_load_memory_private(uint64_t size_bytes, int no_huge);
void *tl_load_memory_shared(uint64_t size_bytes);

// 1 when the memory at `place` stands in huge pages.
int tl_load_memory_is_huge(const void *place);

#endif
