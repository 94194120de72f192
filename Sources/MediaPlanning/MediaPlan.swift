// SPDX-License-Identifier: Apache-2.0

public import CallControl
public import FlowABI
import NetworkAddress
public import Sharing

/// Who one leg's flow is: its place in the fast path, and the stream that it sends.
public struct LegIdentity: Sendable, Hashable {
    /// The flow.
    public var flow: FlowID
    /// SSRC of what we send on this leg (RFC 3550 section 8), for the call's whole life.
    public var ssrc: UInt32
    /// First sequence number of that stream.
    public var initialSequence: UInt16
    /// First time stamp of that stream.
    public var initialTimestamp: UInt32

    /// From its parts.
    public init(flow: FlowID, ssrc: UInt32, initialSequence: UInt16, initialTimestamp: UInt32) {
        self.flow = flow
        self.ssrc = ssrc
        self.initialSequence = initialSequence
        self.initialTimestamp = initialTimestamp
    }
}

/// What the node's configuration says about all media.
public struct MediaSettings: Sendable, Hashable {
    /// Silence after which a leg is reported, 1,000 to 3,600,000 ms; zero for never.
    public var timeoutMs: UInt32
    /// Mean between RTCP reports, 500 to 60,000 ms.
    public var rtcpIntervalMs: UInt32
    /// How long another source may be learned after installation, 1 to 60,000 ms.
    public var learnWindowMs: UInt32

    /// From its parts; numbers outside their ranges take the nearest bound.
    public init(
        timeoutMs: UInt32 = 60_000, rtcpIntervalMs: UInt32 = 5000, learnWindowMs: UInt32 = 10_000
    ) {
        self.timeoutMs = timeoutMs == 0 ? 0 : min(max(timeoutMs, 1000), 3_600_000)
        self.rtcpIntervalMs = min(max(rtcpIntervalMs, 500), 60_000)
        self.learnWindowMs = min(max(learnWindowMs, 1), 60_000)
    }
}

/// Why an intent cannot become flows. Each is what the fast path would refuse too.
public enum MediaPlanError: Error, Sendable, Hashable {
    /// More payload types than a flow takes.
    case tooManyPayloadTypes(Int)
    /// A payload type above 127, or one that arrives with two meanings.
    case badPayloadType(UInt8)
    /// The clock rate is outside 8000 to 192000 Hz.
    case badClockRate(UInt32)
    /// The party's address is of the other family than ours.
    case otherFamily
    /// The party's address cannot be sent to.
    case badRemote
    /// A key set that cannot be: number zero, an unknown suite, lengths that are not the suite's.
    case badKeys
    /// ICE credentials of an impossible length.
    case badICE
    /// Payload types, a level or a time of digits that cannot be.
    case badDTMF
    /// The local RTP port is odd.
    case oddPort(UInt16)
    /// One flow would have to change what is fixed for its life.
    case identityReused(FlowID)
}

/// One flow as planned.
public struct PlannedFlow: Sendable, Hashable {
    /// Which flow.
    public var flow: FlowID
    /// What it is.
    public var specification: FlowSpecification
    /// Its keys; nil while a secure leg has none, and with plain RTP.
    @Apart public var keys: FlowKeys?
    /// Its credentials; nil for a leg that does not speak ICE.
    @Apart public var ice: FlowICE?
    /// How it takes and sends digits; nil: it does neither.
    @Apart public var dtmf: FlowDTMF?

    /// From its parts.
    public init(
        flow: FlowID, specification: FlowSpecification, keys: FlowKeys? = nil,
        ice: FlowICE? = nil, dtmf: FlowDTMF? = nil
    ) {
        self.flow = flow
        self.specification = specification
        self.keys = keys
        self.ice = ice
        self.dtmf = dtmf
    }

    /// It takes and sends SRTP, or nothing.
    public var isSecure: Bool { self.specification.isSecure }
}

/// The flows of one call: what each leg's flow is, for one intent.
public struct MediaPlan: Sendable, Hashable {
    /// The caller's leg.
    public let a: PlannedFlow
    /// The callee's leg.
    public let b: PlannedFlow

    /// The flows that an intent needs. `dscp` is what each leg's realm sends with.
    public init(
        _ intent: MediaIntent, a: LegIdentity, b: LegIdentity, settings: MediaSettings,
        dscp: (a: UInt8, b: UInt8) = (0, 0)
    ) throws(MediaPlanError) {
        var first = try Self.specification(intent.a, a, settings)
        var second = try Self.specification(intent.b, b, settings)
        // Silence is a fault only where both talk to each other. On hold one party may not send,
        // and the other, which nobody hears, need not.
        let isTwoWay =
            intent.a.receive && intent.a.send && intent.b.receive && intent.b.send
        first.mediaTimeoutMs = isTwoWay ? settings.timeoutMs : 0
        second.mediaTimeoutMs = first.mediaTimeoutMs
        first.peer = b.flow
        second.peer = a.flow
        first.dscp = min(dscp.a, 63)
        second.dscp = min(dscp.b, 63)
        self.a = PlannedFlow(
            flow: a.flow, specification: first, keys: try Self.keys(intent.a),
            ice: try Self.ice(intent.a), dtmf: try Self.dtmf(intent.a))
        self.b = PlannedFlow(
            flow: b.flow, specification: second, keys: try Self.keys(intent.b),
            ice: try Self.ice(intent.b), dtmf: try Self.dtmf(intent.b))
    }

    private static func specification(
        _ leg: MediaIntent.Leg, _ identity: LegIdentity, _ settings: MediaSettings
    ) throws(MediaPlanError) -> FlowSpecification {
        guard leg.local.rtp.port % 2 == 0 else { throw .oddPort(leg.local.rtp.port) }
        guard (8000...192_000).contains(leg.clockRate) else { throw .badClockRate(leg.clockRate) }
        var specification = FlowSpecification(
            address: AddressIndex(leg.local.addressIndex), localPort: leg.local.rtp.port,
            ssrc: identity.ssrc)
        // RFC 3711 section 3.3.1: a stream that starts in the lower half cannot wrap before the
        // party has seen its first packets, and so agrees about the roll-over counter.
        specification.initialSequence =
            leg.needsSRTP ? identity.initialSequence & 0x7fff : identity.initialSequence
        specification.initialTimestamp = identity.initialTimestamp
        try self.setRemote(&specification, leg)
        specification.flags = self.flags(leg)
        specification.clockRateHz = leg.clockRate
        specification.packetsPerSecond = self.budget(leg.packetsPerSecond, most: 1_000_000)
        specification.bitsPerSecond = self.budget(leg.bitsPerSecond, most: 1_000_000_000)
        let learns = specification.flags.contains(.learn)
        specification.learnWindowMs = learns ? settings.learnWindowMs : 0
        specification.rtcpIntervalMs = settings.rtcpIntervalMs
        specification.payloadTypes = try self.payloadTypes(leg)
        return specification
    }

    private static func setRemote(
        _ specification: inout FlowSpecification, _ leg: MediaIntent.Leg
    ) throws(MediaPlanError) {
        // An unspecified address is RFC 3264's old way to say hold: there is nowhere to send to.
        guard let remote = leg.remote, !remote.address.isUnspecified else { return }
        guard remote.address.isIPv4 == leg.local.rtp.address.isIPv4 else { throw .otherFamily }
        guard remote.address.takesMedia, remote.port != 0 else { throw .badRemote }
        specification.remote = remote
        specification.remoteRTCPPort = leg.rtcpMux ? 0 : leg.remoteRTCPPort ?? 0
    }

    private static func flags(_ leg: MediaIntent.Leg) -> FlowSpecification.Flags {
        var flags: FlowSpecification.Flags = [.rtcp]
        if leg.receive { flags.insert(.receive) }
        if leg.send { flags.insert(.send) }
        if leg.rtcpMux { flags.insert(.rtcpMux) }
        // A shared port knows its legs by their sources: none is learned, or latched on to.
        if leg.local.isShared { flags.insert(.shared) }
        // Paths are checked ones with ICE; nothing is learned beside them.
        if leg.learnSource, leg.ice == nil, !leg.local.isShared { flags.insert(.learn) }
        if leg.needsSRTP { flags.insert(.srtp) }
        if leg.dtls { flags.insert(.deliver) }
        if let ice = leg.ice {
            flags.insert(.ice)
            let latches = ice.earlyLatch && leg.needsSRTP && !leg.local.isShared
            if latches { flags.insert(.earlyLatch) }
        }
        return flags
    }

    private static func keys(_ leg: MediaIntent.Leg) throws(MediaPlanError) -> FlowKeys? {
        guard let security = leg.security else { return nil }
        var flags: FlowKeys.Flags = []
        if security.plainSRTCPIn { flags.insert(.plainSRTCPIn) }
        if security.plainSRTCPOut { flags.insert(.plainSRTCPOut) }
        let (receive, send) = (security.receive, security.send)
        guard
            let received = FlowKeys.Key(
                suite: receive.suite, key: receive.key, salt: receive.salt, mki: receive.mki),
            // What we send carries no MKI, whatever was agreed about it: one key is enough.
            let sent = FlowKeys.Key(suite: send.suite, key: send.key, salt: send.salt),
            let keys = FlowKeys(
                keyID: security.keyID, flags: flags, overlapMs: security.overlapMs,
                receive: received, send: sent)
        else { throw .badKeys }
        return keys
    }

    private static func ice(_ leg: MediaIntent.Leg) throws(MediaPlanError) -> FlowICE? {
        guard let wish = leg.ice else { return nil }
        // One that is too long to be told apart counts as not known.
        var remote = wish.remoteUfrag ?? []
        if remote.count > FlowICE.ufragMax { remote = [] }
        guard
            let ice = FlowICE(
                localUfrag: wish.localUfrag, localPassword: wish.localPassword,
                remoteUfrag: remote)
        else { throw .badICE }
        return ice
    }

    /// Twice what the codec sends: room for bursts, retransmitted events and clock drift.
    private static func budget(_ expected: UInt32, most: UInt32) -> UInt32 {
        let (twice, overflow) = expected.multipliedReportingOverflow(by: 2)
        return overflow ? most : min(max(twice, 1), most)
    }

    private static func payloadTypes(
        _ leg: MediaIntent.Leg
    ) throws(MediaPlanError) -> [FlowSpecification.PayloadType] {
        guard leg.payloadTypes.count <= FlowSpecification.payloadTypesMax else {
            throw .tooManyPayloadTypes(leg.payloadTypes.count)
        }
        var types: [FlowSpecification.PayloadType] = []
        for mapping in leg.payloadTypes {
            guard mapping.ingress <= 127, !types.contains(where: { $0.ingress == mapping.ingress })
            else { throw .badPayloadType(mapping.ingress) }
            guard mapping.egress <= 127 else { throw .badPayloadType(mapping.egress) }
            types.append(.init(ingress: mapping.ingress, egress: mapping.egress))
        }
        return types
    }
}

extension MediaIntent.Leg {
    /// A leg with keys is secure whatever its flag says.
    var needsSRTP: Bool { self.isSecure || self.security != nil }
}
