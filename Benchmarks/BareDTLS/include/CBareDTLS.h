// SPDX-License-Identifier: Apache-2.0
// DTLS-SRTP handshakes of OpenSSL and nothing around them: what ours are compared with, and the
// client that both servers are asked by. It shares nothing with what it measures.
#ifndef CBAREDTLS_H
#define CBAREDTLS_H

#include <stddef.h>
#include <stdint.h>

#define BARE_DATAGRAM_MAX  2048
#define BARE_DATAGRAMS_MAX 16

// One side of OpenSSL with a queue of datagrams that it wants to send.
struct bare_side;
struct bare_datagram {
    uint32_t bytes;
    uint8_t data[BARE_DATAGRAM_MAX];
};

// What sides share: a context and a self-signed ECDSA P-256 certificate. Null where it failed.
struct bare_setup;
struct bare_setup *bare_setup_new(void);
void bare_setup_free(struct bare_setup *setup);
// The SHA-256 digest of its certificate; 0 where it failed.
size_t bare_setup_digest(const struct bare_setup *setup, uint8_t digest[32]);

struct bare_side *bare_side_new(struct bare_setup *setup, int is_server);
void bare_side_free(struct bare_side *side);
// Takes a datagram, or starts with none. 1 when the handshake is finished, -1 when it failed.
int bare_side_take(struct bare_side *side, const uint8_t *data, uint32_t bytes);
uint32_t bare_side_count(const struct bare_side *side);
const struct bare_datagram *bare_side_datagram(const struct bare_side *side, uint32_t index);
void bare_side_sent(struct bare_side *side);

// One whole handshake between two bare sides; adds the nanoseconds that the server took, from
// making it to freeing it, the keys exported, to `server_ns`. 0 where it failed.
int bare_handshake(struct bare_setup *client, struct bare_setup *server, uint64_t *server_ns);

// Nanoseconds of CPU time of this thread.
uint64_t bare_cpu_ns(void);

#endif
