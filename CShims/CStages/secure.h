// SPDX-License-Identifier: Apache-2.0
// Packets of secure flows are parked while their burst is looked at, and go on together: those that
// arrived sealed are opened, then meet the stages that plain ones met; those that leave by a secure
// flow are sealed, then get their headers. So libipsec-mb has many packets at once, and the keys,
// two kilobytes of them for a packet, are fetched meanwhile. Internal to CStages.
//
// Nothing of an opened packet is believed before its tag was checked, its budget included: what
// anybody may forge must not cost the party its share.

#ifndef TL_SECURE_STAGE_H
#define TL_SECURE_STAGE_H

#include "parked.h"

/// Longest frame that is sealed: a buffer of 2,048 bytes has room for the tag behind it.
#define SECURE_FRAME_BYTES_MAX 1984u

/// Packets on their way through sealing.
struct sealing {
    uint32_t count;
    struct tl_packet *packets[TL_BURST_MAX];
    struct tl_srtp_job jobs[TL_BURST_MAX];
};

/// Parks a packet that a secure flow received. Always 0: its way ends here for now.
TL_PACKET_CODE int tl_secure_park_in(struct tl_worker *worker, struct tl_packet *packet,
                                     const struct passage *passage);

/// Parks a packet that leaves by a secure flow; all but its headers is as it leaves.
TL_PACKET_CODE void tl_secure_park_out(struct tl_worker *worker, struct tl_packet *packet);

/// Opens what was parked for it, and seals what was parked for that until now, in one go. Each
/// opened packet then goes on, and may be parked again to be sealed.
TL_PACKET_CODE void tl_secure_open(struct tl_worker *worker, struct parked *parked);

/// Seals what was parked for it.
TL_PACKET_CODE void tl_secure_seal(struct tl_worker *worker, struct parked *parked);

/// The two halves of sealing: drops what may not leave and empties its part of `parked`; then,
/// with the jobs done, builds headers.
TL_PACKET_CODE void tl_secure_gather(struct tl_worker *worker, struct parked *parked,
                                     struct sealing *sealing);
TL_PACKET_CODE void tl_secure_leave(struct tl_worker *worker, const struct sealing *sealing);

/// The stages behind opening (pipeline.c).
TL_PACKET_CODE void tl_secure_go_on(struct tl_worker *worker, struct tl_packet *packet,
                                    struct passage *passage);

/// Seals an RTP packet of `length` bytes that the box made, with room behind it. The length as it
/// leaves, or 0: it must not. An index serves once, whatever becomes of the packet.
TL_PACKET_CODE uint32_t tl_secure_seal_made(struct tl_worker *worker, uint32_t slot, uint8_t *rtp,
                                            uint32_t length, uint64_t index);

/// Opens an SRTCP packet of a secure flow in place. 0: dropped.
TL_PACKET_CODE int tl_secure_open_rtcp(struct tl_worker *worker, struct tl_packet *packet);

/// Seals our own RTCP packet of `length` bytes in place, with room behind it. The length as it
/// leaves, or 0: it must not.
TL_PACKET_CODE uint32_t tl_secure_seal_rtcp(struct tl_worker *worker, uint32_t slot,
                                            uint8_t *rtcp, uint32_t length);

#endif
