// SPDX-License-Identifier: Apache-2.0
//
// The closed lists of the contract: statuses of answers, drop reasons, worker counters, SRTP
// suites. Each makes the constants, the names and sentences of abi_names.h, and what is generated
// from them: the metrics, the texts of the command line, the rows of the operator docs.

#ifndef TL_ABI_LISTS_H
#define TL_ABI_LISTS_H

// Statuses of answers. Zero or negative; a refusal leaves everything as it was.
#define TL_STATUSES(X)                                                                             \
    X(OK, 0, "ok", "done")                                                                         \
    X(BAD_OPERATION, -1, "bad_operation", "the operation is not known")                            \
    X(BAD_SIZE, -2, "bad_size", "the message is shorter than its operation needs")                 \
    X(BAD_INDEX, -3, "bad_index", "the flow index is outside this worker's range")                 \
    X(BAD_GENERATION, -4, "bad_generation", "generation zero, or none after those used before")    \
    X(STALE, -5, "stale", "the flow at this index has another generation")                         \
    X(EXISTS, -6, "exists", "the flow index is in use")                                            \
    X(NOT_FOUND, -7, "not_found", "no live flow at this index")                                    \
    X(BAD_ADDRESS, -8, "bad_address", "the local address index does not exist")                    \
    X(BAD_PORT, -9, "bad_port", "the local port is odd, outside its realm or of another worker")   \
    X(PORT_IN_USE, -10, "port_in_use", "another flow has this local address and port, and does not share it")             \
    X(BAD_REMOTE, -11, "bad_remote", "the remote address cannot be sent to, or is of another family")        \
    X(BAD_PEER, -12, "bad_peer", "the peer index is out of range or the flow itself")              \
    X(BAD_PAYLOAD_MAP, -13, "bad_payload_map", "a payload type is above 127 or named twice")       \
    X(BAD_BUDGET, -14, "bad_budget", "a budget, interval or clock rate is outside its range")      \
    X(BAD_FLAGS, -15, "bad_flags", "a flag is not known, or excludes another")                                          \
    X(BAD_COUNT, -16, "bad_count", "a list of no flows, or of more than one command may ask for")  \
    X(STALE_SEQUENCE, -17, "stale_sequence", "the sequence was answered long ago")                 \
    X(NO_NEXT_HOP, -18, "no_next_hop", "the table of next hops is full")                           \
    X(BAD_KEYS, -19, "bad_keys", "a suite, key identifier, MKI or overlap that cannot be")         \
    X(NO_CONTEXT, -20, "no_context", "the table of SRTP contexts is full")                         \
    X(BAD_ICE, -21, "bad_ice", "a user fragment or password of an impossible length")              \
    X(KEYS_USED, -22, "keys_used", "the key may have been used, and how far is not known any more") \
    X(SOURCE_IN_USE, -23, "source_in_use", "another flow of this shared port has the remote address and port")  \
    X(SHARED_FULL, -24, "shared_full", "the table of flows on shared ports is full")           \
    X(BAD_DTMF, -25, "bad_dtmf", "a payload type, codec, event code, level or time of digits that cannot be") \
    X(DTMF_FULL, -26, "dtmf_full", "the table of flows with digits is full")                   \
    X(DIGITS_FULL, -27, "digits_full", "more digits would wait for the party than may")

// Drop reasons: the one list. Makes the counter, the metric, the CLI text and the row in the docs.
// X(id, name, text). New reasons go to the end.

#define TL_DROP_REASONS(X)                                                                         \
    X(NOT_MEDIA, "not_media", "not UDP to a media address and port; a shared interface's kernel has its own copy") \
    X(FRAGMENT, "fragment", "an IP fragment in the media range")                                   \
    X(MALFORMED_IP, "malformed_ip", "an IP header with options, one that does not fit its packet, or an address that cannot be on a wire") \
    X(MALFORMED_UDP, "malformed_udp", "a UDP length that does not fit its packet")                 \
    X(NO_FLOW, "no_flow", "a media port that no call uses")                                        \
    X(WRONG_REALM, "wrong_realm", "arrived by another interface or VLAN than its address's realm") \
    X(WRONG_SOURCE, "wrong_source", "from an address that nobody signalled")                       \
    X(MALFORMED_RTP, "malformed_rtp", "not RTP version 2, or shorter than its header says")        \
    X(MALFORMED_RTCP, "malformed_rtcp", "not a valid compound RTCP packet")                        \
    X(STUN, "stun", "STUN for a flow that does not speak ICE")                                     \
    X(DTLS, "dtls", "DTLS for a flow that does not speak it")                                      \
    X(PAYLOAD_TYPE, "payload_type", "a payload type that was not negotiated")                      \
    X(NOT_RECEIVING, "not_receiving", "media from a party that was told not to send")              \
    X(NOT_SENDING, "not_sending", "media for a party that does not want it")                       \
    X(NO_PEER, "no_peer", "the other leg of the call is not installed")                            \
    X(PACKET_BUDGET, "packet_budget", "more packets a second than the flow's budget")              \
    X(BIT_BUDGET, "bit_budget", "more bits a second than the flow's budget")                       \
    X(NO_NEXT_HOP, "no_next_hop", "the next hop's link address is not resolved")                   \
    X(TX_FULL, "tx_full", "the transmit queue was full")                                           \
    X(HANDOVER_FULL, "handover_full", "the ring to another worker was full")                       \
    X(HAIRPIN_LOOP, "hairpin_loop", "a packet that came back to the box too often")                \
    X(CONTROL_RING_FULL, "control_ring_full", "the packet ring to the control plane was full")     \
    X(CONTROL_AWAY, "control_away", "for the control plane, which is not attached")                \
    X(NO_BUFFER, "no_buffer", "no buffer was free")                                                \
    X(INJECT_REFUSED, "inject_refused", "a packet of the control plane for a flow that is gone")   \
    X(TWIN_FULL, "twin_full", "the kernel's twin of a NIC did not take the packet")                \
    X(UNKNOWN_AT_RESTART, "unknown_at_restart", "in hand when the last fast path process died")    \
    X(RTP_SEQUENCE, "rtp_sequence", "RTP far out of sequence, or from before the start of its stream") \
    X(SEGMENTED, "segmented", "a packet that its driver put into more than one buffer")            \
    X(SRTP_NO_KEYS, "srtp_no_keys", "for or from a secure leg that has no keys yet")               \
    X(SRTP_SHORT, "srtp_short", "too short for its SRTP tag, index or master key identifier")      \
    X(SRTP_AUTHENTICATION, "srtp_authentication", "an SRTP or SRTCP tag that is wrong")            \
    X(SRTP_REPLAY, "srtp_replay", "an SRTP or SRTCP packet seen before, or too old to know")       \
    X(SRTP_MKI, "srtp_mki", "a master key identifier that was not agreed")                         \
    X(SRTP_SSRC, "srtp_ssrc", "one more SSRC than a secure leg may have, 16 under one key")         \
    X(SRTP_ROOM, "srtp_room", "RTP too long to have room for an SRTP tag")                         \
    X(SRTP_INDEX, "srtp_index", "the last packet index of a key was used; a new key is needed")    \
    X(SRTCP_PLAIN, "srtcp_plain", "SRTCP without encryption, which was not agreed")                \
    X(RTP_DUPLICATE, "rtp_duplicate", "RTP whose packet index a secure leg sent already, or one too old to know") \
    X(STUN_MALFORMED, "stun_malformed", "not a STUN binding message, or a wrong FINGERPRINT")      \
    X(STUN_AUTHENTICATION, "stun_authentication", "a STUN request with a wrong user name or MESSAGE-INTEGRITY") \
    X(STUN_BUDGET, "stun_budget", "more STUN messages a second than a flow may get")               \
    X(ICE_PATHS, "ice_paths", "an authenticated check from one source more than a flow remembers, or from one that another flow of a shared port has") \
    X(DTLS_BUDGET, "dtls_budget", "more DTLS records a second than a flow may get")                \
    X(DTMF_EVENT, "dtmf_event", "a telephone-event that is too short, or of no digit")             \
    X(DTMF_FLOOD, "dtmf_flood", "more digits a second by telephone-events than a flow may get")

// Per-worker packet counters beside the drops. The accounting identity, exact in each snapshot:
//   received + handed_in + own_dropped
//       = forwarded + consumed + delivered + handed_out + sum(drops)
//   sent = forwarded + generated + injected
// A packet that was accepted for sending and then refused by the transmit queue counts as a drop
// (tx_full), not as forwarded, generated or injected.
//
// Counters outlive their process: a fast path that starts on a kept file goes on from the figures
// of its pages, so that sums only grow; a fresh file starts at zero. What the killed process had in
// hand becomes unknown_at_restart: the packets of in_hand (then counted as received too), and what
// stood in the rings between workers, handed_out minus handed_in over all workers (then counted as
// handed in, by worker 0).
#define TL_WORKER_COUNTERS(X)                                                                      \
    X(received, "packets taken from receive queues")                                               \
    X(handed_in, "packets taken over from another worker, or looped back by a hairpin")            \
    X(forwarded, "packets relayed to a transmit queue")                                            \
    X(consumed, "packets that the box itself used (RTCP, STUN, digits), and audio that gave way to digits") \
    X(delivered, "packets given to the control plane or to the kernel's twin")                     \
    X(handed_out, "packets given to another worker, or looped back by a hairpin")                  \
    X(sent, "packets that transmit queues took")                                                   \
    X(generated, "packets that the box made and sent (RTCP, STUN, digits)")                        \
    X(injected, "packets sent for the control plane or the kernel's twin")                         \
    X(received_bytes, "bytes of received packets, from the Ethernet header on")                    \
    X(sent_bytes, "bytes of sent packets, from the Ethernet header on")                            \
    X(commands, "commands answered")                                                               \
    X(commands_refused, "commands answered with a refusal")                                        \
    X(events_deferred, "notifications that had to wait for room in the event ring")                \
    X(flows, "live flows (a gauge)")                                                               \
    X(bursts, "bursts with at least one packet")                                                   \
    X(polls, "turns of the worker loop")                                                           \
    X(sleeps, "times that the worker slept")                                                       \
    X(driver_calls, "receive and transmit calls into drivers")                                     \
    X(sources_learned, "flows whose source was learned")                                           \
    X(media_timeouts, "media time-outs reported")                                                  \
    X(own_dropped, "packets not received but made here or injected, and dropped (by reason too) or looped back") \
    X(wakes, "sleeps that the control plane ended with a command")                                 \
    X(srtp_opened, "SRTP and SRTCP packets that authenticated")                                    \
    X(srtp_sealed, "SRTP and SRTCP packets made")                                                  \
    X(stun_answered, "STUN binding requests answered")                                             \
    X(ice_nominations, "times that a remote party nominated another path")                         \
    X(digits_by_event, "digits that came as telephone-events")                                     \
    X(digits_by_tone, "digits that came as tones")                                                 \
    X(digits_sent, "digits that the box sent, as telephone-events or tones")                       \
    X(digits_lost, "digits for which a queue or a packet had no room, or whose party was on hold: not sent, or not reported")  \
    X(tones_silenced, "packets in which a tone, or what looked like one, was silenced")

// SRTP suites (RFC 4568 section 6.2, RFC 6188, RFC 7714), by the IANA names. X(id, value, name,
// key bytes, salt bytes, tag bytes of RTP, tag bytes of RTCP).
#define TL_SRTP_SUITES(X)                                                                          \
    X(AES_CM_128_HMAC_SHA1_80, 1, "AES_CM_128_HMAC_SHA1_80", 16, 14, 10, 10)                       \
    X(AES_CM_128_HMAC_SHA1_32, 2, "AES_CM_128_HMAC_SHA1_32", 16, 14, 4, 10)                        \
    X(AES_256_CM_HMAC_SHA1_80, 3, "AES_256_CM_HMAC_SHA1_80", 32, 14, 10, 10)                       \
    X(AES_256_CM_HMAC_SHA1_32, 4, "AES_256_CM_HMAC_SHA1_32", 32, 14, 4, 10)                        \
    X(AEAD_AES_128_GCM, 5, "AEAD_AES_128_GCM", 16, 12, 16, 16)                                     \
    X(AEAD_AES_256_GCM, 6, "AEAD_AES_256_GCM", 32, 12, 16, 16)

#endif
