// SPDX-License-Identifier: Apache-2.0

import CFlowABI
public import NetworkAddress

/// The figures of one flow, as its worker last stored them.
public struct FlowStatistics: Sendable, Hashable {
    /// Accepted RTP from the remote party.
    public let receivedPackets: UInt64
    /// Its UDP payload.
    public let receivedBytes: UInt64
    /// Packets of this flow that were dropped, any reason.
    public let receiveDrops: UInt64
    /// RFC 3550 6.4.1 cumulative number lost; may be negative.
    public let lost: Int32
    /// RFC 3550 6.4.1 interarrival jitter, RTP clock units.
    public let jitter: UInt32
    /// RTCP from the remote party.
    public let receivedRTCPPackets: UInt64
    /// CLOCK_MONOTONIC of the last accepted packet; zero for none.
    public let lastReceivedNs: UInt64
    /// Relayed RTP that a transmit queue took.
    public let sentPackets: UInt64
    /// Its UDP payload.
    public let sentBytes: UInt64
    /// Our RTCP.
    public let sentRTCPPackets: UInt64
    /// Packets for the remote party that were dropped after acceptance.
    public let sendDrops: UInt64
    /// Jitter of our stream as the remote party reported it.
    public let remoteJitter: UInt32
    /// Loss of our stream as the remote party reported it, cumulative.
    public let remoteLost: Int32
    /// Likewise in the last interval, 1/256.
    public let remoteFractionLost: UInt32
    /// From LSR and DLSR; zero is not known.
    public let roundTripUs: UInt32

    init(_ record: tl_flow_record) {
        self.receivedPackets = record.rx_packets
        self.receivedBytes = record.rx_bytes
        self.receiveDrops = record.rx_drops
        self.lost = record.rx_lost
        self.jitter = record.rx_jitter_16 >> 4
        self.receivedRTCPPackets = record.rx_rtcp_packets
        self.lastReceivedNs = record.rx_time_ns
        self.sentPackets = record.tx_packets
        self.sentBytes = record.tx_bytes
        self.sentRTCPPackets = record.tx_rtcp_packets
        self.sendDrops = record.tx_drops
        self.remoteJitter = record.remote_jitter
        self.remoteLost = record.remote_lost
        self.remoteFractionLost = record.remote_fraction_lost
        self.roundTripUs = record.round_trip_us
    }
}

/// Who has a flow index: the part of its record that says so.
public struct FlowOccupant: Sendable, Hashable {
    /// Of the flow that is there, or was there last; zero if none ever was.
    public let generation: Generation
    /// Whether it is there.
    public let state: FlowRecord.State
    /// It is.
    public var isLive: Bool { self.state == .live }
}

/// What the fast path's file holds of one flow index: the live flow, or the last one.
public struct FlowRecord: Sendable, Hashable {
    /// What a record says of its flow.
    public enum State: Sendable, Hashable {
        /// None, or gone: the figures are its last ones.
        case free
        /// A live flow.
        case live
        /// It was live when the fast path's last process died, and can be taken up.
        case left

        init(_ value: UInt32) {
            switch value {
            case TL_RECORD_LIVE: self = .live
            case TL_RECORD_LEFT: self = .left
            default: self = .free
            }
        }
    }

    /// The flow.
    public let flow: FlowID
    /// Whether there is such a flow.
    public let state: State
    /// There is.
    public var isLive: Bool { self.state == .live }
    /// Names our key that the indexes belong to; zero: the flow never had keys.
    public let keyID: UInt64
    /// Packet index of the next RTP to send: roll-over counter << 16 | sequence number.
    public let egressIndex: UInt64
    /// The highest packet index accepted, likewise.
    public let ingressIndex: UInt64
    /// Of the next SRTCP to send, 31 bits.
    public let egressRTCPIndex: UInt32
    /// The highest SRTCP index accepted under the key set, plus one; zero: none.
    public let ingressRTCPIndex: UInt32
    /// Of the egress stream.
    public let egressSSRC: UInt32
    /// Our address.
    public let address: AddressIndex
    /// Our port.
    public let localPort: UInt16
    /// The accepted source; nil while there is none.
    public let source: SocketAddress?
    /// The source was learned, not signalled.
    public let sourceLearned: Bool
    /// Since the last accepted packet a time-out was reported.
    public let mediaTimedOut: Bool
    /// CLOCK_MONOTONIC of the last packet in or out; zero for none.
    public let lastUsedNs: UInt64
    /// The figures.
    public let statistics: FlowStatistics

    init(_ record: tl_flow_record, index: FlowIndex) {
        self.flow = FlowID(index: index, generation: Generation(record.generation))
        self.state = State(record.state)
        self.keyID = record.key_id
        self.egressIndex = record.egress_index
        self.ingressIndex = record.ingress_index
        self.egressRTCPIndex = record.egress_rtcp_index
        self.ingressRTCPIndex = record.ingress_rtcp_index
        self.egressSSRC = record.egress_ssrc
        self.address = AddressIndex(record.address_index)
        self.localPort = record.local_port
        let address = loadAddress(record.source_address)
        self.source = address.isUnspecified
            ? nil : SocketAddress(address: address, port: record.source_port)
        self.sourceLearned = record.source_learned == 1
        self.mediaTimedOut = record.media_timed_out == 1
        self.lastUsedNs = max(record.egress_time_ns, record.rx_time_ns)
        self.statistics = FlowStatistics(record)
    }
}
