// SPDX-License-Identifier: Apache-2.0
// The stages, in the order in which packets meet them. Each looks at the packets whose edge is
// still TL_EDGE_NEXT. Call them through tl_pipeline_run; tests call them one by one.

#ifndef TL_STAGES_H
#define TL_STAGES_H

#include "tl_packet.h"

typedef void (*tl_stage)(struct tl_worker *worker, struct tl_packet *packets,
                         uint32_t count) TL_PACKET_CODE;

#define TL_STAGE(name)                                                                             \
    TL_PACKET_CODE void name(struct tl_worker *worker, struct tl_packet *packets, uint32_t count)

TL_STAGE(tl_classify);     // Ethernet, VLAN, IP, UDP, realm, worker
TL_STAGE(tl_lookup);       // port to flow and peer
TL_STAGE(tl_source_check); // only the signalled or learned source
TL_STAGE(tl_police);       // packets and bits a second
TL_STAGE(tl_demux);        // RFC 7983, RFC 5761
TL_STAGE(tl_rtp_check);    // RFC 3550 5.1, 5.3.1
TL_STAGE(tl_payload_type); // negotiated ones, mapped to the peer's
TL_STAGE(tl_rtp_receive);  // RFC 3550 A.1, A.3, A.8
TL_STAGE(tl_egress);       // the peer's stream: packet index, time stamp
TL_STAGE(tl_rewrite);      // headers of the peer's leg
TL_STAGE(tl_rtcp_receive); // RFC 3550 6.4, A.2
TL_STAGE(tl_deliver);      // DTLS to the control plane

#endif
