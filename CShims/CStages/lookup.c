// SPDX-License-Identifier: Apache-2.0
// Several flows at one port: told apart by who sent it, a binding request by whom it is for. Never
// by an SSRC, which anybody may write.
#include "lookup.h"
#include "stun.h"

static struct tl_port_entry none(struct tl_worker *worker, struct tl_packet *packet,
                                 uint32_t reason)
{
    tl_packet_drop(worker, packet, reason);
    return (struct tl_port_entry){TL_NO_FLOW, TL_NO_FLOW};
}

TL_PACKET_CODE struct tl_port_entry tl_lookup_shared(struct tl_worker *worker,
                                                     struct tl_packet *packet)
{
    const uint8_t *payload = packet->data + packet->payload_offset, *username = NULL;
    uint32_t place = 2 * packet->place + packet->local_port % 2, bytes = 0, fragment = 0;
    struct tl_port_entry entry;
    if (packet->payload_length != 0 && payload[0] < 4)
        username = tl_stun_username(payload, packet->payload_length, &bytes);
    if (username != NULL) { // ours, colon, theirs (RFC 8445 section 7.2.2)
        while (fragment < bytes && username[fragment] != ':')
            fragment++;
        entry = tl_shared_by_ufrag(worker, place, username, fragment);
        return entry.slot != TL_NO_FLOW
                   ? entry
                   : none(worker, packet, TL_DROP_INDEX_STUN_AUTHENTICATION);
    }
    struct wire_address from = wire_source(packet);
    entry = tl_shared_by_source(worker, place, (const uint8_t *)from.words, packet->remote_port);
    return entry.slot != TL_NO_FLOW ? entry : none(worker, packet, TL_DROP_INDEX_WRONG_SOURCE);
}
