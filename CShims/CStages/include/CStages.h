// SPDX-License-Identifier: Apache-2.0
//
// Packet logic with no DPDK: one stage one file, one packet in, one edge out.
//
//   classify -> lookup -> source_check -> police -> demux -> rtp_check -> payload_type
//            -> rtp_receive -> egress -> rewrite          (RTP)
//            -> rtcp_receive (consumed), or deliver       (RTCP, DTLS)
//
// The worker loop fills packet views, calls tl_pipeline_run, acts on each packet's edge, and says
// what became of it with tl_packets_sent, tl_packet_done or tl_packet_drop.

#ifndef TL_CSTAGES_H
#define TL_CSTAGES_H

#include "CTables.h"

#include "tl_checksum.h"
#include "tl_packet.h"
#include "tl_pipeline.h"

#endif
