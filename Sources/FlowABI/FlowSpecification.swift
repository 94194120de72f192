// SPDX-License-Identifier: Apache-2.0

import CFlowABI
public import NetworkAddress

/// What a flow is: `struct tl_flow_spec` of the contract as a value.
public struct FlowSpecification: Sendable, Hashable {
    /// What a flow does; `TL_FLOW_*` of the contract.
    public struct Flags: OptionSet, Sendable, Hashable {
        /// The bits.
        public let rawValue: UInt32
        /// From bits.
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Take media from the remote party.
        public static let receive = Flags(rawValue: TL_FLOW_RECEIVE)
        /// Send media to the remote party.
        public static let send = Flags(rawValue: TL_FLOW_SEND)
        /// RTCP shares the RTP port (RFC 5761).
        public static let rtcpMux = Flags(rawValue: TL_FLOW_RTCP_MUX)
        /// Send our own RTCP reports.
        public static let rtcp = Flags(rawValue: TL_FLOW_RTCP)
        /// Accept one other source within the window, once.
        public static let learn = Flags(rawValue: TL_FLOW_LEARN)
        /// DTLS records come up the packet ring.
        public static let deliver = Flags(rawValue: TL_FLOW_DELIVER)
        /// SRTP and SRTCP under the keys of the keys command, and nothing else.
        public static let srtp = Flags(rawValue: TL_FLOW_SRTP)
        /// ICE-lite under the credentials of the ICE command; excludes `learn`.
        public static let ice = Flags(rawValue: TL_FLOW_ICE)
        /// With `ice` and `srtp`: before a nomination media is also taken from the first source
        /// whose SRTP authenticates.
        public static let earlyLatch = Flags(rawValue: TL_FLOW_EARLY_LATCH)
        /// The local port is that of other flows too; excludes `learn` and `earlyLatch`.
        public static let shared = Flags(rawValue: TL_FLOW_SHARED)
    }

    /// A payload type as it arrives and as it leaves by the peer flow, 0 to 127 each.
    public struct PayloadType: Sendable, Hashable {
        /// As it arrives.
        public var ingress: UInt8
        /// As it leaves.
        public var egress: UInt8
        /// From its parts.
        public init(ingress: UInt8, egress: UInt8) {
            self.ingress = ingress
            self.egress = egress
        }
    }

    /// How many payload types one flow accepts.
    public static let payloadTypesMax = Int(TL_PAYLOAD_TYPES_MAX)

    /// The flow by which media leaves that arrives here; nil drops it as `no_peer`.
    public var peer: FlowID?
    /// Signalled source and destination; nil while not known.
    public var remote: SocketAddress?
    /// Zero: the port after `remote`'s, or that port with rtcp-mux.
    public var remoteRTCPPort: UInt16 = 0
    /// Our address.
    public var address: AddressIndex
    /// Our port, even; fixed for the flow's life.
    public var localPort: UInt16
    /// What the flow does.
    public var flags: Flags = []
    /// Of the egress stream; fixed for the flow's life.
    public var ssrc: UInt32
    /// Where the egress stream's time stamps start.
    public var initialTimestamp: UInt32 = 0
    /// Where the egress stream's sequence numbers start.
    public var initialSequence: UInt16 = 0
    /// Of what is sent, 0 to 63.
    public var dscp: UInt8 = 0
    /// RTP clock, 8000 to 192000.
    public var clockRateHz: UInt32 = 8000
    /// Budget of what is received, 1 to 1,000,000.
    public var packetsPerSecond: UInt32 = 100
    /// Budget of what is received, UDP payload, 1 to 1,000,000,000.
    public var bitsPerSecond: UInt32 = 192_000
    /// Zero for none, else 1,000 to 3,600,000.
    public var mediaTimeoutMs: UInt32 = 0
    /// With `learn`: 1 to 60,000 from installation on.
    public var learnWindowMs: UInt32 = 0
    /// With `rtcp`: mean between reports, 500 to 60,000.
    public var rtcpIntervalMs: UInt32 = 0
    /// With add: zero, or the key set of the record that is taken up. Else not read.
    public var keyID: UInt64 = 0
    /// At most `payloadTypesMax`; what is above is not written.
    public var payloadTypes: [PayloadType] = []

    /// A flow with nothing known but our side of it.
    public init(address: AddressIndex, localPort: UInt16, ssrc: UInt32) {
        self.address = address
        self.localPort = localPort
        self.ssrc = ssrc
    }

    /// It takes and sends SRTP, or nothing.
    public var isSecure: Bool { self.flags.contains(.srtp) }

    /// True when a live flow can become `other` by a modify command: our side and the SSRC stay.
    public func canBecome(_ other: FlowSpecification) -> Bool {
        self.address == other.address && self.localPort == other.localPort
            && self.flags.contains(.shared) == other.flags.contains(.shared)
            && self.ssrc == other.ssrc && self.keyID == other.keyID
    }
}

extension FlowSpecification {
    /// As the contract writes it.
    var shared: tl_flow_spec {
        var spec = tl_flow_spec()
        spec.peer_index = self.peer?.index.value ?? TL_NO_FLOW
        spec.peer_generation = self.peer?.generation.value ?? 0
        storeAddress(self.remote?.address ?? .unspecified, in: &spec.remote_address)
        spec.remote_port = self.remote?.port ?? 0
        spec.remote_rtcp_port = self.remoteRTCPPort
        spec.address_index = self.address.value
        spec.local_port = self.localPort
        spec.flags = self.flags.rawValue
        spec.ssrc = self.ssrc
        spec.initial_timestamp = self.initialTimestamp
        spec.initial_sequence = self.initialSequence
        spec.dscp = self.dscp
        spec.clock_rate_hz = self.clockRateHz
        spec.packets_per_second = self.packetsPerSecond
        spec.bits_per_second = self.bitsPerSecond
        spec.media_timeout_ms = self.mediaTimeoutMs
        spec.learn_window_ms = self.learnWindowMs
        spec.rtcp_interval_ms = self.rtcpIntervalMs
        spec.key_id = self.keyID
        withUnsafeMutableBytes(of: &spec.payload_types) { map in
            map.initializeMemory(as: UInt8.self, repeating: UInt8(TL_NO_PAYLOAD_TYPE))
            for (index, type) in self.payloadTypes.prefix(Self.payloadTypesMax).enumerated() {
                map[2 * index] = type.ingress
                map[2 * index + 1] = type.egress
            }
        }
        return spec
    }
}

/// Writes an address into a field of 16 bytes in network order.
func storeAddress<Field>(_ address: IPAddress, in field: inout Field) {
    withUnsafeMutableBytes(of: &field) { bytes in
        bytes.storeBytes(of: address.high.bigEndian, as: UInt64.self)
        bytes.storeBytes(of: address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
    }
}

/// Reads an address from a field of 16 bytes in network order.
func loadAddress<Field>(_ field: Field) -> IPAddress {
    withUnsafeBytes(of: field) { bytes in
        IPAddress(
            high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
}
